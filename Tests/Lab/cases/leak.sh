# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC2016
# dmabuf stat --fail-if-growth: programs that leak one thing for each frame, and programs that do not.

on_two_kernels

_leaker() { # WORD…: starts an actor called `leaker`
  limit 240
  start leaker actor comm leaker "$@"
  wait_for_line leaker ready
}
_ended() { send_signal leaker TERM; finish leaker; }

# Endless growth is a leak for any limit.
_fails() {
  for limits in '' 0K 10; do
    run dmabuf stat --pid "$leaker_pid" "--fail-if-growth${limits:+=$limits}" --for 2s
    status 1
    stdout '^growth in [0-9.]+ m?s: '
    stderr_is_empty
  done
}

a_sync_file_for_each_frame_is_a_leak_of_a_timeline() {
  needs kernel:'>=6.1' drm:vgem
  _leaker buffer 16K ready leak fence 0
  _fails
  run dmabuf stat --fail-if-growth 0K --for 1s
  status 1
  stdout "^ *$leaker_pid +leaker +0 +0B +0 +0 +\+[0-9]+\$"
  stdout "^leaker\($leaker_pid\): [0-9]+ sync_files of driver vgem, timeline unbound\$"
  stdout '^growth in [0-9.]+ m?s: \+[0-9]+ sync_files \(limit 0\)$'
  run dmabuf stat --fail-if-growth 1M,10 --for 2s --json
  status 1
  json '[.growth.ok, .growth.exceeded, .growth.limit.bytes, .growth.limit.sync_files]' '[false,["sync_files"],1048576,10]'
  # Linux 6.17 drops the names of signalled fences.
  if at_least 6.17; then named='select(.driver != null)'; else named=.; fi
  json ".growth.fences | map($named | [.comm, .driver, .timeline, .known])" '[["leaker","vgem","unbound",true]]'
  _ended
}

a_sync_file_of_a_buffer_without_fences_is_a_leak_too() {
  needs kernel:'>=6.1'
  _leaker buffer 16K ready leak sync-file 0
  run dmabuf stat --fail-if-growth 0K --for 1s
  status 1
  # Linux 6.17 also drops the name of the stub.
  if at_least 6.17; then why='of unknown timeline: signalled, '; else why='with a stub fence: no fence was pending'; fi
  stdout "^leaker\($leaker_pid\): [0-9]+ sync_files $why"
  _ended
}

the_fences_of_a_process_that_may_not_be_traced_are_unknown() {
  needs drm:vgem heap:system
  scope=$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null) || skip 'no Yama'
  [ "$scope" -le 1 ] || skip 'ptrace_scope forbids tracing'
  chmod 666 /dev/dma_heap/system
  _leaker uid 65534 dumpable buffer 16K ready leak sync-file 0
  # The highest scope could not be reset.
  echo 1 >/proc/sys/kernel/yama/ptrace_scope
  run_as_nobody dmabuf stat --pid "$leaker_pid" --fail-if-growth --for 2s
  echo "$scope" >/proc/sys/kernel/yama/ptrace_scope
  chmod 600 /dev/dma_heap/system
  status 1
  stdout "^leaker\($leaker_pid\): [0-9]+ sync_files of unknown timeline: the process may not be traced\$"
  _ended
}

a_descriptor_duplicated_without_end_is_a_leak() {
  _leaker buffer 16K ready leak descriptor 0
  _fails
  stdout '^growth in [0-9.]+ m?s: \+[0-9]+ descriptors of buffers \(limit 10\)$'
  _ended
}

a_buffer_mapped_anew_for_each_frame_is_a_leak() {
  _leaker buffer 16K ready leak mapping 0
  _fails
  stdout "^ *$leaker_pid +leaker +0 +0B +0 +\+[0-9]+ +0\$"
  stdout '^growth in [0-9.]+ m?s: \+[0-9]+ mappings \(limit 10\)$'
  _ended
}

a_mapping_that_outlives_its_descriptor_is_a_leak() {
  _leaker buffer 16K ready leak mapped-buffer 0
  _fails
  stdout '\+[0-9.]+[KM] of buffers \(limit 0B\), \+[0-9]+ mappings \(limit 10\)'
  run dmabuf stat --fail-if-growth 1G --for 1s
  status 1
  stdout '^growth in [0-9.]+ m?s: \+[0-9]+ mappings \(limit 0\)$'
  _ended
}

an_import_whose_handle_stays_open_is_a_leak_of_the_process_with_the_node_open() {
  # A buffer of vgem itself is not attached to it.
  needs drm:vgem bufinfo heap:system
  node=$(drm_node vgem render)
  _leaker open "$node" ready leak handle 0
  # --pid does not select another process with the node open. That process is named nevertheless.
  start other actor comm other open "$node" ready pause
  wait_for_line other ready
  run dmabuf stat --pid "$leaker_pid" --fail-if-growth 0K --for 2s
  status 1
  stdout "^[0-9]+ new buffers, [0-9.]+[KM] attached to vgem; ([^ ]+ and )?$node is open in leaker\($leaker_pid\) other\($other_pid\)\$"
  stdout '\+[0-9]+ buffers that no process holds \(limit 0\)'
  run dmabuf stat --fail-if-growth 10 --for 2s --json
  status 1
  json_true '.growth.exceeded | index("kernel_held") != null'
  # The leaker runs meanwhile, so its last buffer may not be attached yet.
  leaked='.growth.references | map(select(.kind != "unknown" or .buffers > 1))'
  json "$leaked | map([.device, .kind, (.processes | map(.comm))])" '[["vgem","attachment",["leaker","other"]]]'
  json_true "${leaked}[0].nodes | index(\"$node\") != null"
  send_signal other TERM
  finish other
  _ended
}

a_buffer_of_another_processs_device_is_no_leak_of_this_one() {
  needs drm:vgem heap:system bufinfo
  node=$(drm_node vgem render)
  _leaker open "$node" ready leak handle 0
  start healthy actor comm healthy buffer 16K ready pause
  wait_for_line healthy ready
  run dmabuf stat --pid "$healthy_pid" --fail-if-growth --for 1s
  status 0
  stdout '^no growth in [0-9.]+ m?s$'
  send_signal healthy TERM
  finish healthy
  _ended
}

a_syncobj_for_each_frame_is_a_leak() {
  at_least 6.6 || skip 'virtio_gpu has syncobjs since Linux 6.6'
  load virtio_gpu
  node=$(drm_node virtio_gpu render) || expected 'virtio_gpu to have a render node'
  _leaker open "$node" ready leak syncobj 0
  _fails
  stdout "^ *$leaker_pid +leaker +0 +0B +0 +0 +0 +\+[0-9]+\$"
  stdout '^growth in [0-9.]+ m?s: \+[0-9]+ syncobjs \(limit 10\)$'
  run dmabuf stat --by process --columns command,syncs,syncobjs
  status 0
  stdout '^leaker +0 +[1-9][0-9]*$'
  run dmabuf stat --source bpf --json
  [ "$(cat .run/status)" = 77 ] || json_true '.processes[] | select(.comm == "leaker") | .syncobjs > 0'
  _ended
}

two_limits_hold_in_one_run() {
  _leaker buffer 16K ready leak descriptor 0
  run dmabuf stat --fail-if-growth 1M --fail-if-growth 10 --for 2s
  status 1
  stdout '\+[0-9]+ descriptors of buffers \(limit 10\)'
  run dmabuf stat --fail-if-growth 10 --fail-if-growth=1M --for 2s --json
  status 1
  json '[.growth.limit.bytes, .growth.limit.descriptors]' '[1048576,10]'
  run dmabuf stat --fail-if-growth 1M,100000 --for 1s
  status 0
  stdout '^growth within the limits in [0-9.]+ m?s: \+[0-9]+ descriptors of buffers \(limit 100000\)$'
  run dmabuf stat --fail-if-growth 1M --fail-if-growth 2M --for 1s
  status 64
  stderr 'two limits for memory: 1M,2M'
  _ended
}

a_census_before_the_tests_is_the_gate_after_them() {
  needs drm:vgem
  start healthy actor comm healthy buffer 64K map 0 ready pause
  wait_for_line healthy ready
  dmabuf stat --json >before
  run dmabuf stat --diff before --fail-if-growth
  status 0
  stdout '^no growth in [0-9.]+ m?s$'
  # The tests have ended. A buffer in a message remains, and so does a background process of the tests.
  actor buffer 16K map 0
  run dmabuf stat --diff before --fail-if-growth
  status 0
  start leaker actor comm leaker buffer 16K map 0 close 0 ready pause
  wait_for_line leaker ready
  run dmabuf stat --diff before --fail-if-growth
  status 1
  stdout "^ *$leaker_pid +leaker +\+1 +\+16K +0 +\+1 +0\$"
  stdout '^growth in [0-9.]+ m?s: \+16K of buffers \(limit 0B\), \+1 mapping \(limit 0\)$'
  run dmabuf stat --diff before --fail-if-growth 1M,10 --json
  status 0
  json '[.growth.ok, .growth.growth.bytes, .growth.growth.mappings]' '[true,16384,1]'
  _ended
  send_signal healthy TERM
  finish healthy
}

a_buffer_that_a_device_still_has_fails_the_gate() {
  needs drm:vgem heap:system bufinfo
  node=$(drm_node vgem render)
  start server actor comm server open "$node" ready sleep 4 buffer 16K vgem-import 1 close 1 ready pause
  wait_for_line server ready
  dmabuf stat --json >before
  eventually sh -c '[ "$(grep -c ready .started/server.stdout)" = 2 ]'
  run dmabuf stat --diff before --fail-if-growth 1M
  status 1
  stdout '^1 new buffer, 16K attached to vgem; .* is open in server\([0-9]+\)$'
  send_signal server TERM
  finish server
}

a_pipeline_that_fluctuates_is_no_leak() {
  start pipeline actor comm pipeline buffer 16K ready leak nothing 0
  wait_for_line pipeline ready
  for limits in '' =0K =0 =1M,10; do
    run dmabuf stat "--fail-if-growth$limits" --for 2s
    status 0
    stdout '^no growth in [0-9.]+ m?s$'
    stderr_is_empty
  done
  send_signal pipeline TERM
  finish pipeline
}

a_program_that_is_restarted_in_a_loop_is_no_leak() {
  start loop sh -c 'trap "kill \$child; exit" TERM; while :; do
    actor comm worker buffer 64K map 0 dup 0 sleep 0.2 & child=$!; wait $child; done'
  usleep 500000
  run dmabuf stat --fail-if-growth --for 4s
  status 0
  stdout '^no growth in [0-9.]+ m?s$'
  stderr_is_empty
  send_signal loop TERM
  finish loop
}

a_leak_test_of_nothing_is_no_success() {
  run dmabuf stat --exporter nonsense --fail-if-growth --for 200ms
  status 1
  stderr '^dmabuf: no buffer has exporter nonsense$'
  stderr '^dmabuf: hint: the exporters of this machine are '
  run dmabuf stat --name 'camera*' --fail-if-growth --for 200ms
  status 1
  stderr "^dmabuf: cannot compare buffers of name camera\*: the test found none\$"
  # A process that starts later also matches.
  start late actor comm late sleep 1 buffer 16K name 0 camera-0 ready pause
  run dmabuf stat --name 'camera*' --fail-if-growth 1M,10 --for 2s
  status 0
  stderr_is_empty
  send_signal late TERM
  finish late
  start short actor buffer 16K ready sleep 1.5
  wait_for_line short ready
  run dmabuf stat --pid "$short_pid" --fail-if-growth --for 4s
  status 1
  stderr "^dmabuf: cannot compare /proc/$short_pid: the process ended during the test\$"
  finish short
}

buffers_that_a_filter_cannot_judge_are_counted_in_a_leak_test() {
  # Without a descriptor, /proc does not contain the exporter.
  _leaker buffer 16K map 0 close 0 ready pause
  run dmabuf stat --source procfs --exporter system --fail-if-growth --for 200ms
  if has heap:system; then
    status 1
    stdout '; unknown: 1 buffer of unknown exporter not shown'
  fi
  _ended
}

processes_that_may_not_be_read_make_a_leak_test_partial() {
  run_as_nobody dmabuf stat --fail-if-growth --for 200ms
  status 1
  stdout '^no growth in [0-9.]+ m?s; unknown: [0-9]+ process(es)? that may not be read'
  stderr '^dmabuf: '
}

a_user_tests_a_process_of_their_own() {
  needs heap:system
  chmod 666 /dev/dma_heap/system
  start own actor uid 65534 dumpable comm own buffer 16K ready pause
  wait_for_line own ready
  run_as_nobody dmabuf stat --pid "$own_pid" --fail-if-growth --for 200ms
  chmod 600 /dev/dma_heap/system
  status 0
  stdout '^no growth in [0-9.]+ m?s; unknown: buffers that no process holds$'
  send_signal own TERM
  finish own
}

a_comparison_is_of_all_rows() {
  start holder actor buffer 16K buffer 32K buffer 64K ready pause
  wait_for_line holder ready
  dmabuf stat --json >before
  run dmabuf stat --top 1 --diff before --json
  json '[.gone, .new]' '[[],[]]'
  run dmabuf stat --top 1 --diff before --fail-if-growth
  status 0
  send_signal holder TERM
  finish holder
}

# Prints each line of a page with the option, for a process and a time of this case.
_recipes() { # FILE PID
  sed -n 's/^ *- run: \(dmabuf stat .*\)$/\1/p; s/^\.Dl # \(dmabuf stat .*\)$/\1/p' "$1" |
    sed 's/ *#.*//; s/--for [0-9]*s/--for 2s/' | sed "s/4711/$2/" | grep -e '--fail-if-growth' -e '--json >'
}

_tried() { # FILE PID STATUS
  _recipes "$1" "$2" >recipes
  check grep -q -e '--diff [^ ]* --fail-if-growth' recipes
  check grep -q -e '--fail-if-growth.* --for 2s' recipes
  grep -e '--json >' recipes >saving
  check test -s saving
  while read -r recipe; do run sh -c "$recipe"; status 0; done <saving
  sleep 1
  while read -r recipe; do
    case $recipe in *--fail-if-growth*) run sh -c "$recipe"; status "$3" ;; esac
  done <recipes
}

the_recipes_of_the_pages_find_a_leak_and_pass_what_has_none() {
  needs drm:vgem
  limit 120
  start pipeline actor comm pipeline buffer 16K ready leak nothing 0
  wait_for_line pipeline ready
  for page in /lab/README.md /lab/man/dmabuf-stat.1; do _tried "$page" "$pipeline_pid" 0; done
  send_signal pipeline TERM
  finish pipeline
  _leaker buffer 16K ready leak fence 0
  for page in /lab/README.md /lab/man/dmabuf-stat.1; do _tried "$page" "$leaker_pid" 1; done
  _ended
}
