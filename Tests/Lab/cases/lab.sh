# SPDX-License-Identifier: MIT
# The lab itself: facilities on which the cases of dmabuf rely.

nobody_is_65534_without_groups() {
  run_as_nobody id
  status 0
  stdout '^uid=65534\(nobody\) gid=65534\(nogroup\)( groups=65534\(nogroup\))?$'
}

nobody_may_not_list_the_buffers() {
  run_as_nobody cat /sys/kernel/debug/dma_buf/bufinfo
  status 1
  stderr 'Permission denied'
}

a_vgem_buffer_appears_in_bufinfo() {
  needs drm:vgem bufinfo
  start holder actor vgem-dumb 64 64 name 0 camera print 0 ready pause
  wait_for_line holder ready
  run cat /sys/kernel/debug/dma_buf/bufinfo
  stdout '^00016384.*drm.*camera$'
  send_signal holder TERM
  finish holder
  status 143
  stdout "^$holder_pid [0-9]+ [0-9]+ 16384$"
}

a_heap_buffer_outlives_its_descriptors_in_a_mapping() {
  needs heap:system
  start holder actor heap system 8192 name 0 mapped map 0 close 0 ready pause
  wait_for_line holder ready
  check grep -q '/dmabuf:mapped' "/proc/$holder_pid/maps"
  run buffers_on_the_machine
  stdout_is 1
  send_signal holder TERM
  finish holder
}

a_udmabuf_can_be_filled_and_is_shared_by_fork() {
  needs udmabuf
  start holder actor udmabuf 64K fill 0 0xa5 fork print 0 ready pause
  wait_for_line holder ready
  run grep '^count' "/proc/$holder_pid/fdinfo/$(awk '{ print $2; exit }' .started/holder.stdout)"
  status 0
  stdout_is "$(printf 'count:\t2')"
  send_signal holder TERM
  finish holder
}

the_cma_heap_is_found_under_any_of_its_names() {
  needs heap:cma
  run actor heap "$(heap_cma)" 8192 print 0
  status 0
  stdout ' 8192$'
}

any_byte_can_be_in_a_name() {
  needs heap:system
  run actor heap system 4096 name 0 'a\nsize:\t1\xff\e[1m' exec sh -c 'cat /proc/self/fdinfo/$SLOT_0'
  status 0
  stdout '^name:.a$'
}

an_import_shows_its_device() {
  needs drm:vgem heap:system bufinfo
  start holder actor heap system 4096 vgem-import 0 ready pause
  wait_for_line holder ready
  run cat /sys/kernel/debug/dma_buf/bufinfo
  stdout '^	vgem$'
  send_signal holder TERM
  finish holder
}

a_vgem_fence_is_pending_until_it_is_signalled() {
  needs drm:vgem bufinfo
  start holder actor vgem-dumb 64 64 vgem-fence 0 write ready sleep 2 vgem-signal 1 pause
  wait_for_line holder ready
  run cat /sys/kernel/debug/dma_buf/bufinfo
  stdout 'write fence:.*unsignalled'
  eventually _no_fence_is_pending
  send_signal holder TERM
  finish holder
}
_no_fence_is_pending() { ! grep -q unsignalled /sys/kernel/debug/dma_buf/bufinfo; }

a_sw_sync_fence_is_imported_and_signalled() {
  needs sw_sync heap:system
  run actor heap system 4096 sw-fence 1 import-fence 0 1 write poll 0 exec cat /sys/kernel/debug/dma_buf/bufinfo
  status 0
  stdout 'write fence:.*unsignalled'
}

descriptors_pass_over_a_socket() {
  needs heap:system
  start receiver actor listen socket receive socket print 1 pause
  run actor heap system 12288 heap system 4096 send socket 0 1
  status 0
  wait_for_line receiver ' 12288$'
  send_signal receiver TERM
  finish receiver
}

a_sent_descriptor_stays_in_flight() {
  needs heap:system bufinfo
  start holder actor heap system 4096 name 0 flying scm 0 close 0 ready pause
  wait_for_line holder ready
  check grep -q flying /sys/kernel/debug/dma_buf/bufinfo
  run ls -l "/proc/$holder_pid/fd"
  status 0
  no_stdout flying
  send_signal holder TERM
  finish holder
}

hugepages_are_there() {
  needs hugetlb
  run actor memfd-hugetlb "$(awk '/^Hugepagesize/ { print $2 * 1024 }' /proc/meminfo)"
  status 0
}

jq_and_xxhsum_and_strace_work() {
  run jq -n -c '{a:[1]}'
  stdout_is '{"a":[1]}'
  printf abc >three
  run xxhsum -H3 three
  # Formats of xxhsum before and from 0.8.3.
  stdout '^(XXH3 \(three\) = 78af5f94892f3950|XXH3_78af5f94892f3950  three)$'
  run strace -f -e trace=exit_group true
  stderr 'exit_group\(0\)'
}

an_expected_kernel_warning_is_no_failure() {
  expect_kernel_warning
  echo 'WARNING: expected' >/dev/kmsg
}

json_is_compared_value_by_value() {
  run echo '{"list":[1,{"name":"a b"}],"size":8388608}'
  json .size 8388608
  json '.list[1].name' 'a b'
  json .list '[1,{"name":"a b"}]'
  json_true '.list | length == 2'
}

the_status_and_output_of_a_background_command_are_captured() {
  start speaker sh -c 'echo one; sleep 1; echo two >&2; exit 7'
  wait_for_line speaker one
  finish speaker
  status 7
  stdout_is one
  stderr '^two$'
}

there_are_at_least_sixty_attacks() {
  # Each such line is above a case.
  attacks=$(cat /lab/cases/attack_*.sh | grep -c '^# attack: ')
  check [ "$attacks" -ge 60 ]
  check [ "$(cat /lab/cases/attack_*.sh | grep -A 1 '^# attack: ' | grep -c '^[a-z][a-z0-9_]*() {')" = "$attacks" ]
}
