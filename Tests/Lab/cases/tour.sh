# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC2016
# The README's tour: its commands are run, and print what stands there.

# What differs from run to run: times, rates, process ids, inode numbers, and the widths they make.
_masked() {
  sed -E 's/\([0-9]+\)/(PID)/g; s/[0-9.]+ [kMG]?B\/s/N B\/s/g; s/[0-9.]+ (ns|us|µs|ms|s)\b/TIME/g; s/ino:[0-9]+/ino:N/g
    s/unbound[0-9]+/unboundN/g; s/^([+-]?) *[0-9]+  +/\1N /; s/  +/ /g; s/^ //; s/ $//' "$1"
}

the_tour_of_the_readme_prints_what_it_says() {
  # Where all that the tour uses is built in, and nodes have the same names each time.
  [ "$(cat /lab/kernel)" = full-6.12 ] || skip 'another kernel than the tour is of'
  limit 120
  block=
  : >told
  : >real
  while IFS= read -r line; do
    case $block$line in
    '```console') block=inside: ;;
    'inside:```') block= ;;
    'inside:$ '*)
      echo "$line" >>told
      { echo "$line"; sh -c "${line#\$ }" 2>&1; } >>real
      ;;
    inside:*) echo "$line" >>told ;;
    esac
  done </lab/README.md
  check [ "$(grep -c '^\$ dmabuf' told)" -ge 15 ]
  _masked told >told.masked
  _masked real >real.masked
  diff -u told.masked real.masked >difference || expected "the README's tour: $(cat difference)"
}
