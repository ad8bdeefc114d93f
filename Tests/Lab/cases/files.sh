# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC2016
# Files that commands write and read: completely or not at all. Deadlines: one for each command.

# _pending SCRIPT: runs SCRIPT with a buffer as $FD: 64K, filled with 0x5a, with a pending fence.
_pending() {
  run actor buffer 64K fill 0 0x5a vgem-fence 0 write exec sh -c "FD=\$SLOT_0; $1"
}

# _with SIZE SCRIPT: the same without a fence.
_with() {
  run actor buffer "$1" fill 0 0x5a exec sh -c "FD=\$SLOT_0; $2"
}

_nothing_is_left_beside() {
  [ "$(find "${1:-.}" -name '.dmabuf-*' | wc -l)" = 0 ] || expected "no temporary file"
}

_is_old() { [ "$(cat "${1:-frame}")" = old ] || expected "${1:-frame} to have its old contents"; }

_is_whole() {
  [ "$(wc -c <"$1")" = 65536 ] && [ "$(tr -d Z <"$1" | wc -c)" = 0 ] ||
    expected "$1 to have the buffer's contents"
}

an_old_output_remains_until_access_has_begun() {
  echo old >frame
  _pending 'dmabuf map fd:$FD --output frame --timeout 300ms'
  status 124
  _is_old
  _pending 'dmabuf map fd:$FD --output new --timeout 300ms'
  status 124
  check [ ! -e new ]
  _nothing_is_left_beside
}

an_old_output_remains_when_a_signal_comes() {
  echo old >frame
  for signal in INT TERM QUIT HUP; do
    _pending "actor default-signals exec timeout -s $signal 1 dmabuf map fd:\$FD --output frame"
    _is_old
    _nothing_is_left_beside
  done
}

an_old_output_remains_when_the_disk_is_full() {
  mkdir small
  check mount -t tmpfs -o size=64k none small
  echo old >small/frame
  _with 1M 'dmabuf map fd:$FD --output small/frame'
  status 1
  stderr '^dmabuf: small/frame: write: No space left on device$'
  _is_old small/frame
  _nothing_is_left_beside small
  check umount small
}

an_output_is_old_or_whole_whenever_the_command_is_killed() {
  limit 180
  _with 64K 'for moment in write:1 write:2 renameat:1 ioctl:1 ioctl:2 openat:1 openat:2 openat:3 openat:4 close:3 mmap:5; do
      echo old >frame
      strace -qq -o trace -e inject=${moment%:*}:signal=KILL:when=${moment#*:} dmabuf map fd:$FD --output frame >/dev/null 2>&1
      case $(wc -c <frame) in 4|65536) ;; *) echo "$moment: $(wc -c <frame)" ;; esac
    done; rm -f .dmabuf-*'
  stdout_is_empty
}

an_output_preserves_links_modes_and_owners() {
  mkdir there
  echo old >there/frame
  chmod 640 there/frame
  chown 65534:65534 there/frame
  ln -s there/frame link
  _with 64K 'dmabuf map fd:$FD --output link'
  status 0
  _is_whole there/frame
  check [ -L link ]
  check [ "$(stat -c %a:%u:%g there/frame)" = 640:65534:65534 ]
  ln -s there/new dangling
  _with 64K 'umask 027; dmabuf map fd:$FD --output dangling'
  status 0
  _is_whole there/new
  check [ "$(stat -c %a there/new)" = 640 ]
  echo old >one
  ln one two
  _with 64K 'dmabuf map fd:$FD --output one'
  status 0
  _is_whole two
  ln -s loop loop
  _with 64K 'dmabuf map fd:$FD --output loop'
  status 1
  stderr '^dmabuf: loop: open: Too many levels of symbolic links$'
  _with 64K 'dmabuf map fd:$FD --output there'
  status 1
  stderr '^dmabuf: there: open: Is a directory$'
  _with 64K 'dmabuf map fd:$FD --output absent/'
  status 1
  check [ ! -e absent ]
  _nothing_is_left_beside
}

an_output_into_a_directory_that_may_not_be_written_is_written_in_place() {
  chmod 755 .
  mkdir closed
  echo old >closed/frame
  echo old >readonly
  chmod 644 readonly
  chmod 666 closed/frame
  run actor buffer 64K fill 0 0x5a uid 65534 exec sh -c 'dmabuf map fd:$SLOT_0 --output closed/frame; dmabuf map fd:$SLOT_0 --output readonly'
  status 1
  stderr '^dmabuf: readonly: open: Permission denied$'
  _is_whole closed/frame
  _is_old readonly
  _nothing_is_left_beside
}

an_output_follows_no_link_of_others_in_a_shared_directory() {
  mkdir shared
  chmod 1777 shared
  echo old >frame
  run actor uid 65534 exec sh -c "ln -s $PWD/frame shared/link; echo old >shared/file; chmod 666 shared/file; mkfifo shared/pipe"
  for name in link file pipe; do
    _with 64K "timeout 5 dmabuf map fd:\$FD --output shared/$name"
    status 1
    stderr "^dmabuf: shared/$name: open: Permission denied$"
  done
  _is_old
  _is_old shared/file
  _nothing_is_left_beside shared
}

an_output_to_standard_output_by_name_goes_there() {
  _with 64K 'dmabuf map fd:$FD --output /proc/self/fd/1 --json | wc -c'
  status 0
  stdout '^65[6-9][0-9][0-9]$'
  _with 64K 'dmabuf map fd:$FD --output /proc/self/fd/1 >frame; head -c 65536 frame | tr -d Z | wc -c; dmabuf map fd:$FD --output /dev/null'
  status 0
}

an_output_into_a_pipe_opens_it_only_when_access_has_begun() {
  mkfifo pipe
  start reader sh -c 'wc -c <pipe'
  _pending 'timeout 5 dmabuf map fd:$FD --output pipe --timeout 300ms'
  status 124
  check alive "$reader_pid"
  _with 64K 'dmabuf map fd:$FD --output pipe'
  status 0
  finish reader
  stdout_is 65536
}

a_report_for_ci_is_whole_or_not_there() {
  echo old >out.xml
  run dmabuf check --device drm:vgem --only C1 --junit out.xml
  status 0
  check grep -q '</testsuites>' out.xml
  mkdir small
  check mount -t tmpfs -o size=4k none small
  echo old >small/out.xml
  run dmabuf check --device drm:vgem --only 'C1*' --junit small/out.xml
  status 1
  _is_old small/out.xml
  check umount small
}

expectations_with_carriage_returns_are_read() {
  printf '# a comment\r\n\r\nC1 drm:vgem 0x444d4142\r\nC10 drm:vgem other\r\n' >known
  run dmabuf check --device drm:vgem --only C1 --only C10 --expect known --json
  status 1
  json '.results | map([.id, .verdict, .reason])' '[["C1","pass",null],["C10","fail","known:4 expects another result"]]'
}

a_file_of_expectations_is_read_whole_or_refused() {
  # A line of 2 MiB, and a valid line after it.
  { printf '# '; head -c 2097152 /dev/zero | tr '\0' x; printf '\nC1 drm:vgem 0xdeadbeef\n'; } >known
  run dmabuf check --device drm:vgem --only C1 --expect known
  status 1
  stdout 'known:2 expects another result'
  head -c 20000000 /dev/zero | tr '\0' '\n' >known
  run dmabuf check --device drm:vgem --only C1 --expect known
  status 1
  stderr '^dmabuf: known: read: File too large$'
  stdout_is_empty
}

a_buffer_on_a_terminal_is_printed_in_part() {
  for place in '' '--offset 256' '--offset 65400'; do
    run actor default-signals buffer 64K exec script -q -e -c "stty rows 24 cols 80; dmabuf map fd:\$SLOT_0 $place" screen
    status 0
    tr -d '\r' <screen >.run/stdout
    case $place in
      *65400) no_stdout 'printed'; stdout '^0000ff78 ' ;;
      '--offset 256') stdout '^dmabuf: fd:[0-9]*: printed 256 of 65536 bytes$'; stdout '^00000200$' ;;
      *) stdout '^dmabuf: hint: use --dump to print all bytes, or --length N to print the first N$'; stdout '^00000100$' ;;
    esac
  done
  run actor default-signals buffer 64K exec script -q -e -c 'dmabuf map fd:$SLOT_0 --dump' screen
  check grep -qa '^00010000' screen
  _with 64K 'dmabuf map fd:$FD'
  stdout '^00010000$'
  stderr_is_empty
}

a_deadline_is_one_for_the_whole_command() {
  before=$(cut -d . -f 1 /proc/uptime)
  start chatter actor chatter ./socket 20
  eventually [ -S socket ]
  run dmabuf receive ./socket --timeout 1s
  status 124
  stderr '^dmabuf: ./socket: poll: Connection timed out$'
  [ $(($(cut -d . -f 1 /proc/uptime) - before)) -lt 15 ] || expected 'an end at the deadline'
  finish chatter
}
