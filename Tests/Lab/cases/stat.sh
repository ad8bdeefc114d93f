# SPDX-License-Identifier: MIT
# dmabuf stat: the list of buffers.

an_empty_machine_is_reported() {
  run dmabuf stat --fences
  status 0
  stdout_is '0 buffers, 0B'
  run dmabuf stat --json
  json '[.schema, .buffers, .totals.buffers, .totals.bytes, .unreadable_processes]' '["dmabuf.stat/1",[],0,0,0]'
}

a_buffer_is_listed_with_everything_that_the_kernel_reports() {
  start holder actor buffer 64K name 0 cam dup 0 map 0 print 0 ready pause
  wait_for_line holder ready
  read -r _ fd inode _ <.started/holder.stdout
  run dmabuf stat --json
  status 0
  json '.buffers | length' 1
  json ".buffers[0] | [.ino, .size, .name, .descriptors, .mappings]" "[$inode,65536,\"cam\",2,1]"
  json '.buffers[0].processes | map([.comm, .pid, .mappings, (.fds | length)])' "[[\"actor\",$holder_pid,1,2]]"
  json_true ".buffers[0].processes[0].fds | contains([$fd])"
  exporter=$(sed -n 's/^exp_name:.//p' "/proc/$holder_pid/fdinfo/$fd")
  count=$(sed -n 's/^count:.//p' "/proc/$holder_pid/fdinfo/$fd")
  json '.buffers[0] | [.exp_name, .count]' "[\"$exporter\",$count]"
  json '.totals | [.buffers, .bytes]' '[1,65536]'
  run dmabuf stat
  stdout "^ *$inode +64K +$exporter +cam +$count +2 +1 +$((count - 3)) +actor\($holder_pid\)\$"
  stdout '^(at least )?1 buffer, 64K$'
  send_signal holder TERM
  finish holder
}

shared_buffers_are_one_buffer() {
  start holder actor buffer 64K buffer 32K fork ready pause
  wait_for_line holder ready
  run dmabuf stat --json
  json '.buffers | map(.processes | length)' '[2,2]'
  json '.totals | [.buffers, .bytes]' '[2,98304]'
  # The largest buffer is first.
  json '.buffers | map(.size)' '[65536,32768]'
  run dmabuf stat --by process --json
  json '.processes | map([.buffers, .bytes, .descriptors])' '[[2,98304,2],[2,98304,2]]'
  run dmabuf stat --by exporter
  stdout '^[a-z_]+ +2 +96K +2$'
  run dmabuf stat --pid "$holder_pid" --json
  json '.buffers | map(.processes | map(.pid)) | flatten | unique' "[$holder_pid]"
  send_signal holder TERM
  finish holder
}

a_mapping_alone_is_found() {
  start holder actor buffer 64K name 0 ghost map 0 close 0 ready pause
  wait_for_line holder ready
  run dmabuf stat --json
  json '.buffers | map([.descriptors, .mappings])' '[[0,1]]'
  json ".buffers[0].processes" "[{\"comm\":\"actor\",\"fds\":[],\"mappings\":1,\"pid\":$holder_pid}]"
  run dmabuf map "ino:$(jq '.buffers[0].ino' .run/stdout)" --dump
  status 1
  stderr 'processes have mappings of the buffer, but no descriptor'
  send_signal holder TERM
  finish holder
}

buffers_that_no_process_holds_are_listed_from_sysfs() {
  needs sysfs-stats
  start holder actor buffer 64K scm 0 close 0 ready pause
  wait_for_line holder ready
  run dmabuf stat --json
  status 0
  json '.buffers | map([.size, .exp_name, .processes, .count, .sources])' '[[65536,"system",[],null,["sysfs"]]]'
  json_true '[.sources[] | select(.used) | .name] == ["procfs","sysfs"]'
  send_signal holder TERM
  finish holder
}

names_cannot_forge_rows() {
  start holder actor buffer 64K name 0 'a\nsize:\t1\n\e[1m\xff' ready pause
  wait_for_line holder ready
  run dmabuf stat
  status 0
  stdout '  a\\nsize:\\t1\\n\\x1b\[1m\\xff  '
  check sh -c '[ "$(wc -l <.run/stdout)" = 3 ]'
  run dmabuf stat --json
  json '.buffers[0].size' 65536
  json '.buffers[0].name | explode' '[97,10,115,105,122,101,58,9,49,10,27,91,49,109,65533]'
  send_signal holder TERM
  finish holder
}

files_that_are_called_like_dma_bufs_are_not_listed() {
  : >/dmabuf:fake
  start holder sh -c 'exec 5</dmabuf:fake; echo ready; sleep 100'
  wait_for_line holder ready
  run dmabuf stat
  status 0
  stdout '(^|^at least )0 buffers, 0B$'
  rm /dmabuf:fake
  send_signal holder TERM
  finish holder
}

processes_that_an_ordinary_user_cannot_read_are_reported() {
  start holder actor buffer 64K ready pause
  wait_for_line holder ready
  run_as_nobody dmabuf stat --json
  status 1
  json '.buffers | map(.processes) | flatten' '[]'
  json_true '.unreadable_processes > 0'
  stderr '^dmabuf: hint: the list is not complete: [0-9]+ processes cannot be read by this user; run as root to read all processes$'
  send_signal holder TERM
  finish holder
}

kernel_threads_do_not_count_as_unreadable() {
  run_as_nobody dmabuf stat --json
  users=$(for file in /proc/[0-9]*/status; do grep -L '^Kthread:[[:space:]]*1' "$file"; done 2>/dev/null | wc -l)
  json_true ".unreadable_processes <= $users"
  json_true '.unreadable_processes < 20'
}

one_buffer_is_picked_by_reference() {
  start holder actor buffer 64K buffer 32K print 1 ready pause
  wait_for_line holder ready
  read -r _ fd inode _ <.started/holder.stdout
  for reference in "ino:$inode" "$holder_pid:$fd"; do
    run dmabuf stat "$reference" --json
    status 0
    json '.buffers | map([.ino, .count])' "[[$inode,$(sed -n 's/^count:.//p' "/proc/$holder_pid/fdinfo/$fd")]]"
  done
  run dmabuf stat ino:999999
  status 1
  stderr '^dmabuf: cannot find ino:999999: no source lists this buffer$'
  send_signal holder TERM
  finish holder
}

a_missing_process_is_reported() {
  run dmabuf stat --pid 999999
  status 1
  stderr '^dmabuf: /proc/999999: open: No such process$'
  run dmabuf stat --pid 0
  status 64
}

the_census_survives_processes_that_come_and_go() {
  limit 240
  start keeper actor buffer 64K name 0 kept ready pause
  wait_for_line keeper ready
  start storm sh -c 'while :; do actor buffer 128K exec true & actor buffer 128K fork exec true; done'
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    run dmabuf stat --json
    status 0
    json '[.buffers[] | select(.name == "kept") | [.size, .descriptors]]' '[[65536,1]]'
    json_true '[.buffers[] | select(.size != 65536 and .size != 131072 and .size != null)] | length == 0'
  done
  send_signal storm TERM
  send_signal keeper TERM
  finish keeper
  # Processes that the storm has started end by themselves.
  eventually sh -c '! pidof actor'
}

many_descriptors_of_one_process_are_counted() {
  start holder sh -c 'exec actor limit-nofile 2000 buffer 4K $(for i in $(seq 1000); do echo dup 0; done) ready pause'
  wait_for_line holder ready
  run dmabuf stat --json
  json '.buffers | map(.descriptors)' '[1001]'
  send_signal holder TERM
  finish holder
}

a_hundred_thousand_descriptors_of_one_process_are_counted() {
  start holder actor limit-nofile 100100 buffer 4K dups 0 99999 ready pause
  wait_for_line holder ready
  run dmabuf stat --json --source procfs
  status 0
  json '.buffers | map(.descriptors)' '[100000]'
  if has bpf-dmabuf-iter; then
    # For so large a number, loading the iterators is worth its cost.
    run dmabuf stat --json
    json '.buffers | map(.descriptors)' '[100000]'
    json '.sources | map(select(.used) | .name)' '["bpf"]'
  fi
  send_signal holder TERM
  finish holder
}
