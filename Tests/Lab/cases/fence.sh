# SPDX-License-Identifier: MIT
# dmabuf fence.

_camera() { # WORD…: starts an actor with a buffer in $camera, and WORD… on it
  start camera actor buffer 4096 print 0 "$@" ready pause
  wait_for_line camera ready
  camera=$(awk 'NR == 1 { print $1 ":" $2 }' .started/camera.stdout)
}
_camera_gone() {
  send_signal camera TERM
  finish camera
}
_fences() { sed -n 's/^\t\(.*fence:.*\)/\1/p' /sys/kernel/debug/dma_buf/bufinfo; }

info_prints_everything_about_a_fence() {
  needs sw_sync
  check dmabuf fence timeline 1 7 --hold t
  check dmabuf fence create --sw-sync --value 3 --hold other
  check dmabuf fence merge t.1 other --name both --hold m
  run dmabuf fence info t.0 m --json
  status 0
  json '.schema' dmabuf.fence-info/1
  json '.files | map([.ref, .status, .errno])' '[["t.0","active",null],["m","active",null]]'
  json '.files[1].name' both
  json_true '.files[0].name | test("^sw_sync-t[0-9]+-1$")'
  # Names that the kernel creates for single fences have the sequence number.
  json '.files | map(.fences | map([.driver, .timeline, .seqno, .status, .timestamp_ns]) | sort)' \
    '[[["sw_sync","t",1,"active",null]],[["sw_sync","other",null,"active",null],["sw_sync","t",null,"active",null]]]'
  run dmabuf fence info t.0 m
  stdout '^REF +DRIVER +TIMELINE +SEQNO +STATUS +SIGNALLED AT +NAME$'
  stdout '^t\.0 +sw_sync +t +1 +pending +- +sw_sync-t[0-9]+-1$'
  stdout '^m +sw_sync +other +- +pending +- +both$'
  check dmabuf release --all
}

names_that_the_kernel_has_forgotten_are_unknown() {
  needs drm:vgem
  _camera
  check dmabuf fence create --vgem "$camera" --hold late
  check dmabuf fence signal late
  run dmabuf fence info late --json
  status 0
  json_true '.files[0].fences[0].timestamp_ns > 0'
  if at_least 7.0; then
    json '.files[0].fences | map([.driver, .timeline, .seqno, .status])' '[[null,null,null,"signalled"]]'
    run dmabuf fence info late
    stdout '^late +\? +\? +- +signalled '
  else
    json '.files[0].fences | map([.driver, .timeline, .seqno, .status])' '[["vgem","unbound",1,"signalled"]]'
  fi
  check dmabuf release late
  run dmabuf fence info "$camera" --json
  json '.files[0].fences' '[]'
  run dmabuf fence info "$camera"
  stdout "^$camera +- +- +- +idle "
  _camera_gone
}

a_vgem_fence_is_on_its_buffer_until_it_is_released() {
  needs drm:vgem
  _camera
  count=$(dmabuf stat "$camera" --json | jq '.buffers[0].count')
  run dmabuf fence create --vgem "$camera" --hold late --json
  status 0
  json '.schema' dmabuf.fence-create/1
  json '.files | map([.held_as, .status])' '[["late","active"]]'
  run dmabuf held --json
  json '.held | map([.name, .kind, .ino, .size])' '[["late","sync_file",null,null]]'
  json_true '.held[0].attached | test("^vgem fence [0-9]+ on ino:[0-9]+$")'
  # The fence is no reference to the buffer.
  check [ "$(dmabuf stat "$camera" --json | jq '.buffers[0].count')" = "$count" ]
  run dmabuf fence create --vgem "$camera" --read
  status 1
  stderr '^dmabuf: /dev/dri/renderD[0-9]+: DRM_IOCTL_VGEM_FENCE_ATTACH: Device or resource busy$'
  stderr '^dmabuf: hint: vgem attaches a fence only if no conflicting fence is pending'
  start waiter dmabuf fence-wait "$camera"
  usleep 300000
  check dmabuf release late
  finish waiter
  status 0
  _camera_gone
}

readers_coexist_and_keep_writers_out() {
  needs drm:vgem
  _camera
  check dmabuf fence create --vgem "$camera" --read --hold one
  check dmabuf fence create --vgem "$camera" --read --hold two
  run dmabuf fence create --vgem "$camera" --write
  status 1
  stderr 'VGEM_FENCE_ATTACH: Device or resource busy'
  run dmabuf fence info "$camera" --read
  stdout ' idle '
  run dmabuf fence info "$camera" --write --json
  json '.files[0].fences | length' 2
  check dmabuf release one two
  _camera_gone
}

vgem_signals_by_itself_after_ten_seconds() {
  needs drm:vgem
  _camera
  check dmabuf fence create --vgem "$camera" --hold late
  run dmabuf fence-wait "$camera" --timeout 1m --json
  status 0
  json_true '.waited_ns > 7000000000'
  run dmabuf fence signal late
  status 1
  stderr '^dmabuf: late: DRM_IOCTL_VGEM_FENCE_SIGNAL: (Connection|Operation) timed out$'
  stderr '^dmabuf: hint: vgem signals its fences by itself, ten seconds after'
  run dmabuf fence signal late
  status 1
  stderr '^dmabuf: late: DRM_IOCTL_VGEM_FENCE_SIGNAL: No such file or directory$'
  check dmabuf release late
  _camera_gone
}

the_holder_signals_in_time() {
  needs drm:vgem
  _camera
  check dmabuf fence create --vgem "$camera" --hold late --after 1s
  # Without the holder, vgem would signal after ten seconds.
  run dmabuf fence-wait "$camera" --timeout 8s --json
  status 0
  check dmabuf release late
  if has sw_sync; then
    check dmabuf fence create --sw-sync --value 9 --hold late --after 1s
    # Requests to the holder do not delay the signal.
    for _ in 1 2 3 4 5; do check dmabuf held; done
    run dmabuf fence-wait late --timeout 1m --json
    status 0
    check dmabuf release late
  fi
  _camera_gone
}

a_timeline_signals_in_order() {
  needs sw_sync
  run dmabuf fence timeline 1 2 5 --hold frame
  status 0
  stdout '^frame\.2 +sw_sync +frame +5 +pending '
  check dmabuf fence signal frame.1
  _states() { dmabuf fence info frame.0 frame.1 frame.2 --json | jq -c '.files | map(.status)'; }
  check [ "$(_states)" = '["signalled","signalled","active"]' ]
  run dmabuf fence signal frame.0 --json
  json '.fences' '[{"by":0,"errno":null,"name":"frame.0","point":null,"status":"signalled"}]'
  run dmabuf fence signal frame.0 --by 2
  stdout '^frame\.0: signalled, timeline advanced by 2$'
  check [ "$(_states)" = '["signalled","signalled","active"]' ]
  run dmabuf fence signal frame.2 --json
  json '.fences[0].by' 1
  # The timeline lives until its last fence is released.
  check dmabuf release frame.0 frame.1
  run dmabuf fence info frame.2 --json
  json '.files[0].status' signalled
  check dmabuf release frame.2
}

merging_keeps_the_latest_of_each_timeline() {
  needs sw_sync
  check dmabuf fence timeline 1 5 --hold t
  run dmabuf fence merge t.0 t.1 --json
  status 0
  json '.files[0].fences | map([.timeline, .seqno])' '[["t",5]]'
  run dmabuf fence merge t.1 t.0 --hold m
  status 0
  check dmabuf fence signal t.0
  run dmabuf fence-wait m --timeout 0
  status 124
  run dmabuf fence merge t.0 t.0 --name 'given name' --json
  json '.files | map([.name, .status, (.fences | length)])' '[["given name","signalled",1]]'
  run dmabuf fence merge t.0
  status 64
  run dmabuf fence merge t.0 t.1 --name 12345678901234567890123456789012
  status 64
  stderr '32 bytes are too long; a name has at most 31'
  check dmabuf release --all
}

fences_are_exported_from_and_imported_into_buffers() {
  needs sw_sync bufinfo
  _camera
  check dmabuf fence create --sw-sync --hold late
  run dmabuf fence export "$camera" --hold before --json
  json '.files | map([.held_as, .status])' '[["before","signalled"]]'
  run dmabuf fence import "$camera" late --read
  status 0
  stdout '^ino:[0-9]+: late added as a fence of a reader$'
  run dmabuf fence-wait "$camera" --read --timeout 0
  status 0
  run dmabuf fence import "$camera" late --json
  json '[.fence, .direction]' '["late","write"]'
  run _fences
  stdout 'write fence:.*sw_sync.* unsignalled'
  run dmabuf fence-wait "$camera" --read --timeout 0
  status 124
  # A snapshot does not change.
  run dmabuf fence-wait before --timeout 0
  status 0
  run dmabuf fence export "$camera" --read --hold after
  stdout '^after +sw_sync +late +1 +pending '
  check dmabuf fence signal late
  run dmabuf fence-wait "$camera" after --timeout 0
  status 0
  check dmabuf release --all
  _camera_gone
}

deadlines_are_hints_that_old_kernels_do_not_accept() {
  needs drm:vgem
  _camera vgem-fence 0 write
  fence=${camera%:*}:$((${camera#*:} + 2))
  run actor buffer 4096 vgem-fence 0 write exec sh -c 'dmabuf fence deadline fd:$SLOT_1 16ms'
  if at_least 6.4; then
    status 0
    stdout '^fd:[0-9]+: deadline [0-9]+\.[0-9]{6}$'
  else
    status 1
    stderr '^dmabuf: fd:[0-9]+: SYNC_IOC_SET_DEADLINE: Inappropriate ioctl for device$'
    stderr '^dmabuf: hint: deadlines need Linux 6.4$'
  fi
  _camera_gone
}

a_command_inherits_the_fence() {
  needs drm:vgem
  run actor buffer 4096 exec sh -c 'dmabuf fence create --vgem fd:$SLOT_0 -- sh -c "dmabuf fence-wait fd:\$DMABUF_FD --timeout 0"'
  status 124
  stderr 'poll: .*: vgem unbound 1'
}

commands_inherit_merged_fences_and_those_of_timelines() {
  needs sw_sync
  run dmabuf fence timeline 1 2 -- sh -c 'dmabuf fence merge fd:${DMABUF_FDS%,*} fd:${DMABUF_FDS#*,} -- sh -c "dmabuf fence info fd:\$DMABUF_FD --json"'
  status 0
  json '.files[0].fences | map([.timeline, .seqno, .status])' '[["dmabuf",2,"active"]]'
  run dmabuf fence timeline 1 --hold t -- true
  status 64
  run dmabuf held --json
  json '.held' '[]'
}

errors_name_the_kind_of_another_file() {
  needs drm:vgem
  run actor buffer 4096 vgem-fence 0 write pipe exec sh -c 'dmabuf map fd:$SLOT_1'
  status 1
  stderr '^dmabuf: fd:[0-9]+ is a sync_file, not a dma-buf$'
  run actor buffer 4096 vgem-fence 0 write exec sh -c 'dmabuf fence import fd:$SLOT_0 fd:$SLOT_0'
  status 1
  stderr '^dmabuf: fd:[0-9]+ is a dma-buf, not a sync_file$'
  stderr '^dmabuf: hint: use dmabuf fence export to export a sync_file from a buffer$'
  run actor pipe exec sh -c 'dmabuf fence deadline fd:$SLOT_0 1s'
  stderr '^dmabuf: fd:[0-9]+ is a pipe, not a sync_file$'
}

only_test_fences_can_be_signalled() {
  needs drm:vgem heap:system
  check dmabuf alloc 4K --hold cam
  check dmabuf fence create --vgem cam --hold late
  check dmabuf fence export cam --hold copy
  for name in cam copy; do
    run dmabuf fence signal $name
    status 1
    stderr "^dmabuf: cannot signal $name: it is not a test fence$"
  done
  run dmabuf fence signal late --by 2
  status 64
  check dmabuf release --all
}

missing_sw_sync_and_vgem_are_reported() {
  if ! has sw_sync; then
    run dmabuf fence create --sw-sync
    status 77
    stderr '^dmabuf: /sys/kernel/debug/sync/sw_sync: open: No such file or directory$'
    stderr '^dmabuf: hint: sw_sync needs a kernel with CONFIG_SW_SYNC'
  else
    run_as_nobody dmabuf fence create --sw-sync
    status 1
    stderr '^dmabuf: /sys/kernel/debug/sync/sw_sync: open: Permission denied$'
    stderr '^dmabuf: hint: only root can read debugfs; run as root$'
  fi
  if ! has drm:vgem; then
    run actor heap system 4096 exec sh -c 'dmabuf fence create --vgem fd:$SLOT_0'
    status 77
  fi
}

wrong_words_are_usage_errors_of_fence() {
  for words in 'create' 'create --sw-sync --vgem fd:3' 'create --sw-sync --after 1s' 'create --vgem fd:3 --value 2' \
    'create --sw-sync --read' 'timeline --hold t' 'timeline 4294967295' 'timeline -1' 'signal' 'import fd:3' \
    'deadline fd:3' 'nothing' 'create --sw-sync --value 2147483648'; do
    # shellcheck disable=SC2086
    run dmabuf fence $words
    status 64
    stdout_is_empty
  done
}

sw_sync_taints_as_documented() {
  needs sw_sync kernel:'<7.0'
  run dmabuf fence create --sw-sync
  status 0
  stderr_is_empty
  check [ $(($(cat /proc/sys/kernel/tainted) & 16384)) = 0 ]
}
