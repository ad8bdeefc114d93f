# SPDX-License-Identifier: MIT
# Promises of the kernel about fences, on which dmabuf relies. These cases test the kernel directly, so that a change of
# the kernel is noticed here and not in the cases of the commands.

_EXPORT=0xc0086202 _IMPORT=0x40086203 _MERGE=0xc0303e03 _FILE_INFO=0xc0383e04 _SET_DEADLINE=0x40103e05
_GET_DEADLINE=0xc0105702
_NO_NAME=0,0,0,0,0,0,0,0

# _lines TEXT…: expects stdout to be these lines.
_lines() { stdout_is "$(printf '%s\n' "$@")"; }

_fences() { sed -n 's/^\t\(.*fence:.*\)/\1/p' /sys/kernel/debug/dma_buf/bufinfo; }

an_idle_buffer_is_ready_and_exports_a_fence_that_has_signalled() {
  needs drm:vgem
  run actor buffer 4096 poll-now 0 5 poll-now 0 1 poll-now 0 4 poll-now 0 0 ioctl 0 $_EXPORT 1,0
  status 0
  stdout '^ok 1 [0-9]+$'
  check [ "$(head -n 4 .run/stdout | tr '\n' ' ')" = '5 1 4 0 ' ]
  run actor buffer 4096 exec sh -c 'dmabuf fence export fd:$SLOT_0 --json -- sh -c "dmabuf fence info fd:\$DMABUF_FD --json"'
  status 0
  run actor buffer 4096 exec sh -c 'dmabuf fence export fd:$SLOT_0 --json'
  json '.files | map([.status, (.fences | length)])' '[["signalled",1]]'
}

sync_files_are_exported_and_imported_for_reading_or_writing_alone() {
  needs drm:vgem
  run actor buffer 4096 ioctl 0 $_EXPORT 0,0 ioctl 0 $_EXPORT 4,0 ioctl 0 $_EXPORT 5,0 ioctl 0 $_EXPORT 8,0 \
    ioctl 0 $_EXPORT null ioctl 0 $_IMPORT 1,-1 ioctl 0 $_IMPORT 1,@0 ioctl 0 $_IMPORT 0,@0 ioctl 0 $_IMPORT null
  status 0
  _lines EINVAL EINVAL EINVAL EINVAL EFAULT EINVAL EINVAL EINVAL EFAULT
}

a_sync_file_closes_on_exec_and_never_polls_writable() {
  needs drm:vgem
  run actor buffer 4096 vgem-fence 0 write flags 1 poll-now 1 5 vgem-signal 1 poll-now 1 5 ioctl 0 $_IMPORT 2,@1 poll-now 0 5
  status 0
  check [ "$(sed 's/^ok 2 .*/ok/' .run/stdout | tr '\n' ' ')" = '1 0 1 ok 5 ' ]
}

readers_and_writers_hold_each_other_off() {
  needs drm:vgem
  run actor buffer 4096 vgem-fence 0 write poll-now 0 1 poll-now 0 4 poll-now 0 5
  _lines 0 0 0
  run actor buffer 4096 vgem-fence 0 read poll-now 0 1 poll-now 0 4 poll-now 0 5
  _lines 1 0 1
}

polling_a_buffer_with_fences_leaves_references() {
  needs drm:vgem
  start camera actor buffer 4096 print 0 vgem-fence 0 write ready sleep 3 poll-now 0 5 ready sleep 3 vgem-signal 1 pause
  wait_for_line camera ready
  camera=$(awk 'NR == 1 { print $1 ":" $2 }' .started/camera.stdout)
  _count() { dmabuf stat "$camera" --json | jq '.buffers[0].count'; }
  before=$(_count)
  _is_armed() { [ "$(grep -c ready .started/camera.stdout)" = 2 ]; }
  eventually _is_armed
  check [ "$(_count)" = $((before + 2)) ]
  eventually sh -c "[ \$(dmabuf stat $camera --json | jq '.buffers[0].count') = $before ]"
  send_signal camera TERM
  finish camera
}

a_poll_keeps_a_buffer_alive_that_no_process_holds() { # C52
  needs sw_sync bufinfo heap:system
  before=$(buffers_on_the_machine)
  start camera actor heap system 4096 sw-fence 1 import-fence 0 1 write poll 0 close 0 ready sleep 2 sw-inc 1 ready pause
  wait_for_line camera ready
  check [ "$(buffers_on_the_machine)" = $((before + 1)) ]
  run _fences
  stdout '^write fence:.*sw_sync.* unsignalled'
  run dmabuf stat --pid "$camera_pid" --json
  json '.buffers' '[]'
  _has_signalled() { [ "$(grep -c ready .started/camera.stdout)" = 2 ]; }
  eventually _has_signalled
  _is_gone() { [ "$(buffers_on_the_machine)" = "$before" ]; }
  eventually _is_gone
  send_signal camera TERM
  finish camera
}

a_start_of_access_waits_until_a_signal_comes() { # C53
  needs drm:vgem
  for how in 'flags 0' 'nonblock 0'; do
    since=$(cut -d' ' -f1 /proc/uptime)
    # shellcheck disable=SC2086
    run actor buffer 4096 vgem-fence 0 write $how alarm 1 ioctl 0 0x40086200 1,0 exec cut -d' ' -f1 /proc/uptime
    status 0
    stdout '^EINTR$'
    check awk "BEGIN { waited = $(tail -n 1 .run/stdout) - $since; exit !(waited >= 1) }"
  done
}

an_epoll_reports_the_signal() { # C60
  needs sw_sync
  run actor buffer 4096 sw-fence 1 import-fence 0 1 write epoll 0 epoll-wait 2 0 sw-inc 1 epoll-wait 2 5000
  status 0
  _lines 0 5
}

merging_is_strict_about_its_arguments() {
  needs drm:vgem
  run actor buffer 4096 vgem-fence 0 write ioctl 1 $_MERGE $_NO_NAME,@1,0,1,0 ioctl 1 $_MERGE $_NO_NAME,@1,0,0,1 \
    ioctl 1 $_MERGE $_NO_NAME,-1,0,0,0 ioctl 1 $_MERGE $_NO_NAME,@0,0,0,0 ioctl 1 $_MERGE null
  status 0
  _lines EINVAL EINVAL ENOENT ENOENT EFAULT
}

file_info_is_strict_about_its_arguments() {
  needs drm:vgem
  run actor buffer 4096 vgem-fence 0 write ioctl 1 $_FILE_INFO $_NO_NAME,0,1,0,0,0,0 \
    ioctl 1 $_FILE_INFO $_NO_NAME,0,0,0,1,0,0 ioctl 1 $_FILE_INFO $_NO_NAME,0,0,1,0,0,0 ioctl 1 $_FILE_INFO null \
    ioctl 1 0x3e00 null ioctl 1 0xc0383e06 null
  status 0
  _lines EINVAL EINVAL EFAULT EFAULT ENOTTY ENOTTY
}

deadlines_are_accepted_since_6_4() {
  needs drm:vgem
  run actor buffer 4096 vgem-fence 0 write ioctl 1 $_SET_DEADLINE 5000,0,0,0 ioctl 1 $_SET_DEADLINE 5000,0,1,0
  status 0
  if at_least 6.4; then _lines 'ok 5000 0 0 0' EINVAL; else _lines ENOTTY ENOTTY; fi
}

vgem_refuses_unknown_flags_handles_and_fences() {
  needs drm:vgem
  run actor open "$(drm_node vgem render)" ioctl 0 0xc0106441 1,2,0,0 ioctl 0 0xc0106441 1,0,0,1 \
    ioctl 0 0xc0106441 1,0,0,0 ioctl 0 0x40086442 0,0 ioctl 0 0x40086442 1,1 ioctl 0 0x40086442 1,0
  status 0
  _lines EINVAL EINVAL ENOENT ENOENT EINVAL ENOENT
}

closing_vgem_signals_and_closing_a_timeline_fails() {
  needs drm:vgem
  start maker actor buffer 4096 vgem-fence 0 write print 1 ready pause
  wait_for_line maker ready
  check dmabuf fence merge "$(awk 'NR == 1 { print $1 ":" $2 }' .started/maker.stdout)" \
    "$(awk 'NR == 1 { print $1 ":" $2 }' .started/maker.stdout)" --hold copy
  send_signal maker TERM
  finish maker
  run dmabuf fence info copy --json
  json '.files[0].status' signalled
  check dmabuf release copy
  if has sw_sync; then
    run actor sw-timeline sw-fence 1 close 0 poll-now 1 1 ioctl 1 $_FILE_INFO $_NO_NAME,0,0,0,0,0,0
    check grep -qx 1 .run/stdout
    stdout '^ok .* -2 0 1 0 0 0$'
  fi
}

a_buffer_has_the_newest_fence_of_each_timeline() {
  needs sw_sync bufinfo
  run actor buffer 4096 sw-fence 2 sw-fence 9 sw-fence 1 import-fence 0 1 read import-fence 0 2 read exec grep -c 'read fence:.*seq 9 ' \
    /sys/kernel/debug/dma_buf/bufinfo
  stdout_is 1
  run actor buffer 4096 sw-fence 2 sw-fence 9 sw-fence 1 import-fence 0 1 read import-fence 0 2 read import-fence 0 3 read \
    exec sed -n 's/^\t\(.*\) fence:.*seq \([0-9]*\) .*/\1 \2/p' /sys/kernel/debug/dma_buf/bufinfo
  check [ "$(sort .run/stdout | tr '\n' ' ')" = 'read 1 read 9 ' ]
  run actor buffer 4096 sw-fence 2 sw-fence 9 sw-fence 1 import-fence 0 1 read import-fence 0 2 read import-fence 0 3 read \
    import-fence 0 3 write exec sed -n 's/^\t\(.*\) fence:.*seq \([0-9]*\) .*/\1 \2/p' /sys/kernel/debug/dma_buf/bufinfo
  check [ "$(sort .run/stdout | tr '\n' ' ')" = 'read 9 write 1 ' ]
}

a_merged_file_is_imported_into_a_buffer_fence_by_fence() {
  needs sw_sync bufinfo
  check dmabuf fence create --sw-sync --hold one
  check dmabuf fence create --sw-sync --hold two
  check dmabuf fence merge one two --hold both
  start camera actor buffer 4096 print 0 ready pause
  wait_for_line camera ready
  check dmabuf fence import "$(awk 'NR == 1 { print $1 ":" $2 }' .started/camera.stdout)" both
  run _fences
  check [ "$(grep -c 'write fence:.*sw_sync.*unsignalled' .run/stdout)" = 2 ]
  run dmabuf fence info "$(awk 'NR == 1 { print $1 ":" $2 }' .started/camera.stdout)" --json
  json_true '.files[0].name | test("^dma_fence_array-unbound[0-9]+-1$")'
  check dmabuf release --all
  send_signal camera TERM
  finish camera
}

file_info_needs_room_for_all_fences_or_none() {
  needs sw_sync
  check dmabuf fence create --sw-sync --hold one
  check dmabuf fence create --sw-sync --hold two
  check dmabuf fence merge one two --hold both
  run dmabuf fence info both --json
  status 0
  json '.files[0].fences | length' 2
  run strace -qq -e trace=ioctl -e 'inject=ioctl:error=EINVAL:when=2' dmabuf fence info one
  status 0
  check dmabuf release --all
}

a_timeline_treats_half_of_all_values_as_past() {
  needs sw_sync
  run actor sw-timeline sw-inc 1 sw-fence 0x80000001 sw-fence 1 sw-fence 2 poll-now 1 1 poll-now 2 1 poll-now 3 1
  _lines 1 1 0
}

a_timeline_reports_the_earliest_deadline() {
  needs sw_sync
  run actor sw-timeline sw-fence 1 ioctl 0 $_GET_DEADLINE 0,0,0,@1 ioctl 1 $_SET_DEADLINE 9000,0,0,0 \
    ioctl 1 $_SET_DEADLINE 5000,0,0,0 ioctl 0 $_GET_DEADLINE 0,0,0,@1 ioctl 0 $_GET_DEADLINE 1,0,0,@1
  status 0
  stdout '^ENOENT$'
  stdout '^ok 5000 0 0 [0-9]+$'
  stdout '^EINVAL$'
}

unknown_requests_of_a_timeline_are_refused() {
  needs sw_sync
  run actor sw-timeline ioctl 0 0x5703 null ioctl 0 0x40045701 null
  _lines ENOTTY EFAULT
}
