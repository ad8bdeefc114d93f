# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC2016
# Commands end on a signal, at any moment, and never with status 0.

# _ends SIGNAL NUMBER CALL WHEN CMD…: the signal arrives at that system call of the command.
_ends() {
  signal=$1 number=$2 call=$3 when=$4
  shift 4
  run actor default-signals exec strace -f -qq -o trace -e trace="$call" -e inject="$call:signal=$signal:when=$when" "$@"
  grep -q "SIG$signal" trace || broken "_ends: no SIG$signal at $call $when of: $*"
  status "$number"
}

a_census_ends_when_it_is_asked_to() {
  limit 180
  start holder actor buffer 64K dups 0 600 buffer 4K map 1 ready pause
  wait_for_line holder ready
  for source in procfs sysfs bufinfo bpf; do
    case $source in
      sysfs) has sysfs-stats || continue ;;
      bufinfo) has bufinfo || continue ;;
      bpf) has bpf-dmabuf-iter || continue ;;
    esac
    _ends INT 130 read 3 dmabuf stat --source $source
    stdout_is_empty
  done
  _ends TERM 143 readlinkat 300 dmabuf stat --source procfs --json
  stdout_is_empty
  _ends QUIT 131 readlinkat 300 dmabuf stat --source procfs --by process
  stdout_is_empty
  _ends HUP 129 readlinkat 300 dmabuf stat --source procfs --watch=1s --for 3s
  send_signal holder TERM
  finish holder
}

a_list_of_buffers_ends_while_it_is_drawn() {
  limit 120
  start holder actor buffer 64K ready pause
  wait_for_line holder ready
  for form in --json --prometheus --graph '--by process'; do
    # shellcheck disable=SC2086
    _ends INT 130 write 1 dmabuf stat $form
  done
  send_signal holder TERM
  finish holder
}

a_search_for_a_buffer_ends_when_it_is_asked_to() {
  limit 120
  start holder actor buffer 64K print 0 dups 0 400 ready pause
  wait_for_line holder ready
  inode=$(sed -n 's/^[0-9]* [0-9]* \([0-9]*\) .*/\1/p' .started/holder.stdout)
  _ends INT 130 readlinkat 300 dmabuf map "ino:$inode" --checksum
  stdout_is_empty
  send_signal holder TERM
  finish holder
}

no_command_that_was_asked_to_end_ends_with_0() {
  limit 180
  _ends TERM 143 write 1 dmabuf stat --help
  _ends TERM 143 write 1 dmabuf alloc --list
  _ends TERM 143 write 1 dmabuf devices
  run actor default-signals buffer 64K exec sh -c 'strace -qq -o trace -e trace=write -e inject=write:signal=INT:when=1 dmabuf map fd:$SLOT_0 --checksum'
  status 130
}

top_restores_the_terminal_when_a_signal_ends_it_during_a_census() {
  start holder actor buffer 64K dups 0 400 ready pause
  wait_for_line holder ready
  run sh -c "sleep 8 | actor default-signals exec script -q -e -c 'stty rows 24 cols 100; strace -f -qq -o trace -e trace=readlinkat -e inject=readlinkat:signal=TERM:when=300 dmabuf top --source procfs; echo \$?; stty -a' screen"
  check grep -qa '1049l' screen
  check grep -qa '^143' screen
  check grep -qa ' icanon' screen
  send_signal holder TERM
  finish holder
}
