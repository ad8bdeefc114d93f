# SPDX-License-Identifier: MIT
# dmabuf check: each device by its path, missing features of drivers, and state that must not remain.

# _kernel_says RELEASE: prints a struct utsname in hexadecimal.
_kernel_says() {
  printf 'Linux%060d%0130d' 0 0 | sed 's/Linux/4c696e7578/; s/0/00/g' | cut -c 1-260 | tr -d '\n'
  printf '%s' "$1" | od -An -tx1 | tr -d ' \n'
  echo 00
}

a_difference_of_a_kernel_newer_than_any_known_is_no_failure() {
  needs 'kernel:<7.0'
  # For a later kernel, the behaviour of this one is unexpected, where the promise is known to have changed.
  run strace -f -o /dev/null -e trace=uname -e "inject=uname:poke_exit=@arg1=$(_kernel_says 9.9.0)" dmabuf check --device drm:vgem --only C25 --only C1 --json --junit out.xml
  status 0
  json '.kernel' 9.9
  json '.results | map([.id, .verdict])' '[["C1","pass"],["C25","new-difference"]]'
  json '.totals.new_difference' 1
  json_true '.results[1].reason | test("^Linux 9.9 is newer than ")'
  check grep -q '<system-out>new difference: expected EPERM, found ok' out.xml
  run strace -f -o /dev/null -e trace=uname -e "inject=uname:poke_exit=@arg1=$(_kernel_says 9.9.0)" dmabuf check --device drm:vgem --only C25
  status 0
  stdout '^NEW DIFFERENCE +TARGET +CHECK$'
  stdout ', 1 new difference on Linux 9.9$'
  run strace -f -o /dev/null -e trace=uname -e "inject=uname:poke_exit=@arg1=$(_kernel_says 9.9.0)" dmabuf check --device drm:vgem --only C25 --tap
  stdout '^not ok 1 - C25 .* # TODO expected EPERM; found ok'
}

a_promise_of_every_kernel_fails_on_a_newer_one_too() {
  # Every kernel refuses unknown requests with ENOTTY.
  run strace -f -o /dev/null -e trace=uname,lseek -e "inject=uname:poke_exit=@arg1=$(_kernel_says 9.9.0)" -e inject=lseek:error=EPERM dmabuf check --device drm:vgem --only C5 --json
  status 1
  json '.results[0] | [.verdict, .found]' '["fail","EPERM EPERM EPERM EPERM EPERM"]'
}

every_kind_of_video_node_is_checked_by_its_path() {
  needs v4l2:vivid
  limit 120
  for name in vivid-000-vid-cap vivid-000-vid-out vivid-001-vid-cap vivid-001-vid-out vim2m; do
    node=$(video_node $name) || continue
    run dmabuf check --device "$node" --only 'C10[789]' --only 'C11[014]' --only C127 --only C128 --json
    status 0
    json '.totals | [.fail, .new_difference]' '[0,0]'
    json '.results | map(select(.id == "C107" or .id == "C114" or .id == "C127") | .verdict)' '["pass","pass","pass"]'
    # A foreign buffer needs an exporter.
    json '.results | map(select(.id == "C128").verdict)' "[\"$(if has heap:system || has udmabuf; then echo pass; else echo skip; fi)\"]"
  done
}

the_parameters_of_a_device_do_not_change() {
  needs v4l2:vivid-000-meta-out
  run dmabuf check --device "$(video_node vivid-000-meta-out)" --only C127 --only C128 --json
  json '.results | map([.verdict, (.reason | startswith("the queue accepts parameters: "))]) | unique' '[["skip",true]]'
}

a_node_that_is_named_has_its_buffers_checked_too() {
  needs v4l2:vivid-000-vid-out
  node=$(video_node vivid-000-vid-out)
  run dmabuf check --device "$node" --only C1 --only C20 --json
  status 0
  json '.results | map([.id, .target, .verdict])' "[[\"C1\",\"$node\",\"pass\"],[\"C20\",\"$node\",\"pass\"]]"
}

the_second_camera_of_a_driver_is_a_device() {
  needs v4l2:vivid-001-vid-cap
  run dmabuf check --device "$(video_node vivid-001-vid-cap)" --only C1 --only C127 --json
  status 0
  json '.results | map(.verdict)' '["pass","pass"]'
}

a_decoder_is_skipped_because_it_produces_no_frame() {
  needs v4l2:vicodec
  node=$(for entry in /sys/class/video4linux/video*; do grep -lx 'stateful-decoder' "$entry/name"; done | head -n 1)
  node=/dev/$(basename "$(dirname "$node")")
  run dmabuf check --device "$node" --only C127 --json
  json '.results[0] | [.verdict, .reason]' '["skip","the device decodes FWHT: it produces no frame without encoded data"]'
}

devices_that_are_not_checked_are_named() {
  needs v4l2:vivid-001-vid-cap
  limit 180
  run dmabuf check --only C114 --json
  status 0
  json_true '.not_checked | length > 0 and all(.reason | length > 10)'
  # Each node is listed, by its path or as the node of its driver.
  nodes=$(find /sys/class/video4linux/* -name 'radio*' -prune -o -print | wc -l)
  json '[.results[].target, .not_checked[].device] | map(select(startswith("/dev/v") or startswith("/dev/sw") or startswith("v4l2:"))) | unique | length' "$nodes"
  omitted=$(jq '.not_checked | length' .run/stdout)
  run dmabuf check --only C114 --tap --junit out.xml
  stdout '^# not checked: /dev/'
  check grep -q "<testsuite name=\"not checked\" tests=\"$omitted\" failures=\"0\" errors=\"0\" skipped=\"$omitted\">" out.xml
}

a_node_that_may_not_be_opened_is_named() {
  needs drm:vgem
  card=$(drm_node vgem)
  run_as_nobody dmabuf check --device "$card" --only C1
  status 77
  stderr "^dmabuf: cannot check $card: open: Permission denied$"
  run_as_nobody dmabuf check --exporter drm:vgem --only C1
  status 77
  stderr '^dmabuf: drm:vgem: no such exporter or device$'
}

a_driver_that_imports_nothing_is_skipped() {
  load virtio_gpu
  run dmabuf check --device drm:virtio_gpu --only C97 --only C98 --only C106 --json
  json '.totals.fail' 0
  if [ "$(jq .totals.skip .run/stdout)" != 0 ]; then
    json_true '.results | all(.reason | startswith("the driver imports no buffers of other devices: PRIME_FD_TO_HANDLE: E"))'
  fi
  run dmabuf check --device drm:virtio_gpu --json
  json '.results | map(select(.verdict == "fail") | [.id, .expected, .found])' '[]'
  status 0
}

system_calls_that_a_kernel_lacks_are_skipped() {
  limit 120
  while read -r call id target; do
    case $target in machine) ;; *) has "$target" || continue ;; esac
    run strace -f --seccomp-bpf -qq -o /dev/null -e trace="$call" -e "inject=$call:error=ENOSYS" dmabuf check --exporter "$target" --invasive --only "$id" --json
    json '.results | map([.id, .verdict])' "[[\"$id\",\"skip\"]]"
    json_true ".results[0].reason | test(\"ENOSYS|sw_sync|vgem\")"
  done <<END
process_vm_readv C30 heap:system
kcmp C14 udmabuf
pidfd_getfd C121 machine
pidfd_open C121 machine
memfd_create C82 udmabuf
epoll_create1 C60 heap:system
END
}

drm_master_is_dropped_right_after_opening_a_card() {
  needs drm:vgem
  limit 120
  card=$(drm_node vgem)
  for command in 'devices' 'doctor' "check --device $card --only C9*" "export $card --size 64x64:XR24" "alloc 4K --from drm:vgem" "import --all --from drm:vgem" "bench alloc --source drm:vgem --size 4K --count 1"; do
    # shellcheck disable=SC2086  # words on purpose
    strace -f -e trace=openat,ioctl -o trace dmabuf $command >/dev/null 2>&1
    # In each process, the next request on an opened card drops master.
    late=$(awk '/openat\(.*"\/dev\/dri\/card[0-9]+".* = [0-9]+$/ { open[$1] = $NF; line[$1] = $0; next }
      /ioctl\(/ && ($1 in open) && index($0, "ioctl(" open[$1] ",") { if (!/DRM_IOCTL_DROP_MASTER/) print line[$1] " / " $0; delete open[$1] }
      END { for (p in open) print "never: " line[p] }' trace)
    [ -z "$late" ] || expected "DRM master to be dropped first by: dmabuf $command; $late"
    grep -q DRM_IOCTL_DROP_MASTER trace || [ "$command" = "import --all --from drm:vgem" ] || expected "dmabuf $command to open a card"
  done
}

another_process_becomes_drm_master_while_buffers_are_held() {
  needs drm:vgem
  card=$(drm_node vgem)
  check dmabuf export "$card" --size 64x64:XR24 --hold shown
  # 0x641e is DRM_IOCTL_SET_MASTER.
  run actor open "$card" ioctl 0 0x641e null
  stdout '^ok'
  check dmabuf release shown
  has heap:system || return 0
  start importer dmabuf import --from heap:system "$card" -- sleep 2
  usleep 700000
  run actor open "$card" ioctl 0 0x641e null
  stdout '^ok'
  finish importer
  status 0
}

a_trace_instance_is_removed_however_a_check_ends() {
  instances=/sys/kernel/tracing/instances
  [ -d $instances ] || skip 'no tracefs'
  _instances() { [ "$(ls $instances | wc -l)" = "$1" ] || expected "$1 trace instances, not: $(ls $instances)"; }
  # check is killed after it created an instance, when it starts the process of the check. The next run removes it.
  run strace -f -o /dev/null -e trace=clone -e inject=clone:signal=KILL:when=1 dmabuf check --invasive --only C125
  _instances 1
  run dmabuf check --device drm:vgem --only C1
  _instances 0
  for signal in TERM INT; do
    run actor default-signals exec strace -f -o /dev/null -e trace=clone -e inject=clone:signal=$signal:when=1 dmabuf check --invasive --only C125
    _instances 0
  done
  # An instance of a living process remains.
  mkdir "$instances/dmabuf-check-$(readlink /proc/self/ns/pid | tr -dc 0-9)-$$-$(sed 's/.*) //' /proc/$$/stat | cut -d ' ' -f 20)"
  run dmabuf check --device drm:vgem --only C1
  _instances 1
  rmdir $instances/dmabuf-check-*
}
