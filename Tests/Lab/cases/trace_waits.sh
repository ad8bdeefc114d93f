# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2016,SC2154
# dmabuf trace --stalls: who waits for whom. The camera signals its fence after the time that each case gives.

. /lab/trace.sh
limit 40

_can_trace() { # [each]
  needs drm:vgem
  [ -e /sys/kernel/btf/vmlinux ] || skip 'no BTF'
  # A kprobe for each function lasts long, and shows the same.
  [ "${1-}" = each ] || at_least 6.12 || skip 'as debian-6.12'
}

_until_probed() {
  # Without fprobe, as on arm64 before Linux 6.14, each function has a kprobe.
  eventually grep -qs dma_resv_wait_timeout /sys/kernel/tracing/enabled_functions /sys/kernel/debug/kprobes/list
  sleep 1
}

a_wait_in_sync_names_buffer_fence_creator_and_signaller() {
  _can_trace each
  trace_viewer 0 fill 1 0x5a
  check_wait 'SYNC START'
  check [ "$(jq -sc 'map(.buffer.size)' .run/stdout)" = '[65536]' ]
}

a_wait_in_poll_names_buffer_fence_creator_and_signaller() {
  _can_trace each
  trace_viewer 0 exec sh -c 'exec actor comm viewer wait-readable $SLOT_1'
  check_wait poll
  check [ "$(jq -sc 'map(.buffer.size)' .run/stdout)" = '[65536]' ]
}

a_wait_in_epoll_names_buffer_fence_creator_and_signaller() {
  _can_trace
  trace_viewer 0 epoll 1 epoll-wait 2 5000
  check_wait poll
  check [ "$(jq -sc 'map(.buffer.size)' .run/stdout)" = '[65536]' ]
}

a_wait_for_a_sync_file_names_fence_creator_and_signaller() {
  _can_trace each
  trace_viewer 1 exec sh -c 'exec actor comm viewer wait-readable $SLOT_1'
  check_wait poll
}

a_wait_for_a_syncobj_names_fence_creator_and_signaller() {
  _can_trace
  at_least 6.6 || skip 'virtio_gpu has syncobjs since Linux 6.6'
  load virtio_gpu
  trace_viewer 1 syncobj-wait "$(drm_node virtio_gpu render)" 1
  check_wait syncobj
}

a_wait_that_has_not_ended_is_reported_at_the_end() {
  _can_trace
  limit 40
  start trace dmabuf trace --stalls --for 8s
  _until_probed
  start camera actor comm camera buffer 65536 vgem-fence 0 write comm stuck fill 0 0x5a pause
  finish trace
  status 0
  stdout '^[0-9.]+  stuck\([0-9]+\) has waited [0-9.]+ m?s in SYNC START on ino:[0-9]+ \(64K [a-z]+\) for vgem unbound#1, created by camera\([0-9]+\), not signalled$'
  send_signal camera TERM
  finish camera
}

a_poll_that_gives_up_is_a_wait_too() {
  _can_trace
  limit 20
  run dmabuf trace --stalls --slower 200ms --json -- sh -c '
    actor comm camera buffer 65536 vgem-fence 0 write print 1 ready sleep 3 >camera &
    until grep -q ready camera; do usleep 20000; done
    read -r pid fd _ <camera
    dmabuf fence-wait $pid:$fd --timeout 1s >&2
    wait'
  status 0
  stderr '^dmabuf: [0-9]+:[0-9]+: poll: Connection timed out: vgem unbound 1$'
  check [ "$(jq -sc 'map([.call, .ended, .signalled, .creator.comm, .signaller]) | unique' .run/stdout)" = \
    '[["poll",true,false,"camera",null]]' ]
}

a_slow_wait_fails_the_test() {
  _can_trace
  limit 20
  run dmabuf trace --stalls --fail-if-slower 500ms -- sh -c '
    actor comm viewer listen ./socket receive ./socket fill 1 0x5a >&2 &
    until [ -S socket ]; do usleep 20000; done
    actor comm camera buffer 65536 vgem-fence 0 write send ./socket 0 sleep 1 vgem-signal 1
    wait'
  status 1
  stderr '^dmabuf: viewer\([0-9]+\) waited [0-9.]+ m?s, longer than 500(\.0)? ms$'
}
