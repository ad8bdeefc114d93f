# SPDX-License-Identifier: MIT
# dmabuf fence and fence-wait with syncobjs. virtio_gpu is the only driver of the lab with syncobjs.

_gpu() { # loads virtio_gpu for this case; its render node is in $gpu
  at_least 6.6 || skip 'virtio_gpu has syncobjs since Linux 6.6'
  load virtio_gpu
  gpu=$(drm_node virtio_gpu render) || expected 'virtio_gpu to have a render node'
}
_camera() { # WORD…: starts an actor with a buffer in $camera, and WORD… on it
  start camera actor buffer 4096 print 0 "$@" ready pause
  wait_for_line camera ready
  camera=$(awk 'NR == 1 { print $1 ":" $2 }' .started/camera.stdout)
}
_gone() {
  send_signal "$1" TERM
  finish "$1"
}
_says() { eventually grep -q "$2" ".started/$1.stderr"; }

a_fence_is_imported_into_a_syncobj_and_exported() {
  needs drm:vgem
  _gpu
  _camera
  check dmabuf fence create --vgem "$camera" --hold late
  run dmabuf fence create --syncobj "$gpu" --hold frame --json
  status 0
  stderr_is_empty
  json '.schema' dmabuf.fence-create/1
  json '.files' '[{"errno":null,"fences":[],"held_as":"frame","name":null,"points":{"signalled":0,"submitted":0},"ref":null,"status":"unsubmitted"}]'
  run dmabuf held --json
  json '.held | map(select(.name == "frame") | [.kind, .ino, .size, .attached])' \
    "[[\"syncobj\",null,null,\"created on $gpu\"]]"
  run dmabuf fence export --syncobj frame
  status 1
  stderr '^dmabuf: frame: the syncobj has no fence yet$'
  run dmabuf fence import --syncobj frame late
  status 0
  stdout_is 'frame: late is its fence'
  run dmabuf fence info frame --json
  status 0
  json '.files | map([.ref, .status, .points, (.fences | map([.driver, .timeline, .seqno, .status]))])' \
    '[["frame","active",{"signalled":0,"submitted":0},[["vgem","unbound",1,"active"]]]]'
  run dmabuf fence export --syncobj frame --hold copy
  status 0
  stdout '^copy +vgem +unbound +1 +pending '
  run dmabuf fence-wait frame copy --timeout 0
  status 124
  start waiter dmabuf fence-wait frame copy --json
  _says waiter 'frame: waiting for vgem unbound 1'
  check dmabuf fence signal late
  finish waiter
  status 0
  json '.fences | map([.ref, .driver, .status])' '[["frame","vgem","signalled"],["copy","vgem","signalled"]]'
  check dmabuf release --all
  _gone camera
}

points_of_a_timeline_signal_in_order() {
  needs drm:vgem
  _gpu
  _camera
  check dmabuf fence create --vgem "$camera" --read --hold late
  check dmabuf fence create --syncobj drm:virtio_gpu --hold frame
  check dmabuf fence signal frame --point 3
  run dmabuf fence import --syncobj frame late --point 7 --json
  status 0
  json '[.ino, .direction, .syncobj, .fence, .point]' '[null,null,"frame","late",7]'
  run dmabuf fence info frame
  stdout '^REF +POINTS +DRIVER +TIMELINE +SEQNO +STATUS +SIGNALLED AT +NAME$'
  stdout '^frame +3/7 +vgem +unbound +- +pending '
  run dmabuf fence info frame --point 3 --json
  json '.files[0] | [.status, .points]' '["signalled",{"signalled":3,"submitted":7}]'
  run dmabuf fence-wait frame --point 3 --timeout 0
  status 0
  run dmabuf fence-wait frame --point 5 --timeout 0
  status 124
  stderr '^dmabuf: frame: poll: .* timed out: vgem unbound$'
  run dmabuf fence export --syncobj frame --point 7 --hold seventh
  status 0
  stdout '^seventh +vgem +unbound +- +pending +- +dma_fence_chain-unbound[0-9]+-7$'
  run dmabuf fence export --syncobj frame --point 8
  status 1
  stderr '^dmabuf: frame: the syncobj has no fence at point 8 yet$'
  stderr '^dmabuf: hint: the last submitted point is 7$'
  for words in 'import --syncobj frame late' 'signal frame'; do
    # shellcheck disable=SC2086
    run dmabuf fence $words --point 7
    status 1
    stderr '^dmabuf: cannot use point 7 of frame: the timeline has passed it$'
    stderr '^dmabuf: hint: the last submitted point is 7$'
  done
  run dmabuf fence signal frame --point 9 --json
  status 0
  # A later point does not signal before the earlier points.
  json '.fences' '[{"by":null,"errno":null,"name":"frame","point":9,"status":"active"}]'
  check dmabuf fence signal late
  run dmabuf fence-wait frame seventh --timeout 0
  status 0
  run dmabuf fence info frame --json
  json '.files[0].points' '{"signalled":9,"submitted":9}'
  check dmabuf release --all
  _gone camera
}

a_fence_that_is_not_submitted_yet_is_waited_for() {
  _gpu
  check dmabuf fence create --syncobj "$gpu" --hold frame
  run dmabuf fence-wait frame --point 2 --timeout 200ms
  status 124
  stdout_is "$(grep '^timed out after [0-9.]* ms, no fence has been submitted$' .run/stdout)"
  stderr '^dmabuf: frame: waiting for a fence to be submitted$'
  stderr '^dmabuf: frame: poll: .* timed out: no fence has been submitted$'
  run dmabuf fence-wait frame --timeout 0 --json
  status 124
  json '[.result, .fences, .references]' '["timeout",[],[{"fences_known":true,"ref":"frame","signalled":false}]]'
  start waiter dmabuf fence-wait frame --point 2
  _says waiter 'waiting for a fence'
  check dmabuf fence signal frame --point 1
  usleep 300000
  check alive "$waiter_pid"
  check dmabuf fence signal frame --point 4
  finish waiter
  status 0
  stdout '^signalled after '
  start waiter actor default-signals exec dmabuf fence-wait frame --point 5
  _says waiter 'waiting for a fence'
  send_signal waiter INT
  finish waiter
  status 130
  # The first of several syncobjs.
  check dmabuf fence create --syncobj "$gpu" --signalled --hold 'done'
  run dmabuf fence-wait frame 'done' --any --timeout 1s --json
  status 0
  json '.references | map([.ref, .signalled])' '[["frame",true],["done",true]]'
  run dmabuf fence info 'done' --json
  json '.files[0].status' signalled
  check dmabuf release --all
}

a_syncobj_may_be_another_process_s_or_inherited() {
  _gpu
  # CREATE and HANDLE_TO_FD.
  start driver actor open "$gpu" ioctl 0 0xc00864bf 0,0 ioctl 0 0xc01064c1 1,0,0,0 ready pause
  wait_for_line driver ready
  frame=$driver_pid:$(awk 'NR == 2 { print $4 }' .started/driver.stdout)
  run dmabuf fence info "$frame" --json
  status 0
  json '.files | map([.ref, .status])' "[[\"$frame\",\"unsubmitted\"]]"
  start waiter dmabuf fence-wait "$frame" --point 1
  _says waiter 'waiting for a fence'
  run dmabuf fence signal "$frame" --point 1
  status 0
  stdout_is "$frame: signalled at point 1"
  finish waiter
  status 0
  # No reference remains in this process.
  run dmabuf fence export --syncobj "$frame" --point 1 -- sh -c 'dmabuf fence info fd:$DMABUF_FD --json'
  status 0
  json '.files[0].status' signalled
  _gone driver
  run dmabuf fence create --syncobj "$gpu" -- sh -c 'ls -l /proc/self/fd/$DMABUF_FD; dmabuf fence signal fd:$DMABUF_FD --json'
  status 0
  stdout 'anon_inode:syncobj_file$'
  check sh -c 'sed 1d .run/stdout | jq -e ".fences[0].status == \"signalled\" and .fences[0].point == null"'
}

a_syncobj_needs_the_right_to_a_device() {
  _gpu
  run dmabuf fence create --syncobj "$gpu" -- actor uid 65534 exec sh -c 'dmabuf fence info fd:$DMABUF_FD'
  status 1
  stderr '^dmabuf: /dev/dri/renderD[0-9]+: open: Permission denied$'
  stderr '^dmabuf: hint: /dev/dri/renderD[0-9]+ belongs to root:root, mode 0600; '
  # One node that the user may open is enough.
  chmod 666 "$gpu"
  run dmabuf fence create --syncobj "$gpu" -- actor uid 65534 exec sh -c 'dmabuf fence info fd:$DMABUF_FD'
  status 0
}

errors_name_a_syncobj_in_place_of_another_file() {
  needs drm:vgem
  _gpu
  check dmabuf fence create --syncobj "$gpu" --hold frame
  for words in 'map frame --checksum' 'fence export frame' 'fence create --vgem frame'; do
    # shellcheck disable=SC2086
    run dmabuf $words
    status 1
    stderr '^dmabuf: frame is a syncobj, not a dma-buf$'
    stderr '^dmabuf: hint: use dmabuf fence export --syncobj to export a sync_file from a syncobj$'
  done
  run dmabuf fence merge frame frame
  status 1
  stderr '^dmabuf: frame is a syncobj, not a sync_file$'
  run dmabuf fence signal frame --by 2
  status 64
  run actor buffer 4096 exec sh -c 'dmabuf fence export --syncobj fd:$SLOT_0'
  status 1
  stderr '^dmabuf: fd:[0-9]+ is a dma-buf, not a syncobj$'
  run actor buffer 4096 exec sh -c 'dmabuf fence-wait fd:$SLOT_0 --point 1'
  status 1
  stderr '^dmabuf: fd:[0-9]+ is a dma-buf, not a syncobj$'
  run actor pipe exec sh -c 'dmabuf fence signal fd:$SLOT_0'
  status 1
  stderr '^dmabuf: fd:[0-9]+ is a pipe, not a syncobj$'
  check dmabuf release frame
}

drivers_without_syncobjs_are_named() {
  needs drm:vgem
  run dmabuf fence create --syncobj drm:vgem
  status 77
  stderr '^dmabuf: /dev/dri/renderD[0-9]+: vgem has no syncobjs \(DRM_CAP_SYNCOBJ is 0\)$'
  stderr '^dmabuf: hint: .* virtio_gpu since Linux 6\.6$'
  run dmabuf fence create --syncobj drm:nothing
  status 77
  if at_least 6.6; then
    _gpu
    check dmabuf fence create --syncobj "$gpu" --hold frame
    # The only device with syncobjs has no node.
    rm "$gpu" "$(drm_node virtio_gpu)"
    run dmabuf fence info frame
    status 77
    stderr '^dmabuf: /dev/dri: DRM_CAP_SYNCOBJ: '
    check dmabuf release frame
  fi
}

a_kernel_without_waits_for_later_fences_is_reported() {
  _gpu
  check dmabuf fence create --syncobj "$gpu" --hold frame
  # Before Linux 6.6 there is no DRM_IOCTL_SYNCOBJ_EVENTFD.
  run dmabuf fence-wait frame --timeout 0
  status 124
  run strace -qq -o trace -e trace=ioctl dmabuf fence-wait frame --timeout 0
  # strace prints the number or the name.
  nth=$(grep -nE '0xcf|DRM_IOCTL_SYNCOBJ_EVENTFD' trace | head -n 1 | cut -d : -f 1)
  check [ "$nth" ]
  run strace -qq -o trace -e trace=ioctl -e "inject=ioctl:error=EINVAL:when=$nth" dmabuf fence-wait frame --timeout 0
  status 1
  stderr '^dmabuf: frame: DRM_IOCTL_SYNCOBJ_EVENTFD: Invalid argument$'
  # On a newer kernel this is not the reason.
  if has 'kernel:<6.6'; then stderr '^dmabuf: hint: .* needs Linux 6\.6$'; else no_stderr 'Linux 6\.6'; fi
  check dmabuf release frame
}

wrong_words_are_usage_errors_of_syncobjs() {
  for words in 'create --syncobj' 'create --syncobj a/b --sw-sync' 'create --syncobj a/b --value 1' 'create --signalled --sw-sync' \
    'create --syncobj a/b --read' 'create --syncobj a/b --after 1s --hold f' 'export fd:3 --point 1' \
    'export --syncobj fd:3 --read' 'import --syncobj fd:3 fd:4 --write' 'import fd:3 fd:4 --point 1' \
    'export --syncobj fd:3 --point 0' 'info fd:3 --point -1' 'signal fd:3 --point 18446744073709551616'; do
    # shellcheck disable=SC2086
    run dmabuf fence $words
    status 64
    stdout_is_empty
  done
}
