# SPDX-License-Identifier: MIT
# Attacks between a lookup and the use of its result by number. Each attack has a comment `# attack:` above it.

limit 200
on_two_kernels

_source() { if has heap:system; then echo heap:system; else echo drm:vgem; fi; }
# Lines of `print` are PID FD INO SIZE.
_word() { sed -n "$1p" .started/swapper.stdout | cut -d ' ' -f "$2"; }

# Two buffers, both filled with 0xbb. The lowest descriptor of the first is the other buffer every other microsecond.
_start_swapper() {
  start swapper actor open /dev/null buffer 64K buffer 64K fill 1 0xbb fill 2 0xbb name 1 one name 2 other \
    print 1 print 2 alternate 0 1 2
  wait_for_line swapper alternating
  one=$(_word 1 3) one_descriptor=$(_word 1 2) other=$(_word 2 3) other_descriptor=$(_word 2 2)
}
_end_swapper() {
  send_signal swapper TERM
  finish swapper
}

# attack: a process swaps two buffers under one number while root fills one by its inode number
filling_by_inode_never_fills_another_buffer() {
  _start_swapper
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    run dmabuf map "ino:$one" --fill 0xaa
    [ "$(cat .run/status)" -le 1 ] || expected 'status 0 or 1'
    check dmabuf map "$swapper_pid:$other_descriptor" --verify 0xbb
  done
  _end_swapper
}

# attack: the same while root reads; the result must not be bytes of the other buffer
reading_by_inode_never_reads_another_buffer() {
  _start_swapper
  check dmabuf map "$swapper_pid:$one_descriptor" --fill 0x11
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    run dmabuf map "ino:$one" --dump --length 16
    no_stdout 'bb bb'
    run dmabuf map "ino:$other" --dump --length 16
    no_stdout '11 11'
  done
  _end_swapper
}

# attack: a census runs while numbers are swapped; an inode never has the name of the other buffer
a_census_never_mixes_two_buffers() {
  _start_swapper
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    run dmabuf stat --source procfs --json
    status 0
    json "[.buffers[] | select(.ino == $one or .ino == $other) | .name]" '["one","other"]'
  done
  _end_swapper
}

# attack: a buffer is held, exported or sent by inode while it is swapped
sending_by_inode_never_sends_another_buffer() {
  _start_swapper
  for _ in 1 2 3 4 5; do
    start taker dmabuf receive ./socket --listen --timeout 120s --json
    eventually [ -S socket ]
    run dmabuf send ./socket "ino:$one" --json
    [ "$(cat .run/status)" -le 1 ] || expected 'status 0 or 1'
    [ "$(cat .run/status)" = 0 ] || { send_signal taker TERM; finish taker; continue; }
    finish taker
    json '[.buffers[].ino]' "[$one]"
  done
  _end_swapper
}

# attack: a descriptor that comes and goes
a_descriptor_that_blinks_is_found_or_refused() {
  start blinker actor open /dev/null buffer 64K blink 0 1
  wait_for_line blinker blinking
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    run dmabuf map "$blinker_pid:3" --verify zero
    [ "$(cat .run/status)" -le 1 ] || expected 'status 0 or 1'
    run dmabuf stat --source procfs --json
    status 0
    json '.buffers | length' 1
  done
  send_signal blinker TERM
  finish blinker
}

# attack: processes that die during the census
processes_that_die_meanwhile_are_no_error() {
  start one actor buffer 64K churn 0
  start two actor buffer 64K churn 0
  wait_for_line one churning
  wait_for_line two churning
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    run dmabuf stat --source procfs --json
    status 0
    json '[.buffers[] | select(.exp_name == null)] | length' 0
    json '.buffers | length' 2
    stderr_is_empty
  done
  for each in one two; do send_signal $each TERM; finish $each; done
}

# attack: the process ends between two uses of its number
a_process_that_ends_between_two_uses_is_reported() {
  start shortly actor buffer 64K ready
  finish shortly
  run dmabuf map "$shortly_pid:3" --fill 0xaa
  status 1
  stderr "^dmabuf: $shortly_pid.*: No such process"
  run dmabuf stat --pid "$shortly_pid"
  status 1
  stderr 'No such process'
}

# attack: the socket of a held name is removed, the name is held again, the first holder ends
the_end_of_the_first_holder_does_not_affect_the_second() {
  check dmabuf alloc 64K --from "$(_source)" --hold cam
  first=$(dmabuf held --json | jq '.held[0].pid')
  rm /run/dmabuf/cam
  check dmabuf alloc 64K --from "$(_source)" --hold cam
  kill -TERM "$first"
  eventually sh -c "! [ -e /proc/$first/exe ]"
  check dmabuf map cam --verify zero
  check dmabuf release cam
}

# attack: a name is released while another process holds a buffer under it
holding_and_releasing_a_name_at_once_leaves_one_or_none() {
  for _ in 1 2 3 4 5 6 7 8; do
    start taker dmabuf alloc 4K --from "$(_source)" --hold cam --replace
    start releaser dmabuf release cam
    start other dmabuf alloc 4K --from "$(_source)" --hold cam --replace
    for each in taker releaser other; do finish $each; [ "$(cat .run/status)" -le 1 ] || expected 'status 0 or 1'; done
    run dmabuf held --json
    json_true '.held | length <= 1'
    check [ "$(buffers_on_the_machine)" = "$(jq '.held | length' .run/stdout)" ]
  done
  check dmabuf release --all
}

# The primary node of a driver, which allocates dumb buffers.
_node() {
  dmabuf devices --json |
    jq -r --arg driver "$1" '[.devices[] | select(.driver == $driver).device] | sort | first // empty'
}

# attack: between search and use, the node of a device becomes that of another device
a_node_that_becomes_another_device_is_refused() {
  needs drm:vgem drm:vkms
  one=$(_node vgem) other=$(_node vkms)
  check [ "$one" ] && check [ "$other" ]
  start exporter strace -qq -o trace -P "$one" -e trace=openat -e inject=openat:delay_enter=5000000:when=2 \
    dmabuf export drm:vgem --size 64x64:XR24
  eventually grep -qs "$one" trace
  check mv "$one" /dev/aside
  check mv "$other" "$one"
  finish exporter
  check mv "$one" "$other"
  check mv /dev/aside "$one"
  status 77
  stderr 'drm:vgem'
  no_stdout drm
}
