# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # names shared between the parts of the lab
# Boots one guest and reads its output. A boot has a directory:
#   console   the kernel's console        status           `up`, then `exit N`; without `exit N` the boot failed
#   kmsg      the guest's whole log       stdout, stderr   pipes, read while the guest runs

BOOT=            # the directory of the boot in progress
BOOT_PROCESS=    # the process to kill when the lab is interrupted

# Lines that a healthy kernel does not print.
KERNEL_WARNINGS='WARNING|BUG:|Oops|KASAN|lockdep|INFO: task .* blocked|possible circular|Kernel panic'

end_boot() {
  [[ $BOOT_PROCESS ]] && kill "$BOOT_PROCESS" 2>/dev/null && wait "$BOOT_PROCESS" 2>/dev/null
  BOOT_PROCESS=
  [[ $BOOT ]] && rm -rf "$BOOT"
  BOOT=
}
trap end_boot EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

new_boot() {
  end_boot
  BOOT=$(mktemp -d "${TMPDIR:-/tmp}/dmabuf-lab.XXXXXX") || return 1
  mkdir "$BOOT/job" "$BOOT/documents" "$BOOT/control-documents"
}

# Prints the words of the QEMU command line, for every boot. no_timer_check: on a busy machine, timer interrupts of the
# emulator are late, and the check of the kernel would cause a panic.
qemu_words() { # KERNEL ACCELERATOR MODE [KERNEL-WORD…]
  local kernel=$1 accelerator=$2 mode=$3 port
  shift 3
  local append="quiet panic=-1 log_buf_len=4M vivid.n_devs=2 vivid.multiplanar=1,2 lab.mode=$mode $*"
  case $kernel in
    arm64-16k) append+=" hugepages=2 hugepagesz=2M hugepages=8" ;;
    *) append+=" hugepages=8" ;;
  esac
  case $(architecture "$kernel") in
    x86_64)
      append+=" console=ttyS0 no_timer_check tsc=reliable"
      printf '%s\n' qemu-system-x86_64 -cpu max
      ;;
    aarch64)
      append+=" console=ttyAMA0 cma=64M"
      # Emulation of the architecture's own pointer authentication doubles the time of a boot.
      printf '%s\n' qemu-system-aarch64 -machine virt -cpu max,pauth-impdef=on -device bochs-display
      # Debian's kernels have no heaps.
      if [[ $kernel == full-arm64 ]]; then
        write_device_tree "$BOOT/devices.dtb" && printf '%s\n' -dtb "$BOOT/devices.dtb"
      fi
      ;;
  esac
  printf '%s\n' -accel "$accelerator" -smp 2 -m 1024 -no-reboot -net none \
    -display none -monitor none -kernel "$(kernel_directory "$kernel")/vmlinuz" -initrd "$BOOT/initrd" \
    -append "$append" -chardev "file,id=console,path=$BOOT/console" -serial chardev:console \
    -device virtio-serial-pci -device virtio-gpu-pci
  for port in status kmsg stdout stderr; do
    printf '%s\n' -chardev "file,id=$port,path=$BOOT/$port" -device "virtserialport,chardev=$port,name=$port"
  done
}

# Writes the device tree of the emulated board, with two areas of contiguous memory. Each becomes a heap of its name.
write_device_tree() { # DESTINATION
  local area
  qemu-system-aarch64 -machine "virt,dumpdtb=$1" -cpu max,pauth-impdef=on -smp 2 -m 1024 -display none 2>/dev/null &&
    fdtput -c "$1" /reserved-memory &&
    fdtput -t x "$1" /reserved-memory '#address-cells' 2 && fdtput -t x "$1" /reserved-memory '#size-cells' 2 &&
    fdtput "$1" /reserved-memory ranges || return 1
  for area in camera display; do
    fdtput -c "$1" "/reserved-memory/$area" &&
      fdtput -t s "$1" "/reserved-memory/$area" compatible shared-dma-pool &&
      fdtput "$1" "/reserved-memory/$area" reusable &&
      fdtput -t x "$1" "/reserved-memory/$area" size 0 0x1000000 || return 1
  done
}

# Whether a processor of the guest has not left the kernel for over a minute.
is_stuck() { grep -aEq 'soft lockup - CPU#[0-9]+ stuck for ([6-9][0-9]|[0-9]{3,})s' "$BOOT/console" 2>/dev/null; }

# Ends a guest that is stuck, which would otherwise run until its time is over.
end_if_stuck() { # PROCESS
  # The readers of the pipes wait until no process has them open.
  exec {out}>&- {err}>&-
  while sleep 5 && kill -0 "$1" 2>/dev/null; do
    if is_stuck; then kill "$1"; fi
  done
}

# Runs QEMU with a hard time limit. QEMU ends whenever the lab ends.
run_qemu() { # SECONDS WORD…
  local seconds=$1 watcher
  shift
  setpriv --pdeathsig KILL timeout --foreground -k 2 "$seconds" setpriv --pdeathsig KILL "$@" \
    </dev/null >"$BOOT/qemu" 2>&1 &
  BOOT_PROCESS=$!
  end_if_stuck "$BOOT_PROCESS" &
  watcher=$!
  wait "$BOOT_PROCESS" 2>/dev/null
  local status=$?
  BOOT_PROCESS=
  kill "$watcher" 2>/dev/null
  return "$status"
}

# boot KERNEL MODE SECONDS [KERNEL-WORD…]: runs the guest to its end. READ_STDOUT and READ_STDERR name the commands that
# read its pipes. Sets GUEST_STATUS to the status of the job, or to nothing if the guest did not report one.
READ_STDOUT="cat"
READ_STDERR="cat"
GUEST_STATUS=
boot() {
  local kernel=$1 mode=$2 seconds=$3 accelerator words status readers again=''
  shift 3
  boot_image "$kernel" "$BOOT/job" "$BOOT/initrd" || { say "$kernel: the guest's files could not be packed"; return 1; }
  accelerator=$(accelerator "$kernel")
  while true; do
    rm -f "$BOOT"/{stdout,stderr,status,kmsg,console}
    mkfifo "$BOOT/stdout" "$BOOT/stderr"
    mapfile -t words < <(qemu_words "$kernel" "$accelerator" "$mode" "$@")
    "$READ_STDOUT" <"$BOOT/stdout" &
    readers=($!)
    "$READ_STDERR" <"$BOOT/stderr" >&2 &
    readers+=($!)
    # The lab has the pipes open for writing, so that a reader ends even if QEMU does not start.
    exec {out}<>"$BOOT/stdout" {err}<>"$BOOT/stderr"
    run_qemu "$seconds" "${words[@]}"
    status=$?
    exec {out}>&- {err}>&-
    wait "${readers[@]}"
    if [[ $accelerator == tcg && ! -s $BOOT/status && ! $again ]] && grep -q 'Oops: int3' "$BOOT/console"; then
      # The emulator ran code that the kernel was patching. The guest was not up yet, so boot it again, once.
      say "$kernel: an emulator fault (int3) stopped the kernel during its start; booting again"
      again=yes
      continue
    fi
    [[ $accelerator == kvm && ! -s $BOOT/status ]] || break
    say "KVM failed; continuing without KVM"
    remember_accelerator tcg
    accelerator=tcg
  done
  GUEST_STATUS=$(sed -n 's/^exit \([0-9][0-9]*\)$/\1/p' "$BOOT/status" 2>/dev/null | tail -n 1)
  [[ $GUEST_STATUS ]] && return 0
  if is_stuck; then
    say "$kernel: the guest was stopped, because its kernel was stuck"
  elif (( status == 124 || status == 137 )); then
    say "$kernel: the guest was stopped after $seconds seconds"
  else
    say "$kernel: the guest ended without a status"
  fi
  { tail -n 5 "$BOOT/qemu"; grep -E -A 12 "$KERNEL_WARNINGS" "$BOOT/console" || tail -n 12 "$BOOT/console"; } \
    2>/dev/null | head -n 40 | tr -d '\r' | sed 's/^/    /' >&2
  return 1
}

# Prints the kernel warnings of the last boot: from the log that the guest sent, and from the console after `lab: power
# off`.
kernel_warnings() {
  {
    cat "$BOOT/kmsg"
    sed -n '/lab: power off/,$p' "$BOOT/console"
  } 2>/dev/null | tr -d '\r' | grep -aE "$KERNEL_WARNINGS"
}

# ---- KVM or not -------------------------------------------------------------------------

# Even if /dev/kvm can be opened, KVM may abort QEMU or hang the guest. So one boot probes KVM. The result is valid
# until this machine reboots.
accelerator() { # KERNEL
  local machine verdict
  [[ ${DMABUF_LAB_ACCEL:-} ]] && { echo "$DMABUF_LAB_ACCEL"; return; }
  [[ -r /dev/kvm && -w /dev/kvm ]] || { echo tcg; return; }
  machine=$(cat /proc/sys/kernel/random/boot_id)
  verdict=$(sed -n "s/^$machine //p" "$CACHE/accelerator" 2>/dev/null)
  if [[ ! $verdict ]]; then
    verdict=tcg
    kvm_works "$1" && verdict=kvm
    remember_accelerator "$verdict"
    say "KVM on this machine: $([[ $verdict == kvm ]] && echo works || echo 'does not work; emulating')"
  fi
  echo "$verdict"
}

remember_accelerator() {
  echo "$(cat /proc/sys/kernel/random/boot_id) $1" >"$CACHE/accelerator.$$"
  mv "$CACHE/accelerator.$$" "$CACHE/accelerator"
}

kvm_works() { # KERNEL
  local probe words
  probe=$(mktemp -d) || return 1
  cp "$BOOT/initrd" "$probe/" &&
    mapfile -t words < <(BOOT=$probe qemu_words "$1" kvm probe) &&
    setpriv --pdeathsig KILL timeout -k 1 10 setpriv --pdeathsig KILL "${words[@]}" </dev/null >/dev/null 2>&1
  local said
  said=$(cat "$probe/status" 2>/dev/null)
  rm -rf "$probe"
  [[ $said == *"exit 0"* ]]
}
