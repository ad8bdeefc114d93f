# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154
# Records moments of this kernel, for the unit tests of parsers. A moment is a tree of the files that a census of
# dma-bufs reads, with the bytes of the kernel. Links are recorded as links. The cmdline of a process shows its purpose.
# git stores no empty directories. Writes a tar archive with one directory per moment to stdout.
export CASE_NOTES=/run
mkdir -p /tmp/record/.run /tmp/record/.started && cd /tmp/record || exit 1
. /lab/verbs.sh
out=/tmp/recorded
mkdir $out

# act NAME WORD…: starts an actor that does WORD… and then pauses.
act() {
  actor_name=$1
  shift
  start "$actor_name" actor "$@" ready pause
  wait_for_line "$actor_name" ready
  eval "actors=\"\$actors \$${actor_name}_pid\""
}

copy() { # FILE: at the same path
  [ -e "$1" ] || return 0
  mkdir -p "$moment$(dirname "$1")"
  cat "$1" >"$moment$1" 2>/dev/null
}

record_process() {
  mkdir -p "$moment/proc/$1/fd" "$moment/proc/$1/fdinfo"
  for file in comm cmdline maps stat status; do copy "/proc/$1/$file"; done
  for link in /proc/"$1"/fd/*; do
    [ -L "$link" ] || continue
    cp -P "$link" "$moment$link"
    copy "/proc/$1/fdinfo/${link##*/}"
  done
}

# Records links of sysfs, and the files of their targets.
record_class() {
  for link in "$1"/*; do
    [ -L "$link" ] || continue
    mkdir -p "$moment$1"
    cp -P "$link" "$moment$link"
    for file in dev uevent; do copy "$(readlink -f "$link")/$file"; done
  done
}

# take NAME: records the moment, and ends its actors.
take() {
  moment=$out/$1
  mkdir -p "$moment"
  for process in 1 $actors; do record_process "$process"; done
  # A child of an actor, created by `fork`, is also an actor.
  for process in $actors; do
    # shellcheck disable=SC2013  # words, not lines
    for child in $(cat "/proc/$process/task/$process/children" 2>/dev/null); do record_process "$child"; done
  done
  for file in /proc/meminfo /proc/devices /proc/sys/kernel/osrelease /sys/kernel/debug/dma_buf/bufinfo \
    /sys/kernel/debug/sync/info /sys/module/udmabuf/parameters/* /sys/kernel/dmabuf/buffers/*/*; do
    copy "$file"
  done
  record_class /sys/class/dma_heap
  for process in $actors; do kill -TERM "$process"; done
  for process in $actors; do wait "$process"; done 2>/dev/null
  actors=
  eventually no_buffer_is_left
}

no_buffer_is_left() { [ "$(buffers_on_the_machine)" = 0 ]; }

# ---- the moments ------------------------------------------------------------------------

actors=
take no-buffers

act heap buffer 8192
has udmabuf && act udmabuf udmabuf 8192
act vgem vgem-dumb 64 64
has heap:cma && act cma heap "$(heap_cma)" 16384
take unnamed

act camera buffer 16384 name 0 camera buffer 4096 name 1 scanout name 1 'renamed scanout'
act empty buffer 4096 name 0 ''
act longest buffer 4096 name 0 abcdefghijklmnopqrstuvwxyz01234
take named

act parent buffer 12288 name 0 shared dup 0 fork
act flying buffer 4096 name 0 flying scm 0 close 0
start receiver actor listen socket receive socket ready pause
act sender buffer 12288 name 0 sent send socket 0
wait_for_line receiver ready
actors="$actors $receiver_pid"
take shared

act mapped buffer 16384 name 0 mapped map 0 map-part 0 4096 8192 close 0
take mapped-all-closed

if has heap:system; then
  act reader heap-ro system 8192 name 0 'read only'
  take read-only
fi

act newline buffer 4096 name 0 'two\nlines'
act forged buffer 4096 name 0 'x\ncount:\t9\nino:\t1'
act object buffer 4096 name 0 'x\n\nTotal 7 objects, 1 bytes'
act escapes buffer 4096 name 0 '\e[31mred\e[0m\t\x7f'
act bytes buffer 4096 name 0 '\xff\xfe\xc3('
act path buffer 4096 name 0 '../../etc (deleted)'
act mapping buffer 4096 name 0 'map\nped \\012' map 0
take hostile-names

act writer buffer 4096 name 0 'being written' vgem-fence 0 write
act readers buffer 4096 name 0 'being read' vgem-fence 0 read vgem-fence 0 read
act signalled buffer 4096 name 0 'was written' vgem-fence 0 write vgem-signal 1
take fences

if has sw_sync; then
  act pending buffer 4096 name 0 pending sw-fence 1 import-fence 0 1 write sw-fence 2 import-fence 0 2 read
  act passed buffer 4096 name 0 passed sw-fence 1 import-fence 0 1 write sw-inc 1
  act polled buffer 4096 name 0 'held by a poll' sw-fence 1 import-fence 0 1 write poll 0 close 0
  take fences-sw-sync
fi

act importer buffer 8192 name 0 attached vgem-import 0
has heap:system && act both heap system 4096 vgem-import 0 heap system 8192 vgem-import 1
take attached

# ---- the ring buffers of tracefs, in binary and as the kernel's own text ------------------

record_ring_buffer() {
  tracing=/sys/kernel/tracing
  ring=$tracing/instances/recorded
  kept=$out/tracefs
  mkdir -p $ring $kept/events
  echo mono >$ring/trace_clock
  for event in task/task_newtask task/task_rename dma_fence; do echo 1 >$ring/events/$event/enable; done
  actor buffer 4096 vgem-fence 0 write vgem-signal 1 exec true
  # A time that does not fit into the header of a record, and a text that makes a long record.
  sleep 1
  printf '%0300d' 7 >$ring/trace_marker
  actor buffer 4096 vgem-fence 0 read vgem-signal 1 exec true
  echo 0 >$ring/tracing_on
  cp $tracing/events/header_page $kept/
  for event in task/task_newtask task/task_rename dma_fence/dma_fence_init dma_fence/dma_fence_signaled \
    dma_fence/dma_fence_destroy ftrace/print; do
    cat $tracing/events/$event/format >"$kept/events/${event#*/}"
  done
  grep -v '^#' $ring/trace >$kept/trace
  for cpu in "$ring"/per_cpu/cpu*; do
    # A page at a time. When no page is left, the read waits.
    timeout 2 dd if="$cpu/trace_pipe_raw" of="$kept/${cpu##*/}" bs=4096 2>/dev/null
    cat "$cpu/stats" >"$kept/${cpu##*/}.stats"
  done
  rmdir $ring
}
[ ! -d /sys/kernel/tracing/events/dma_fence ] || record_ring_buffer

# ---- debugfs of a display, with command names that forge its lines --------------------------

record_display() { # NODE
  kept=$out/display
  mkdir -p "$kept"
  # The process that opens the node first is DRM master.
  start screen actor comm "$(printf 'x\n\trefcount=9')" scan-out "$1" 0 ready pause
  wait_for_line screen ready
  start client actor comm "$(printf '\n    7   0   y')" open "$1" ready pause
  wait_for_line client ready
  for file in clients framebuffer; do cat "/sys/kernel/debug/dri/${1#/dev/dri/card}/$file" >"$kept/$file"; done
  echo "$screen_pid $client_pid" >"$kept/processes"
  for name in client screen; do
    send_signal "$name" TERM
    finish "$name"
  done
}
node=$(drm_node vkms || drm_node bochs) && record_display "$node"

tar -C $out -c .
