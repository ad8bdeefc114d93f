# SPDX-License-Identifier: MIT
# dmabuf fence-wait. An actor allocates the buffer, so that the cases run on kernels without heaps.

_camera() { # WORD…: starts an actor with a buffer in $camera, and WORD… on it
  start camera actor default-signals buffer 4096 print 0 "$@" ready pause
  wait_for_line camera ready
  camera=$(awk 'NR == 1 { print $1 ":" $2 }' .started/camera.stdout)
}
_camera_gone() {
  send_signal camera TERM
  finish camera
}
_count() { dmabuf stat "$camera" --json | jq '.buffers[0].count'; }
_says() { eventually grep -q "$2" ".started/$1.stderr"; }

a_pending_fence_is_named_signalled_from_another_shell_and_wakes_the_waiter() {
  needs drm:vgem
  _camera
  check dmabuf fence create --vgem "$camera" --hold late
  run dmabuf fence-wait "$camera" --timeout 200ms
  status 124
  stdout '^timed out after [0-9.]+ ms, 1 of 1 fences pending$'
  stdout "^$camera +vgem +unbound +1 +pending +-"
  stderr "^dmabuf: $camera: waiting for vgem unbound 1$"
  stderr "^dmabuf: $camera: poll: (Connection|Operation) timed out: vgem unbound 1$"
  start waiter dmabuf fence-wait "$camera" --json
  _says waiter 'waiting for vgem'
  usleep 300000
  check alive "$waiter_pid"
  run dmabuf fence signal late --json
  status 0
  json '.fences' '[{"by":null,"errno":null,"name":"late","point":null,"status":"signalled"}]'
  finish waiter
  status 0
  json '[.schema, .result]' '["dmabuf.fence-wait/1","signalled"]'
  # Linux 7 has dropped the names by now. They are from before the wait.
  json '.fences | map([.driver, .timeline, .seqno, .status, .errno])' '[["vgem","unbound",1,"signalled",null]]'
  json_true '.fences[0].timestamp_ns > 0 and .waited_ns > 200000000'
  check dmabuf release late
  _camera_gone
}

without_pending_fences_there_is_no_wait() {
  needs drm:vgem
  _camera
  run dmabuf fence-wait "$camera"
  status 0
  stdout_is 'nothing was pending'
  stderr_is_empty
  run dmabuf fence-wait "$camera" --timeout 0 --json
  status 0
  json '[.result, .fences]' '["signalled",[]]'
  _camera_gone
}

a_timeout_of_zero_does_not_wait() {
  needs drm:vgem
  _camera vgem-fence 0 write
  run dmabuf fence-wait "$camera" --timeout 0 --json
  status 124
  json '.result' timeout
  json '.fences | map([.ref != null, .driver, .status, .timestamp_ns])' '[[true,"vgem","active",null]]'
  no_stderr 'waiting for'
  _camera_gone
}

readers_wait_for_writers_alone() {
  needs drm:vgem
  _camera vgem-fence 0 read
  run dmabuf fence-wait "$camera" --read --timeout 0
  status 0
  run dmabuf fence-wait "$camera" --write --timeout 0
  status 124
  run dmabuf fence-wait "$camera" --read --write --timeout 0
  status 124
  _camera_gone
}

no_reference_remains_after_a_wait() {
  needs drm:vgem
  _camera vgem-fence 0 write
  before=$(_count)
  for _ in 1 2 3; do
    run dmabuf fence-wait "$camera" --timeout 50ms
    status 124
  done
  check [ "$(_count)" = "$before" ]
  start waiter dmabuf fence-wait "$camera"
  _says waiter 'waiting for'
  # The waiting command has closed the buffer.
  check [ "$(_count)" = "$before" ]
  _camera_gone
  finish waiter
}

a_buffer_is_polled_if_the_kernel_does_not_export_its_fences() {
  needs drm:vgem
  _camera vgem-fence 0 write
  before=$(_count)
  # The request fails, as before Linux 6.0.
  run strace -qq -o trace -e trace=ioctl -e inject=ioctl:error=ENOTTY dmabuf fence-wait "$camera" --timeout 100ms --json
  status 124
  json '[.result, .fences]' '["timeout",[]]'
  json '.references | map([.signalled, .fences_known])' '[[false,false]]'
  stderr "^dmabuf: $camera: waiting for unknown fences$"
  stderr '^dmabuf: hint: .* since Linux 6\.0'
  # This wait has a reference to the buffer, unlike the other.
  check [ "$(_count)" = $((before + 1)) ]
  run strace -qq -o trace -e trace=ioctl -e inject=ioctl:error=ENOTTY dmabuf fence-wait "$camera"
  status 0
  stdout '^signalled after '
  _camera_gone
}

any_returns_with_the_first_and_all_with_the_last() {
  needs sw_sync
  check dmabuf fence create --sw-sync --hold one
  check dmabuf fence create --sw-sync --hold two
  run dmabuf fence-wait one two --any --timeout 100ms
  status 124
  check dmabuf fence signal two
  run dmabuf fence-wait one two --any --timeout 100ms --json
  status 0
  json '.references | map([.ref, .signalled])' '[["one",false],["two",true]]'
  json '.fences | map(.status)' '["active","signalled"]'
  run dmabuf fence-wait one two --all --timeout 100ms
  status 124
  stderr '^dmabuf: one: poll: '
  no_stderr '^dmabuf: two: poll: '
  start waiter dmabuf fence-wait one two
  _says waiter 'one: waiting for sw_sync one 1'
  check dmabuf fence signal one
  finish waiter
  status 0
  check dmabuf release --all
}

two_timelines_merged_are_waited_for_in_either_order() {
  needs sw_sync
  for order in 'one two' 'two one'; do
    # shellcheck disable=SC2086
    set -- $order
    check dmabuf fence create --sw-sync --hold one
    check dmabuf fence create --sw-sync --hold two
    check dmabuf fence merge one two --hold both
    start waiter dmabuf fence-wait both --json
    _says waiter 'both: waiting for sw_sync'
    check dmabuf fence signal "$1"
    usleep 200000
    check alive "$waiter_pid"
    run dmabuf fence-wait both --timeout 0 --json
    status 124
    json '.fences | map(.status) | sort' '["active","signalled"]'
    check dmabuf fence signal "$2"
    finish waiter
    status 0
    json '.fences | map([.driver, .status])' '[["sw_sync","signalled"],["sw_sync","signalled"]]'
    check dmabuf release --all
  done
}

a_fence_that_failed_is_an_error() {
  needs sw_sync
  _camera
  check dmabuf fence create --sw-sync --hold late
  check dmabuf fence import "$camera" late
  check dmabuf fence export "$camera" --hold copy
  start waiter dmabuf fence-wait "$camera" --json
  _says waiter 'waiting for sw_sync'
  check dmabuf release late
  finish waiter
  status 1
  json '.result' error
  json '.fences | map([.driver, .timeline, .seqno, .status, .errno])' '[["sw_sync","late",1,"error","ENOENT"]]'
  stderr "^dmabuf: $camera: sw_sync late 1 ended with ENOENT: No such file or directory$"
  run dmabuf fence-wait copy
  status 1
  stdout '^ended with an error after '
  stdout '^copy +sw_sync +late +1 +failed ENOENT +[0-9]+\.[0-9]{6} '
  check dmabuf release copy
  _camera_gone
}

interrupted_waits_are_repeated() {
  needs drm:vgem
  _camera vgem-fence 0 write
  began=$(cut -d ' ' -f 1 /proc/uptime)
  run strace -qq -o trace -e trace=ppoll,ioctl -e inject=ppoll:error=EINTR:when=1..100 -e inject=ioctl:error=EINTR:when=1+2 \
    dmabuf fence-wait "$camera" --timeout 6s --json
  status 124
  # The deadline counts from the start of the command, so the command has lasted at least as long.
  check awk -v began="$began" '{ exit !($1 - began >= 6) }' /proc/uptime
  check sh -c '[ $(grep -c "ppoll.*EINTR" trace) = 100 ]'
  # The timeout ends the wait even if every call is interrupted.
  run strace -qq -o trace -e trace=ppoll -e inject=ppoll:error=EINTR dmabuf fence-wait "$camera" --timeout 100ms
  status 124
  _camera_gone
}

stopping_and_continuing_does_not_disturb_the_waiting() {
  needs drm:vgem
  _camera
  check dmabuf fence create --vgem "$camera" --hold late
  start waiter dmabuf fence-wait "$camera" --timeout 8s
  _says waiter 'waiting for'
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    send_signal waiter STOP
    send_signal waiter CONT
  done
  check alive "$waiter_pid"
  check dmabuf fence signal late
  finish waiter
  status 0
  check dmabuf release late
  _camera_gone
}

an_interrupt_from_the_keyboard_ends_the_waiting_at_once() {
  needs drm:vgem
  _camera vgem-fence 0 write
  start waiter actor default-signals exec dmabuf fence-wait "$camera"
  _says waiter 'waiting for'
  send_signal waiter INT
  finish waiter
  status 130
  stdout_is_empty
  _camera_gone
}

a_thousand_fences_on_one_buffer() {
  needs drm:vgem
  _camera vgem-readers 0 1000
  run dmabuf fence-wait "$camera" --timeout 100ms --json
  status 124
  json '.fences | length' 1000
  json '.fences | map(.status) | unique' '["active"]'
  stderr 'waiting for vgem unbound, vgem unbound, vgem unbound and 997 more$'
  start waiter dmabuf fence-wait "$camera" --json
  _says waiter 'and 997 more'
  _camera_gone
  finish waiter
  status 0
  json '.fences | map(.status) | unique' '["signalled"]'
  json '.fences | length' 1000
}

errors_name_ended_processes_and_files_without_fences() {
  run actor pipe exec sh -c 'dmabuf fence-wait fd:$SLOT_0'
  status 1
  stderr '^dmabuf: fd:[0-9]+ is a pipe, not a dma-buf, a sync_file or a syncobj$'
  run dmabuf fence-wait nothing
  status 1
  stderr '^dmabuf: nothing: nothing is held under that name$'
  run dmabuf fence-wait 99999:3
  status 1
}

wrong_words_are_usage_errors_of_fence_wait() {
  for words in '' 'fd:3 --any --all' 'fd:3 --timeout soon' 'fd:x'; do
    # shellcheck disable=SC2086
    run dmabuf fence-wait $words
    status 64
  done
}

a_wait_for_access_names_the_fences_after_a_second() {
  needs drm:vgem
  _camera vgem-fence 0 write
  run dmabuf sync "$camera" start --timeout 300ms
  status 124
  no_stderr 'waiting for'
  stderr '^dmabuf: hint: .* fence on this buffer yet: vgem unbound 1$'
  run dmabuf sync "$camera" start --timeout 1500ms
  status 124
  stderr "^dmabuf: $camera: waiting for vgem unbound 1$"
  run dmabuf map "$camera" --checksum --timeout 1500ms
  status 124
  stderr "^dmabuf: $camera: waiting for vgem unbound 1$"
  stderr '^dmabuf: hint: .* fence on this buffer yet: vgem unbound 1$'
  start waiter dmabuf map "$camera" --checksum
  _says waiter 'waiting for vgem'
  _camera_gone
  finish waiter
  status 0
}
