# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # names shared between the parts of the lab
# `lab run` and `lab shell`: boot one guest for one command, or for an interactive shell.

prepare() { # KERNEL
  demand_kernel "$1"
  require_run_time "$1" || exit 1
  fetch_kernel "$1" || { say "$1 is not in the cache and could not be fetched"; exit "$CANNOT_BE_HAD"; }
  new_boot || exit 1
}

say_if_no_binary() { # KERNEL
  [[ -f $(binary "$1") ]] || say "$(binary "$1") does not exist, so the guest has no dmabuf; run $(binary_target "$1")"
}

lab_run() {
  local uid=0 seconds=600
  while [[ ${1:-} == -* ]]; do
    case $1 in
      -u)
        case ${2:-} in
          nobody) uid=65534 ;;
          root) uid=0 ;;
          *) fail "-u needs root or nobody" ;;
        esac
        shift 2
        ;;
      --timeout) seconds=$2; shift 2 ;;
      *) say "lab run has no option $1"; exit 64 ;;
    esac
  done
  (( $# == 2 )) || { say "usage: lab run [-u nobody] [--timeout SECONDS] KERNEL 'CMD'"; exit 64; }
  prepare "$1"
  say_if_no_binary "$1"
  printf '%s\n' "$2" >"$BOOT/job/command"
  boot "$1" run "$seconds" "lab.uid=$uid" || exit 1
  if kernel_warnings >"$BOOT/warnings"; then
    say "$1: the kernel has warned:"
    sed 's/^/    /' "$BOOT/warnings" >&2
    exit 1
  fi
  exit "$GUEST_STATUS"
}

# The user's terminal is the guest's hypervisor console. QEMU runs in the background and bash waits for it, so that a
# terminal that is closed (SIGHUP) ends both at once.
lab_shell() {
  (( $# == 1 )) || { say "usage: lab shell KERNEL"; exit 64; }
  [[ -t 0 && -t 1 ]] || fail "lab shell needs a terminal; use lab run in scripts"
  prepare "$1"
  say_if_no_binary "$1"
  local rows columns words accelerator
  read -r rows columns < <(stty size)
  boot_image "$1" "$BOOT/job" "$BOOT/initrd" || exit 1
  accelerator=$(accelerator "$1")
  mapfile -t words < <(qemu_words "$1" "$accelerator" shell "lab.rows=$rows" "lab.columns=$columns" "lab.term=${TERM:-linux}")
  say "$1: booting; exit (or ^D) powers it off, ^A x ends it at once"
  local settings; settings=$(stty -g)
  setpriv --pdeathsig KILL "${words[@]}" -chardev stdio,id=terminal,mux=on,signal=off -device virtconsole,chardev=terminal \
    <&0 2>"$BOOT/qemu" &
  BOOT_PROCESS=$!
  wait "$BOOT_PROCESS" 2>/dev/null
  BOOT_PROCESS=
  stty "$settings"
  if ! grep -q '^exit' "$BOOT/status" 2>/dev/null; then
    say "$1: the guest ended without a status"
    { cat "$BOOT/qemu"; tail -n 12 "$BOOT/console"; } 2>/dev/null | sed 's/^/    /' >&2
    exit 1
  fi
  kernel_warnings >&2 && exit 1
  exit 0
}
