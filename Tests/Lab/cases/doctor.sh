# SPDX-License-Identifier: MIT
# dmabuf doctor: each missing facility is named, with a remedy.

# _state NAME [STATE]: expects the state of a facility in the captured report.
_state() { json ".facilities | map(select(.name == \"$1\").state)" "[\"$2\"]"; }

# _remedy NAME JQ: expects this of the remedy.
_remedy() { json_true ".facilities | map(select(.name == \"$1\"))[0].remedy | $2"; }

root_can_allocate_and_share_buffers() {
  run dmabuf doctor --json
  status 0
  stderr_is_empty
  json .schema dmabuf.doctor/1
  _state sharing works
  _state procfs works
  _state pidfd_getfd works
  _state bufinfo works
  json_true '.facilities | all(has("name") and has("state") and has("reason") and has("remedy"))'
  json_true '.facilities | all((.state == "works") == (.remedy == null))'
  run dmabuf doctor
  status 0
  stdout '^This user can allocate and share buffers\.$'
}

what_the_kernel_has_works() {
  run dmabuf doctor --json
  for name in heap:system udmabuf; do
    if has "$name"; then _state "$name" works; else _state "$name" missing; fi
  done
  if has sw_sync; then _state sw_sync works; else _state sw_sync missing; fi
  if has sysfs-stats; then _state sysfs-stats works; else _state sysfs-stats missing; fi
  if has bpf-dmabuf-iter; then _state bpf-dmabuf-iter works; else _state bpf-dmabuf-iter missing; fi
}

facilities_of_root_are_root_only_for_an_unprivileged_user() {
  run_as_nobody dmabuf doctor --json
  status 1
  _state sharing "$(if has udmabuf || has heap:system; then echo root-only; else echo missing; fi)"
  _state bufinfo root-only
  _state trace root-only
  _state procfs root-only
  _state /dev/dri/card0 root-only
  run_as_nobody dmabuf doctor
  status 1
  stdout '^/dev/dri/card0 +root-only +/dev/dri/card0: open: Permission denied; the node belongs to root:(root|0|[a-z0-9]+), mode 0[0-9]+$'
  stdout '^This user cannot allocate and share buffers\.$'
}

a_removed_node_is_missing() {
  needs udmabuf
  check mv /dev/udmabuf /dev/.udmabuf
  run dmabuf doctor --json
  check mv /dev/.udmabuf /dev/udmabuf
  status 0
  _state udmabuf missing
  json_true '.facilities | map(select(.name == "udmabuf"))[0] | (.reason | contains("No such file")) and (.remedy | contains("modprobe udmabuf"))'
}

what_a_trace_would_show_is_told() {
  run dmabuf doctor --json
  _state trace works
  if [ -e /sys/kernel/btf/vmlinux ]; then shown='steps of buffers and fences'; else shown='only fences; this kernel has no BTF'; fi
  json '.facilities | map(select(.name == "trace").reason)' "[\"$shown\"]"
}

a_trace_without_bpf_uses_tracefs() {
  [ -e /sys/kernel/btf/vmlinux ] || skip 'no BTF'
  run actor without bpf,perfmon,sys_admin exec dmabuf doctor --json
  _state trace works
  json_true '.facilities | map(select(.name == "trace"))[0].reason
    | . == "steps of buffers and fences, with tracefs; bpf: BPF_PROG_LOAD: Operation not permitted"'
  mount -t tmpfs none /sys/kernel/btf || broken 'no tmpfs'
  run dmabuf doctor --json
  umount /sys/kernel/btf
  json '.facilities | map(select(.name == "trace").reason)' '["only fences; this kernel has no BTF"]'
}

another_udmabuf_is_recognised() {
  needs udmabuf
  check mv /dev/udmabuf /dev/.udmabuf
  check touch /dev/udmabuf0
  run dmabuf doctor --json
  rm /dev/udmabuf0
  check mv /dev/.udmabuf /dev/udmabuf
  _state udmabuf missing
  json_true '.facilities | map(select(.name == "udmabuf"))[0].reason | contains("/dev/udmabuf0 belongs to u-dma-buf")'
}

a_node_for_a_group_is_denied_and_the_group_named() {
  needs heap:system
  chown 0:44 /dev/dma_heap/system
  chmod 660 /dev/dma_heap/system
  run_as_nobody dmabuf doctor --json
  chown 0:0 /dev/dma_heap/system
  chmod 600 /dev/dma_heap/system
  _state heap:system denied
  json_true '.facilities | map(select(.name == "heap:system"))[0].reason | contains("mode 0660")'
}

a_node_for_all_is_enough() {
  needs heap:system
  chmod 666 /dev/dma_heap/system
  run_as_nobody dmabuf doctor --json
  chmod 600 /dev/dma_heap/system
  status 0
  _state heap:system works
  _state sharing works
}

few_descriptors_are_noticed() {
  run sh -c 'ulimit -n 64; dmabuf doctor --json'
  _state RLIMIT_NOFILE denied
  json_true '.facilities | map(select(.name == "RLIMIT_NOFILE"))[0] | (.reason | contains("64")) and (.remedy | contains("ulimit -n"))'
}

hidden_processes_are_noticed() {
  check mount -o remount,hidepid=2 /proc
  run_as_nobody dmabuf doctor --json
  check mount -o remount,hidepid=0 /proc
  _state procfs root-only
  json_true '.facilities | map(select(.name == "procfs"))[0].reason | contains("hidepid")'
}

a_machine_without_debugfs_is_noticed() {
  check umount /sys/kernel/debug
  run dmabuf doctor --json
  check mount -t debugfs debugfs /sys/kernel/debug
  _state bufinfo missing
  _state sw_sync missing
  json_true '.facilities | map(select(.name == "bufinfo"))[0] | (.reason | contains("no debugfs mounted")) and (.remedy | contains("mount -t debugfs"))'
}

little_memory_is_noticed() {
  mkdir /sys/fs/cgroup/little
  [ -e /sys/fs/cgroup/little/memory.max ] || echo +memory >/sys/fs/cgroup/cgroup.subtree_control
  [ -e /sys/fs/cgroup/little/memory.max ] || { rmdir /sys/fs/cgroup/little; skip 'no memory controller'; }
  echo 48M >/sys/fs/cgroup/little/memory.max
  run sh -c 'echo 0 >/sys/fs/cgroup/little/cgroup.procs; dmabuf doctor --json'
  check rmdir /sys/fs/cgroup/little
  _state memory denied
  json_true '.facilities | map(select(.name == "memory"))[0].reason | contains("allows 48 MiB")'
}

# _give NODE GROUP MODE, _give_back NODE
_give() {
  cp /etc/group group
  echo "$2:x:44:" >>/etc/group
  chown 0:44 "$1"
  chmod "$3" "$1"
}
_give_back() {
  cp group /etc/group
  chown 0:0 "$1"
  chmod 600 "$1"
}

remedies_are_those_of_the_system() {
  mkdir -p /etc
  _give /dev/dri/card0 video 660
  echo 'ID=debian' >/etc/os-release
  run_as_nobody dmabuf doctor
  stdout '^/dev/dri/card0(, /dev/[a-zA-Z0-9/-]+)*: add USER to the group video with adduser, and log in again'
  printf 'ID=nobara\nID_LIKE="rhel centos fedora"\n' >/etc/os-release
  run_as_nobody dmabuf doctor
  rm /etc/os-release
  _give_back /dev/dri/card0
  stdout '^/dev/dri/card0(, /dev/[a-zA-Z0-9/-]+)*: usermod -aG video USER'
  mkdir -p /system
  touch /system/build.prop
  run_as_nobody dmabuf doctor
  rm -r /system
  # Each step is printed once, for any number of devices.
  check [ "$(grep -c 'add an SELinux rule' .run/stdout)" -eq 1 ]
}

a_group_is_named_only_if_the_machine_has_it() {
  needs heap:system
  run_as_nobody dmabuf doctor --json
  _remedy heap:system 'contains("groupadd --system dmaheap, add a udev rule")'
  _give /dev/dma_heap/system render 600
  run_as_nobody dmabuf doctor --json
  _give_back /dev/dma_heap/system
  _remedy heap:system 'startswith("add a udev rule") and contains("GROUP=\"render\"")'
  _give /dev/dma_heap/system camera 660
  run_as_nobody dmabuf doctor --json
  _give_back /dev/dma_heap/system
  _remedy heap:system '. == "usermod -aG camera USER, and log in again"'
}

udmabuf_is_for_the_user_at_the_seat() {
  needs udmabuf
  run_as_nobody dmabuf doctor --json
  _remedy udmabuf 'startswith("add a udev rule")'
  check mkdir -p /usr/lib/udev/rules.d
  echo 'KERNEL=="udmabuf", TAG+="uaccess"' >/usr/lib/udev/rules.d/70-uaccess.rules
  run_as_nobody dmabuf doctor --json
  _remedy udmabuf '. == "log in at the seat"'
  _give /dev/udmabuf kvm 660
  run_as_nobody dmabuf doctor --json
  _give_back /dev/udmabuf
  rm -r /usr/lib/udev
  _remedy udmabuf '. == "log in at the seat, or usermod -aG kvm USER, and log in again"'
}

a_list_of_buffers_in_an_unknown_format_does_not_work() {
  needs bufinfo
  printf 'Dma-buf Objects:\nsize\tsomething\n00004096\telse\n' >junk
  check mount -o bind junk /sys/kernel/debug/dma_buf/bufinfo
  run dmabuf doctor --json
  check umount /sys/kernel/debug/dma_buf/bufinfo
  _state bufinfo missing
  json_true '.facilities | map(select(.name == "bufinfo"))[0].reason | test("no inode numbers|unknown format")'
}

holding_is_probed() {
  run dmabuf doctor --json
  _state holding works
  json_true '.facilities | map(select(.name == "holding"))[0].reason | contains("/run/dmabuf")'
  # No holder remains.
  run dmabuf held --json
  json '.held' '[]'
  mkdir run
  chmod 777 run
  run env XDG_RUNTIME_DIR="$PWD/run" sh -c 'mkdir run/dmabuf; chmod 777 run/dmabuf; dmabuf doctor --json'
  _state holding denied
  json_true '.facilities | map(select(.name == "holding"))[0] | (.reason | contains("run/dmabuf")) and (.remedy | contains("XDG_RUNTIME_DIR"))'
}

a_killed_doctor_leaves_no_holder() {
  limit 120
  for at in 1 2 3 4 5 6; do
    run strace -f -o /dev/null -e trace=poll,ppoll -e inject=poll,ppoll:signal=KILL:when=$at dmabuf doctor
  done
  eventually sh -c '! grep -qx dmabuf-holder /proc/[0-9]*/comm 2>/dev/null'
}

the_allocator_before_heaps_is_recognised() {
  [ -e /dev/dma_heap ] && skip 'this kernel has heaps'
  touch /dev/ion
  run dmabuf doctor --json
  rm /dev/ion
  _state heap:system missing
  json_true '.facilities | map(select(.name == "heap:system"))[0].reason | contains("/dev/ion is ION")'
}
