# SPDX-License-Identifier: MIT
# dmabuf devices.

the_list_has_every_node_with_driver_and_abilities() {
  needs drm:vgem v4l2:vivid
  run dmabuf devices
  status 0
  stderr_is_empty
  stdout '^DEVICE +DRIVER +KIND +IMPORT +EXPORT +NOTE$'
  # vgem's own buffers prove nothing, so the case needs another exporter.
  if has heap:system || has udmabuf; then
    stdout '^/dev/dri/card[0-9]+ +vgem +primary +yes +yes +dumb buffers$'
    stdout '^/dev/dri/renderD[0-9]+ +vgem +render +yes +yes$'
  else
    stdout '^/dev/dri/card[0-9]+ +vgem +primary +\? +yes +dumb buffers, this user cannot allocate a buffer to import$'
  fi
  stdout "^/dev/video[0-9]+ +vivid +video-capture +yes +yes +[0-9x]+ YUYV, $(frame_bytes "$(video_node vivid)") bytes$"
  stdout '^/dev/video[0-9]+ +vivid +video-output +yes +yes '
}

the_list_as_json() {
  needs drm:vgem v4l2:vivid
  run dmabuf devices drm:vgem v4l2:vivid "$(drm_node vgem)" --json
  status 0
  json '.schema' dmabuf.devices/1
  imports=$(if has heap:system || has udmabuf; then echo true; else echo null; fi)
  json '.devices[0] | [.subsystem, .driver, .kind, .prime_import, .prime_export, .dumb_buffers]' "[\"drm\",\"vgem\",\"render\",$imports,true,false]"
  json_true '.devices[0] | (.prime_import == null) == (.prime_import_reason != null)'
  json '.devices[1] | [.subsystem, .driver, .card]' '["v4l2","vivid","vivid"]'
  json '.devices[1].queues[0] | [.type, .format, .width * .height * 2, .planes[0], .dmabuf, .expbuf, .buffers, .users]' "[\"video-capture\",\"YUYV\",$(frame_bytes "$(video_node vivid)"),$(frame_bytes "$(video_node vivid)"),true,true,0,[]]"
  json '.devices[2] | [.kind, .dumb_buffers]' '["primary",true]'
}

displays_have_their_outputs_counted() {
  needs drm:bochs
  run dmabuf devices --json
  status 0
  json '[.devices[] | select(.driver == "bochs-drm" and .kind == "primary") | .connectors]' '[1]'
  json '[.devices[] | select(.driver == "vgem" and .kind == "primary") | .connectors]' '[null]'
}

queues_that_go_both_ways_are_two_rows() {
  needs v4l2:vim2m
  run dmabuf devices v4l2:vim2m --json
  json '.devices[0].queues | map(.type)' '["video-capture","video-output"]'
  json '.devices[0].queues | map(.dmabuf and .expbuf)' '[true,true]'
}

a_queue_in_use_is_asked_and_not_touched() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  start owner actor video-own "$camera" 3 ready pause
  wait_for_line owner ready
  run strace -e trace=ioctl -o trace dmabuf devices "$camera" --json
  status 0
  json '.devices[0].queues[0] | [.dmabuf, .expbuf, .buffers, .users[0].comm]' '[true,null,3,"actor"]'
  json '.devices[0].queues[0].users[0].pid' "$owner_pid"
  check sh -c '! grep -q "VIDIOC_REQBUFS\|VIDIOC_S_FMT\|VIDIOC_STREAM" trace'
  run dmabuf devices "$camera"
  stdout "in use, 3 buffers: actor\($owner_pid\)$"
  send_signal owner TERM
  finish owner
}

listing_makes_no_process_drm_master() {
  needs drm:bochs
  run strace -f -e trace=openat,ioctl -o trace dmabuf devices "$(drm_node bochs)"
  status 0
  check grep -q 'DRM_IOCTL_DROP_MASTER.*= 0' trace
  # No request comes before it.
  check sh -c "grep -A 1 'openat.*/dev/dri/card.* = [0-9]' trace | grep -v openat | grep ioctl | grep -qv DROP_MASTER && exit 1; exit 0"
}

prime_import_is_probed_by_importing() {
  needs drm:bochs heap:system 'kernel:<6.13'
  # bochs reports that it imports (DRM_CAP_PRIME), but cannot.
  run dmabuf devices "$(drm_node bochs)" --json
  status 0
  json '.devices[0] | [.prime_import, (.prime_import_reason | startswith("DRM_IOCTL_PRIME_FD_TO_HANDLE: "))]' '[false,true]'
  run dmabuf devices "$(drm_node bochs)"
  stdout ' primary +no +yes +dumb buffers, 1 output, DRM_IOCTL_PRIME_FD_TO_HANDLE: '
  run dmabuf doctor --json
  json_true ".facilities | map(select(.name == \"$(drm_node bochs)\"))[0].reason | contains(\"import does not work (DRM_IOCTL_PRIME_FD_TO_HANDLE: \")"
}

a_gpu_that_imports_nothing_is_reported() {
  load virtio_gpu
  has heap:system || has udmabuf || has drm:vgem || skip 'no source of buffers'
  node=$(drm_node virtio_gpu)
  run dmabuf devices "$node" --json
  status 0
  imports=$(jq -c '.devices[0].prime_import' .run/stdout)
  reason=$(jq -r '.devices[0].prime_import_reason' .run/stdout)
  # An import of the same kind has the same result.
  run actor buffer 4K exec sh -c "dmabuf import fd:\$SLOT_0 $node --json"
  if [ "$imports" = true ]; then json '.devices[0].result' ok; else json '.devices[0] | .result' refused; fi
  [ "$imports" = true ] || stderr "${reason#*: }$"
}

probing_leaves_no_handle_and_no_buffer() {
  needs drm:vgem heap:system
  run strace -f -e trace=ioctl -o trace dmabuf devices "$(drm_node vgem)"
  check sh -c '[ "$(grep -c "PRIME_FD_TO_HANDLE.*= 0" trace)" -ge 1 ]'
  check sh -c '[ "$(grep -c "GEM_CLOSE.*= 0" trace)" -ge "$(grep -c "PRIME_FD_TO_HANDLE.*= 0" trace)" ]'
  run buffers_on_the_machine
  stdout_is 0
}

looking_leaves_no_buffers() {
  run dmabuf devices
  run buffers_on_the_machine
  stdout_is 0
}

nodes_that_may_not_be_opened_are_rows_too() {
  needs drm:vgem
  run_as_nobody dmabuf devices --json
  status 1
  json_true '.devices | length > 3'
  json '.devices[0] | [.driver, .reason]' '[null,"open: Permission denied"]'
  stderr '^dmabuf: [0-9]+ of [0-9]+ nodes could not be opened$'
  stderr '^dmabuf: hint: /dev/dri/card0 belongs to root:root, mode 0600;'
  # An error in a row is not reported again.
  run_as_nobody dmabuf devices
  stdout '^/dev/dri/card0 +- .* open: Permission denied$'
  no_stderr 'Permission denied'
}

an_unknown_device_name_lists_the_devices() {
  needs drm:vgem v4l2:vivid
  run dmabuf devices drm:nope
  status 77
  stderr '^dmabuf: drm:nope: no such device$'
  stderr '^dmabuf: hint: the drivers of this machine are .*vgem'
  run dmabuf devices v4l2:nope
  status 77
  stderr '^dmabuf: hint: the drivers of this machine are .*vivid'
  run dmabuf devices /dev/video99
  status 77
  stderr '^dmabuf: /dev/video99: open: No such file or directory$'
  run dmabuf devices /dev/null
  status 1
  stderr '^dmabuf: /dev/null is neither a DRM nor a V4L2 device$'
  run dmabuf devices nope
  status 64
  stderr "'nope'"
}

links_to_nodes_are_followed() {
  needs v4l2:vivid
  check ln -s "$(video_node vivid)" camera
  run dmabuf devices ./camera --json
  status 0
  json '.devices[0] | [.subsystem, .driver]' '["v4l2","vivid"]'
}

the_formats_of_a_queue_are_listed() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  run dmabuf devices "$camera" --formats --json
  status 0
  json '.schema' dmabuf.device-formats/1
  json_true '.targets[0] | .target == "video-capture" and (.formats | map(.format) | contains(["YUYV", "NV12"]))'
}

each_format_that_a_camera_lists_can_be_typed() {
  needs v4l2:vivid heap:system
  run dmabuf devices "$(video_node vivid)" --formats --json
  for format in $(jq -r '.targets[0].formats[] | select(.compressed | not) | .format' .run/stdout); do
    check dmabuf alloc "64x64:$format"
  done
}

formats_of_nodes_that_may_not_be_opened_are_unknown() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  run_as_nobody dmabuf devices "$camera" --formats
  status 1
  stdout "^$camera +- +- +open: Permission denied$"
  stderr '^dmabuf: 1 of 1 nodes could not be opened$'
  run_as_nobody dmabuf devices "$camera" --formats --json
  json '.targets | map([.target, .formats, .reason])' '[[null,null,"open: Permission denied"]]'
}
