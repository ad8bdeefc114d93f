# SPDX-License-Identifier: MIT
# Attacks by another user, and by files in the places of a user's own files. Each attack has a comment `# attack:` above
# it.

limit 200
on_two_kernels

_source() { if has heap:system; then echo heap:system; else echo drm:vgem; fi; }
_hold() { check dmabuf alloc 64K --from "$(_source)" --hold "$@"; }
_failed_without_crash() {
  case $(cat .run/status) in 0 | 12[89] | 1[3-9]? | 2??) expected 'a failure, and no end by a signal' ;; esac
}

# attack: another user created the directory of this user's holders first
a_runtime_directory_of_another_user_is_refused() {
  rm -rf /tmp/dmabuf-65534
  mkdir -m 700 /tmp/dmabuf-65534
  run_as_nobody dmabuf held
  _failed_without_crash
  stderr 'Operation not permitted|Permission denied'
  mkdir -p -m 777 elsewhere
  chown 65534 /tmp/dmabuf-65534
  chmod 777 /tmp/dmabuf-65534
  run_as_nobody dmabuf held
  _failed_without_crash
  rm -rf /tmp/dmabuf-65534
}

# attack: the directory is a link to a directory of the victim's
a_runtime_directory_behind_a_link_is_refused() {
  mkdir -m 700 target
  chown 65534 target
  chmod 755 .
  ln -s "$PWD/target" /tmp/dmabuf-65534
  run_as_nobody dmabuf held
  _failed_without_crash
  run_as_nobody dmabuf release --all
  _failed_without_crash
  check [ -z "$(ls -A target)" ]
  rm /tmp/dmabuf-65534
}

# attack: root is started with another user's XDG_RUNTIME_DIR
root_puts_nothing_into_another_user_s_directory() {
  mkdir -m 700 theirs
  chown 65534 theirs
  XDG_RUNTIME_DIR=$PWD/theirs _hold cam
  check [ -z "$(ls -A theirs)" ]
  check [ -S /run/dmabuf/cam ]
  check dmabuf release cam
}

# attack: another user asks a holder for its buffer, and to release it
a_holder_serves_no_other_user() {
  _hold cam
  chmod 755 /run/dmabuf
  chmod 777 /run/dmabuf/cam
  for request in 0x64 0x66 0x61 0x72 0 1 2 3 4 0xff; do
    run_as_nobody actor packet /run/dmabuf/cam $request 1 0
  done
  chmod 700 /run/dmabuf
  check dmabuf map cam --verify zero
  check dmabuf release cam
}

# attack: another user occupies all connections of a holder
a_crowd_of_another_user_does_not_lock_its_owner_out() {
  _hold cam
  chmod 755 /run/dmabuf
  chmod 777 /run/dmabuf/cam
  start crowd actor uid 65534 crowd /run/dmabuf/cam 30 ready pause
  wait_for_line crowd ready
  chmod 700 /run/dmabuf
  check timeout 120 dmabuf map cam --verify zero
  send_signal crowd TERM
  finish crowd
  check dmabuf release cam
}

# attack: a directory of holders that others may write to
a_runtime_directory_that_others_may_write_to_is_refused() {
  _hold cam
  chmod 777 /run/dmabuf
  run dmabuf map cam --fill 0xaa
  _failed_without_crash
  chmod 700 /run/dmabuf
  check dmabuf map cam --verify zero
  check dmabuf release cam
}

# attack: a directory, a file, a link and a FIFO where sockets of holders belong
a_file_that_is_not_a_socket_is_neither_used_nor_removed() {
  _hold good
  mkdir /run/dmabuf/dir
  echo precious >/run/dmabuf/file
  ln -s /run/dmabuf/good /run/dmabuf/link
  mkfifo /run/dmabuf/fifo
  for name in dir file link fifo; do
    run timeout 120 dmabuf map $name --fill 0xaa
    status 1
    run timeout 120 dmabuf release $name
    status 1
    run timeout 120 dmabuf alloc 4K --from "$(_source)" --hold $name --replace
    status 1
  done
  check grep -q precious /run/dmabuf/file
  check [ -d /run/dmabuf/dir ]
  check [ -L /run/dmabuf/link ]
  check dmabuf map good --verify zero
  check dmabuf release good
  rm -r /run/dmabuf/dir /run/dmabuf/file /run/dmabuf/link /run/dmabuf/fifo
}

# attack: another user replaces the socket by a silent one
a_socket_of_another_user_is_refused() {
  check mkdir -p -m 700 /run/dmabuf
  chmod 777 /run/dmabuf
  start other actor uid 65534 listen /run/dmabuf/cam ready pause
  wait_for_line other ready
  chmod 700 /run/dmabuf
  run timeout 120 dmabuf map cam --fill 0xaa
  status 1
  send_signal other TERM
  finish other
  rm -f /run/dmabuf/cam
}

# attack: a set-user-ID copy of the program
a_copy_with_another_s_rights_refuses_to_run() {
  cp "$(command -v dmabuf)" copy
  chmod 4755 copy
  run_as_nobody ./copy alloc 4K --from "$(_source)"
  _failed_without_crash
  stdout_is_empty
  stderr .
  run_as_nobody ./copy stat
  _failed_without_crash
  stdout_is_empty
}

# attack: another user's socket in a directory with the sticky bit
an_existing_socket_is_not_replaced() {
  mkdir -m 1777 shared
  chmod 755 .
  start other actor uid 65534 listen shared/socket ready pause
  wait_for_line other ready
  run dmabuf receive shared/socket --listen --timeout 1s
  status 1
  stderr 'Address already in use'
  check [ -S shared/socket ]
  send_signal other TERM
  finish other
}

# attack: another user connects to a socket that root listens on
a_listening_socket_accepts_nothing_from_other_users() {
  start taker sh -c 'umask 0; exec dmabuf receive ./socket --listen --timeout 120s --json'
  eventually [ -S socket ]
  chmod 777 .
  run_as_nobody actor memfd 4096 send ./socket 0
  start friend actor buffer 64K send ./socket 0
  finish friend
  finish taker
  status 0
  json '[.buffers[].size]' '[65536]'
}

# attack: an unprivileged user asks for root's buffers in every way
an_unprivileged_user_gets_nothing_of_root_s() {
  start holder actor buffer 64K fill 0 0xbb print 0 pause
  wait_for_line holder ' 65536$'
  number=$(cut -d ' ' -f 2,3 .started/holder.stdout)
  for reference in "$holder_pid:${number% *}" "ino:${number#* }"; do
    for use in '--dump' '--fill 0xaa' '--checksum'; do
      # shellcheck disable=SC2086  # words on purpose
      run_as_nobody dmabuf map "$reference" $use
      _failed_without_crash
      stdout_is_empty
    done
  done
  check dmabuf map "$holder_pid:${number% *}" --verify 0xbb
  send_signal holder TERM
  finish holder
}

# attack: a link in place of the file to write, in a directory of another user
a_link_in_place_of_the_output_loses_nothing_on_failure() {
  echo precious >target
  ln -s target file
  run actor buffer 64K exec sh -c 'strace -e trace=ioctl -o /dev/null -e inject=ioctl:error=EIO dmabuf map fd:$SLOT_0 --output file'
  _failed_without_crash
  check grep -q precious target
  check [ "$(ls | wc -l)" = 2 ]
}
