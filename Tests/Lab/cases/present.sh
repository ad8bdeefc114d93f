# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2016,SC2034,SC2154
# dmabuf present: buffers on a display. vkms has a writeback connector, which reads back what the display shows.

# _frame NAME [SOURCE]: holds a buffer of 640x480 pixels.
_frame() { check dmabuf alloc 640x480:XR24 --from "${2:-heap:system}" --hold "$1"; }

# Writes pixels of different colours. The unused fourth byte is what vkms writes there.
_pixels() {
  LC_ALL=C awk 'BEGIN {
    for (y = 0; y < 480; y++) {
      for (x = 0; x < 640; x++) printf "%c%c%c%c", x % 251 + 1, y % 241 + 1, (x + y) % 239 + 1, 255
    }
  }' >pixels
  check [ "$(wc -c <pixels)" = 1228800 ]
}

# Buffers that a display has shown are freed when the last commit has ended.
_release() { check dmabuf release --all; }

# Skips the case if the kernel's vkms has no writeback connector.
_needs_writeback() {
  needs drm:vkms heap:system
  _node=$(drm_node vkms)
  ls -d "/sys/class/drm/${_node##*/}-Writeback-"* >/dev/null 2>&1 || skip 'vkms has no writeback connector'
}

what_is_presented_is_what_the_display_shows() {
  _needs_writeback
  _frame frame
  _frame copy
  _pixels
  check dmabuf map frame --input pixels
  run dmabuf present frame drm:vkms 640x480:XR24 --writeback copy --json
  status 0
  stderr_is_empty
  json '[.schema, .driver, .mode.width, .mode.height, .image.format, .flips, .out_fence]' \
    '["dmabuf.present/1","vkms",640,480,"XR24",null,null]'
  json_true '.shown_ns > 0 and .writeback.written_ns > 0 and .writeback.size >= 1228800'
  check dmabuf map copy --length 1228800 --output copy
  same pixels copy
  _release
}

a_buffer_of_udmabuf_is_shown() {
  _needs_writeback
  needs udmabuf
  _frame frame udmabuf
  _frame copy
  _pixels
  check dmabuf map frame --input pixels
  run dmabuf present frame drm:vkms 640x480:XR24 --writeback copy
  status 0
  stdout '^shown on (Virtual|Writeback)-1 \(CRTC [0-9]+, plane [0-9]+\) at 640x480 after '
  stdout '^the former state of the display is restored$'
  check dmabuf map copy --length 1228800 --output copy
  same pixels copy
  _release
}

a_commit_waits_for_its_in_fence() {
  needs drm:vkms heap:system sw_sync
  _frame frame
  check dmabuf fence create --sw-sync --hold ready --after 1s
  run dmabuf present frame drm:vkms 640x480:XR24 --in-fence ready --json
  status 0
  json_true '.shown_ns > 33000000'
  _release
}

an_in_fence_that_stays_pending_times_out() {
  needs drm:vkms heap:system sw_sync
  _frame frame
  check dmabuf fence create --sw-sync --hold never
  start late sh -c 'sleep 3; dmabuf fence signal never'
  run dmabuf present frame drm:vkms 640x480:XR24 --in-fence never --timeout 1s
  status 124
  stderr "^dmabuf: $(drm_node vkms): DRM_IOCTL_MODE_ATOMIC: Device or resource busy: the former state of the display is not restored; $(drm_node vkms): poll: Connection timed out$"
  stderr '^dmabuf: hint: the kernel cannot cancel a commit that waits for a fence; signal the fence$'
  finish late
  _release
}

the_fence_of_a_commit_can_be_held() {
  needs drm:vkms heap:system
  _frame frame
  run dmabuf present frame drm:vkms 640x480:XR24 --out-fence shown --json
  status 0
  json .out_fence shown
  run dmabuf fence-wait shown --timeout 5s
  status 0
  _release
}

page_flips_alternate_between_buffers() {
  needs drm:vkms heap:system
  _frame one
  _frame two
  run dmabuf present one two drm:vkms 640x480:XR24 --page-flips 10 --json
  status 0
  json '[.flips.count, (.buffers | length)]' '[10,2]'
  json_true '.flips.interval_ns | .min > 0 and .min <= .p50 and .p50 <= .p95 and .p95 <= .p99 and .p99 <= .max'
  run dmabuf present one two drm:vkms 640x480:XR24
  status 64
  _release
}

# Prints what a display shows. Exports nothing, because an exported buffer of the console would last until the next
# boot.
_planes() { actor without sys_admin exec dmabuf grab "$1" --json 2>/dev/null | jq -c .planes; }

_shows() { _planes "$1" | grep -q "$2"; }

the_display_shows_the_same_as_before_afterwards() {
  needs drm:vkms heap:system
  display=$(drm_node vkms)
  _frame frame
  # The console returns when the last process closes the node.
  _planes "$display" >/dev/null
  _planes "$display" >before
  start show actor default-signals exec dmabuf present frame drm:vkms 640x480:XR24 --for 60s
  eventually _shows "$display" '"width":640'
  send_signal show INT
  finish show
  status 130
  stderr_is_empty
  _planes "$display" >after
  same before after
  _release
}

the_console_returns_to_its_display() {
  needs drm:bochs 'kernel:>=6.6'
  [ -e /sys/class/graphics/fbcon ] || skip 'this kernel has no framebuffer console'
  display=$(drm_node bochs)
  _planes "$display" >before
  check dmabuf alloc 640x480:XR24 --from "drm:$display" --hold frame
  run dmabuf present frame "$display" 640x480:XR24 --page-flips 2
  status 0
  _planes "$display" >after
  check grep -q fbcon before
  same before after
  _release
}

the_framebuffer_of_another_program_returns() {
  needs drm:vkms heap:system
  # The program is no longer DRM master: it has been switched away.
  start screen actor scan-out "$(drm_node vkms)" 0x5a ioctl 0 0x641f null ready pause
  wait_for_line screen ready
  _planes "$(drm_node vkms)" >before
  _frame frame
  run dmabuf present frame drm:vkms 640x480:XR24
  status 0
  _planes "$(drm_node vkms)" >after
  same before after
  send_signal screen TERM
  finish screen
  _release
}

a_drm_master_stays_master_and_is_named() {
  needs drm:vkms heap:system
  _frame frame
  start screen actor comm compositor scan-out "$(drm_node vkms)" 0x5a ready pause
  wait_for_line screen ready
  run dmabuf present frame drm:vkms 640x480:XR24
  status 1
  stderr "^dmabuf: $(drm_node vkms): DRM_IOCTL_SET_MASTER: Device or resource busy$"
  stderr "^dmabuf: hint: compositor\($screen_pid\) is DRM master of $(drm_node vkms)$"
  run dmabuf grab drm:vkms -- sh -c 'dmabuf map fd:$DMABUF_FD --verify 0x5a'
  status 0
  send_signal screen TERM
  finish screen
  _release
}

what_a_display_cannot_show_is_refused_with_the_reason() {
  needs drm:vkms heap:system
  check dmabuf alloc 1M --hold small
  _frame frame
  run dmabuf present frame drm:vkms 640x480:YUYV
  status 1
  stderr "^dmabuf: $(drm_node vkms): plane [0-9]+: the format YUYV is not supported$"
  stderr '^dmabuf: hint: the supported formats are .*XR24'
  run dmabuf present frame drm:vkms 641x480:RG16
  status 1
  stderr '^dmabuf: Virtual-1: there is no mode of 641x480$'
  stderr '^dmabuf: hint: the modes are .*640x480'
  run dmabuf present small drm:vkms 640x480:XR24
  status 1
  stderr '^dmabuf: hint: the image needs 1228800 bytes; the buffer has 1048576$'
  run dmabuf present frame drm:vkms 640x480:XR24 --connector HDMI-A-9
  status 1
  stderr '^dmabuf: hint: the connectors are Virtual-1$'
  _release
}

the_out_fence_of_a_commit_that_fails_is_not_held() {
  needs drm:vkms heap:system sw_sync
  _frame frame
  check dmabuf fence create --sw-sync --hold ready --after 2s
  run dmabuf present frame drm:vkms 640x480:XR24 --in-fence ready --out-fence shown --timeout 200ms
  status 124
  run dmabuf held
  no_stdout '^shown '
  eventually dmabuf present frame drm:vkms 640x480:XR24
  _release
}
