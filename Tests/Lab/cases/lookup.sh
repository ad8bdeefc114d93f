# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC2016
# A buffer that was looked up by number is compared with the requested one before it is used.

# Two buffers alternate forever under one descriptor number. The memory of the other buffer must not change.
a_buffer_that_is_swapped_for_another_is_never_written_in_its_place() {
  limit 120
  start cheat actor comm cheat buffer 4K name 0 wanted buffer 4K name 1 innocent fill 1 0x11 print 0 print 1 ready swap 0 1
  wait_for_line cheat ready
  wanted=$(sed -n 1p .started/cheat.stdout | cut -d ' ' -f 3)
  for try in $(seq 10); do
    run dmabuf map "ino:$wanted" --fill 0xAA
    # The command is refused, or fills the right buffer.
    check grep -qx '[01]' .run/status
  done
  # Verify by the other descriptor of the process, which does not change.
  run dmabuf map "$cheat_pid:$(sed -n 2p .started/cheat.stdout | cut -d ' ' -f 2)" --verify 0x11
  status 0
  send_signal cheat KILL
  finish cheat
}

a_refused_number_is_not_the_last_to_be_tried() {
  start both actor buffer 4K name 0 wanted dup 0 dup 0 print 0 ready pause
  wait_for_line both ready
  wanted=$(sed -n 1p .started/both.stdout | cut -d ' ' -f 3)
  # The first descriptor that is duplicated is closed.
  run strace -f -o trace -e trace=pidfd_getfd -e inject=pidfd_getfd:error=EBADF:when=1 dmabuf map "ino:$wanted" --checksum
  status 0
  stdout "^xxh3:"
  run strace -f -o trace -e inject=pidfd_getfd:error=EBADF dmabuf map "ino:$wanted" --checksum
  status 1
  stderr "^dmabuf: [0-9]+:[0-9]+: pidfd_getfd: Bad file descriptor$"
  send_signal both TERM
  finish both
}
