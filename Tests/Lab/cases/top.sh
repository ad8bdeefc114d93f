# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC2016
# dmabuf top, on a pseudo-terminal. The file `screen` has its output.

# _on_terminal 'KEYS' CMD…: KEYS are shell commands that type keys, such as `sleep 1; printf q`.
_on_terminal() {
  keys=$1
  shift
  run sh -c "(sleep 1; $keys; sleep 0.3) | actor default-signals exec script -q -e -c '$*' screen"
}

_screen_has() { grep -qa -- "$1" screen || expected "the screen to have: $1 ($(cat -v screen | tail -c 1500))"; }
_screen_lacks() { ! grep -qa -- "$1" screen || expected "the screen not to have: $1"; }

top_shows_buffers_and_restores_the_terminal() {
  start holder actor comm cameraman buffer 64K name 0 cam vgem-fence 0 read ready pause
  wait_for_line holder ready
  _on_terminal 'sleep 1; printf q' 'stty rows 24 cols 100; dmabuf top --interval 300ms; stty -a'
  status 0
  _screen_has ' cam '
  _screen_has "cameraman($holder_pid)"
  _screen_has '1 buffer, 64K'
  _screen_has '1 sync_file[^s]'
  # top has left the alternate screen, and keys are echoed again.
  _screen_has '1049h'
  _screen_has '1049l'
  _screen_has ' icanon'
  _screen_has ' echo '
  send_signal holder TERM
  finish holder
}

keys_change_the_view() {
  start holder actor comm cameraman buffer 64K name 0 front buffer 32K name 1 back ready pause
  wait_for_line holder ready
  _on_terminal 'printf p; sleep 1; printf q' 'stty rows 24 cols 100; dmabuf top'
  status 0
  _screen_has 'SYNC_FILES'
  _on_terminal 'printf "/fro\\n"; sleep 1; printf q' 'stty rows 24 cols 100; dmabuf top'
  status 0
  _screen_has 'filter: fro'
  tail -c 900 screen | grep -qa ' front ' || expected 'the filtered row to remain'
  ! tail -c 600 screen | grep -qa ' back ' || expected 'the other row to disappear'
  send_signal holder TERM
  finish holder
}

an_interrupt_restores_the_terminal() {
  _on_terminal 'sleep 1; printf "\\003"; sleep 1' 'trap : INT; stty rows 24 cols 100; dmabuf top; echo ended with $?; stty -a'
  _screen_has '1049l'
  _screen_has ' icanon'
  _screen_has 'ended with 130'
}

a_stopped_top_restores_the_terminal_and_continues() {
  _on_terminal 'printf "dmabuf top\\n"; sleep 2; printf "\\032"; sleep 1; printf "stty -a; echo stopped-\$((40+2))\\n"; sleep 1; printf "fg\\n"; sleep 1; printf q; sleep 1; printf "echo back-\$((40+3))\\n"; sleep 0.5; printf "exit\\n"' \
    'stty rows 24 cols 100; sh -i'
  _screen_has 'stopped-42'
  _screen_has 'back-43'
  _screen_has ' icanon'
  check sh -c '[ "$(grep -ao "1049h" screen | wc -l)" = 2 ]'
  check sh -c '[ "$(grep -ao "1049l" screen | wc -l)" = 2 ]'
}

top_needs_a_terminal() {
  run dmabuf top
  status 64
  stdout_is_empty
  stderr '^dmabuf: cannot run top: standard output is not a terminal$'
  stderr '^dmabuf: hint: use dmabuf stat --watch'
}

top_lists_names_without_their_control_characters() {
  start holder actor buffer 64K name 0 'a\e[31mb' ready pause
  wait_for_line holder ready
  _on_terminal 'sleep 1; printf q' 'stty rows 24 cols 100; dmabuf top'
  _screen_has 'a\\x1b\[31mb'
  send_signal holder TERM
  finish holder
}

a_number_that_becomes_a_buffer_is_seen_soon() {
  needs heap:system
  start taker dmabuf alloc 64K --name cam -- sh -c 'exec 9</dev/null; sleep 4; exec 8<&"$DMABUF_FD" 9<&"$DMABUF_FD"; exec sleep 60'
  sleep 1
  _on_terminal 'sleep 6; printf q' 'stty rows 24 cols 100; dmabuf top --source procfs --interval 300ms'
  # Counts, descriptors and mappings: of dmabuf, the shell and its sleep; then of dmabuf and the last sleep, with three.
  _screen_has ' cam  *3  *3  *0 '
  _screen_has ' cam  *4  *4  *0 '
  send_signal taker TERM
  finish taker
}

the_examples_of_the_manual_draw_a_screen() {
  . /lab/examples.sh
  # The user of the manual.
  echo 'camera:x:65534:65534::/:/bin/sh' >>/etc/passwd
  start holder actor comm cameraman buffer 4M name 0 frame-0 ready pause
  wait_for_line holder ready
  examples_of /lab/man/dmabuf-top.1 | sed -n 's/^\$ //p' >commands
  check [ "$(grep -c '^dmabuf top' commands)" = 3 ]
  while IFS= read -r command; do
    _on_terminal 'sleep 1; printf q' "stty rows 24 cols 100; $command"
    status 0
    _screen_has 'dmabuf top ('
  done <commands
  sed -i '$d' /etc/passwd
  send_signal holder TERM
  finish holder
}
