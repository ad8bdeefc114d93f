# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2016,SC2034,SC2154
# Runs the commands of each page of the manual, and compares their output with the page. In the manual, 4711 is a
# process, 4711:23 a buffer of it, 4711:12 a sync_file, and 4711:30 a syncobj.

# _examples PAGE NUMBER [MASK]: expects at least NUMBER commands, all with the output of the page.
_examples() {
  # This kernel has everything that the manual uses, and nodes always have the same names.
  [ "$(cat /lab/kernel)" = full-6.12 ] || skip 'the manual shows kernel full-6.12'
  limit 120
  . /lab/examples.sh
  in_this_case() {
    echo "$1" | sed "s/--for 30s/--for 2s/; s/4711:23/$process:$process_buffer/g; s/4711/$process/g"
  }
  compare_examples "/lab/man/$1" "$2" "s/${process:-none}:[0-9]+/4711:23/g; ${3:-}"
}

# Starts a process with a buffer: 4711 in the manual.
_start_process() { # WORD… of the actor
  start program actor buffer 1M print 0 "$@" ready pause
  wait_for_line program ready
  read -r process process_buffer _ <.started/program.stdout
}

# Creates a program of this name, for examples that run one. Its text is on standard input.
_program() { # NAME
  mkdir -p programs
  { echo '#!/bin/sh'; cat; } >"programs/$1"
  chmod +x "programs/$1"
  PATH=$PWD/programs:$PATH
}

examples_of_alloc() {
  echo 'test -n "$DMABUF_FDS"' | _program my-program
  _examples dmabuf-alloc.1 4 's/[0-9.]+M/SIZE/g'
}

examples_of_bench() { _examples dmabuf-bench.1 4 's/[0-9.]+(ns|µs|ms| [kMG]?B\/s)?/N/g'; }

examples_of_buffers() {
  _start_process
  dmabuf receive ./socket --listen --timeout 20s >/dev/null &
  _examples dmabuf-buffers.7 9
}

examples_of_check() {
  _start_process
  printf '%s\n' 'C25 drm:*          # our kernel is old' 'C97 drm:mydriver   # imports nothing yet' >known
  _examples dmabuf-check.1 3
}

examples_of_devices() { _examples dmabuf-devices.1 3; }

examples_of_doctor() {
  # sudo and udevadm are not in the lab.
  echo 'shift 2; exec "$@"' | _program sudo
  echo : | _program udevadm
  _examples dmabuf-doctor.1 2
}

examples_of_export() {
  echo 'test -n "$DMABUF_FDS"' | _program my-program
  _examples dmabuf-export.1 3
}

examples_of_fence_wait() {
  _start_process vgem-fence 0 write
  check dmabuf alloc 64K --hold camera
  for name in one two; do check dmabuf fence create --signalled --hold $name; done
  _examples dmabuf-fence-wait.1 3
}

examples_of_fence() {
  _start_process
  _examples dmabuf-fence.1 12
}

examples_of_held() {
  check dmabuf alloc 4K --hold cam
  _examples dmabuf-held.1 3
}

examples_of_import() {
  check dmabuf export v4l2:vivid --buffers 2 --hold camera
  _examples dmabuf-import.1 3
}

examples_of_map() {
  _start_process
  check dmabuf alloc 8M --hold cam
  _examples dmabuf-map.1 4
}

examples_of_receive() {
  mkdir -p /run/user/1000
  check dmabuf alloc 4K --hold camera
  start first dmabuf send /run/user/1000/frames.sock camera --listen
  start second sh -c 'until dmabuf send ./frames.sock camera; do usleep 100000; done'
  start third dmabuf send ./camera.sock camera --listen
  sleep 1
  _examples dmabuf-receive.1 3
  for name in first second third; do finish $name; done
}

examples_of_release() {
  check dmabuf alloc 4K --hold camera
  check dmabuf alloc 4K --hold set --count 2
  _examples dmabuf-release.1 3
}

examples_of_send() {
  mkdir -p /run/user/1000
  for name in camera one two; do check dmabuf alloc 4K --hold $name; done
  start first dmabuf receive /run/user/1000/frames.sock --listen
  start second sh -c 'until dmabuf receive ./frames.sock; do usleep 100000; done'
  sleep 1
  _examples dmabuf-send.1 4
  for name in first second; do finish $name; done
}

examples_of_stat() {
  _start_process
  echo : | _program make
  echo 'grep -q graph' | _program dot
  _examples dmabuf-stat.1 10
}

examples_of_sync() {
  _start_process
  check dmabuf alloc 4K --hold cam
  _examples dmabuf-sync.1 4
}

examples_of_troubleshooting() {
  _start_process vgem-fence 0 write
  _examples dmabuf-troubleshooting.7 20
}

examples_of_the_overview() {
  _start_process
  _examples dmabuf.1 8
}
