# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2016,SC2034,SC2154
# Runs the commands of each page of the manual, and compares their output with the page. In the manual, 4711 is a
# process, 4711:23 a buffer of it, 4711:12 a sync_file, and 4711:30 a syncobj.

# _on KERNEL: first in each case. full-6.12 has what the manual uses except syncobjs, and nodes always have the same names.
_on() { [ "$(cat /lab/kernel)" = "$1" ] || skip 'the manual shows another kernel'; }

# _examples PAGE NUMBER [MASK]: expects at least NUMBER commands, all with the output of the page.
_examples() {
  limit 120
  . /lab/examples.sh
  in_this_case() {
    echo "$1" | sed "s/--for 30s/--for 2s/; s/^strace/timeout 1 strace/; $names s/4711/${process:-none}/g"
  }
  compare_examples "/lab/man/$1" "$2" "$masks ${3:-}"
}

# _named NAME WORD: the manual's NAME is WORD in this case.
_named() {
  names="$names s/$1/$2/g;"
  masks="$masks s/$2/$1/g;"
}

# Starts a process with a buffer: 4711 in the manual.
_start_process() { # WORD… of the actor
  start program actor buffer 1M print 0 "$@" ready pause
  wait_for_line program ready
  read -r process fd _ <.started/program.stdout
  _named 4711:23 "$process:$fd"
}

# Creates a program that the lab does not have, for examples that run one.
_program() { # NAME TEXT
  mkdir -p programs
  printf '#!/bin/sh\n%s\n' "$2" >"programs/$1"
  chmod +x "programs/$1"
  PATH=$PWD/programs:$PATH
}

examples_of_alloc() {
  _on full-6.12
  _program my-program 'test -n "$DMABUF_FDS"'
  _examples dmabuf-alloc.1 4 's/[0-9.]+M/SIZE/g'
}

examples_of_bench() {
  _on full-6.12
  _examples dmabuf-bench.1 4 's/[0-9.]+(ns|µs|ms| [kMG]?B\/s)?/N/g'
}

examples_of_buffers() {
  _on full-6.12
  _start_process comm camerad
  start receiver dmabuf receive ./socket --listen --timeout 60s
  _examples dmabuf-buffers.7 9
  finish receiver
}

examples_of_check() {
  _on full-6.12
  _start_process
  printf '%s\n' 'C25 drm:*          # our kernel is old' 'C97 drm:mydriver   # imports nothing yet' >known
  _examples dmabuf-check.1 3
}

examples_of_devices() {
  _on full-6.12
  _examples dmabuf-devices.1 3
}

examples_of_doctor() {
  _on full-6.12
  _program sudo 'shift 2; exec "$@"'
  _program udevadm :
  _examples dmabuf-doctor.1 2
}

examples_of_export() {
  _on full-6.12
  _program my-program 'test -n "$DMABUF_FDS"'
  _examples dmabuf-export.1 3
}

examples_of_grab() {
  _on full-6.12
  start screen actor scan-out "$(drm_node vkms)" 0x5a ready pause
  wait_for_line screen ready
  _examples dmabuf-grab.1 4
  send_signal screen TERM
  finish screen
}

examples_of_present() {
  _on full-6.12
  _examples dmabuf-present.1 9
}

examples_of_trace() {
  _on debian-7
  _program my-program 'exec actor buffer 4096 exec true'
  _examples dmabuf-trace.1 4
}

examples_of_fence_wait() {
  _on full-6.12
  _start_process vgem-fence 0 write
  check dmabuf alloc 64K --hold camera
  check dmabuf fence create --sw-sync --hold one
  check dmabuf fence create --sw-sync --hold two --after 1s
  _examples dmabuf-fence-wait.1 3
}

examples_of_fence() {
  _on full-6.12
  _program my-program 'exec dmabuf map "$1" --checksum'
  _start_process
  check dmabuf fence create --sw-sync --hold file
  _named 4711:12 file
  except=syncobj
  _examples dmabuf-fence.1 8
}

# On the kernel with a driver that has syncobjs.
examples_of_fence_with_a_syncobj() {
  _on debian-7
  load virtio_gpu
  check dmabuf alloc 64K --hold camera
  check dmabuf fence create --syncobj "$(drm_node virtio_gpu render)" --hold client
  check dmabuf fence signal client --point 6
  holder=$(dmabuf held --json | jq '.held[] | select(.name == "client").pid')
  for fd in "/proc/$holder/fd"/*; do
    case $(readlink "$fd") in *syncobj*) _named 4711:30 "$holder:${fd##*/}" ;; esac
  done
  only=syncobj
  _examples dmabuf-fence.1 3
}

examples_of_held() {
  _on full-6.12
  check dmabuf alloc 4K --hold cam
  _examples dmabuf-held.1 3 's/(buffer|system) [0-9]+/\1 N/g'
}

examples_of_import() {
  _on full-6.12
  check dmabuf export v4l2:vivid --buffers 2 --hold camera
  _examples dmabuf-import.1 3
}

examples_of_map() {
  _on full-6.12
  _start_process
  check dmabuf alloc 8M --hold cam
  _examples dmabuf-map.1 4
}

examples_of_receive() {
  _on full-6.12
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
  _on full-6.12
  check dmabuf alloc 4K --hold camera
  check dmabuf alloc 4K --hold set --count 2
  _examples dmabuf-release.1 3
}

examples_of_send() {
  _on full-6.12
  mkdir -p /run/user/1000
  for name in camera one two; do check dmabuf alloc 4K --hold $name; done
  start first dmabuf receive /run/user/1000/frames.sock --listen
  start second sh -c 'until dmabuf receive ./frames.sock; do usleep 100000; done'
  sleep 1
  _examples dmabuf-send.1 4
  for name in first second; do finish $name; done
}

examples_of_stat() {
  _on full-6.12
  _start_process
  _program make :
  _program dot 'grep -q graph'
  mkdir -p /var/lib/node_exporter
  _examples dmabuf-stat.1 9
}

examples_of_sync() {
  _on full-6.12
  _start_process
  check dmabuf alloc 4K --hold cam
  _examples dmabuf-sync.1 4
}

examples_of_troubleshooting() {
  _on full-6.12
  _start_process vgem-fence 0 write
  _examples dmabuf-troubleshooting.7 20 's/[0-9.]+M/SIZE/g'
}

examples_of_the_overview() {
  _on full-6.12
  _start_process
  _examples dmabuf.1 6
}
