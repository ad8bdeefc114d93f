# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154
# dmabuf stat: rows, columns, order and filters.

_few() {
  start one actor comm one buffer 64K name 0 camera-front buffer 32K name 1 camera-back ready pause
  start two actor comm two buffer 128K name 0 display map 0 ready pause
  for actor in one two; do wait_for_line "$actor" ready; done
}

_few_leave() {
  for actor in one two; do send_signal "$actor" TERM; finish "$actor"; done
}

buffers_are_chosen_by_name_size_exporter_and_user() {
  _few
  run dmabuf stat --name 'camera-*' --json
  json '[.buffers[].name]' '["camera-front","camera-back"]'
  json '.totals | [.buffers, .bytes]' '[2,98304]'
  json '[.processes[] | [.comm, .buffers]]' '[["one",2]]'
  run dmabuf stat --min-size 64K --json
  json '[.buffers[].name]' '["display","camera-front"]'
  exporter=$(jq -r '.buffers[0].exp_name' .run/stdout)
  run dmabuf stat --exporter "$exporter" --json
  json '.buffers | length' 3
  run dmabuf stat --exporter nobody --json
  status 1
  json '.buffers' '[]'
  run dmabuf stat --user root --json
  json '.buffers | length' 3
  run dmabuf stat --user 65534 --json
  json '.buffers' '[]'
  run dmabuf stat --user nosuchuser
  status 1
  stderr '^dmabuf: cannot find user nosuchuser: /etc/passwd does not list it'
  _few_leave
}

rows_are_ordered_and_cut_as_asked() {
  _few
  run dmabuf stat --sort name --json
  json '[.buffers[].name]' '["camera-back","camera-front","display"]'
  run dmabuf stat --sort size --reverse --json
  json '[.buffers[].size]' '[32768,65536,131072]'
  run dmabuf stat --top 1
  status 0
  stdout ' display '
  no_stdout camera
  stdout '^(at least )?3 buffers, 224K; 1 shown$'
  run dmabuf stat --sort colour
  status 64
  stderr "the value 'colour' is invalid for '--sort <COLUMN>': the columns are ino, size, "
  _few_leave
}

columns_are_shown_as_asked() {
  _few
  run dmabuf stat --pid "$one_pid" --pid "$two_pid" --columns name,size --sort name
  stdout_is 'NAME          SIZE
camera-back    32K
camera-front   64K
display       128K
3 buffers, 224K'
  run dmabuf stat --columns +age,+owner
  stdout '^ *INO .* PROCESSES +AGE +OWNER$'
  stdout ' [0-9]+ s +root$'
  run dmabuf stat --columns
  status 64
  run dmabuf stat --columns name,
  status 64
  _few_leave
}

processes_have_their_share_user_and_unit() {
  start family actor buffer 64K fork vgem-fence 0 write ready pause
  wait_for_line family ready
  # The child is that of the actor's verb fork, before the fence.
  run dmabuf stat --by process
  status 0
  stdout '^ *PID +COMMAND +USER +UNIT +BUFFERS +SIZE +SHARE +FDS +MAPS +SYNC_FILES$'
  stdout "^ *$family_pid +actor +root +[^ ]+ +1 +64K +32K +1 +0 +1\$"
  stdout '; 1 sync_file$'
  run dmabuf stat --by process --json
  json '[.processes[].proportional_bytes]' '[32768,32768]'
  send_signal family TERM
  finish family
}

a_process_that_holds_sync_files_alone_is_listed() {
  start leaker actor buffer 4K vgem-fence 0 read vgem-fence 0 read vgem-fence 0 read close 0 ready pause
  wait_for_line leaker ready
  run dmabuf stat --by process --json
  json "[.processes[] | select(.pid == $leaker_pid) | .sync_files]" '[3]'
  send_signal leaker TERM
  finish leaker
}

the_control_group_of_a_process_is_reported() {
  [ -w /sys/fs/cgroup/cgroup.procs ] || skip 'no cgroup2'
  mkdir /sys/fs/cgroup/camera.service
  start holder sh -c 'echo $$ >/sys/fs/cgroup/camera.service/cgroup.procs; exec actor buffer 4K ready pause'
  wait_for_line holder ready
  run dmabuf stat --by process --json
  json '[.processes[] | [.unit, .cgroup]]' '[["camera.service","/camera.service"]]'
  send_signal holder TERM
  finish holder
  eventually rmdir /sys/fs/cgroup/camera.service
}

a_grid_sets_buffers_against_processes() {
  _few
  run dmabuf stat --grid
  stdout "^ *INO +SIZE +NAME +one\($one_pid\) +two\($two_pid\)\$"
  stdout '^ *[0-9]+ +64K +camera-front +1\+0 +·$'
  stdout '^ *[0-9]+ +128K +display +· +1\+1$'
  _few_leave
}

names_are_rows_too() {
  _few
  start more actor buffer 32K name 0 display ready pause
  wait_for_line more ready
  run dmabuf stat --by name --json
  json '.names[0]' '{"buffers":2,"bytes":163840,"known":true,"name":"display","processes":2}'
  run dmabuf stat --by name
  stdout '^display +2 +160K +2$'
  send_signal more TERM
  finish more
  _few_leave
}
