# SPDX-License-Identifier: MIT
# dmabuf import: imports of a buffer into devices.

# Runs a script with a buffer of any source. $SLOT_0 is its descriptor.
_with() { # SIZE SCRIPT
  run actor buffer "$1" exec sh -c "$2"
}

a_drm_device_returns_a_handle() {
  needs drm:vgem heap:system
  _with 1M 'dmabuf import fd:$SLOT_0 drm:vgem --json'
  status 0
  stderr_is_empty
  json '.schema' dmabuf.import/1
  json '.buffer | [.size, .exp_name, .source]' '[1048576,"system",null]'
  json '.devices | length' 1
  json '.devices[0] | [.driver, .result, .call, .errno, .reason, .handle, .frames]' '["vgem","ok",null,null,null,1,[]]'
  json '.devices[0] | [.same_handle, .same_file, .size]' '[true,true,1048576]'
  json '.devices[0].device' "$(drm_node vgem render)"
}

heap_and_udmabuf_buffers_go_into_every_drm_device_that_imports() {
  needs drm:vgem drm:vkms heap:system udmabuf
  for source in heap:system udmabuf heap:cma; do
    run dmabuf alloc 64K --from $source -- sh -c 'dmabuf import fd:$DMABUF_FD drm:vgem drm:vkms --json'
    status 0
    json '.devices | map(.result)' '["ok","ok"]'
  done
}

a_handle_is_closed_once_however_often_it_was_imported() {
  needs drm:vgem
  _with 64K 'strace -e trace=ioctl -o trace dmabuf import fd:$SLOT_0 drm:vgem'
  status 0
  check sh -c '[ $(grep -c "DRM_IOCTL_PRIME_FD_TO_HANDLE.*= 0" trace) = 2 ]'
  check sh -c '[ $(grep -c "DRM_IOCTL_GEM_CLOSE.*= 0" trace) = 1 ] && ! grep -q "GEM_CLOSE.*EINVAL" trace'
}

importing_into_a_display_makes_no_process_master() {
  needs drm:vkms
  _with 64K 'dmabuf import fd:$SLOT_0 drm:vkms -- sh -c "cat /sys/kernel/debug/dri/*/clients"'
  status 0
  # Columns: command tgid dev master a uid magic
  stdout '^ *dmabuf +[0-9]+ +[0-9]+ +n '
  no_stdout '^ *dmabuf +[0-9]+ +[0-9]+ +y '
}

an_attachment_lives_as_long_as_the_command() {
  needs drm:vgem bufinfo heap:system
  _with 64K 'dmabuf import fd:$SLOT_0 drm:vgem -- cat /sys/kernel/debug/dma_buf/bufinfo; exec cat /sys/kernel/debug/dma_buf/bufinfo >after'
  status 0
  stdout '^	vgem$'
  check grep -q '^Total 0 devices attached' after
}

a_queued_buffer_is_referenced_as_long_as_the_command() {
  needs v4l2:vivid
  _with 1M 'grep ^count /proc/self/fdinfo/$SLOT_0; dmabuf import fd:$SLOT_0 v4l2:vivid -- sh -c "grep ^count /proc/self/fdinfo/\$DMABUF_FD"; grep ^count /proc/self/fdinfo/$SLOT_0; :'
  status 0
  # The first and the last count are equal. The count between them includes the references of the tool, the command and
  # the queue.
  check sh -c 'set -- $(grep -o "^count:.*" .run/stdout | tr -dc "0-9\n"); [ $1 = $3 ] && [ $2 -ge $(($1 + 2)) ]'
}

a_held_attachment_can_be_watched_from_outside() {
  needs drm:vgem bufinfo heap:system
  _with 64K 'dmabuf import fd:$SLOT_0 drm:vgem --hold shown'
  status 0
  run cat /sys/kernel/debug/dma_buf/bufinfo
  stdout '^	vgem$'
  run dmabuf held --json
  json '.held[0] | [.name, .kind, .size]' '["shown","attachment",65536]'
  run dmabuf import shown drm:vgem
  status 0
  run dmabuf release shown
  status 0
  eventually sh -c '! grep -q "^	vgem$" /sys/kernel/debug/dma_buf/bufinfo'
}

a_held_plane_stays_queued() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  _with 1M "dmabuf import fd:\$SLOT_0 $camera --hold filled"
  status 0
  run dmabuf devices "$camera" --json
  json_true '.devices[0].queues[0] | .buffers > 0 and (.users | length) == 1'
  run dmabuf release filled
  status 0
  eventually sh -c "dmabuf devices $camera --json | jq -e '.devices[0].queues[0].buffers == 0' >/dev/null"
}

nothing_is_held_after_a_refusal() {
  needs v4l2:vivid
  _with 4K 'dmabuf import fd:$SLOT_0 v4l2:vivid --hold refused'
  status 1
  run dmabuf held --json
  json '.held' '[]'
}

the_command_is_not_run_when_a_device_refuses() {
  needs v4l2:vivid
  _with 4K 'dmabuf import fd:$SLOT_0 v4l2:vivid -- echo ran'
  status 1
  no_stdout '^ran$'
}

a_camera_imports_the_buffer_and_its_queue_is_released() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  _with 1M "dmabuf import fd:\$SLOT_0 $camera --json && dmabuf devices $camera --json >devices"
  status 0
  json '.devices[0] | [.driver, .queue, .result, .size, .handle]' '["vivid","video-capture","ok",'"$(frame_bytes "$camera")"',null]'
  check jq -e '.devices[0].queues[0].buffers == 0' devices
}

output_queues_import_the_buffer_too() {
  needs v4l2:vivid
  _with 2M 'dmabuf import fd:$SLOT_0 v4l2:vivid-000-vid-out --json'
  status 0
  json '.devices[0] | [.queue, .result]' '["video-output","ok"]'
}

both_queues_of_a_scaler_are_tried() {
  needs v4l2:vim2m
  _with 1M 'dmabuf import fd:$SLOT_0 v4l2:vim2m --json'
  status 0
  json '.devices | map([.queue, .result])' '[["video-capture","ok"],["video-output","ok"]]'
}

a_buffer_that_is_too_small_is_reported_with_the_size_of_the_plane() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  _with 64K "dmabuf import fd:\$SLOT_0 $camera"
  status 1
  stdout ' EINVAL +- +VIDIOC_QBUF$'
  stderr "^dmabuf: $camera: VIDIOC_QBUF: Invalid argument$"
  stderr "^dmabuf: hint: plane 0 needs $(frame_bytes "$camera") bytes; the buffer has 65536$"
  _with 64K "dmabuf import fd:\$SLOT_0 $camera --json"
  status 1
  json '.devices[0] | [.result, .call, .errno, .reason]' '["refused","VIDIOC_QBUF","EINVAL","plane 0 needs '"$(frame_bytes "$camera")"' bytes; the buffer has 65536"]'
}

a_camera_of_another_process_names_its_owner() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  start owner actor video-own "$camera" 2 ready pause
  wait_for_line owner ready
  _with 1M "dmabuf import fd:\$SLOT_0 $camera --json"
  status 1
  json '.devices[0] | [.result, .call, .errno, .reason]' "[\"refused\",\"VIDIOC_REQBUFS\",\"EBUSY\",\"$camera is open in actor($owner_pid)\"]"
  run dmabuf devices "$camera" --json
  json '.devices[0].queues[0].buffers' 2
  send_signal owner TERM
  finish owner
}

a_display_that_cannot_import_is_reported() {
  needs drm:bochs 'kernel:<7.0'
  _with 1M 'dmabuf import fd:$SLOT_0 drm:bochs-drm'
  status 1
  if has 'kernel:>=6.6'; then
    # The kernel reports for each driver that it imports.
    stderr ': DRM_IOCTL_PRIME_FD_TO_HANDLE: Invalid argument$'
    stderr '^dmabuf: hint: the driver refuses buffers of other devices'
  else
    stderr ': DRM_IOCTL_PRIME_FD_TO_HANDLE: Function not implemented$'
    stderr '^dmabuf: hint: the driver reports that it imports no buffers'
  fi
}

a_read_only_buffer_is_imported_too() {
  needs heap:system v4l2:vivid
  run dmabuf alloc 1M --read-only -- sh -c 'dmabuf import fd:$DMABUF_FD v4l2:vivid --stream 1 --timeout 30s && dmabuf map fd:$DMABUF_FD --verify zero'
  status 1
  stdout 'bytes differ'
}

one_refusal_among_several_is_one_line_and_status_1() {
  needs drm:vgem v4l2:vivid
  _with 4K 'dmabuf import fd:$SLOT_0 drm:vgem v4l2:vivid --json'
  status 1
  json '.devices | map(.result)' '["ok","refused"]'
  check sh -c '[ $(grep -vc hint: .run/stderr) = 1 ]'
}

a_file_that_is_not_a_buffer_is_reported() {
  needs drm:vgem
  run actor memfd 4096 exec sh -c 'dmabuf import fd:$SLOT_0 drm:vgem'
  status 1
  stderr '^dmabuf: fd:[0-9]+ is a memfd, not a dma-buf$'
  run dmabuf import fd:77 drm:vgem
  status 1
  stderr '^dmabuf: fd:77: fcntl\(F_DUPFD_CLOEXEC\): Bad file descriptor$'
}

a_framebuffer_is_tried_and_explained() {
  needs drm:vkms
  _with 64K 'dmabuf import fd:$SLOT_0 drm:vkms --framebuffer 64x64:XR24 --json'
  status 0
  json '.devices[0] | [.result, .framebuffer]' '["ok",true]'
  _with 64K 'dmabuf import fd:$SLOT_0 drm:vkms --framebuffer 64x64:XR24:LINEAR --json'
  status 0
  _with 64K 'dmabuf import fd:$SLOT_0 drm:vkms --framebuffer 640x480:XR24'
  status 1
  stderr ': DRM_IOCTL_MODE_ADDFB2: Invalid argument$'
  stderr '^dmabuf: hint: the image needs 1228800 bytes; the buffer has 65536$'
  _with 64K 'dmabuf import fd:$SLOT_0 drm:vkms --framebuffer 64x64:YUYV'
  status 1
  stderr '^dmabuf: hint: no plane shows YUYV; they show .*XR24'
  _with 64K 'dmabuf import fd:$SLOT_0 drm:vkms --framebuffer 9000x1:XR24'
  status 1
  stderr '^dmabuf: hint: framebuffers are from [1-9][0-9]*x[1-9][0-9]* to 8192x8192$'
  _with 64K 'dmabuf import fd:$SLOT_0 drm:vkms --framebuffer 64x64:XR24:0x100000000000001'
  status 1
  stderr '^dmabuf: hint: no plane shows the modifier X_TILED$'
}

a_device_without_displays_shows_no_framebuffers() {
  needs drm:vgem
  _with 64K 'dmabuf import fd:$SLOT_0 drm:vgem --framebuffer 64x64:XR24'
  status 1
  stderr ': DRM_IOCTL_MODE_ADDFB2: Operation not supported$'
  stderr '^dmabuf: hint: the node has no displays$'
}

a_wrong_line_of_words_is_a_usage_error() {
  run dmabuf import fd:3
  status 64
  stderr "expected argument '<DEVICE>'"
  run dmabuf import drm:vgem
  status 64
  stderr "expected argument '<REF>'"
  run dmabuf import +camera drm:vgem
  status 64
  stderr "'\+camera' is neither a buffer .* nor a device"
  run dmabuf import fd:3 drm:vgem --all
  status 64
  run dmabuf import fd:3 drm:vgem --checksum
  status 64
  run dmabuf import fd:3 drm:vgem --json --junit
  status 64
  run dmabuf import fd:3 drm:vgem --framebuffer 64x64:XR24:odd
  status 64
  stderr "'64x64:XR24:odd'"
  run dmabuf import fd:3 drm:vgem --stream 0
  status 64
}
