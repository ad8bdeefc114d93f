# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091
# Runs the commands of the README's tour, and compares their output with the README.

the_tour_of_the_readme_prints_what_it_says() {
  # This kernel has everything that the tour uses, and nodes always have the same names.
  [ "$(cat /lab/kernel)" = full-6.12 ] || skip 'the tour shows kernel full-6.12'
  limit 120
  . /lab/examples.sh
  compare_examples /lab/README.md 15
}
