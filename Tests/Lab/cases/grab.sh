# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2016,SC2034,SC2154
# dmabuf grab: what a display shows.

# Shows an image of this byte on a display, as a compositor does.
_show() { # BYTE WORD… of the actor, before it shows the image
  display=$(drm_node vkms || drm_node bochs) || skip 'no display'
  has drm:vkms || at_least 6.6 || skip 'the display of this kernel exports no buffers'
  byte=$1
  shift
  start screen actor "$@" scan-out "$display" "$byte" ready pause
  wait_for_line screen ready
  image=$(sed -n 's/^shown \([0-9x]*\) .*/\1/p' .started/screen.stdout)
}

_clear() {
  send_signal screen TERM
  finish screen
}

what_a_program_shows_is_found_and_has_its_pixels() {
  _show 0x5a comm compositor
  run dmabuf grab "$display" --json
  status 0
  stderr_is_empty
  json '[.schema, .device]' "[\"dmabuf.grab/1\",\"$display\"]"
  json '.planes | map([.type, "\(.width)x\(.height)", .format, .x, .y, .allocated_by])' \
    "[[\"primary\",\"$image\",\"XR24\",0,0,\"compositor\"]]"
  json_true '.planes[0].layout == [{ino: .buffers[0].ino, offset: 0, stride: (.planes[0].width * 4)}]'
  json_true '.buffers[0].size >= .planes[0].width * .planes[0].height * 4'
  run dmabuf grab "$display" -- sh -c 'dmabuf map fd:$DMABUF_FD --verify 0x5a'
  status 0
  stdout 'verified'
  _clear
}

the_buffer_of_a_display_is_held_until_it_is_released() {
  _show 0x21
  run dmabuf grab "$display" --hold screen
  status 0
  stdout '^ *PLANE +TYPE +CRTC +IMAGE +MODIFIER +INO +SIZE +ALLOCATED BY +PROCESSES$'
  stdout " primary +[0-9]+ +$image:XR24 "
  _clear
  run dmabuf map screen --verify 0x21
  status 0
  run dmabuf release screen
  status 0
}

the_processes_that_hold_a_displayed_buffer_are_listed() {
  _show 0x42
  check dmabuf grab "$display" --hold screen
  run dmabuf grab "$display" --json
  json_true '.holders_known and (.buffers[0].processes | map(.comm) == ["dmabuf-holder"])'
  check dmabuf release screen
  _clear
}

each_handle_of_a_framebuffer_is_closed_once() {
  _show 0x42
  run strace -f -e trace=ioctl -o trace dmabuf grab "$display"
  status 0
  check sh -c '[ $(grep -c "DRM_IOCTL_GEM_CLOSE.*= 0" trace) = 1 ] && ! grep "DRM_IOCTL_GEM_CLOSE.*= -1" trace'
  _clear
}

without_the_capability_the_buffers_are_unknown_and_the_reason_is_printed() {
  _show 0x42
  run actor without sys_admin exec dmabuf grab "$display" --json
  status 1
  json '.planes[0] | [.format, .layout[0].ino]' '["XR24",null]'
  json '.buffers' '[]'
  stderr "^dmabuf: $display: DRM_IOCTL_MODE_GETFB2: the buffers of framebuffer [0-9]+ need CAP_SYS_ADMIN$"
  run actor without sys_admin exec dmabuf grab "$display" --hold screen
  status 1
  stdout_is_empty
  run_as_nobody dmabuf grab "$display"
  status 1
  stderr "^dmabuf: $display: open: Permission denied$"
  _clear
}

a_display_that_exports_nothing_is_listed_with_the_reason() {
  needs drm:bochs 'kernel:<6.6'
  run dmabuf grab "$(drm_node bochs)" --json
  status 1
  json '[.planes[0].format, .planes[0].layout[0].ino, .buffers]' '["XR24",null,[]]'
  stderr "^dmabuf: $(drm_node bochs): DRM_IOCTL_PRIME_HANDLE_TO_FD: Function not implemented$"
  stderr '^dmabuf: hint: the driver cannot export its buffers$'
}

# An exported buffer of the console would last until the next boot, so this case exports none.
the_console_is_listed_like_any_program() {
  needs drm:bochs
  [ -e /sys/class/graphics/fbcon ] || skip 'this kernel has no framebuffer console'
  run actor without sys_admin exec dmabuf grab "$(drm_node bochs)" --json
  status 1
  json '.planes | map([.type, .format, .allocated_by])' '[["primary","XR24","[fbcon]"]]'
}

a_display_that_shows_nothing_is_reported_as_such() {
  needs drm:vkms
  start screen actor display-off "$(drm_node vkms)" ready pause
  wait_for_line screen ready
  run dmabuf grab drm:vkms
  status 0
  stdout_is "no plane of $(drm_node vkms) shows a framebuffer"
  run dmabuf grab drm:vkms --json
  json '.planes + .buffers' '[]'
  run dmabuf grab drm:vkms --hold screen
  status 1
  stderr "^dmabuf: cannot grab $(drm_node vkms): no plane shows a framebuffer$"
  run dmabuf grab drm:vkms --plane 4000000000
  status 1
  stderr '^dmabuf: hint: the planes of the device are [0-9]'
  _clear
}

devices_without_displays_have_nothing_to_grab() {
  needs drm:vgem
  run dmabuf grab drm:vgem
  status 77
  stderr "^dmabuf: $(drm_node vgem): vgem has no displays$"
  run dmabuf grab "$(drm_node vgem render)"
  status 77
  stderr "^dmabuf: $(drm_node vgem render): render nodes have no displays$"
}

what_a_display_shows_is_written_as_a_picture() {
  _show 0x5a
  run dmabuf grab "$display" --output screen.ppm
  status 0
  check grep -aqx "${image%x*} ${image#*x}" screen.ppm
  check sh -c '[ "$(tail -c 3 screen.ppm)" = ZZZ ]'
  run dmabuf grab "$display" --hold screen
  run dmabuf map screen --image --output again.ppm
  status 0
  same screen.ppm again.ppm
  run dmabuf release screen
  _clear
}

the_formats_of_a_display_are_listed() {
  display=$(drm_node vkms || drm_node bochs) || skip 'no display'
  run dmabuf devices "$display" --formats
  status 0
  stdout '^DEVICE +QUEUE OR PLANE +MODIFIERS +FORMATS$'
  stdout "^$display +plane [0-9]+ primary +LINEAR +([A-Z0-9]+ )*XR24"
  run dmabuf devices "$display" --formats --json
  json_true '.targets | map(select(.kind == "primary"))[0].formats | any(.format == "XR24" and .modifiers == ["LINEAR"])'
}
