# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091
# Runs the commands of the README's tour, and compares their output with the README.

the_tour_of_the_readme_prints_what_it_says() {
  # This kernel has everything that the tour uses, and nodes always have the same names.
  [ "$(cat /lab/kernel)" = full-6.12 ] || skip 'the tour shows kernel full-6.12'
  limit 120
  . /lab/examples.sh
  except='dmabuf trace'
  compare_examples /lab/README.md 15
}

the_waits_of_the_readme_are_traced() {
  # The same names of nodes and drivers as in the tour, on a kernel with BTF.
  [ "$(cat /lab/kernel)" = debian-7 ] || skip 'the tour shows traces of debian-7'
  limit 120
  . /lab/examples.sh
  _pipeline player 'sleep 1 vgem-signal 1'
  _pipeline recorder 'sleep 8'
  only='dmabuf trace'
  compare_examples /lab/README.md 2 's/^[0-9.]+ /T /'
}

# _pipeline NAME STEPS: a program whose camera passes a buffer to a process NAME, which waits for the camera's fence.
# The camera then does STEPS.
_pipeline() {
  cat >"$1" <<END
#!/bin/sh
trap 'kill \$(jobs -p)' TERM
rm -f socket
actor comm $1 listen ./socket receive ./socket fill 1 1 &
until [ -S socket ]; do usleep 20000; done
actor comm camera buffer 8388608 name 0 cam vgem-fence 0 write send ./socket 0 $2 &
wait
END
  chmod +x "$1"
}
