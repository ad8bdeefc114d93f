# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2009,SC2010,SC2016,SC2046,SC2086,SC2154
# dmabuf trace where BPF programs cannot be loaded: events of tracefs. Root is denied BPF by its bounding set, or the
# kernel's types are hidden.

limit 120
tracing=/sys/kernel/tracing
denied='actor without bpf,perfmon,sys_admin exec'
. /lab/trace.sh
tracing_as=$denied

_can_trace() { [ -d $tracing/events/dma_fence ] || skip 'no tracefs'; needs drm:vgem; }

_can_trace_functions() { # [each]
  _can_trace
  # Kprobes are the same on all kernels. Their arguments are found by the kernel's types.
  [ "${1-}" = each ] || ! at_least 7.0 || skip 'as debian-6.12'
  [ -e /sys/kernel/btf/vmlinux ] || skip 'no BTF'
  [ -e $tracing/kprobe_events ] || skip 'no dynamic events'
}

# Hides the kernel's types until the case ends.
_hide_types() {
  [ -d /sys/kernel/btf ] || return 0
  mount -t tmpfs none /sys/kernel/btf || broken 'no tmpfs'
  trap 'umount /sys/kernel/btf' EXIT
}

# A buffer that is not of vgem.
_foreign() { if has heap:system; then echo heap system 65536; elif has udmabuf; then echo udmabuf 65536; fi; }

# Returns whether no instance, dynamic event or process of a trace is left.
_nothing_is_left() {
  ! ls $tracing/instances | grep -q dmabuf-trace &&
    ! grep -qs dmabuf_trace $tracing/dynamic_events &&
    ! ps -o args | grep -q '^dmabuf trace'
}

# Returns whether a trace has enabled its events.
_is_tracing() { cat $tracing/instances/dmabuf-trace-*/events/dma_fence/enable 2>/dev/null | grep -q 1; }

# The values of a jq query for each document on the captured stdout, in one line.
_each() { jq -sc "map($1)" .run/stdout; }
_steps() { _each .step; }

# ---- what is seen -----------------------------------------------------------------------

tracefs_shows_the_steps_of_a_buffer_in_order() {
  _can_trace_functions each
  [ "$(_foreign)" ] || skip 'only vgem exports buffers'
  run $denied dmabuf trace --json -- actor $(_foreign) name 0 cam fill 0 0x5a vgem-import 0 close 0 exec true
  status 0
  stderr '^dmabuf: bpf: BPF_[A-Z_]*: Operation not permitted; tracing with tracefs'
  # Before Linux 7, vgem maps a buffer when it imports the buffer.
  if at_least 7.0; then map='' unmap=''; else map='"map",' unmap='"unmap",'; fi
  check [ "$(jq -c 'select(.step != "put") | .step' .run/stdout | tr '\n' ',')" = \
    '"export","fd","set-name","mmap","begin","end","get","attach",'"$map$unmap"'"detach","release",' ]
  check [ "$(_each .buffer.size)" = "$(_each 65536)" ]
  check [ "$(_each .buffer.ino | jq -c 'unique | length')" = 1 ]
  check [ "$(_each .buffer.exp_name | jq -c unique)" = "[\"$(_foreign | sed 's/ 65536//; s/.* //')\"]" ]
  check [ "$(jq -sc 'map(select(.step | IN("export", "fd", "set-name") | not) | .buffer.name) | unique' .run/stdout)" = '["cam"]' ]
  check [ "$(jq -sc 'map(select(.step == "attach" or .step == "detach") | [.device, .attachment])' .run/stdout)" = '[["vgem","static"],["vgem",null]]' ]
  check [ "$(jq -sc 'map(select(.step == "map") | .value >= 1) | all' .run/stdout)" = true ]
  check [ "$(jq -sc 'map(select(.step == "begin" or .step == "end") | .direction)' .run/stdout)" = '["write","write"]' ]
  check [ "$(jq -sc 'map(select(.step == "fd" or .step == "get") | .value > 2)' .run/stdout)" = '[true,true]' ]
  check [ "$(jq -sc 'map(select(.step == "mmap") | .value)' .run/stdout)" = '[65536]' ]
  check [ "$(_each .process.pid | jq -c 'unique | length')" = 1 ]
  check [ "$(jq -sc 'map(select(.step == "release") | .process.comm)' .run/stdout)" = '["true"]' ]
  check [ "$(jq -sc 'map(.time_ns) == (map(.time_ns) | sort)' .run/stdout)" = true ]
  check _nothing_is_left
}

tracefs_shows_what_a_process_does_with_its_buffer() {
  _can_trace_functions
  run $denied dmabuf trace --json -- actor buffer 65536 name 0 cam fill 0 0x5a dup 0 exec true
  status 0
  check [ "$(jq -sc 'map(select(.step != "put") | .step)' .run/stdout)" = \
    '["export","fd","set-name","mmap","begin","end","fd","release"]' ]
  check [ "$(jq -sc 'map(select(.step == "release") | [.buffer.size, .buffer.name])' .run/stdout)" = '[[65536,"cam"]]' ]
  check [ "$(jq -sc 'map(select(.step == "fd") | .buffer.exp_name != "") | all' .run/stdout)" = true ]
}

tracefs_shows_the_errno_of_refused_steps() {
  _can_trace_functions
  run $denied dmabuf trace --json -- \
    sh -c 'actor buffer 4096 ioctl 0 0x40086200 9,0 ioctl 0 0x6277 null exec true >&2'
  status 0
  check [ "$(jq -sc 'map(select(.errno) | [.step, .errno])' .run/stdout)" = '[["begin","EINVAL"],["ioctl","ENOTTY"]]' ]
}

tracefs_shows_a_wait_in_sync() {
  _can_trace_functions each
  trace_viewer 0 fill 1 0x5a
  check_wait 'SYNC START'
  check [ "$(_each .buffer.size)" = '[65536]' ]
}

tracefs_shows_a_wait_in_poll() {
  _can_trace_functions
  trace_viewer 0 exec sh -c 'exec actor comm viewer wait-readable $SLOT_1'
  check_wait poll
  check [ "$(_each .buffer.size)" = '[65536]' ]
}

tracefs_shows_a_wait_for_a_sync_file() {
  _can_trace_functions
  trace_viewer 1 exec sh -c 'exec actor comm viewer wait-readable $SLOT_1'
  check_wait poll
}

tracefs_shows_no_wait_in_poll_for_what_epoll_watches() {
  _can_trace_functions
  trace_viewer 0 epoll 1 epoll-wait 2 5000
  stdout_is_empty
}

tracefs_shows_a_wait_for_a_syncobj() {
  _can_trace_functions
  at_least 6.6 || skip 'virtio_gpu has syncobjs since Linux 6.6'
  load virtio_gpu
  trace_viewer 1 syncobj-wait "$(drm_node virtio_gpu render)" 1
  check_wait syncobj
}

tracefs_shows_which_descriptors_are_received() {
  _can_trace_functions
  run $denied dmabuf trace --json -- sh -c '
    actor comm viewer listen ./socket receive ./socket &
    until [ -S socket ]; do usleep 20000; done
    actor comm camera buffer 65536 send ./socket 0
    wait'
  status 0
  check [ "$(jq -sc 'map(select(.step == "receive") | [.process.comm, .buffer.size, .value > 2])' .run/stdout)" = \
    '[["viewer",65536,true]]' ]
}

children_of_a_command_are_traced_with_tracefs_and_other_processes_are_not() {
  _can_trace_functions
  start other sh -c 'while true; do actor buffer 65536 exec true; done'
  run $denied dmabuf trace --json -- sh -c 'sh -c "actor buffer 131072 exec true"; true'
  status 0
  check [ "$(jq -sc 'map(select(.step == "release") | .buffer.size) | unique' .run/stdout)" = '[131072]' ]
  send_signal other TERM
  finish other
}

tracefs_uses_fprobes_if_kprobes_are_off() {
  _can_trace_functions each
  grep -q ' f\[' $tracing/README || skip 'no events of fprobes'
  echo 0 >/sys/kernel/debug/kprobes/enabled
  run $denied dmabuf trace --json -- actor buffer 4096 name 0 cam exec true
  echo 1 >/sys/kernel/debug/kprobes/enabled
  status 0
  check [ "$(jq -sc 'map(select(.step != "put") | .step)' .run/stdout)" = '["export","fd","set-name","release"]' ]
  check [ "$(jq -sc 'map(select(.step == "release") | .buffer.name)' .run/stdout)" = '["cam"]' ]
  check _nothing_is_left
}

without_the_types_of_the_kernel_tracefs_shows_fences() {
  _can_trace
  ! has dmabuf-tracepoints || skip 'this kernel has tracepoints of buffers'
  _hide_types
  run dmabuf trace --json -- actor buffer 4096 vgem-fence 0 write vgem-signal 1 exec true
  status 0
  stderr '^dmabuf: this kernel has no BTF: only fences are traced$'
  check [ "$(_steps)" = '["fence-init","fence-signal","fence-destroy"]' ]
  check [ "$(_each '[.fence.driver, .process.comm]' | jq -c 'unique[0]')" = '["vgem","actor"]' ]
  check _nothing_is_left
}

without_types_tracefs_shows_a_wait_for_a_fence() {
  _can_trace
  _hide_types
  tracing_as=
  trace_viewer 0 fill 1 0x5a
  check_wait driver
}

without_types_tracefs_shows_the_tracepoints_of_buffers() {
  _can_trace
  needs dmabuf-tracepoints heap:system
  _hide_types
  run dmabuf trace --json -- actor heap system 65536 map 0 vgem-import 0 close 0 exec true
  status 0
  stderr '^dmabuf: this kernel has no BTF: only fences and the steps export, fd, get, attach, detach, mmap and put are traced$'
  check [ "$(jq -sc 'map(select(.step != "put") | .step)' .run/stdout)" = '["export","fd","mmap","get","attach","detach"]' ]
  check [ "$(jq -sc 'map([.buffer.size, .buffer.exp_name]) | unique' .run/stdout)" = '[[65536,"system"]]' ]
  check [ "$(jq -sc 'map(select(.step == "attach") | .device)' .run/stdout)" = '["vgem"]' ]
  check [ "$(jq -sc 'map(select(.step == "mmap") | .value)' .run/stdout)" = '[null]' ]
}

# ---- untrusted text, lost events, rights ------------------------------------------------

names_cannot_forge_events_of_tracefs() {
  _can_trace_functions
  run $denied dmabuf trace --json -- actor comm 'x\n0' buffer 4096 \
    name 0 'a\n  x-1 [0] 1.0: e: ino=7' close 0 exec true
  status 0
  check [ "$(_steps | jq -c 'map(select(. != "put"))')" = '["export","fd","set-name","release"]' ]
  check [ "$(jq -sc 'map(select(.step == "release") | .buffer.name)[0]' .run/stdout)" = '"a\n  x-1 [0] 1.0: e: ino=7"' ]
  check [ "$(jq -sc 'map(.buffer.ino) | unique | length' .run/stdout)" = 1 ]
}

events_that_tracefs_has_no_room_for_are_counted() {
  _can_trace_functions
  start trace $denied dmabuf trace --json --buffer 64K --for 60s
  eventually _is_tracing
  send_signal trace STOP
  check dmabuf bench sync --size 4K --count 20000
  send_signal trace CONT
  usleep 500000
  send_signal trace TERM
  finish trace
  stderr '^dmabuf: [0-9]* events did not fit into the ring buffer and are missing$'
  check [ "$(sed -n 's/^dmabuf: \([0-9]*\) events did.*/\1/p' .run/stderr)" -gt 1000 ]
}

a_trace_without_rights_names_the_missing_capabilities() {
  _can_trace
  run_as_nobody dmabuf trace
  status 1
  if [ -e /sys/kernel/btf/vmlinux ]; then
    stderr '^dmabuf: bpf: BPF_[A-Z_]*: Operation not permitted$'
    stderr '^dmabuf: hint: this process has neither CAP_BPF and CAP_PERFMON for BPF nor write access to /sys/kernel/tracing; run as root$'
  else
    stderr '^dmabuf: /sys/kernel/tracing/instances: open: Permission denied$'
    stderr '^dmabuf: hint: .*; run as root$'
  fi
}

without_tracefs_a_trace_says_what_it_needs() {
  _can_trace
  _hide_types
  # The kernel mounts it below debugfs, too.
  umount /sys/kernel/debug/tracing 2>/dev/null
  umount /sys/kernel/debug $tracing || skip 'tracefs is in use'
  run dmabuf trace --for 1s
  mount -t debugfs debugfs /sys/kernel/debug
  mount -t tracefs tracefs $tracing
  status 77
  stderr '^dmabuf: /sys/kernel/tracing/instances: open: No such file or directory$'
  stderr '^dmabuf: hint: tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing$'
}

# ---- what remains -----------------------------------------------------------------------

a_trace_that_is_killed_leaves_no_instance_event_or_process() {
  _can_trace
  limit 300
  # Twenty times on one kernel, and five times on the others.
  if [ "$(cat /lab/kernel)" = debian-6.12 ]; then step=1; else step=4; fi
  for delay in $(seq 1 $step 20); do
    $denied dmabuf trace --json >/dev/null 2>&1 &
    traced=$!
    usleep $((delay * 97000))
    kill -KILL $traced
    wait $traced
    eventually _nothing_is_left
  done 2>/dev/null
}

a_trace_removes_what_a_killed_one_and_its_watcher_left() {
  _can_trace
  start first $denied dmabuf trace --json
  eventually _is_tracing
  watchers=$(ps -o pid,comm | sed -n 's/^ *\([0-9]*\) dmabuf-watch$/\1/p')
  check [ "$watchers" ]
  kill -KILL $watchers
  send_signal first KILL
  finish first
  check [ "$(ls $tracing/instances | grep -c dmabuf-trace)" = 1 ]
  run $denied dmabuf trace --for 100ms
  status 0
  eventually _nothing_is_left
}

a_trace_that_is_asked_to_end_leaves_nothing() {
  _can_trace
  for signal in INT TERM HUP; do
    start trace $denied actor default-signals exec dmabuf trace --json
    eventually _is_tracing
    send_signal trace $signal
    finish trace
    check [ "$(cat .run/status)" -gt 128 ]
    check _nothing_is_left
  done
}

two_traces_at_once_do_not_disturb_each_other() {
  _can_trace
  start long $denied dmabuf trace --json
  eventually _is_tracing
  run $denied dmabuf trace --json -- actor buffer 4096 vgem-fence 0 write vgem-signal 1 exec true
  status 0
  stdout '"step":"fence-signal"'
  check [ "$(ls $tracing/instances | grep -c dmabuf-trace)" = 1 ]
  check actor buffer 4096 vgem-fence 0 read vgem-signal 1 exec true
  usleep 500000
  send_signal long TERM
  finish long
  check [ "$(grep -c '"step":"fence-signal"' .run/stdout)" -ge 2 ]
  eventually _nothing_is_left
}
