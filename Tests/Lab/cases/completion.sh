# SPDX-License-Identifier: MIT
# Completions of the shells: runs the executable as the scripts of the shells run it.

# _offered COMMAND ARGUMENT: prints the completions for an argument or option of a command.
_offered() { run env SAP_SHELL="${SHELL_ASKING:-bash}" dmabuf ---completion "$1" -- "$2" 2 0 dmabuf "$1" ''; }

held_names_and_what_processes_hold_are_offered() {
  needs heap:system
  run dmabuf alloc 4K --from heap:system --hold cam
  status 0
  start keeper actor heap system 8192 ready pause
  wait_for_line keeper ready
  _offered map positional@0
  status 0
  stdout '^cam$'
  stdout '^ino:[0-9]+$'
  stdout "^$keeper_pid:[0-9]+\$"
  SHELL_ASKING=zsh _offered map positional@0
  stdout "^$keeper_pid\\\\:[0-9]+\$"
  _offered release positional@0
  stdout '^cam$'
  send_signal keeper TERM
  finish keeper
  run dmabuf release cam
  status 0
}

heaps_and_nodes_are_offered() {
  _offered alloc --from
  status 0
  stdout '^udmabuf:2M$'
  if has heap:system; then stdout '^heap:system$'; fi
  if has heap:cma; then stdout '^heap:cma$'; fi
  if has drm:vgem; then stdout '^drm:card[0-9]+$'; fi
  _offered devices positional@0
  status 0
  if has drm:vgem; then stdout "^$(drm_node vgem)\$"; fi
  if has v4l2:vivid; then stdout "^$(video_node vivid)\$"; fi
}
