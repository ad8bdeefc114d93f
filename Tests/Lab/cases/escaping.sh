# SPDX-License-Identifier: MIT
# Text from outside, on a real kernel, in the forms of output. Tests/DMABufToolTests tests all characters in all forms.

_mark=$(printf '\314\201') # U+0301, which combines with the character before it

# _hostile: starts a process with a buffer. Their names attack a parser or a terminal.
_hostile() {
  start hostile actor buffer 64K name 0 "$1" comm "$2" ready pause
  wait_for_line hostile ready
}

_end() { send_signal hostile TERM; finish hostile; }

# _on_a_terminal COMMAND: writes the output for a terminal to the file `screen`.
_on_a_terminal() {
  run sh -c "actor default-signals exec script -q -c 'stty rows 40 cols 200; $1' screen </dev/null >/dev/null 2>&1"
}

a_quote_with_a_combining_mark_is_a_quote() {
  name="\"${_mark}];URL=\"${_mark}//x\"${_mark};"
  _hostile "$name" "c\"${_mark},<&"
  run dmabuf stat --pid "$hostile_pid" --graph
  status 0
  # Each label ends with the first quote that no backslash precedes.
  check sh -c "sed -n 's/\\\\[\\\\\"]//g; /label=/p' .run/stdout | grep -q label="
  check sh -c "! sed 's/\\\\[\\\\\"]//g' .run/stdout | grep -q URL=.*label"
  check sh -c "! sed 's/\\\\[\\\\\"]//g; s/\\[label=\"[^\"]*\"[],]//' .run/stdout | grep label= | grep -q '\"'"
  run dmabuf stat --pid "$hostile_pid" --json
  status 0
  check [ "$(jq -r '.buffers[0].name' .run/stdout)" = "$name" ]
  check [ "$(jq -r '.buffers[0].processes[0].comm' .run/stdout)" = "c\"${_mark},<&" ]
  run dmabuf stat --pid "$hostile_pid" --prometheus
  status 0
  stdout "comm=\"c\\\\\"${_mark},<&\","
  _end
}

nothing_invisible_reaches_a_terminal() {
  # The C1 character CSI, an override of the writing direction, and an escape sequence.
  _hostile "$(printf 'x\\302\\233\063\061m\\342\\200\\256y\\033[7m')" "$(printf 'c\302\233\342\200\256\033]0;t\007')"
  for form in '' --json --prometheus --graph '--by process' '--columns ino,name,processes'; do
    _on_a_terminal "dmabuf stat --pid $hostile_pid $form"
    check grep -qa x screen
    check sh -c "! grep -qaP '\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\x1b\]|\x1b\[7m|\x07' screen"
  done
  _on_a_terminal "dmabuf map /dev/null"
  # In a pipe, the metrics have the names themselves.
  run dmabuf stat --pid "$hostile_pid" --prometheus
  stdout "$(printf 'comm="c\302\233\342\200\256\033')"
  # JSON escapes the names for any destination.
  run dmabuf stat --pid "$hostile_pid" --json
  check [ "$(jq -r '.buffers[0].name' .run/stdout)" = "$(printf 'x\302\233\063\061m\342\200\256y\033[7m')" ]
  stdout '\\u009b31m\\u202ey'
  _end
}

an_error_has_one_line_for_any_path() {
  run dmabuf stat --diff "$(printf 'no\nsuch\ndmabuf: hint: rm -rf\302\233')"
  status 1
  check [ "$(grep -c . .run/stderr)" = 1 ]
  stderr '^dmabuf: no\\nsuch\\ndmabuf: hint: rm -rf\\u\{9b\}: open: No such file or directory$'
  run dmabuf alloc "$(printf '4K\342\200\256x')"
  status 64
  stderr '4K\\u\{202e\}x'
}

known_failures_with_combining_marks_are_read() {
  printf 'C1 *\r\nC2 heap:%s * \r\n' "$_mark" >known
  run dmabuf check --only C4 --exporter none --expect known
  no_stderr 'a line is ID TARGET'
}
