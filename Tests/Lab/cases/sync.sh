# SPDX-License-Identifier: MIT
# dmabuf sync.

access_begins_and_ends_as_requested() {
  run actor buffer 4096 exec sh -c 'dmabuf sync fd:$SLOT_0 start --read && dmabuf sync fd:$SLOT_0 end --read && dmabuf sync fd:$SLOT_0 pulse'
  status 0
  stdout '^ino:[0-9]+: read access begun after '
  stdout '^ino:[0-9]+: read access ended$'
  stdout '^ino:[0-9]+: read-write access begun after .*, and ended$'
}

the_report_names_direction_and_time() {
  run actor buffer 4096 exec sh -c 'dmabuf sync fd:$SLOT_0 pulse --write --json'
  status 0
  json '[.schema, .operation, .direction]' '["dmabuf.sync/1","pulse","write"]'
  json_true '.waited_ns >= 0 and .ino > 0'
}

a_pending_fence_is_waited_for_until_the_timeout() {
  needs drm:vgem
  run actor buffer 4096 vgem-import 0 vgem-fence 0 write exec sh -c 'time dmabuf sync fd:$SLOT_0 start --read --timeout 300ms'
  status 124
  stdout_is_empty
  stderr '^dmabuf: fd:[0-9]+: DMA_BUF_IOCTL_SYNC: (Connection|Operation) timed out$'
  stderr '^dmabuf: hint: a device or a process has not signalled its fence'
  stderr '^real.*0m 0\.[3-9]|^real.*0m 1\.'
}

a_reader_does_not_wait_for_readers() {
  needs drm:vgem
  run actor buffer 4096 vgem-import 0 vgem-fence 0 read exec sh -c 'dmabuf sync fd:$SLOT_0 pulse --read --timeout 2s && dmabuf sync fd:$SLOT_0 pulse --write --timeout 200ms'
  status 124
  stdout 'read access begun'
}

an_end_never_waits() {
  needs drm:vgem
  run actor buffer 4096 vgem-import 0 vgem-fence 0 write exec sh -c 'dmabuf sync fd:$SLOT_0 end --timeout 1s'
  status 0
}

an_interrupt_ends_the_waiting() {
  needs drm:vgem
  start waiter actor default-signals buffer 4096 vgem-import 0 vgem-fence 0 write ready exec sh -c 'exec dmabuf sync fd:$SLOT_0 start'
  wait_for_line waiter ready
  usleep 700000
  send_signal waiter INT
  finish waiter
  status 130
}

a_map_waits_too_and_obeys_the_timeout() {
  needs drm:vgem
  run actor buffer 4096 vgem-import 0 vgem-fence 0 write exec sh -c 'dmabuf map fd:$SLOT_0 --fill zero --timeout 200ms'
  status 124
}

a_udmabuf_that_was_never_started_cannot_be_ended() {
  needs udmabuf
  run dmabuf alloc 4K --from udmabuf -- sh -c 'dmabuf sync fd:$DMABUF_FD end'
  status 1
  stderr '^dmabuf: fd:[0-9]+: DMA_BUF_IOCTL_SYNC: Invalid argument$'
}

wrong_words_are_usage_errors() {
  run dmabuf sync fd:3 begin
  status 64
  stderr "'begin'"
  run dmabuf sync fd:3 start --timeout soon
  status 64
  stderr "'soon'"
}
