# SPDX-License-Identifier: MIT
# dmabuf alloc.

a_heap_allocation_reports_what_the_kernel_allocated() {
  needs heap:system
  run dmabuf alloc 8M --from heap:system --json
  status 0
  stderr_is_empty
  json '.schema' dmabuf.alloc/1
  json '.buffers | length' 1
  json '.buffers[0] | [.size, .exp_name, .name, .source, .held_as]' '[8388608,"system",null,"heap:system",null]'
  json_true '.buffers[0] | .ino > 0 and .allocation_ns > 0'
}

sizes_are_rounded_up_to_pages_by_the_kernel() {
  needs heap:system
  run dmabuf alloc 1 --from heap:system --json
  json '.buffers[0].size' "$PAGE"
}

without_a_source_the_first_that_works_is_used() {
  needs heap:system
  run dmabuf alloc 64K --json
  json '.buffers[0].source' heap:system
  check mv /dev/dma_heap/system /dev/dma_heap/.system
  run dmabuf alloc 64K --json
  check mv /dev/dma_heap/.system /dev/dma_heap/system
  status 0
  json '.buffers[0].source' udmabuf
}

without_any_source_the_status_is_77_and_each_is_named() {
  [ ! -e /dev/udmabuf ] || skip 'this kernel has sources'
  run dmabuf alloc 64K
  status 77
  stdout_is_empty
  stderr '^dmabuf: /dev/dma_heap/system: open: No such file or directory$'
  stderr '^dmabuf: /dev/udmabuf: open: No such file or directory$'
  stderr '^dmabuf: hint: this kernel has no dma-heaps'
}

heap_cma_stands_for_the_default_cma_heap() {
  needs heap:cma
  run dmabuf alloc 4M --from heap:cma --json
  status 0
  json '.buffers[0].exp_name' "$(heap_cma)"
  json '.buffers[0].size' 4194304
}

more_cma_than_exists_reports_how_much_is_free() {
  needs heap:cma
  run dmabuf alloc 512M --from heap:cma
  status 1
  stderr '^dmabuf: cannot allocate 512M from heap:cma: only [0-9.]+M are available$'
  run dmabuf alloc 512M --from heap:cma --force
  status 1
  stderr 'DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory$'
  stderr '^dmabuf: hint: CMA has [0-9.]+M free of [0-9.]+M'
}

udmabuf_exports_memory_of_the_process() {
  needs udmabuf
  run dmabuf alloc 5000 --from udmabuf --name mine --json
  status 0
  json '.buffers[0] | [.size, .exp_name, .name]' "[$(whole_pages 5000),\"udmabuf\",\"mine\"]"
}

udmabuf_uses_huge_pages() {
  needs udmabuf hugetlb
  run dmabuf alloc 3M --from udmabuf:2M --json
  status 0
  json '.buffers[0] | [.size, .source]' '[4194304,"udmabuf:2M"]'
  run grep HugePages_Free /proc/meminfo
  stdout " $(cat /proc/sys/vm/nr_hugepages)$"
}

more_huge_pages_than_are_free_are_refused() {
  needs udmabuf hugetlb
  run dmabuf alloc 40M --from udmabuf:2M
  status 1
  stderr 'only 16M are available'
  run dmabuf alloc 40M --from udmabuf:2M --force
  status 1
  stderr 'hugetlb memfd: fallocate: '
  stderr '^dmabuf: hint: the pool of huge pages is exhausted'
}

a_size_over_the_udmabuf_limit_names_the_limit_and_its_file() {
  needs udmabuf
  limit_file=/sys/module/udmabuf/parameters/size_limit_mb
  before=$(cat $limit_file)
  echo 8 >$limit_file
  run dmabuf alloc 10M --from udmabuf
  status 1
  stderr '^dmabuf: /dev/udmabuf: UDMABUF_CREATE: Invalid argument$'
  stderr '^dmabuf: hint: 10M is over the limit of 8M, set in /sys/module/udmabuf/parameters/size_limit_mb$'
  echo 80 >$limit_file
  run dmabuf alloc 80M --from udmabuf --json
  status 0
  json '.buffers[0].size' 83886080
  echo "$before" >$limit_file
}

more_than_the_available_memory_is_refused_before_the_kernel_is_asked() {
  needs heap:system
  for size in 100G 8191T; do
    run strace -e trace=ioctl -o trace dmabuf alloc $size
    status 1
    stderr "^dmabuf: cannot allocate $size from heap:system: only [0-9.]+M are available$"
    stderr '^dmabuf: hint: use --force '
    check sh -c '! grep -q "DMA_HEAP\|_IOC" trace'
  done
  run dmabuf alloc 8191T --count 1000000
  status 1
  stderr 'cannot allocate 1000000 times 8191T from heap:system: only'
}

the_count_is_part_of_what_must_be_available() {
  needs heap:system
  run dmabuf alloc 300M --count 10
  status 1
  stderr 'cannot allocate 2.9G from heap:system: only'
}

invalid_sizes_are_usage_errors_that_name_the_text() {
  for size in 0 -1 12Q 8MB 1.5M 99999999999999999999 9223372036854775808 8388608T x ''; do
    run dmabuf alloc "$size"
    status 64
    stdout_is_empty
    case $size in -1) ;; *) stderr "'$size'" ;; esac
    stderr '^dmabuf: hint: see dmabuf alloc --help$'
  done
}

a_missing_heap_is_77_and_the_others_are_named() {
  run dmabuf alloc 4K --from heap:nope
  status 77
  stderr '^dmabuf: /dev/dma_heap/nope: open: No such file or directory$'
  if [ -e /dev/dma_heap ]; then stderr '^dmabuf: hint: the heaps of this machine are .*system'; else stderr 'no dma-heaps'; fi
  run dmabuf alloc 4K --from heap:../udmabuf
  status 64
}

a_denied_heap_names_its_owner_group_and_mode() {
  needs heap:system
  run_as_nobody dmabuf alloc 4K --from heap:system
  status 1
  stderr '^dmabuf: /dev/dma_heap/system: open: Permission denied$'
  stderr '^dmabuf: hint: /dev/dma_heap/system belongs to root:root, mode 0600;'
}

an_ordinary_user_with_access_allocates() {
  needs udmabuf
  chmod 666 /dev/udmabuf
  run_as_nobody dmabuf alloc 64K --json
  chmod 600 /dev/udmabuf
  status 0
  json '.buffers[0].source' udmabuf
}

one_command_allocates_several_buffers() {
  needs heap:system
  run dmabuf alloc 64K --count 3 --name frame --json
  status 0
  json '.buffers | map(.name) | unique' '["frame"]'
  json '.buffers | map(.ino) | unique | length' 3
}

running_out_of_descriptors_is_reported_and_leaves_nothing() {
  needs heap:system
  run actor limit-nofile 20 exec dmabuf alloc 4K --count 100
  status 1
  stdout_is_empty
  stderr 'DMA_HEAP_IOCTL_ALLOC: Too many open files$'
  stderr '^dmabuf: hint: this process may have 20 descriptors'
  run buffers_on_the_machine
  stdout_is 0
}

a_name_may_have_31_bytes_and_not_32() {
  needs heap:system
  run dmabuf alloc 4K --name 1234567890123456789012345678901 --json
  status 0
  json '.buffers[0].name' 1234567890123456789012345678901
  run dmabuf alloc 4K --name 12345678901234567890123456789012
  status 64
  stderr 'at most 31'
}

names_are_escaped_for_people_and_valid_in_json() {
  needs heap:system
  name=$(printf 'a\nb\033[31m\\')
  run dmabuf alloc 4K --name "$name"
  status 0
  stdout 'a\\nb\\x1b\[31m\\\\ '
  run dmabuf alloc 4K --name "$name" --json
  json '.buffers[0].name | explode' '[97,10,98,27,91,51,49,109,92]'
}

read_only_buffers_cannot_be_written_through_the_descriptor() {
  needs heap:system
  run dmabuf alloc 64K --read-only -- sh -c 'dmabuf map fd:$DMABUF_FD --fill 0x11'
  status 1
  stderr '^dmabuf: fd:[0-9]+: mmap: Permission denied$'
  stderr '^dmabuf: hint: the descriptor is read-only; use one that was opened for writing$'
  run dmabuf alloc 64K --read-only -- sh -c 'dmabuf map fd:$DMABUF_FD --verify zero'
  status 0
  run dmabuf alloc 64K --read-only --from udmabuf
  status 64
}

images_get_the_size_of_their_planes() {
  needs heap:system
  run dmabuf alloc 1920x1080:NV12 --json
  status 0
  json '.buffers[0].size' 3112960
  json '.buffers[0].image.planes' '[{"offset":0,"size":2073600,"stride":1920},{"offset":2073600,"size":1036800,"stride":1920}]'
  run dmabuf alloc 641x481:YU12
  stdout '^ +1 +308321 +321 +77361$'
  run dmabuf alloc 640x480:ABCD
  status 64
  stderr '^dmabuf: cannot lay out 640x480:ABCD: ABCD is not a known pixel format$'
}

a_command_inherits_just_the_buffers() {
  needs heap:system
  run dmabuf alloc 64K --count 2 -- sh -c 'echo "$DMABUF_FDS ${DMABUF_FD-none}"; sleep 9 & usleep 200000; ls -l /proc/$!/fd >fds; kill $!; grep -c dmabuf fds; grep -c " -> " fds'
  status 0
  stdout '^[0-9]+,[0-9]+ none$'
  # The child of a shell has three standard streams, two buffers, and no other descriptor.
  stdout '^2$'
  stdout '^5$'
  run dmabuf alloc 64K -- sh -c 'echo "$DMABUF_FDS $DMABUF_FD"'
  stdout '^([0-9]+) \1$'
}

the_exit_status_is_that_of_the_command() {
  needs heap:system
  run dmabuf alloc 4K -- sh -c 'exit 42'
  status 42
  run dmabuf alloc 4K -- sh -c 'kill -9 $$'
  status 137
  run dmabuf alloc 4K -- /no/such/program
  status 127
  stderr '^dmabuf: /no/such/program: exec: No such file or directory$'
  run dmabuf alloc 4K -- /etc
  status 126
}

signals_reach_the_command() {
  needs heap:system
  start keeper dmabuf alloc 4K -- sh -c 'trap "echo got TERM; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
  wait_for_line keeper ready
  send_signal keeper TERM
  finish keeper
  status 3
  stdout 'got TERM'
}

the_buffer_lives_as_long_as_the_command() {
  needs heap:system
  start keeper dmabuf alloc 4K -- sh -c 'echo ready; exec sleep 100'
  wait_for_line keeper ready
  run buffers_on_the_machine
  stdout_is 1
  send_signal keeper TERM
  finish keeper
  status 143
  eventually sh -c '! grep -q /dmabuf /proc/*/maps'
  run buffers_on_the_machine
  stdout_is 0
}

the_list_reports_each_source() {
  needs heap:system udmabuf
  run dmabuf alloc --list
  status 0
  stdout '^heap:system +works +- +[0-9.]+M '
  stdout '^udmabuf +works '
  run dmabuf alloc --list --json
  json '.schema' dmabuf.alloc-list/1
  json '[.sources[] | select(.source == "heap:system") | .state]' '["works"]'
  run_as_nobody dmabuf alloc --list --json
  status 0
  json '[.sources[] | select(.source == "heap:system") | .state]' '["denied"]'
  json_true '.sources[] | select(.source == "heap:system") | .reason | contains("root:root, mode 0600")'
}

the_list_reports_why_no_source_works() {
  [ ! -e /dev/udmabuf ] || skip 'this kernel has sources'
  run dmabuf alloc --list
  status 0
  stdout '^heap:system +missing +- +- +No such file or directory; this kernel has no dma-heaps'
  stdout '^udmabuf +missing '
}

a_closed_pipe_is_no_error() {
  needs heap:system
  run sh -c 'dmabuf alloc 4K --count 500 | head -n 1; dmabuf --help | true'
  status 0
  stderr_is_empty
}

a_full_disk_is_an_error() {
  needs heap:system
  run sh -c 'dmabuf alloc 4K > /dev/full'
  status 1
  stderr '^dmabuf: standard output: write: No space left on device$'
}

a_heap_over_a_cma_area_of_its_own_has_the_memory_of_that_area() {
  # A device tree names the areas. No other heap uses them.
  needs heap:camera heap:display
  check dmabuf alloc 4M --from heap:camera --hold frame
  run dmabuf alloc --list --json
  status 0
  json '.sources | map(select(.source | test("camera|display")) | [.source, .available])' \
    '[["heap:camera",12582912],["heap:display",16777216]]'
  run dmabuf alloc 20M --from heap:camera
  status 1
  stderr '^dmabuf: cannot allocate 20M from heap:camera: only 12M are available$'
  stderr '^dmabuf: hint: the CMA area camera has 12M free of 16M; dmabuf-holder\([0-9]+\) holds 4M of it; use --force '
  run dmabuf alloc 20M --from heap:camera --force
  status 1
  stderr '^dmabuf: /dev/dma_heap/camera: DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory$'
  stderr '^dmabuf: hint: the CMA area camera has 12M free of 16M; '
  run_as_nobody dmabuf alloc 4M --from heap:camera
  status 1
  stderr '^dmabuf: /dev/dma_heap/camera: open: Permission denied$'
  check dmabuf release frame
}
