# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154
# dmabuf stat: compares a known population with the report of each source.

# The population: NAME SIZE DESCRIPTORS MAPPINGS PROCESSES
_population() {
  limit 180
  start solo actor buffer 64K name 0 solo ready pause
  start pair actor buffer 128K name 0 pair dup 0 fork ready pause
  start ghost actor buffer 192K name 0 ghost map 0 map-part 0 65536 65536 close 0 ready pause
  start receiver actor listen socket receive socket ready pause
  start sender actor buffer 32K name 0 sent send socket 0 ready pause
  start flying actor buffer 16K name 0 flying scm 0 close 0 ready pause
  for actor in solo pair ghost receiver sender flying; do wait_for_line "$actor" ready; done
  start fences actor buffer 48K name 0 fenced vgem-fence 0 read vgem-fence 0 read ready pause
  wait_for_line fences ready
}

_everybody_leaves() {
  for actor in solo pair ghost receiver sender flying fences; do send_signal "$actor" TERM; done
  for actor in solo pair ghost receiver sender flying fences; do finish "$actor"; done
}

held='["fenced",49152,1,0,1],["pair",131072,4,0,2],["sent",32768,2,0,2],["solo",65536,1,0,1]'
shares='[.buffers[] | [.name, .size, .descriptors, .mappings, (.processes | length)]] | sort'

procfs_reports_what_processes_hold() {
  _population
  run dmabuf stat --source procfs --json
  status 0
  # A mapping does not show the name.
  json "$shares" "[[null,196608,0,2,1],$held]"
  json '.sources | map(select(.used) | .name)' '["procfs"]'
  json '.sources | map(select(.used | not) | .reason) | unique' '["not requested"]'
  json_true '.totals.kernel_held == null'
  json "[.processes[] | select(.pid == $fences_pid) | .sync_files]" '[2]'
  json "[.processes[] | select(.pid == $pair_pid) | [.bytes, .proportional_bytes, .descriptors]]" '[[131072,65536,2]]'
  _everybody_leaves
}

sysfs_reports_all_buffers_but_no_process() {
  needs sysfs-stats
  _population
  run dmabuf stat --source sysfs --json
  status 0
  json '[.buffers[].size] | sort' '[16384,32768,49152,65536,131072,196608]'
  json '[.buffers[].processes] | flatten' '[]'
  run_as_nobody dmabuf stat --source sysfs --json
  status 0
  json '[.buffers[].size] | sort' '[16384,32768,49152,65536,131072,196608]'
  _everybody_leaves
}

bufinfo_reports_all_buffers_with_names_and_counts() {
  needs bufinfo
  _population
  run dmabuf stat --source bufinfo --json
  status 0
  json '[.buffers[] | [.name, .size]] | sort' \
    '[["fenced",49152],["flying",16384],["ghost",196608],["pair",131072],["sent",32768],["solo",65536]]'
  json '[.buffers[] | select(.name == "pair" or .name == "ghost" or .name == "flying") | [.name, .count]] | sort' \
    "$(jq -nc --argjson extra "$(has heap:system && echo 0 || echo 2)" \
      '[["flying", 1 + $extra], ["ghost", 2 + $extra], ["pair", 4 + $extra]]')"
  json '[.buffers[] | select(.name == "fenced") | .fences | map([.usage, .driver, .timeline, .seqno, .status])] | flatten(1)' \
    '[["read","vgem","unbound",1,"active"],["read","vgem","unbound",1,"active"]]'
  _everybody_leaves
}

together_the_sources_report_everything() {
  needs bufinfo
  _population
  run dmabuf stat --fences --json
  status 0
  json "$shares" "[$(echo "$held" | sed 's/,\["pair/,["flying",16384,0,0,0],["ghost",196608,0,2,1],["pair/')]"
  json '.totals | [.buffers, .bytes, .kernel_held.buffers, .kernel_held.bytes]' '[6,491520,1,16384]'
  json_true '[.buffers[].owner] | all(. == 0 or . == null)'
  json_true '[.buffers[].age_ns | values] | length >= 4 and all(. >= 0 and . < 60000000000)'
  run dmabuf stat --fences
  stdout '^ *INO +SIZE +EXPORTER +NAME +COUNT +FDS +MAPS +OTHER +DEVICES +FENCES +PROCESSES$'
  stdout ' read:vgem/unbound#1! read:vgem/unbound#1!  actor'
  stdout '^6 buffers, 480K; of these 1 buffer, 16K held by no process$'
  _everybody_leaves
}

what_only_the_kernel_holds_is_listed_with_what_holds_it() {
  needs bufinfo
  start flying actor buffer 16K name 0 flying scm 0 close 0 ready pause
  start attached actor buffer 64K name 0 attached vgem-import 0 close 0 ready pause
  start polled actor buffer 32K name 0 polled vgem-import 0 vgem-fence 0 write poll 0 close 0 ready pause
  start open actor buffer 64K name 0 open ready pause
  for actor in flying attached polled open; do wait_for_line "$actor" ready; done
  run dmabuf stat --kernel-held --json
  status 0
  json '[.buffers[].name] | sort' '["attached","flying","polled"]'
  json '[.buffers[] | select(.name == "flying") | .held_by]' '[["unseen"]]'
  if has heap:system; then
    json '[.buffers[] | select(.name == "attached") | [.held_by, .devices]]' '[[["attachment"],["vgem"]]]'
    json '[.buffers[] | select(.name == "polled") | .held_by]' '[["attachment","pending-fence"]]'
  else
    # The exporter itself does not attach to the buffer.
    json '[.buffers[] | select(.name == "polled") | .held_by]' '[["pending-fence"]]'
  fi
  json "[.buffers[] | select(.name == \"flying\") | .references[] | select(.kind == \"message\") | .processes]" \
    "[[{\"comm\":\"actor\",\"pid\":$flying_pid}]]"
  if has heap:system; then
    json '[.buffers[] | select(.name == "attached") | .references[0] | [.kind, .device, (.processes | map(.pid) | contains(['"$attached_pid"']))]]' \
      '[["attachment","vgem",true]]'
  fi
  run dmabuf stat --kernel-held
  stdout " unseen: in a message to actor\($flying_pid\), or imported without attachment\$"
  ! has heap:system || stdout " attached to vgem \(open in .*actor\($attached_pid\)"
  run_as_nobody dmabuf stat --kernel-held
  status 1
  stderr '^dmabuf: /sys/kernel/debug/dma_buf/bufinfo: open: Permission denied$'
  stderr '^dmabuf: hint: only root can read debugfs; run as root$'
  for actor in flying attached polled open; do send_signal $actor TERM; finish $actor; done
}

attached_devices_are_rows_too() {
  needs bufinfo heap:system
  start both actor heap system 64K vgem-import 0 heap system 32K vgem-import 1 heap system 16K ready pause
  wait_for_line both ready
  run dmabuf stat --by device --json
  status 0
  json '.devices' '[{"buffers":2,"bytes":98304,"device":"vgem","known":true,"processes":1},{"buffers":1,"bytes":16384,"device":null,"known":true,"processes":1}]'
  run dmabuf stat --by device
  stdout '^DEVICE +BUFFERS +SIZE +PROCESSES$'
  stdout '^vgem +2 +96K +1$'
  stdout '^- +1 +16K +1$'
  send_signal both TERM
  finish both
}

a_missing_source_is_reported() {
  run dmabuf stat --source sysfs
  if has sysfs-stats; then
    status 0
  else
    status 77
    stderr '^dmabuf: /sys/kernel/dmabuf/buffers: open: No such file or directory$'
    stderr '^dmabuf: hint: this kernel has no dma-buf statistics'
  fi
  run dmabuf stat --source ether
  status 64
  run_as_nobody dmabuf stat --source bufinfo --json
  json '.sources[] | select(.name == "bufinfo") | .used' false
  json '.sources[] | select(.name == "bufinfo") | .reason' '/sys/kernel/debug/dma_buf/bufinfo: open: Permission denied'
  status 1
}

an_ordinary_user_gets_their_own_buffers() {
  start mine actor buffer 64K name 0 mine uid 65534 ready exec sleep 100
  start other actor buffer 32K name 0 other ready pause
  for actor in mine other; do wait_for_line "$actor" ready; done
  run_as_nobody dmabuf stat --source procfs --json
  status 1
  json '[.buffers[].name]' '["mine"]'
  # root exported the buffer.
  json '[.buffers[].owner]' '[0]'
  json '[.processes[].uid]' '[65534]'
  json_true '.unreadable_processes > 0'
  send_signal mine TERM
  finish mine
  send_signal other TERM
  finish other
}

a_cameras_buffers_are_reported_by_each_source_and_counted_as_one_memory() {
  needs v4l2:vivid
  bytes=$(whole_pages "$(frame_bytes "$(video_node vivid)")")
  run dmabuf export v4l2:vivid --buffers 2 --hold camera
  status 0
  for source in procfs sysfs bufinfo bpf; do
    case $source in
    procfs) ;;
    bpf) has bpf-dmabuf-iter || continue ;;
    sysfs) has sysfs-stats || continue ;;
    *) has $source || continue ;;
    esac
    run dmabuf stat --source $source --json
    status 0
    json '[.buffers[] | [.exp_name, .size]]' "[[\"videobuf2_vmalloc\",$bytes],[\"videobuf2_vmalloc\",$bytes]]"
    json '.totals | [.buffers, .v4l2_exports.buffers, .v4l2_exports.bytes]' "[2,2,$((2 * bytes))]"
  done
  run dmabuf stat
  stdout 'videobuf2_vmalloc .* dmabuf-holder\([0-9]+\)'
  run dmabuf release --all
  status 0
}

without_proc_the_other_sources_still_work() {
  needs bufinfo
  start holder actor buffer 64K name 0 hidden ready pause
  wait_for_line holder ready
  run unshare -m sh -c 'umount -l /proc; dmabuf stat --json'
  status 1
  json '[.buffers[] | [.size, .processes, .descriptors, .holders_known]]' '[[65536,[],null,false]]'
  stderr '^dmabuf: /proc/self: open: No such file or directory$'
  stderr '^dmabuf: hint: mount -t proc'
  send_signal holder TERM
  finish holder
}

processes_hidden_by_hidepid_are_reported() {
  start holder actor buffer 64K name 0 hidden ready pause
  wait_for_line holder ready
  run unshare -m sh -c 'mount -t proc -o hidepid=2 proc /proc && exec actor uid 65534 exec dmabuf stat --source procfs --json'
  status 1
  json '[.buffers, .holders_known]' '[[],false]'
  stderr '^dmabuf: cannot list all holders: /proc is mounted with hidepid=(2|invisible), which hides processes of other users$'
  # hidepid does not hide processes from root.
  run unshare -m sh -c 'mount -t proc -o hidepid=2 proc /proc && dmabuf stat --source procfs --json'
  status 0
  json '[(.buffers | length), .holders_known]' '[1,true]'
  send_signal holder TERM
  finish holder
}

the_iterators_in_the_kernel_report_everything_but_fences() {
  needs bpf-dmabuf-iter
  _population
  run dmabuf stat --source bpf --json
  status 0
  stderr_is_empty
  json "$shares" "[$(echo "$held" | sed 's/,\["pair/,["flying",16384,0,0,0],["ghost",196608,0,2,1],["pair/')]"
  json '.sources | map(select(.used) | .name)' '["bpf"]'
  json "[.processes[] | select(.pid == $fences_pid) | [.sync_files, .comm, .uid]]" '[[2,"actor",0]]'
  json '.totals | [.buffers, .bytes, .kernel_held.buffers, .kernel_held.bytes]' '[6,491520,1,16384]'
  # The counts are those of fdinfo.
  cp .run/stdout by-bpf
  run dmabuf stat --source procfs --json
  json '[.buffers[] | select(.count != null) | [.ino, .count, .exp_name, .size, .owner, .processes]]' \
    "$(jq -c '[.buffers[] | select(.name != "ghost" and .name != "flying") | [.ino, .count, .exp_name, .size, .owner, .processes]]' by-bpf)"
  json_true "([.buffers[] | {key: \"\(.ino)\", value: .age_ns}] | from_entries) as \$ages |
    $(jq -c '[.buffers[] | [.ino, .age_ns]]' by-bpf) | all(\$ages[\"\(.[0])\"] as \$age | \$age == null or (\$age >= .[1] and \$age - .[1] < 20000000000))"
  _everybody_leaves
}

older_kernels_with_types_report_what_processes_hold() {
  needs 'kernel:<6.16'
  [ -e /sys/kernel/btf/vmlinux ] || skip 'no BTF'
  _population
  run dmabuf stat --source bpf --json
  status 0
  json "$shares" "[$(echo "$held" | sed 's/,\["pair/,["ghost",196608,0,2,1],["pair/')]"
  json "[.processes[] | select(.pid == $fences_pid) | .sync_files]" '[2]'
  json_true '.totals.kernel_held == null'
  _everybody_leaves
}

by_default_the_iterators_are_used_where_they_are_worth_their_cost() {
  start flying actor buffer 16K name 0 flying scm 0 close 0 ready pause
  wait_for_line flying ready
  run dmabuf stat --json
  status 0
  if has bpf-dmabuf-iter; then
    # For few descriptors, /proc reports the buffers of processes, and the kernel the buffers without a process.
    json '.sources | map(select(.used) | .name)' '["procfs","bpf"]'
    json '[.buffers[] | [.name, .sources]]' '[["flying",["bpf"]]]'
  elif has sysfs-stats; then
    json '.sources[] | select(.name == "bpf") | .reason' 'not needed: other sources list the same buffers faster'
  else
    json '.sources | map(select(.used) | .name)' '["procfs"]'
    json_true '.sources[] | select(.name == "bpf") | .reason | length > 10'
  fi
  run_as_nobody dmabuf stat --json
  json '.sources[] | select(.name == "bpf") | [.used, .reason]' '[false,"needs root"]'
  no_stderr BPF
  send_signal flying TERM
  finish flying
}

programs_that_cannot_be_loaded_are_reported() {
  if [ ! -e /sys/kernel/btf/vmlinux ]; then
    run dmabuf stat --source bpf
    status 77
    stderr '^dmabuf: /sys/kernel/btf/vmlinux: open: No such file or directory$'
    stderr '^dmabuf: hint: this kernel does not describe its types'
  else
    run_as_nobody dmabuf stat --source bpf
    status 1
    stderr '^dmabuf: bpf: BPF_PROG_LOAD: Operation not permitted$'
    stderr '^dmabuf: hint: loading programs'
  fi
  check sh -c '[ "$(wc -l <.run/stderr)" = 2 ]'
}
