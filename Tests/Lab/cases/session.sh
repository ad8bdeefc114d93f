# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC2154
# A session with each command, on any kernel with udmabuf, vgem and vivid. `make check` runs these cases, and not all, on
# kernels of another architecture.

a_session_with_buffers() {
  needs udmabuf drm:vgem
  run dmabuf alloc --list --json
  status 0
  json '.sources[] | select(.source == "udmabuf") | [.state, .granule]' "[\"works\",$PAGE]"
  _it dmabuf alloc 1000K --from udmabuf --name camera --hold cam --json
  json '.buffers[0].size' "$(whole_pages 1024000)"
  _it dmabuf map cam --fill counter
  _it dmabuf map cam --verify counter
  _it dmabuf sync cam pulse --read
  _it dmabuf held
  stdout '^cam '
  _it dmabuf stat
  stdout ' camera +1 '
  start receiver dmabuf receive ./socket --listen --timeout 60s --json
  eventually [ -S socket ]
  _it dmabuf send ./socket cam
  finish receiver
  status 0
  _it dmabuf alloc 64x64:XR24 --from drm:vgem --hold picture
  _it dmabuf map picture --fill 0x80
  _it dmabuf map picture --image --output picture.png
  check [ "$(head -c 4 picture.png | od -An -tx1)" = ' 89 50 4e 47' ]
  _it dmabuf release cam picture
}

a_session_with_huge_pages() {
  needs udmabuf
  for pool in /sys/kernel/mm/hugepages/*; do
    size=${pool##*-}
    size=$((${size%kB} * 1024))
    name=udmabuf:$(_short $size)
    run dmabuf alloc 1K --from "$name" --json
    case $(cat "$pool/free_hugepages") in
      0)
        status 1
        stderr "^dmabuf: cannot allocate 1K from $name: only 0B are available\$"
        stderr "^dmabuf: hint: nr_hugepages is 0; run: echo 1 >$pool/nr_hugepages\$"
        ;;
      *)
        status 0
        json '.buffers[0] | [.size, .source]' "[$size,\"$name\"]"
        ;;
    esac
    run dmabuf alloc --list --json
    json ".sources[] | select(.source == \"$name\") | .granule" $size
  done
  run dmabuf alloc 1K --from udmabuf:128K
  status 1
  stderr '^dmabuf: memfd: memfd_create: .*$'
  stderr '^dmabuf: hint: the kernel has huge pages of ([0-9]+[KMG],? ?)+$'
}
_short() {
  if [ "$1" -ge 1073741824 ]; then
    echo $(($1 >> 30))G
  elif [ "$1" -ge 1048576 ]; then
    echo $(($1 >> 20))M
  else
    echo $(($1 >> 10))K
  fi
}

a_session_with_devices() {
  needs udmabuf drm:vgem v4l2:vivid
  limit 120
  camera=$(video_node vivid)
  _it dmabuf devices
  stdout "^$camera +vivid "
  _it dmabuf export "$camera" --hold frame
  _it dmabuf import frame drm:vgem
  _it dmabuf alloc 2M --hold frames
  _it dmabuf import frames "$camera" --stream 2 --json
  if has drm:bochs; then
    display=$(drm_node bochs)
    _it dmabuf alloc 640x480:XR24 --from "drm:$display" --hold screen
    _it dmabuf present screen "$display" 640x480:XR24
    # An exported buffer of the console would last until the next boot.
    run actor without sys_admin exec dmabuf grab "$display" --json
    status 1
    json_true '.planes | length > 0'
  fi
  _it dmabuf doctor
  stdout '^udmabuf +works '
  _it dmabuf bench alloc --from udmabuf --size 64K --duration 100ms --json
  _it dmabuf release --all
}

a_session_with_fences() {
  needs udmabuf drm:vgem
  _it dmabuf alloc 64K --hold cam
  _it dmabuf fence create --vgem cam --hold busy
  _it dmabuf fence info cam --json
  json '.files | map(.fences[].status)' '["active"]'
  run dmabuf fence-wait cam --timeout 100ms
  status 124
  _it dmabuf fence signal busy
  _it dmabuf fence-wait cam --timeout 10s
  _it dmabuf release --all
}

a_session_that_watches() {
  needs udmabuf
  _it dmabuf alloc 64K --name watched --hold cam
  run sh -c '(sleep 3; printf q; sleep 0.3) | actor default-signals exec script -q -e -c "dmabuf top --interval 300ms" screen'
  status 0
  check grep -qa ' watched ' screen
  if [ -e /sys/kernel/btf/vmlinux ]; then
    _it dmabuf trace --json -- sh -c 'dmabuf alloc 4K --from udmabuf >allocated'
    check [ "$(jq -sc 'map(.step)' .run/stdout)" = '["export","fd","release"]' ]
  fi
  _it dmabuf release cam
}

# The commands of the sessions above, and those that run in all of them, are all that `dmabuf help` lists.
every_command_is_in_a_session() {
  run dmabuf help
  sed -n '/^.*SUBCOMMANDS:$/,$ s/^  \([a-z][a-z-]*\) .*/\1/p' .run/stdout >commands
  check [ "$(wc -l <commands)" -gt 15 ]
  while read -r command; do
    # The contract has a case of its own.
    [ "$command" = check ] || grep -Eq "dmabuf $command( |\$)" /lab/cases/session.sh ||
      expected "dmabuf $command to be in a session"
  done <commands
}

# _it CMD…: expects CMD to succeed.
_it() {
  run "$@"
  status 0
}
