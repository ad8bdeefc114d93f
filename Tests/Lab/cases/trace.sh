# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC2016,SC2154
# dmabuf trace: the steps of actors whose doings are known.

_can_trace() {
  needs drm:vgem
  [ -e /sys/kernel/btf/vmlinux ] || skip 'no BTF'
}

# The steps of the document on the captured stdout, in one line.
_steps() { jq -sc 'map(.step)' .run/stdout; }

the_steps_of_a_buffer_are_reported_in_order() {
  _can_trace
  needs heap:system
  run dmabuf trace --json -- actor heap system 65536 name 0 cam fill 0 0x5a vgem-import 0 close 0 exec true
  status 0
  stderr_is_empty
  # Before Linux 7, vgem maps a buffer when it imports the buffer.
  if at_least 7.0; then mapped=''; else mapped='"map","unmap",'; fi
  check [ "$(_steps)" = '["export","fd","set-name","mmap","begin","end","get","attach",'"$mapped"'"detach","release"]' ]
  check [ "$(jq -sc 'map(.buffer.size) | unique' .run/stdout)" = '[65536]' ]
  check [ "$(jq -sc 'map(.buffer.name) | unique' .run/stdout)" = '[null,"cam"]' ]
  check [ "$(jq -sc 'map(select(.step == "attach") | .device)' .run/stdout)" = '["vgem"]' ]
  check [ "$(jq -sc 'map(.process.pid) | unique | length' .run/stdout)" = 1 ]
  check [ "$(jq -sc 'map(select(.step == "begin") | .direction)' .run/stdout)" = '["write"]' ]
  check [ "$(jq -sc 'map(.time_ns) == (map(.time_ns) | sort)' .run/stdout)" = true ]
}

the_exit_status_of_a_traced_command_is_its_own() {
  _can_trace
  run dmabuf trace -- sh -c 'exit 3'
  status 3
  run dmabuf trace -- ./absent
  status 127
  stderr '^dmabuf: ./absent: exec: No such file or directory$'
}

children_of_a_traced_command_are_traced_and_other_processes_are_not() {
  _can_trace
  start other sh -c 'while true; do actor buffer 4096 exec true; done'
  run dmabuf trace --json -- sh -c 'sh -c "actor buffer 8192 exec true"; true'
  status 0
  check [ "$(jq -sc 'map(select(.step == "release") | .buffer.size) | unique' .run/stdout)" = '[8192]' ]
  send_signal other TERM
  finish other
}

a_wait_names_the_fence_its_creator_and_its_signaller() {
  _can_trace
  run dmabuf trace --stalls --json -- sh -c '
    actor buffer 4096 print 0 vgem-fence 0 write ready sleep 3 vgem-signal 1 sleep 1 >out &
    until grep -q ready out; do usleep 50000; done
    read -r pid fd _ <out
    dmabuf fence-wait $pid:$fd --timeout 9s >&2
    wait'
  status 0
  check [ "$(jq -sc 'map([.call, .fence.driver, .creator.comm, .signaller.comm])' .run/stdout)" = '[["poll","vgem","actor","actor"]]' ]
  check [ "$(jq -sc 'map(.duration_ns > 1000000000 and .duration_ns < 4000000000)' .run/stdout)" = '[true]' ]
}
