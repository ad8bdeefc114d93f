# SPDX-License-Identifier: MIT
# Images in buffers: their layout, and dmabuf map --image.

# _picture SCRIPT: runs the script with a new buffer as $FD, filled with 64-bit words that count up.
_picture() {
  run actor buffer 1M exec sh -c "FD=\$SLOT_0; dmabuf map fd:\$FD --fill counter >&2 && $1"
}

the_layout_of_an_image_follows_its_options() {
  needs heap:system
  run dmabuf alloc 1920x1080:NV12 --align 256x16 --json
  status 0
  json '.buffers[0].image | [.width, .height, .format, .modifier]' '[1920,1080,"NV12",null]'
  json '.buffers[0].image.planes | map([.offset, .stride, .size])' '[[0,2048,2228224],[2228224,2048,1114112]]'
  run dmabuf alloc 1920x1080:NV12 --stride 2048 --offset 4096,4M --json
  json '.buffers[0].image.planes | map([.offset, .stride])' '[[4096,2048],[4194304,2048]]'
  status 0
}

a_layout_that_is_impossible_is_refused_with_the_reason() {
  run dmabuf alloc 1920x1080:NV12 --stride 1000
  status 64
  stderr '^dmabuf: cannot lay out 1920x1080:NV12: the stride of plane 0 is 1000 bytes, less than the 1920 bytes of a line$'
  run dmabuf alloc 640x480:NV12 --offset 0,100
  status 64
  stderr ': plane 0 and plane 1 overlap$'
  run dmabuf alloc 640x480:ABCD
  status 64
  stderr '^dmabuf: cannot lay out 640x480:ABCD: ABCD is not a known pixel format$'
  run dmabuf alloc 8M --stride 256
  status 64
  stderr 'need an image, such as 1920x1080:NV12$'
}

odd_sizes_are_laid_out_as_drm_does() {
  needs heap:system
  run dmabuf alloc 321x241:NV12 --json
  status 0
  json '.buffers[0].image.planes | map([.offset, .stride, .size])' '[[0,321,77361],[77361,322,38962]]'
}

a_device_lays_out_an_image() {
  needs v4l2:vivid heap:system
  run dmabuf alloc 1280x720:NV12 --layout v4l2:vivid --json
  status 0
  json '.buffers[0].image.planes | map([.offset, .stride, .size])' '[[0,1280,921600],[921600,1280,460800]]'
  run dmabuf alloc 333x222:NV12 --layout v4l2:vivid
  status 1
  stderr '^dmabuf: hint: the driver offers [0-9]+x[0-9]+:NV12 instead$'
  run dmabuf alloc 100x100:RG24 --layout drm:vgem --json
  status 0
  json '.buffers[0].image.planes | map([.offset, .stride])' '[[0,300]]'
}

a_held_image_is_known() {
  needs heap:system
  run dmabuf alloc 64x48:XR24 --stride 512 --hold frame
  status 0
  run dmabuf held --json
  json '.held[0].image | [.width, .height, .format, .planes[0].stride]' '[64,48,"XR24",512]'
  run dmabuf map frame --image --output frame.png --json
  status 0
  json '[.schema, .width, .height, .image.format, .output]' '["dmabuf.map-image/1",64,48,"XR24","frame.png"]'
  json_true '.bytes > 0'
  check grep -q IHDR frame.png
  run dmabuf release frame
}

an_image_that_is_not_known_must_be_named() {
  _picture 'dmabuf map fd:$FD --image --output frame.png'
  status 64
  stderr '^dmabuf: cannot show fd:[0-9]+ as a picture: its image is not known$'
  _picture 'dmabuf map fd:$FD --image 64x64:XR24'
  status 64
  stderr '^dmabuf: cannot show a picture: standard output is not a terminal$'
}

# The right pixels: blue, green, red and unused bytes of little-endian words that count up in 64 bits.
the_pixels_of_a_picture_are_those_of_the_buffer() {
  _picture 'dmabuf map fd:$FD --image 2x2:XR24 --output a.ppm && dmabuf map fd:$FD --image 4x1:BG24 --offset 8 --output b.ppm'
  status 0
  check sh -c "printf 'P6\n2 2\n255\n\0\0\0\0\0\0\0\0\1\0\0\0' | cmp - a.ppm"
  check sh -c "printf 'P6\n4 1\n255\n\1\0\0\0\0\0\0\0\2\0\0\0' | cmp - b.ppm"
}

a_part_and_a_channel_can_be_shown() {
  _picture 'dmabuf map fd:$FD --image 4x4:R8 --crop 2x1+0+2 --output a.ppm && dmabuf map fd:$FD --image 2x2:XR24 --channel B --output b.ppm'
  status 0
  check sh -c "printf 'P6\n2 1\n255\n\1\1\1\0\0\0' | cmp - a.ppm"
  check sh -c "printf 'P6\n2 2\n255\n\0\0\0\0\0\0\1\1\1\0\0\0' | cmp - b.ppm"
  _picture 'dmabuf map fd:$FD --image 4x4:R8 --crop 2x2+3+0 --output c.ppm'
  status 1
  stderr ': the part is not inside the picture of 4x4 pixels$'
  check [ ! -e c.ppm ]
}

planes_of_yuv_are_written_without_conversion() {
  _picture 'dmabuf map fd:$FD --image 16x2:NV12 --output a.y4m; dmabuf map fd:$FD --image 16x2:NV12 --output b.y4m --crop 2x2+0+0'
  status 64
  check sh -c 'head -n 1 a.y4m | grep -q "^YUV4MPEG2 W16 H2 .*C420"'
  check sh -c '[ "$(tail -c 48 a.y4m | od -An -v -tx1 | tr -d " \n")" = 000000000000000001000000000000000200000000000000030000000000000004000000050000000000000000000000 ]'
}

a_picture_that_does_not_fit_the_buffer_is_refused() {
  _picture 'dmabuf map fd:$FD --image 4000x4000:NV12 --output a.png'
  status 1
  stderr ': the image needs 24000000 bytes, and the buffer has 1048576$'
  _picture 'dmabuf map fd:$FD --image 64x64:XR24 --offset 1M --output a.png'
  status 1
  stderr ': the image needs 1064960 bytes, and the buffer has 1048576$'
}

pixels_in_tiles_are_not_guessed() {
  _picture 'dmabuf map fd:$FD --image 64x64:XR24:X_TILED --output a.png'
  status 1
  stderr '^dmabuf: cannot show fd:[0-9]+: its pixels are arranged by the modifier X_TILED, not in lines$'
  stderr '^dmabuf: hint: import it into the GPU or display that supports X_TILED'
  _picture 'dmabuf map fd:$FD --image 64x64:XR24:LINEAR --output a.png'
  status 0
  _picture 'dmabuf map fd:$FD --image 64x64:XR24:NO_SUCH --output a.png'
  status 64
  stderr 'a modifier is a name, such as LINEAR, or a number'
}

images_in_two_buffers_are_compared() {
  needs heap:system
  run dmabuf alloc 64x64:XR24 --count 2 -- sh -c 'IFS=,; set -- $DMABUF_FDS; dmabuf map fd:$1 --image 64x64:XR24 --compare fd:$2 --json; dmabuf map fd:$2 --fill 0x02 --offset 1028 --length 1 >&2; dmabuf map fd:$1 --image 64x64:XR24 --compare fd:$2 --tolerance 2 --output difference.png >&2 || exit; dmabuf map fd:$1 --image 64x64:XR24 --compare fd:$2 --json'
  status 1
  json '.schema + " \(.pixels) \(.differing) \(.ok) \(.first)"' '"dmabuf.map-compare/1 4096 0 true null"
"dmabuf.map-compare/1 4096 1 false {\"found\":\"00 00 00 ff\",\"other\":\"00 00 02 ff\",\"x\":1,\"y\":4}"'
  stderr '^4096 pixels of fd:[0-9]+ and fd:[0-9]+ compared: none differs by more than 2, PSNR [0-9.]+ dB$'
  check grep -q IHDR difference.png
}

the_buffer_of_another_process_is_shown_as_a_picture() {
  start client actor buffer 1M fill 0 0x66 print 0 ready pause
  wait_for_line client ready
  read -r pid descriptor _ <.started/client.stdout
  run dmabuf map "$pid:$descriptor" --image 2x1:XR24 --output a.ppm
  status 0
  check sh -c "printf 'P6\n2 1\n255\nffffff' | cmp - a.ppm"
  send_signal client TERM
}

the_bars_of_a_camera_are_shown() {
  needs v4l2:vivid heap:system
  camera=$(video_node vivid)
  run dmabuf alloc 8M --hold frame
  run dmabuf import frame "$camera" --format 640x360:YUYV --stream 1 --timeout 30s
  status 0
  # The lower half of the bars is without text: white, yellow, cyan, green, magenta, red, blue, black.
  run dmabuf map frame --image 640x360:YUYV --crop 640x1+0+300 --output bars.ppm
  status 0
  colours=''
  for bar in 0 1 2 3 4 5 6 7; do
    colours="$colours $(tail -c +$((14 + 3 * (bar * 80 + 40))) bars.ppm | head -c 3 | od -An -tu1 | awk '{ for (i = 1; i <= 3; i++) printf "%d", ($i > 100) }')"
  done
  check [ "$colours" = ' 111 110 011 010 101 100 001 000' ]
  run dmabuf release frame
}

the_format_of_a_camera_is_taken_from_it() {
  needs v4l2:vivid heap:system
  camera=$(video_node vivid)
  run dmabuf alloc 8M --hold frame
  run dmabuf map frame --image --layout "$camera" --output a.ppm
  status 0
  check grep -aq "$(dmabuf devices "$camera" --json | jq -r '.devices[0].queues[0] | "^\(.width) \(.height)$"')" a.ppm
  run dmabuf release frame
}

a_picture_on_a_terminal_fits_into_it() {
  _picture 'script -qec "stty cols 40 rows 12; dmabuf map fd:$FD --image 640x360:XR24" /dev/null'
  status 0
  check sh -c '[ "$(grep -ac ▀ .run/stdout)" = 11 ]'
  check sh -c '[ "$(head -n 2 .run/stdout | tail -n 1 | grep -ao ▀ | wc -l)" -le 40 ]'
  _picture 'NO_COLOR=1 script -qec "stty cols 40 rows 12; dmabuf map fd:$FD --image 640x360:XR24" /dev/null'
  status 0
  no_stdout '38;2;'
}

# _on_terminal TEXT COMMANDS: runs the commands on a terminal of 40x12 cells and 400x240 pixels, with $FD as above. When
# it is asked for its features, the terminal writes TEXT. The mode of the terminal must be the same afterwards.
_on_terminal() {
  script='before=$(stty -g); export TERM=xterm; '"$2"'; ended=$?; [ "$before" = "$(stty -g)" ] || echo other mode; exit $ended'
  run env "SCRIPT=$script" actor buffer 1M exec sh -c \
    'export FD=$SLOT_0; dmabuf map fd:$FD --fill random:1 >&2 && exec actor default-signals terminal "$1" sh -c "$SCRIPT"' - "$1"
  no_stdout 'other mode'
}

_kitty='\e_Gi=31;OK\e\\\e[?62;4c'
_sixel='\e[?1;0;16S\e[?2;0;300;200S\e[?62;4;22c'

a_terminal_with_kittys_graphics_gets_a_png() {
  _on_terminal "$_kitty" 'dmabuf map fd:$FD --image 64x48:XR24'
  status 0
  check grep -aq "$(printf '\033_Ga=T,f=100,q=2,m=1;iVBORw0KGgo')" .run/stdout
  check [ "$(grep -ac ▀ .run/stdout)" = 0 ]
  # The payloads of the chunks are the file that --output writes, with the colours of random bytes.
  check sh -c "tr -d '\n\r' <.run/stdout | tr '\033' '\n' | sed -n 's/^_G[^;]*m=[01];//p' | tr -d '\n' | base64 -d >a.png"
  _picture 'dmabuf map fd:$FD --fill random:1 >&2; dmabuf map fd:$FD --image 64x48:XR24 --output b.png'
  check same a.png b.png
}

a_terminal_with_sixel_graphics_gets_a_picture_that_fits() {
  _on_terminal "$_sixel" 'dmabuf map fd:$FD --image 640x360:XR24'
  status 0
  # 300 columns are the limit of the terminal; 12 of its 16 colours are 2x3x2 levels.
  check grep -aq "$(printf '\033P0;1;0q"1;1;300;168#0;2;0;0;0#')" .run/stdout
  check [ "$(grep -ao '#[0-9]*;2;[0-9]*;[0-9]*;[0-9]*' .run/stdout | wc -l)" = 12 ]
  check [ "$(grep -ac ▀ .run/stdout)" = 0 ]
}

a_terminal_without_graphics_gets_blocks() {
  _on_terminal '\e[?62;22c' 'dmabuf map fd:$FD --image 64x48:XR24'
  status 0
  check [ "$(grep -ac ▀ .run/stdout)" = 11 ]
  _on_terminal '' 'dmabuf map fd:$FD --image 64x48:XR24'
  status 0
  check [ "$(grep -ac ▀ .run/stdout)" = 11 ]
}

a_terminal_is_not_asked_without_need() {
  for setting in TERM=dumb TERM=linux TERM= NO_COLOR=1; do
    _on_terminal "$_kitty" "export $setting; dmabuf map fd:\$FD --image 64x48:XR24"
    status 0
    no_stdout '_Gi=31'
  done
  _on_terminal "$_kitty" 'dmabuf map fd:$FD --image 64x48:XR24 --graphics blocks; dmabuf map fd:$FD --image 64x48:XR24 --graphics sixel'
  status 0
  no_stdout '_Gi=31'
  check [ "$(grep -ac ▀ .run/stdout)" = 11 ]
  check grep -aq "$(printf '\033P0;1;0q"1;1;64;48#')" .run/stdout
  # In the background, the answer would belong to another process.
  _on_terminal "$_kitty" 'set -m; dmabuf map fd:$FD --image 64x48:XR24 & wait $!'
  status 0
  no_stdout '_Gi=31'
}

an_interrupt_while_the_terminal_is_asked_restores_it() {
  _on_terminal '\003' 'trap : INT; dmabuf map fd:$FD --image 64x48:XR24; echo ended with $?'
  stdout 'ended with 130'
  check [ "$(grep -ac ▀ .run/stdout)" = 0 ]
}

keys_that_were_pressed_before_remain() {
  _on_terminal 'typed\n' 'printf "\033[c"; sleep 1; dmabuf map fd:$FD --image 64x48:XR24; read -r line; echo "read $line"'
  status 0
  stdout 'read typed'
  no_stdout '_Gi=31'
}

a_format_for_the_trial_is_put_back() {
  needs v4l2:vivid heap:system
  camera=$(video_node vivid)
  run actor video-print "$camera"
  before=$(cat .run/stdout)
  run dmabuf import --from heap:system "$camera" --format 320x180:NV12 --json
  status 0
  json '.devices[0] | [.result, .size]' '["ok",86400]'
  run dmabuf import --from heap:system "$camera" --format 321x181:NV12
  status 1
  stderr ': VIDIOC_S_FMT: the driver does not support this size and format$'
  run actor video-print "$camera"
  stdout_is "$before"
}

a_framebuffer_of_several_buffers_needs_one_for_each_plane() {
  needs drm:vkms heap:system
  run dmabuf alloc 1M --count 2 -- sh -c 'IFS=,; set -- $DMABUF_FDS; dmabuf import fd:$1 fd:$2 drm:vkms --framebuffer 640x360:XR24'
  status 64
  stderr '^dmabuf: cannot try a framebuffer of 2 buffers: XR24 has 1 plane$'
  # Vkms has no format with several planes before Linux 6.16.
  run dmabuf alloc 1M --count 2 -- sh -c 'IFS=,; set -- $DMABUF_FDS; dmabuf import fd:$1 fd:$2 drm:vkms --framebuffer 640x360:NV12'
  status 1
  stderr '^dmabuf: hint: no plane shows NV12; they show '
}

a_framebuffer_has_the_stride_that_is_given() {
  needs drm:vkms heap:system
  run dmabuf alloc 1M -- sh -c 'dmabuf import fd:$DMABUF_FD drm:vkms --framebuffer 640x360:XR24 --stride 2560; dmabuf import fd:$DMABUF_FD drm:vkms --framebuffer 640x360:XR24 --stride 4096'
  status 1
  stderr '^dmabuf: hint: the image needs 1474560 bytes; the buffer has 1048576$'
}

the_next_frame_is_awaited() {
  needs v4l2:vivid heap:system
  check dmabuf alloc 640x360:YUYV --hold frame
  start camera dmabuf import frame "$(video_node vivid)" --format 640x360:YUYV --stream 30
  run dmabuf map frame --image --frame 3 --output third.ppm --timeout 60s
  status 0
  finish camera
  run dmabuf map frame --image --frame 1 --output never.ppm --timeout 200ms
  status 124
  check [ ! -e never.ppm ]
  check dmabuf release frame
}

the_picture_is_drawn_again_when_the_buffer_changes() {
  needs heap:system
  check dmabuf alloc 64x48:XR24 --hold frame
  run sh -c "(sleep 2; dmabuf map frame --fill 0x66 >&2; sleep 2; printf q; sleep 0.3) |
    actor default-signals exec script -q -e -c 'stty cols 80 rows 40; dmabuf map frame --image --watch' screen"
  status 0
  check grep -aq '48;2;0;0;0m' screen
  check grep -aq '48;2;102;102;102m' screen
  check dmabuf release frame
}

a_held_image_is_copied_without_the_rest_of_its_last_page() {
  needs heap:system
  check dmabuf alloc 640x360:YUYV --hold frame
  run dmabuf map frame --length image --output frame.yuv
  status 0
  check [ "$(wc -c <frame.yuv)" = 460800 ]
  check dmabuf release frame
  check dmabuf alloc 64K --hold bytes
  run dmabuf map bytes --length image --output bytes.raw
  status 64
  stderr '^dmabuf: cannot map bytes: its image is not known$'
  check dmabuf release bytes
}

a_layout_that_only_a_device_knows_is_not_guessed() {
  run dmabuf alloc 64x64:XR24:X_TILED
  status 64
  stderr '^dmabuf: cannot allocate an image with the modifier X_TILED: only the device that uses it knows the layout$'
  run dmabuf export drm:vgem --size 64x64:XR24:X_TILED
  status 64
}
