# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC2154
# Runs the examples of README.md and of manual pages, and compares what they print.

# The examples of a page, a line each: `$` begins a command and `>` continues it, `|` is its output, `.` ends a block.
examples_of() { # FILE
  case $1 in
    *.md) awk '
      /^```console/ { block = 1; next }
      block && /^```/ { block = 0; print "."; next }
      block { print (/^\$ / ? "$ " substr($0, 3) : "| " $0) }' "$1" ;;
    *) awk '
      { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); gsub(/\\&/, "") }
      /^\.Dl [$#] / { print "$ " substr($0, 7); print "."; next }
      # What is indented and stands below no command is a file; other text belongs to the command before.
      /^\.Bd/ { block = 1; listed = !/-offset/; more = 0; next }
      /^\.Ed/ { block = 0; print "."; next }
      !block { next }
      more { print "> " $0; more = /[\\|]$/; next }
      /^[$#] / { print "$ " substr($0, 3); listed = 1; more = /[\\|]$/; next }
      listed { print "| " $0 }' "$1" ;;
  esac
}

# Runs the commands of `examples_of` on standard input. The file `said` gets each command and the output that the page
# has for it; `real` gets what was printed, for the commands that the page has output of. A command that cannot be
# run, or whose words are wrong, is noted in `real`.
run_examples() {
  command='' output='' input=''
  : >said
  : >real
  while IFS= read -r line; do
    case $line in
      '$ '*)
        if [ "${command%-- sh}" != "$command" ]; then
          input="$input${line#\$ }
"
          continue
        fi
        end_example
        command=${line#\$ }
        ;;
      '> '*) command="$command
${line#> }" ;;
      '| '*) output="$output${line#| }
" ;;
      .) [ "${command%-- sh}" = "$command" ] || end_example ;;
    esac
  done
  end_example
}

end_example() {
  [ -n "$command" ] || return 0
  echo "\$ $command" >>said
  echo "\$ $command" >>real
  printf '%s' "$output" >>said
  printf '%s' "$input" >.input
  sh -c "$(in_this_case "$command")" >.printed 2>&1 <.input
  code=$?
  # What runs in the background gets the time that a person needs to type the next command.
  case $command in *'&') sleep 1 ;; esac
  [ -z "$output" ] || cat .printed >>real
  case $code in 64 | 126 | 127) { echo "status $code:"; cat .printed; } >>real ;; esac
  command='' output='' input=''
}

# The command with the names of this case in the place of those of the page.
in_this_case() { echo "$1"; }

# What differs from run to run: times, rates, process ids, inode numbers, and the widths they make.
mask_examples() { # FILE
  sed -E 's/\([0-9]+\)/(PID)/g; s/[0-9.]+ [kMG]?B\/s/N B\/s/g; s/[0-9.]+ (ns|us|µs|ms|s)\b/TIME/g; s/ino:[0-9]+/ino:N/g
    s/unbound[0-9]+/unboundN/g; s/^([+-]?) *[0-9]+  +/\1N /; s/  +/ /g; s/^ //; s/ $//' "$1"
}

# compare_examples PAGE NUMBER [MASK]: at least NUMBER commands of dmabuf, which print what the page says. Only blocks
# that match $only, and none that match $except.
compare_examples() {
  examples_of "$1" | awk -v only="${only:-.}" -v except="${except:-^$}" \
    'BEGIN { RS = "\n[.]\n"; ORS = "\n.\n" } $0 ~ only && $0 !~ except' >examples
  run_examples <examples
  dmabuf release --all >/dev/null 2>&1
  check [ "$(grep -c '^\$ dmabuf' said)" -ge "$2" ]
  mask_examples said | sed -E "${3:-}" >said.masked
  mask_examples real | sed -E "${3:-}" >real.masked
  diff -u said.masked real.masked >difference || expected "the examples of ${1##*/}: $(cat difference)"
}
