# SPDX-License-Identifier: MIT
# Hints are printed only if their cause was checked. Cases of other hints are in the files of their commands.

huge_pages_that_are_not_set_aside_are_named() {
  needs udmabuf
  pool=/sys/kernel/mm/hugepages/hugepages-2048kB
  [ -e $pool/nr_hugepages ] || skip 'no huge pages of 2M'
  before=$(cat $pool/nr_hugepages)
  echo 0 >$pool/nr_hugepages
  run dmabuf alloc 3M --from udmabuf:2M
  status 1
  stderr '^dmabuf: cannot allocate 3M from udmabuf:2M: only 0B are available$'
  stderr "^dmabuf: hint: nr_hugepages is 0; run: echo 2 >$pool/nr_hugepages\$"
  no_stderr 'kill processes'
  # The command of the hint works.
  echo 2 >$pool/nr_hugepages
  run dmabuf alloc 3M --from udmabuf:2M
  status 0
  run dmabuf alloc 6M --from udmabuf:2M
  status 1
  stderr "^dmabuf: hint: 2 of 2 huge pages are free; run: echo 3 >$pool/nr_hugepages\$"
  echo 0 >$pool/nr_hugepages
  # Pages that the kernel may add on demand count, too.
  echo 4 >$pool/nr_overcommit_hugepages
  run dmabuf alloc 3M --from udmabuf:2M
  status 0
  echo 0 >$pool/nr_overcommit_hugepages
  echo "$before" >$pool/nr_hugepages
}

of_cma_the_largest_holder_is_named() {
  needs heap:cma
  start decoder actor comm decoder heap "$(heap_cma)" 47185920 ready pause
  wait_for_line decoder ready
  run dmabuf alloc 40M --from heap:cma
  status 1
  stderr '^dmabuf: cannot allocate 40M from heap:cma: only [0-9.]+M are available$'
  stderr "^dmabuf: hint: CMA has [0-9.]+M free of [0-9.]+M; decoder\($decoder_pid\) holds 45M of it; use --force to try anyway"
  no_stderr 'kill processes'
  run dmabuf alloc 40M --from heap:cma --force
  status 1
  stderr 'DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory$'
  stderr "^dmabuf: hint: CMA has [0-9.]+M free of [0-9.]+M; decoder\($decoder_pid\) holds 45M of it\$"
  send_signal decoder TERM
  finish decoder
}

the_hint_for_too_much_memory_says_that_processes_may_be_killed() {
  needs heap:system udmabuf
  for source in heap:system udmabuf; do
    run dmabuf alloc 8191T --from $source
    status 1
    stderr '^dmabuf: hint: use --force to try anyway; the kernel may kill processes'
  done
}

another_name_of_the_cma_heap_is_translated() {
  needs heap:cma
  other=linux,cma
  [ "$(heap_cma)" != $other ] || other=reserved
  run dmabuf alloc 64K --from heap:$other
  status 77
  stderr "^dmabuf: hint: use heap:cma; the CMA heap of this machine is called $(heap_cma)\$"
  run dmabuf alloc 64K --from heap:nothing
  status 77
  stderr '^dmabuf: hint: the heaps of this machine are '
}

a_source_may_be_the_path_of_its_node() {
  needs heap:system udmabuf
  for pair in /dev/dma_heap/system=system /dev/udmabuf=udmabuf; do
    run dmabuf alloc 64K --from ${pair%=*} --json
    status 0
    json '.buffers[0].exp_name' ${pair#*=}
  done
  if has drm:vgem; then
    run dmabuf alloc 64K --from "$(drm_node vgem)" --json
    status 0
  fi
  run dmabuf alloc 64K --from /dev/dma_heap/../null
  status 64
}

# _without_vgem COMMAND: runs COMMAND without the nodes of vgem and the traces of its driver.
_without_vgem() {
  run unshare -m sh -c "for place in /dev/dri /sys/module /sys/bus /sys/devices; do
    [ ! -d \$place ] || mount -t tmpfs none \$place; done
    [ ! -e /proc/modules ] || mount -o bind /dev/null /proc/modules
    $1"
}

a_module_that_is_not_loaded_is_named() {
  needs udmabuf
  check dmabuf alloc 64K --from udmabuf --hold x
  _without_vgem 'dmabuf fence create --vgem x --hold f'
  status 77
  stderr '^dmabuf: hint: vgem is not loaded: modprobe vgem$'
  _without_vgem 'dmabuf check --exporter udmabuf --only C51 --json'
  json '[.results[] | .reason] | unique' '["vgem is not loaded: modprobe vgem"]'
  mkdir -p /etc/modprobe.d
  echo 'install vgem /bin/false' >/etc/modprobe.d/no.conf
  _without_vgem 'dmabuf fence create --vgem x --hold f'
  rm /etc/modprobe.d/no.conf
  stderr '^dmabuf: hint: vgem is not loaded, and a file in modprobe.d denies loading it$'
  check dmabuf release x
}

errors_of_files_of_the_user_have_no_hint() {
  echo >plain
  for command in "stat --diff $PWD/plain/x" "check --expect $PWD/plain/x"; do
    # shellcheck disable=SC2086
    run dmabuf $command
    status 1
    stderr "^dmabuf: $PWD/plain/x: open: Not a directory\$"
    no_stderr hint
  done
  ln -s loop loop
  run dmabuf stat --diff loop/x
  status 1
  stderr 'Too many levels of symbolic links$'
  no_stderr hint
  if has heap:system; then
    # EPERM, as for a file that chattr has set immutable.
    : >out
    run strace -o trace -P "$PWD/out" -e inject=openat:error=EPERM dmabuf alloc 64K -- sh -c 'exec dmabuf map fd:$DMABUF_FD --output out'
    run strace -f -o trace -P out -e inject=openat:error=EPERM dmabuf alloc 64K -- sh -c 'exec dmabuf map fd:$DMABUF_FD --output out'
    status 1
    no_stderr hint
  fi
}

descriptors_that_do_not_fit_are_too_many_not_too_long() {
  needs heap:system
  set --
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do set -- "$@" buffer 4K; done
  start sender actor "$@" send "$PWD/socket" 0 1 2 3 4 5 6 7 8 9 10 11
  run actor limit-nofile 12 exec dmabuf receive --listen "$PWD/socket" --timeout 20s
  status 1
  stderr 'recvmsg: Too many open files$'
  stderr '^dmabuf: hint: this process may have 12 descriptors'
  no_stderr 'too long'
  finish sender
}

a_file_that_is_not_a_socket_is_reported() {
  echo >plain
  run dmabuf receive "$PWD/plain" --timeout 1s
  status 1
  stderr "^dmabuf: hint: $PWD/plain is not a socket\$"
  no_stderr 'no process listens'
}

a_name_that_is_a_number_is_a_descriptor_only_if_it_is_open() {
  run sh -c 'exec dmabuf map 9 --checksum 9<&-'
  status 1
  no_stderr 'fd:9'
  run sh -c 'exec dmabuf map 9 --checksum 9</dev/null'
  status 1
  stderr '^dmabuf: hint: descriptor 9 of this process is fd:9$'
}
