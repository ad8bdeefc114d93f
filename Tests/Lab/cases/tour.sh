# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091
# The README's tour: its commands are run, and print what stands there.

the_tour_of_the_readme_prints_what_it_says() {
  # Where all that the tour uses is built in, and nodes have the same names each time.
  [ "$(cat /lab/kernel)" = full-6.12 ] || skip 'another kernel than the tour is of'
  limit 120
  . /lab/examples.sh
  compare_examples /lab/README.md 15
}
