# SPDX-License-Identifier: MIT
# dmabuf import --stream: frames through buffers.

frames_are_captured_into_the_buffer() {
  needs v4l2:vivid
  # Other cases may have switched the clock off.
  run actor video-set "$(video_node vivid)" 'OSD Text Mode' 0
  run actor buffer 1M exec sh -c 'dmabuf import fd:$SLOT_0 v4l2:vivid --stream 5 --timeout 30s --checksum --json'
  status 0
  json '.devices[0] | [.queue, .result, (.frames | length)]' '["video-capture","ok",5]'
  json '.devices[0].frames | map([.buffer, .bytes_used, .field, .error]) | unique' "[[0,$(frame_bytes "$(video_node vivid)"),\"none\",false]]"
  # vivid draws a clock and moves the image, so frames differ.
  json_true '.devices[0].frames | (map(.checksum) | unique | length) > 1'
  json_true '.devices[0].frames | map(.sequence) | . == sort and (unique | length) == 5'
  json_true '.devices[0].frames | map(.timestamp_ns) | . == sort and .[4] > .[0]'
}

a_frame_equals_that_of_the_same_camera_by_mmap() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  # Without the clock all frames are equal.
  run actor video-set "$camera" 'OSD Text Mode' 2
  status 0
  run actor video-capture "$camera" mapped
  run actor buffer 1M exec sh -c "dmabuf import fd:\$SLOT_0 $camera --stream 1 --timeout 30s --checksum --json && dmabuf map fd:\$SLOT_0 --output imported --length $(frame_bytes "$camera") >&2"
  status 0
  same mapped imported
  json '.devices[0].frames[0].checksum' "xxh3:$(xxhsum -H3 mapped | grep -o '[0-9a-f]\{16\}')"
  run actor video-set "$camera" 'OSD Text Mode' 0
}

an_exported_plane_is_the_memory_that_frames_are_captured_into() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  run actor video-set "$camera" 'OSD Text Mode' 2
  run actor video-capture "$camera" mapped
  # The camera imports its own exported buffers.
  run dmabuf export "$camera" --buffers 2 -- sh -c "IFS=,; set -- \$DMABUF_FDS; dmabuf import fd:\$1 fd:\$2 $camera --stream 4 --timeout 30s && dmabuf map fd:\$1 --output first --length $(frame_bytes "$camera") && dmabuf map fd:\$2 --output second --length $(frame_bytes "$camera")"
  status 0
  same mapped first
  same mapped second
  run actor video-set "$camera" 'OSD Text Mode' 0
}

a_multi_planar_camera_captures_too() {
  needs v4l2:vivid-001-vid-cap
  # The default is that of the single-planar camera.
  bytes=$(frame_bytes "$(video_node vivid)")
  run actor buffer 1M exec sh -c 'dmabuf import fd:$SLOT_0 v4l2:vivid-001-vid-cap --stream 3 --timeout 30s --json'
  status 0
  json '.devices[0] | [.queue, (.frames | map(.bytes_used))]' '["video-capture-mplane",'"[$bytes,$bytes,$bytes]"']'
}

several_buffers_alternate() {
  needs v4l2:vivid
  run actor buffer 1M buffer 1M buffer 1M exec sh -c 'dmabuf import fd:$SLOT_0 fd:$SLOT_1 fd:$SLOT_2 v4l2:vivid --stream 6 --timeout 30s --json'
  status 0
  json '.devices[0].frames | map(.buffer)' '[0,1,2,0,1,2]'
}

frames_are_queued_to_an_output() {
  needs v4l2:vivid
  run actor buffer 2M exec sh -c 'dmabuf import fd:$SLOT_0 v4l2:vivid-000-vid-out --stream 3 --timeout 30s --json'
  status 0
  json '.devices[0] | [.queue, .result, (.frames | length)]' '["video-output","ok",3]'
}

a_scaler_reads_one_buffer_and_writes_the_other() {
  needs v4l2:vim2m heap:system
  run dmabuf alloc 614400 --count 2 -- sh -c 'IFS=,; set -- $DMABUF_FDS; dmabuf map fd:$1 --fill random:3 >&2 && dmabuf import fd:$1 fd:$2 v4l2:vim2m --stream 2 --timeout 30s --json && dmabuf map fd:$2 --verify random:3 >&2'
  status 0
  json '.devices[0] | [.result, (.frames | map(.buffer))]' '["ok",[1,1]]'
  stderr verified
}

a_scaler_needs_two_buffers() {
  needs v4l2:vim2m
  run actor buffer 1M exec sh -c 'dmabuf import fd:$SLOT_0 v4l2:vim2m --stream 1 --timeout 30s'
  status 1
  stderr '^dmabuf: hint: name two buffers; the device reads the first and writes the second$'
}

the_queue_is_released_after_streaming() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  run actor buffer 1M exec sh -c "strace -e trace=ioctl -o trace dmabuf import fd:\$SLOT_0 $camera --stream 2 --timeout 30s"
  status 0
  check grep -q 'VIDIOC_STREAMOFF.*= 0' trace
  check sh -c 'grep VIDIOC_REQBUFS trace | tail -n 1 | grep -q "count=0"'
  run actor video-own "$camera" 1
  status 0
}

a_camera_without_frames_times_out() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  # vivid is slow because of a small frame rate. A video output without input would also be slow.
  run actor buffer 1M exec sh -c "time dmabuf import fd:\$SLOT_0 $camera --stream 100 --timeout 20ms"
  status 124
  stderr ': VIDIOC_DQBUF: (Connection|Operation) timed out$'
  stderr '^dmabuf: hint: no frame arrived in time; use --timeout DURATION to wait longer$'
  run actor video-own "$camera" 1
  status 0
}

a_signal_at_any_call_releases_the_queue() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  run actor buffer 1M exec sh -c "strace -e trace=ioctl -o calls dmabuf import fd:\$SLOT_0 $camera --stream 1 --timeout 30s"
  status 0
  number=$(grep -n VIDIOC_STREAMON calls | cut -d : -f 1) last=$(grep -c ioctl calls)
  while [ "$number" -lt "$last" ]; do
    number=$((number + 1))
    run actor default-signals buffer 1M exec sh -c "strace -e trace=ioctl -o trace -e inject=ioctl:error=EINTR:signal=INT:when=$number dmabuf import fd:\$SLOT_0 $camera --stream 1 --timeout 30s"
    check grep -q INJECTED trace
    check grep -q 'VIDIOC_STREAMOFF.*= 0$' trace
    check sh -c 'grep VIDIOC_REQBUFS trace | tail -n 1 | grep -q "count=0.*= 0"'
  done
}

an_interrupt_releases_the_queue() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  start stream actor default-signals buffer 1M ready exec sh -c "exec strace -e trace=ioctl -o trace dmabuf import fd:\$SLOT_0 $camera --stream 100000"
  wait_for_line stream ready
  eventually grep -q VIDIOC_DQBUF trace
  kill -INT "$(_child_of "$stream_pid")"
  finish stream
  check grep -q 'VIDIOC_STREAMOFF.*= 0' trace
  check sh -c 'grep VIDIOC_REQBUFS trace | tail -n 1 | grep -q "count=0"'
}
_child_of() { tr ' ' '\n' <"/proc/$1/task/$1/children" | head -n 1; }

a_camera_that_is_unplugged_while_it_streams_is_reported() {
  needs v4l2:vivid
  camera=$(video_node vivid)
  start stream actor buffer 1M ready exec sh -c "exec strace -e trace=ioctl -o trace dmabuf import fd:\$SLOT_0 $camera --stream 100000"
  wait_for_line stream ready
  eventually grep -q VIDIOC_DQBUF trace
  # The control Disconnect of vivid: the device is unplugged until the last process closes it.
  run actor video-set "$camera" Disconnect 1
  finish stream
  status 1
  stderr "^dmabuf: $camera: (poll|VIDIOC_[A-Z]+): No such device$"
  stderr '^dmabuf: hint: the device has gone: it was unplugged, or its driver was removed$'
  # The device exists again.
  eventually dmabuf devices "$camera"
}

a_decoder_without_encoded_data_is_named_in_a_hint() {
  needs v4l2:vicodec heap:system
  node=$(for entry in /sys/class/video4linux/video*; do grep -lx 'stateful-decoder' "$entry/name"; done | head -n 1)
  node=/dev/$(basename "$(dirname "$node")")
  run dmabuf alloc 4M --count 2 -- sh -c "IFS=,; set -- \$DMABUF_FDS; dmabuf import fd:\$1 fd:\$2 $node --stream 1 --timeout 500ms"
  status 124
  stderr "^dmabuf: hint: $node decodes FWHT; it produces no frame unless the first buffer holds encoded data$"
}
