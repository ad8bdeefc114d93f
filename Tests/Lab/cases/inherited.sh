# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC2016
# dmabuf trusts no inherited state: signal dispositions, masks, alarms, umask, bytes that are not UTF-8.

a_command_fails_with_its_status_although_children_are_ignored() {
  needs dmabuf
  source=$(_source)
  run actor ignore CHLD exec dmabuf alloc 4K --from "$source" -- false
  status 1
  run actor ignore CHLD exec dmabuf alloc 4K --from "$source" -- sh -c 'exit 7'
  status 7
  # --hold also waits for a child.
  run actor ignore CHLD exec dmabuf alloc 4K --from "$source" --hold kept
  status 0
  check dmabuf release kept
}

_source() { if has heap:system; then echo heap:system; else echo drm:vgem; fi; }

a_command_inherits_the_signal_state_of_the_caller() {
  source=$(_source)
  run actor ignore CHLD ignore PIPE block TERM exec dmabuf alloc 4K --from "$source" -- grep -E '^Sig(Ign|Blk)' /proc/self/status
  status 0
  # SIGPIPE is bit 12, SIGCHLD bit 16, SIGTERM bit 14.
  stdout '^SigBlk:.0000000000004000$'
  stdout '^SigIgn:.000000000001100[06]$'
  run dmabuf alloc 4K --from "$source" -- grep -E '^Sig(Ign|Blk)' /proc/self/status
  stdout '^SigBlk:.0000000000000000$'
  stdout '^SigIgn:.000000000000000[06]$'
}

a_status_that_cannot_be_read_is_an_error() {
  run strace -o trace -e inject=wait4:error=ECHILD dmabuf alloc 4K --from "$(_source)" -- true
  status 126
  stderr '^dmabuf: true: exec: No child processes$'
}

a_timeout_ends_in_time_with_any_signals_blocked_or_ignored() {
  needs drm:vgem
  for before in 'block ALRM' 'ignore ALRM' 'block RTMAX' 'ignore RTMAX'; do
    # shellcheck disable=SC2086  # words on purpose
    run actor buffer 4K vgem-fence 0 write $before exec sh -c 'exec timeout -s KILL 20 dmabuf map fd:$SLOT_0 --checksum --timeout 500ms'
    status 124
    stderr 'DMA_BUF_IOCTL_SYNC: Connection timed out'
    # shellcheck disable=SC2086
    run actor buffer 4K vgem-fence 0 write $before exec sh -c 'exec timeout -s KILL 20 dmabuf sync fd:$SLOT_0 start --timeout 300ms'
    status 124
  done
}

a_timeout_ends_a_start_that_waits_after_the_poll() {
  needs drm:vgem
  # Without the sync_file, as before Linux 6.0, the timeout must interrupt START itself.
  run actor buffer 4K vgem-fence 0 write block ALRM exec sh -c 'exec timeout -s KILL 20 strace -f -o trace -e trace=poll,ppoll -e inject=ppoll,poll:retval=1:when=1 dmabuf sync fd:$SLOT_0 start --timeout 500ms'
  status 124
}

an_inherited_alarm_still_ends_the_command() {
  needs drm:vgem
  run actor buffer 4K vgem-fence 0 write alarm 1 exec sh -c 'exec timeout -s KILL 20 dmabuf sync fd:$SLOT_0 start'
  status 142
}

a_blocked_interrupt_ends_the_command() {
  needs drm:vgem
  start waiter actor default-signals block INT block TERM buffer 4K vgem-fence 0 write ready exec sh -c 'exec dmabuf sync fd:$SLOT_0 start'
  wait_for_line waiter ready
  usleep 1500000
  send_signal waiter INT
  finish waiter
  status 130
}

bytes_that_are_not_utf_8_reach_a_command_unchanged() {
  source=$(_source)
  word=$(printf 'b\377\356\276\200\303')
  run env "VAR=$word" dmabuf alloc 4K --from "$source" -- sh -c 'printf "%s|%s" "$1" "$VAR" | od -An -tx1 | tr -d " \n"' sh "$word"
  status 0
  stdout '^62ffeebe80c37c62ffeebe80c3$'
}

bytes_that_are_not_utf_8_name_files() {
  source=$(_source)
  name=$(printf 'b\377.raw')
  run dmabuf alloc 4K --from "$source" -- sh -c 'dmabuf map fd:$DMABUF_FD --output "$1"' sh "$name"
  status 0
  check test -f "$name"
  run dmabuf alloc 4K --from "$source" -- sh -c 'dmabuf map fd:$DMABUF_FD --input "$1"' sh "$name"
  status 0
  run dmabuf alloc 4K --from "$source" -- sh -c 'dmabuf map fd:$DMABUF_FD --input "no-$1"' sh "$name"
  status 1
  stderr '^dmabuf: no-b\\xff.raw: open: No such file or directory$'
  run dmabuf alloc 4K --from "$source" --name "$name" -- sh -c 'sed -n s/^name:.//p /proc/self/fdinfo/$DMABUF_FD | od -An -tx1 | tr -d " \n"'
  stdout '62ff2e7261770a$'
}

a_socket_is_private_for_any_umask() {
  source=$(_source)
  start receiver actor umask 0 exec dmabuf receive ./frames --listen --timeout 20s
  eventually test -S frames
  check sh -c '[ "$(stat -c %a frames)" = 600 ]'
  run_as_nobody dmabuf alloc 4K -- true
  run_as_nobody sh -c 'dmabuf send ./frames fd:0'
  check test -S frames
  run dmabuf alloc 4K --from "$source" -- sh -c 'dmabuf send ./frames fd:$DMABUF_FD'
  status 0
  finish receiver
  status 0
  check test ! -e frames
}

a_set_user_id_copy_is_refused() {
  cp /bin/dmabuf copy
  chown 65534 copy
  chmod 4755 copy
  run ./copy stat
  status 1
  stderr '^dmabuf: cannot run set-user-ID'
  stdout_is_empty
  run ./copy alloc 4K --hold kept
  status 1
}
