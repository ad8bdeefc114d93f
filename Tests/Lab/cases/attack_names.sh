# SPDX-License-Identifier: MIT
# Attacks by names of buffers, commands, and files that look like dma-bufs. Each attack has a comment `# attack:` above
# it.

limit 200
on_two_kernels

_holder() { # ACTOR WORDS…
  start holder actor "$@" print 0 ready pause
  wait_for_line holder '^ready'
  ino=$(sed -n 's/^[0-9]* [0-9]* \([0-9]*\) .*/\1/p' .started/holder.stdout | head -n 1)
}
_end() { send_signal holder TERM; finish holder; }
# Output has no control characters except newlines, and no DEL.
_is_printable() { check sh -c '[ "$(tr -d "\n -~\200-\377" <.run/stdout | wc -c)" = 0 ]'; }

# attack: a file with the name of a dma-buf is mapped and open
a_file_called_like_a_buffer_is_not_a_buffer() {
  dd if=/dev/zero of=/dmabuf:x bs=4096 count=1 2>/dev/null
  start holder actor open /dmabuf:x map 0 ready pause
  wait_for_line holder ready
  check grep -q '/dmabuf:x' "/proc/$holder_pid/maps"
  for source in procfs ''; do
    run dmabuf stat ${source:+--source $source} --json
    status 0
    json '.buffers | length' 0
  done
  _end
  rm /dmabuf:x
}

# attack: the same on a file system that is not mounted, in processes that exit continuously
a_detached_file_called_like_a_buffer_is_not_a_buffer() {
  start one actor detached dmabuf:x churn 0
  start two actor detached dmabuf:y map 0 churn 0
  wait_for_line one churning
  wait_for_line two churning
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    run dmabuf stat --source procfs --json
    json '.buffers | length' 0
  done
  for each in one two; do send_signal $each TERM; finish $each; done
}

# attack: the same beside a real buffer of the same inode number
a_file_of_a_buffer_s_number_is_not_counted_with_it() {
  _holder buffer 64K detached dmabuf:x map 1
  run dmabuf stat --source procfs --json
  status 0
  json '[.buffers | length, .[0].size, .[0].mappings]' '[1,65536,0]'
  _end
}

# attack: a name that forges lines of fdinfo
a_name_cannot_forge_fdinfo() {
  _holder buffer 64K name 0 'a\nsize:\t1\nexp_name:\tx'
  run dmabuf stat --source procfs --json
  json '[.buffers[] | [.size, .exp_name == "x"]]' '[[65536,false]]'
  run dmabuf stat --source procfs
  check [ "$(grep -c "^ *$ino " .run/stdout)" = 1 ]
  _is_printable
  _end
}

# attack: a name that forges a row of bufinfo
a_name_cannot_forge_a_row() {
  needs bufinfo
  _holder buffer 64K name 0 'a\n00004096\t0\t0\t1\tx\t9\tz'
  run dmabuf stat --source bufinfo --json
  json_true '[.buffers[] | select(.ino == 9)] == []'
  _end
}

# attack: a name that forges the total, and the list of devices
a_name_cannot_forge_a_total() {
  needs bufinfo
  _holder buffer 64K name 0 '\n\nTotal 0 objects, 0 bytes'
  run dmabuf stat --source bufinfo --json
  json "[.buffers[] | select(.ino == $ino) | .size]" '[65536]'
  _end
  _holder buffer 64K name 0 '\n\tAttached Devices:\n\tevil'
  run dmabuf stat --source bufinfo --kernel-held --json
  no_stdout '"devices":\["evil"'
  _end
}

# attack: a name that forges a fence
a_name_cannot_forge_a_fence() {
  needs bufinfo
  _holder buffer 64K name 0 '\n\twrite fence:drm x seq 1'
  run dmabuf stat --fences --json
  json_true '[.buffers[].fences // [] | .[]?] | map(select(.driver == "drm")) == []'
  _end
}

# attack: names with escapes, control characters, quotes, overrides of the writing direction and invalid UTF-8
hostile_names_are_visible_in_every_form() {
  holders=
  for name in '\033[2J\033]0;x\007' '\r\n\t\b\177' '"\\"\047`$(x)' '\302\233\342\200\256x' '\377\376\300\200' ')' '<none>' ' '; do
    holders="$holders x"
    # shellcheck disable=SC2059  # a format on purpose
    start "holder${#holders}" actor buffer 4K name 0 "$name" comm "$(printf "${name#\\r\\n}")" ready pause
    wait_for_line "holder${#holders}" ready
  done
  for form in '' --grid --fences '--by process' '--by name' '--columns ino,name,processes' --graph; do
    # shellcheck disable=SC2086  # words on purpose
    run dmabuf stat $form
    status 0
    _is_printable
  done
  run dmabuf stat --json
  json '.buffers | length' 8
  _is_printable
  while [ "$holders" ]; do
    send_signal "holder${#holders}" TERM
    finish "holder${#holders}"
    holders=${holders% x}
  done
}

# attack: a command name that looks like the rest of /proc/PID/stat: a kernel thread, a zombie
a_command_name_cannot_hide_its_process() {
  for name in ') S 0 0 0 0 -1' ') Z 1 1 1' '(((((' ') R 2 0 0 0 20'; do
    _holder buffer 64K comm "$name"
    run dmabuf stat --source procfs --json
    json "[.buffers[] | .processes[].pid]" "[$holder_pid]"
    json "[.buffers[] | .processes[].comm]" "[\"$name\"]"
    _end
  done
}

# attack: a command name with newlines, to add rows
a_command_name_adds_no_rows() {
  _holder buffer 64K comm "$(printf 'x\n9 9 9\n1')"
  run dmabuf stat --by process --source procfs
  check [ "$(grep -c 'x.n9 9 9' .run/stdout)" = 1 ]
  no_stdout '^ *9 +9 +9'
  _end
}

# attack: two buffers with one name, and a name that is the inode number of another buffer
names_that_are_alike_are_two_buffers() {
  start holder actor buffer 64K buffer 128K name 0 '1' name 1 '1' ready pause
  wait_for_line holder ready
  run dmabuf stat --json
  json '[.buffers[].size] | sort' '[65536,131072]'
  _end
}

# attack: options, devices, names and sources that are not words
hostile_arguments_are_usage_errors() {
  needs udmabuf
  for word in '' "$(printf '\033[31m')" "$(printf 'a\nb')" '%n%n%s' "$(head -c 5000 /dev/zero | tr '\0' a)" '99999999999999999999' \
    'fd:99999999999' 'ino:-1' '１:３'; do
    for command in map alloc import export; do
      run timeout 120 dmabuf $command "$word"
      case $(cat .run/status) in 1 | 64 | 77) ;; *) expected 'status 1, 64 or 77' ;; esac
      check sh -c '[ "$(tr -d "\n -~\200-\377" <.run/stderr | wc -c)" = 0 ]'
    done
  done
}
