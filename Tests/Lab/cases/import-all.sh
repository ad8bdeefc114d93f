# SPDX-License-Identifier: MIT
# dmabuf import --all: every device at once.

the_matrix_has_a_row_for_each_device_and_queue() {
  limit 180
  needs drm:vgem v4l2:vivid
  run actor buffer 4M exec sh -c 'dmabuf import fd:$SLOT_0 --all --json'
  json_true '.devices | length > 5'
  json '[.devices[] | select(.driver == "vgem") | .result] | unique' '["ok"]'
  json '[.devices[] | select(.driver == "vivid" and .queue == "video-capture") | .result] | unique' '["ok"]'
  json_true '[.devices[] | select(.result != "ok") | .reason != null] | all'
}

the_exit_status_is_1_if_a_device_refused() {
  limit 180
  needs drm:bochs 'kernel:<7.0'
  run actor buffer 4M exec sh -c 'dmabuf import fd:$SLOT_0 --all'
  status 1
  stdout '^/dev/dri/card[0-9] +bochs-drm +- +(EINVAL|ENOSYS) +- +DRM_IOCTL_PRIME_FD_TO_HANDLE: the driver '
}

several_sources_are_columns() {
  limit 180
  needs heap:system udmabuf drm:vgem
  run dmabuf import --all --from heap:system --from udmabuf --from drm:vgem --size 4M
  stdout '^DEVICE +DRIVER +QUEUE +heap:system +udmabuf +drm:vgem$'
  stdout '^/dev/dri/renderD[0-9]+ +vgem +- +ok +ok +ok$'
  stdout '^/dev/video[0-9]+ +vivid +video-capture +ok +ok +ok$'
}

several_sources_are_json_lines() {
  limit 180
  needs heap:system udmabuf v4l2:vivid
  run dmabuf import --all --from heap:system --from udmabuf --size 64K --json
  status 1
  json '.buffer | [.source, .size]' '["heap:system",65536]
["udmabuf",65536]'
  json '[.devices[] | select(.driver == "vivid" and .queue == "video-capture" and .device != "/dev/v4l-touch0") | .errno][0]' '"EINVAL"
"EINVAL"'
}

junit_counts_cases_failures_and_skips() {
  limit 180
  needs drm:vgem v4l2:vivid
  run actor buffer 64K exec sh -c 'dmabuf import fd:$SLOT_0 drm:vgem v4l2:vivid --junit'
  status 1
  stdout '^<\?xml version="1.0" encoding="UTF-8"\?>$'
  stdout '<testsuite name="[a-z]+" tests="2" failures="1" errors="0" skipped="0">$'
  stdout '<testcase classname="vgem" name="/dev/dri/renderD[0-9]+"/>$'
  stdout '<testcase classname="vivid" name="/dev/video[0-9]+ video-capture"><failure type="EINVAL" message="VIDIOC_QBUF: plane 0 needs [0-9]+ bytes; the buffer has 65536"/></testcase>$'
}

all_leaves_the_machine_as_it_was() {
  limit 180
  needs v4l2:vivid
  run dmabuf devices --json
  cp .run/stdout before
  run actor buffer 4M exec sh -c 'dmabuf import fd:$SLOT_0 --all'
  run dmabuf devices --json
  cp .run/stdout after
  same before after
}

queues_without_a_format_and_of_requests_are_skipped() {
  limit 180
  needs v4l2:vicodec
  run actor buffer 4M exec sh -c 'dmabuf import fd:$SLOT_0 v4l2:stateless-decoder --json'
  status 0
  json '.devices | map([.queue, .result, .errno])' '[["video-capture","ok",null],["video-output","skipped","EBADR"]]'
}

only_displays_are_asked_for_framebuffers() {
  limit 180
  needs drm:vkms
  run actor buffer 4M exec sh -c 'dmabuf import fd:$SLOT_0 --all --framebuffer 64x64:XR24 --json'
  json '[.devices[] | select(.driver == "vkms") | .framebuffer]' '[true]'
  json '[.devices[] | select(.driver == "vgem") | [.result, .framebuffer]] | unique' '[["ok",null]]'
}
