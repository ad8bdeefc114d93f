# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC2016,SC2154
# dmabuf trace: the steps of actors whose doings are known.

_can_trace() { # [each]
  needs drm:vgem
  [ -e /sys/kernel/btf/vmlinux ] || skip 'no BTF'
  # A kprobe for each function lasts long, and shows the same.
  [ "${1-}" = each ] || at_least 6.12 || skip 'as debian-6.12'
}

# The steps of the document on the captured stdout, in one line.
_steps() { jq -sc 'map(.step)' .run/stdout; }

the_steps_of_a_buffer_are_reported_in_order() {
  _can_trace each
  needs heap:system
  run dmabuf trace --json -- actor heap system 65536 name 0 cam fill 0 0x5a vgem-import 0 close 0 exec true
  status 0
  stderr_is_empty
  # The puts are those of the DRM core. Before Linux 7, vgem maps a buffer when it imports the buffer.
  imported='"put","put","put",'
  at_least 7.0 || imported='"map","put","put","put","unmap",'
  check [ "$(_steps)" = '["export","fd","set-name","mmap","begin","end","get","attach",'"$imported"'"detach","put","release"]' ]
  check [ "$(jq -sc 'map(.buffer.size) | unique' .run/stdout)" = '[65536]' ]
  check [ "$(jq -sc 'map(.buffer.name) | unique' .run/stdout)" = '[null,"cam"]' ]
  check [ "$(jq -sc 'map(select(.step == "attach") | [.device, .attachment])' .run/stdout)" = '[["vgem","static"]]' ]
  check [ "$(jq -sc 'map(select(.step == "map") | .value >= 1) | all' .run/stdout)" = true ]
  check [ "$(jq -sc 'map(.process.pid) | unique | length' .run/stdout)" = 1 ]
  check [ "$(jq -sc 'map(select(.step == "begin") | .direction)' .run/stdout)" = '["write"]' ]
  check [ "$(jq -sc 'map(.time_ns) == (map(.time_ns) | sort)' .run/stdout)" = true ]
}

the_mappings_of_a_camera_are_reported() {
  _can_trace each
  run dmabuf trace --json -- actor buffer 4194304 exec sh -c 'exec dmabuf import "fd:$SLOT_0" v4l2:vivid --stream 2 >&2'
  status 0
  check [ "$(jq -sc 'map(.errno) | unique' .run/stdout)" = '[null]' ]
  maps=$(jq -sc 'map(select(.step == "vmap")) | length' .run/stdout)
  check [ "$maps" -ge 1 ]
  check [ "$(jq -sc 'map(select(.step == "vunmap")) | length' .run/stdout)" = "$maps" ]
  check [ "$(jq -sc 'map(.buffer.ino) | unique | length' .run/stdout)" = 1 ]
  check [ "$(jq -r .step .run/stdout | tail -n 1)" = release ]
}

the_exit_status_of_a_traced_command_is_its_own() {
  _can_trace each
  run dmabuf trace -- sh -c 'exit 3'
  status 3
  run dmabuf trace -- ./absent
  status 127
  stderr '^dmabuf: ./absent: exec: No such file or directory$'
}

children_of_a_traced_command_are_traced_and_other_processes_are_not() {
  _can_trace
  start other sh -c 'while true; do actor buffer 65536 exec true; done'
  run dmabuf trace --json -- sh -c 'sh -c "actor buffer 131072 exec true"; true'
  status 0
  check [ "$(jq -sc 'map(select(.step == "release") | .buffer.size) | unique' .run/stdout)" = '[131072]' ]
  send_signal other TERM
  finish other
}

descriptors_that_go_to_other_processes_are_reported() {
  _can_trace each
  run dmabuf trace --json -- sh -c '
    actor comm viewer listen ./socket receive ./socket &
    until [ -S socket ]; do usleep 20000; done
    actor comm camera buffer 65536 send ./socket 0
    wait'
  status 0
  check [ "$(jq -sc 'map(select(.step == "send" or .step == "receive") | [.step, .process.comm, .buffer.size])' \
    .run/stdout)" = '[["send","camera",65536],["receive","viewer",65536]]' ]
}

descriptors_that_a_child_inherits_are_reported() {
  _can_trace
  run dmabuf trace --json -- actor buffer 65536 exec sh -c '(exec sleep 0.1); true'
  status 0
  # The shell keeps the descriptor over its start, its child inherits and keeps it.
  check [ "$(jq -sc 'map(select(.step == "retain" or .step == "inherit") | .step)' .run/stdout)" = '["retain","inherit","retain"]' ]
  check [ "$(jq -sc 'map(select(.step == "inherit"))[0] | .process.pid != .parent.pid' .run/stdout)" = true ]
  check [ "$(jq -sc '(map(select(.step == "retain"))[0].process.pid) == (map(select(.step == "inherit"))[0].parent.pid)' \
    .run/stdout)" = true ]
}

a_descriptor_that_is_taken_with_pidfd_getfd_is_reported() {
  _can_trace
  start camera actor buffer 65536 print 0 ready pause
  wait_for_line camera ready
  run dmabuf trace --json -- sh -c 'exec dmabuf map "$1" --output bytes >&2' sh \
    "$(awk 'NR == 1 { print $1 ":" $2 }' .started/camera.stdout)"
  status 0
  check [ "$(jq -sc 'map(select(.step == "duplicate") | [.process.comm, .buffer.size])' .run/stdout)" = '[["dmabuf",65536]]' ]
  send_signal camera TERM
  finish camera
}

process_ids_are_those_of_the_namespace_of_the_trace() {
  _can_trace each
  run unshare -m -p -f sh -c 'mount -t proc proc /proc; dmabuf trace --json -- sh -c "actor buffer 4096 exec true & wait"'
  status 0
  check [ "$(jq -sc 'map(select(.step != "put").step)' .run/stdout)" = '["export","fd","retain","release"]' ]
  # The namespace has few processes yet, and the lab has had more.
  check [ "$(jq -sc 'map(.process.pid > 1 and .process.pid < 10) | unique' .run/stdout)" = '[true]' ]
  # Of other processes, a trace in the namespace has no number.
  start trace unshare -m -p -f sh -c 'mount -t proc proc /proc; dmabuf trace --json --for 3s'
  eventually sh -c 'actor buffer 4096 exec true; [ -s .started/trace.stdout ]'
  finish trace
  check [ "$(jq -sc 'map(.process.pid) | unique' .run/stdout)" = '[null]' ]
}

# The descriptors that the trace on .run/stdout has reported.
_descriptors() { grep -c '^[0-9.]*  actor([0-9]*)  *fd  ' .run/stdout; }

a_storm_of_events_is_counted_to_the_last() {
  _can_trace
  # The ring buffer is the same on all kernels, and two storms last minutes on a busy machine.
  [ "$(cat /lab/kernel)" = debian-7 ] || skip 'the storm is of debian-7'
  limit 120
  set -- actor limit-nofile 200000 buffer 4096 dups 0 100000
  run dmabuf trace --buffer 64M -- "$@"
  status 0
  stderr_is_empty
  check [ "$(_descriptors)" = 100001 ]
  run dmabuf trace --buffer 256K -- "$@"
  status 0
  lost=$(sed -n 's/^dmabuf: \([0-9]*\) events\{0,1\} did not fit into the ring buffer.*/\1/p' .run/stderr)
  check [ "$lost" -gt 0 ]
  check [ "$(_descriptors)" -lt 100001 ]
  # Events of other steps and processes may be among the lost.
  check [ $(($(_descriptors) + lost)) -ge 100001 ]
}

killed_traces_leave_nothing() {
  _can_trace
  limit 60
  for round in $(seq 20); do
    dmabuf trace >lines 2>errors &
    trace=$!
    usleep $((round * 100000))
    kill -KILL $trace
    wait $trace 2>/dev/null
  done
  # The kernel has no probes of anyone any more.
  eventually [ ! -s /sys/kernel/tracing/enabled_functions ]
  eventually [ ! -s /sys/kernel/debug/kprobes/list ]
  check [ "$(cat /sys/kernel/tracing/dynamic_events)" = '' ]
  check [ "$(ls /sys/kernel/tracing/instances)" = '' ]
}
