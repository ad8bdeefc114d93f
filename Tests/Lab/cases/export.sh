# SPDX-License-Identifier: MIT
# dmabuf export, and alloc --from drm:.

a_dumb_buffer_has_the_size_and_stride_of_its_driver() {
  needs drm:vgem
  run dmabuf export drm:vgem --size 1920x1080:XR24 --json
  status 0
  stderr_is_empty
  json '[.schema, .driver]' '["dmabuf.export/1","vgem"]'
  json '.device' "$(drm_node vgem)"
  json '.buffers[0] | [.size, .exp_name, .name, .plane, .index, .stride, .format, .access, .held_as]' \
    "[$(whole_pages 8294400),\"drm\",null,0,0,7680,\"XR24\",\"read-write\",null]"
  json_true '.buffers[0] | .ino > 0 and .allocation_ns > 0'
}

the_planes_of_an_image_share_a_dumb_buffer() {
  needs drm:vgem
  run dmabuf export drm:vgem --size 640x480:NV12 --buffers 2 --name frame --json
  status 0
  size=$(whole_pages 460800)
  json '.buffers | map([.size, .stride, .index, .name])' "[[$size,640,0,\"frame\"],[$size,640,1,\"frame\"]]"
}

render_nodes_allocate_no_dumb_buffers() {
  needs drm:vgem
  run dmabuf export "$(drm_node vgem render)" --size 64x64:XR24
  status 1
  stderr "^dmabuf: $(drm_node vgem render): DRM_IOCTL_MODE_CREATE_DUMB: Permission denied$"
  stderr "^dmabuf: hint: render nodes do not allocate dumb buffers; use the primary node $(drm_node vgem)$"
}

a_dumb_buffer_needs_a_size_and_no_queue() {
  needs drm:vgem
  run dmabuf export drm:vgem
  status 64
  stderr '^dmabuf: cannot export a dumb buffer: --size is missing$'
  run dmabuf export drm:vgem --size 64x64:ABCD
  status 64
  stderr 'ABCD is not a known pixel format'
  run dmabuf export drm:vgem --size 64x64:XR24 --queue video-capture
  status 64
  run dmabuf export drm:vgem --size 0x64:XR24
  status 64
  stderr "'0x64:XR24'"
}

a_read_only_dumb_buffer_cannot_be_written_by_the_cpu() {
  needs drm:vgem
  run dmabuf export drm:vgem --size 64x64:XR24 --read-only -- sh -c 'dmabuf map fd:$DMABUF_FD --fill 0x11'
  status 1
  stderr '^dmabuf: hint: the descriptor is read-only; use one that was opened for writing$'
  run dmabuf export drm:vgem --size 64x64:XR24 --read-only --json
  json '.buffers[0].access' read-only
}

handles_are_closed_once_and_the_memory_stays() {
  needs drm:vgem
  run strace -f -e trace=ioctl -o trace dmabuf export drm:vgem --size 64x64:XR24 -- sh -c 'dmabuf map fd:$DMABUF_FD --fill counter && dmabuf map fd:$DMABUF_FD --verify counter'
  status 0
  check sh -c '[ $(grep -c "DRM_IOCTL_GEM_CLOSE.*= 0" trace) = 1 ]'
}

dumb_buffers_are_a_source_of_alloc() {
  needs drm:vgem
  run dmabuf alloc 5000 --from drm:vgem --name mine --json
  status 0
  json '.buffers[0] | [.size, .exp_name, .name, .source]' "[$(whole_pages 5000),\"drm\",\"mine\",\"drm:vgem\"]"
  run dmabuf alloc 64K --from "drm:$(drm_node vgem)" --read-only -- sh -c 'dmabuf map fd:$DMABUF_FD --verify zero'
  status 0
  run dmabuf alloc 64K --from drm:nope
  status 77
  stderr '^dmabuf: hint: the drivers of this machine are '
  run dmabuf alloc 100G --from drm:vgem
  status 1
  stderr 'cannot allocate 100G from drm:vgem: only '
}

what_the_cpu_writes_is_read_back_through_another_device() {
  needs drm:vgem drm:vkms
  run dmabuf export drm:vgem --size 256x256:XR24 -- sh -c 'dmabuf map fd:$DMABUF_FD --fill random:7 && dmabuf import fd:$DMABUF_FD drm:vkms -- sh -c "dmabuf map fd:\$DMABUF_FD --verify random:7"'
  status 0
  stdout 'verified'
}

a_camera_exports_its_buffers() {
  needs v4l2:vivid
  run dmabuf export v4l2:vivid --buffers 3 --json
  status 0
  json '.driver' vivid
  json '.buffers | map([.exp_name, .plane, .index, .format])' '[["videobuf2_vmalloc",0,0,"YUYV"],["videobuf2_vmalloc",0,1,"YUYV"],["videobuf2_vmalloc",0,2,"YUYV"]]'
  json '.buffers | map(.size) | unique' "[$(whole_pages "$(frame_bytes "$(video_node vivid)")")]"
  json_true '.buffers[0] | .size >= .stride * 180 and .stride % 640 == 0'
  json '.buffers | map(.ino) | unique | length' 3
}

exported_buffers_remain_when_the_queue_is_released() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  run dmabuf export "$camera" --buffers 2 -- sh -c 'IFS=,; set -- $DMABUF_FDS; dmabuf map fd:$1 --fill counter && dmabuf map fd:$2 --fill 0x11 && dmabuf map fd:$1 --verify counter && dmabuf devices '"$camera"' --json >devices'
  status 0
  check jq -e '.devices[0].queues[0].buffers == 0' devices
}

another_size_is_set_and_restored() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  run actor video-print "$camera"
  before=$(cat .run/stdout)
  run dmabuf export "$camera" --size 320x180:NV12 --json
  status 0
  json '.buffers | map([.size, .stride, .format])' "[[$(whole_pages 86400),320,\"NV12\"]]"
  run actor video-print "$camera"
  stdout_is "$before"
}

a_signal_at_any_call_restores_the_size() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  run actor video-print "$camera"
  before=$(cat .run/stdout)
  run strace -e trace=ioctl -o calls dmabuf export "$camera" --size 320x180:NV12
  status 0
  number=$(grep -n -m 1 VIDIOC_S_FMT calls | cut -d : -f 1) last=$(grep -c ioctl calls)
  while [ "$number" -lt "$last" ]; do
    number=$((number + 1))
    run actor default-signals exec strace -e trace=ioctl -o trace -e "inject=ioctl:error=EINTR:signal=INT:when=$number" dmabuf export "$camera" --size 320x180:NV12
    check grep -q INJECTED trace
    run actor video-print "$camera"
    stdout_is "$before"
  done
}

a_size_the_driver_changes_is_refused_and_its_offer_named() {
  needs v4l2:vivid
  run dmabuf export "$(video_node vivid)" --size 333x222:NV12
  status 1
  stdout_is_empty
  stderr ': VIDIOC_S_FMT: the driver does not support this size and format$'
  stderr '^dmabuf: hint: the driver offers [0-9]+x[0-9]+:NV12 instead$'
}

a_read_only_export_is_reported() {
  needs v4l2:vivid
  run dmabuf export v4l2:vivid --read-only --json
  status 0
  json '.buffers[0].access' read-only
}

a_queue_is_chosen_by_its_type() {
  needs v4l2:vim2m
  run dmabuf export v4l2:vim2m --queue video-output --json
  status 0
  json '.buffers | length' 1
  run dmabuf export v4l2:vim2m --queue meta-capture
  status 1
  stderr '^dmabuf: hint: the queues of the node are video-capture, video-output$'
}

every_plane_of_a_multi_planar_image_is_a_buffer() {
  needs v4l2:vivid-001-vid-cap
  camera=$(video_node vivid-001-vid-cap)
  run dmabuf devices "$camera" --json
  json '.devices[0].queues[0].type' video-capture-mplane
  run dmabuf export "$camera" --size 640x360:NM12 --buffers 2 --json
  status 0
  luma=$(whole_pages 230400) chroma=$(whole_pages 115200)
  json '.buffers | map([.index, .plane, .size, .stride])' \
    "[[0,0,$luma,640],[0,1,$chroma,640],[1,0,$luma,640],[1,1,$chroma,640]]"
}

a_queue_of_another_process_names_its_owner() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  start owner actor video-own "$camera" 2 ready pause
  wait_for_line owner ready
  run dmabuf export "$camera"
  status 1
  stderr "^dmabuf: $camera: VIDIOC_REQBUFS: Device or resource busy$"
  stderr "^dmabuf: hint: $camera is open in actor\($owner_pid\)$"
  run dmabuf export "$camera" --size 320x180:YUYV
  status 1
  stderr ': VIDIOC_S_FMT: Device or resource busy$'
  send_signal owner TERM
  finish owner
}

a_denied_device_names_its_owner_group_and_mode() {
  needs drm:vgem
  run_as_nobody dmabuf export "$(drm_node vgem)" --size 64x64:XR24
  status 1
  stderr ': open: Permission denied$'
  stderr 'belongs to root:root, mode 0600;'
}

exported_buffers_are_held_under_a_name() {
  needs v4l2:vivid
  run dmabuf export v4l2:vivid --buffers 2 --hold camera --json
  status 0
  json '.buffers | map(.held_as)' '["camera.0","camera.1"]'
  run dmabuf map camera.1 --fill counter
  status 0
  run dmabuf release --all
  status 0
}

the_exit_status_of_an_export_is_that_of_the_command() {
  needs drm:vgem
  run dmabuf export drm:vgem --size 64x64:XR24 -- sh -c 'exit 42'
  status 42
}
