# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC2016
# dmabuf stat over time: --watch, --diff and the leak test. Also metrics and graphs.

watch_repeats_the_census() {
  start holder actor buffer 64K name 0 cam ready pause
  wait_for_line holder ready
  start watcher actor default-signals exec dmabuf stat --watch 200ms --json --source procfs
  eventually sh -c '[ "$(wc -l <.started/watcher.stdout)" -ge 3 ]'
  send_signal watcher INT
  finish watcher
  status 130
  json '[.schema, (.buffers | length)]' "$(printf '["dmabuf.stat/1",1]\n%.0s' $(seq "$(wc -l <.run/stdout)"))"
  run dmabuf stat --watch --for 100ms --source procfs
  status 0
  stdout ' cam '
  send_signal holder TERM
  finish holder
}

a_reader_that_stops_early_ends_watch() {
  run sh -c 'dmabuf stat --watch 50ms --source procfs | head -n 2; echo done'
  status 0
  stdout '^done$'
  stderr_is_empty
}

changes_since_an_earlier_census_are_reported() {
  start stays actor buffer 64K name 0 stays ready pause
  start leaves actor buffer 32K name 0 leaves ready pause
  for actor in stays leaves; do wait_for_line $actor ready; done
  dmabuf stat --json >before
  send_signal leaves TERM
  finish leaves
  start comes actor comm comes buffer 128K name 0 comes dup 0 vgem-fence 0 read ready pause
  wait_for_line comes ready
  run dmabuf stat --diff before --json
  status 0
  json '[.schema, [.new[].name], [.gone[].name]]' '["dmabuf.stat-diff/1",["comes"],["leaves"]]'
  json '.totals' '{"buffers":0,"bytes":98304,"descriptors":2}'
  json '[.processes[] | [.comm, .buffers, .bytes, .descriptors, .sync_files]]' '[["comes",1,131072,2,1],["actor",-1,-32768,-1,0]]'
  run dmabuf stat --diff before
  stdout '^\+ +[0-9]+ +128K +[^ ]+ +comes '
  stdout '^- +[0-9]+ +32K +[^ ]+ +leaves '
  stdout '^0 buffers, \+96K, \+2 descriptors in '
  run dmabuf stat --diff /nowhere
  status 1
  stderr '^dmabuf: /nowhere: open: No such file or directory$'
  echo '{"schema":"other"}' >other
  run dmabuf stat --diff other
  status 1
  stderr '^dmabuf: cannot compare other: it is not a census$'
  for actor in stays comes; do send_signal $actor TERM; finish $actor; done
}

across_a_restart_everything_is_new_and_the_old_is_gone() {
  start stays actor buffer 64K name 0 stays ready pause
  wait_for_line stays ready
  # The same buffer with the same number, from another boot.
  dmabuf stat --json | jq -c '.boot_id = "00000000-0000-0000-0000-000000000000"' >before
  run dmabuf stat --diff before --json
  status 0
  json '[.restarted, [.new[].name], [.gone[].name]]' '[true,["stays"],["stays"]]'
  run dmabuf stat --diff before
  stdout '^0 buffers, 0B, 0 descriptors in [0-9.]+ m?s, since when the machine restarted$'
  dmabuf stat --json >now
  run dmabuf stat --diff now --json
  json '[.restarted, .new, .gone]' '[false,[],[]]'
  run dmabuf stat --diff now
  stdout '^unchanged in [0-9.]+ m?s$'
  send_signal stays TERM
  finish stays
}

a_leak_of_buffers_fails_the_test_and_is_named() {
  start leaker sh -c 'while :; do actor comm leaker buffer 64K ready pause & sleep 0.1; done'
  run dmabuf stat --fail-if-growth 64K --for 2s
  status 1
  stdout '^ *[0-9]+ +leaker +\+1 +\+64K +\+1 +0 +0$'
  stdout '^growth in [0-9.]+ m?s: \+[0-9]+[KM] of buffers \(limit 64K\), \+[0-9]+ descriptors of buffers \(limit 0\)$'
  stderr_is_empty
  send_signal leaker TERM
  finish leaker
  for entry in /proc/[0-9]*; do grep -qx leaker "$entry/comm" 2>/dev/null && kill "${entry#/proc/}"; done
  true
}

a_leak_of_sync_files_fails_the_test_too() {
  start leaker actor comm leaker buffer 4K ready sleep 3 vgem-fence 0 read vgem-fence 0 read vgem-fence 0 read vgem-fence 0 read close 0 ready pause
  wait_for_line leaker ready
  run dmabuf stat --pid "$leaker_pid" --fail-if-growth 1 --for 8s --json
  status 1
  json '[.growth.ok, .growth.limit.descriptors, .totals.descriptors]' '[false,1,3]'
  json '.growth.exceeded' '["sync_files"]'
  json '[.processes[] | [.comm, .sync_files, .descriptors]]' '[["leaker",4,-1]]'
  send_signal leaker TERM
  finish leaker
}

an_unchanged_machine_passes_the_leak_test() {
  start holder actor buffer 64K ready pause
  wait_for_line holder ready
  run dmabuf stat --fail-if-growth 0 --for 500ms
  status 0
  stdout '^no growth in [0-9.]+ m?s$'
  run dmabuf stat --fail-if-growth 1M
  status 64
  stderr 'needs --for'
  run dmabuf stat --fail-if-growth 10X --for 1s
  status 64
  stderr "the value '10X' is invalid"
  # A word may be a held name. The error is that nothing is held under it.
  run dmabuf stat --fail-if-growth much --for 1s
  status 1
  stderr '^dmabuf: much: nothing is held under that name$'
  send_signal holder TERM
  finish holder
}

metrics_are_in_the_text_format() {
  start holder actor comm 'we"ird\' buffer 64K name 0 cam ready pause
  wait_for_line holder ready
  run dmabuf stat --prometheus
  status 0
  # Without a source of buffers that no process holds, the totals have another name.
  if has sysfs-stats || has bpf-dmabuf-iter; then seen=; else seen=seen_; fi
  stdout "^# TYPE dmabuf_${seen}bytes gauge\$"
  stdout "^dmabuf_${seen}buffers 1\$"
  stdout "^dmabuf_${seen}bytes 65536\$"
  stdout "^dmabuf_process_bytes\{pid=\"$holder_pid\",comm=\"we\\\\\"ird\\\\\\\\\",unit=\"[^\"]*\"\} 65536\$"
  # Every line is a comment or a sample. Each metric has a help and a type.
  check sh -c '! grep -Evq "^# (HELP|TYPE) [a-z0-9_]+ |^[a-z0-9_]+(\{[a-z]+=\".*\"\})? [0-9]+\$" .run/stdout'
  check sh -c '[ "$(grep -c "^# HELP" .run/stdout)" = "$(grep -c "^# TYPE" .run/stdout)" ]'
  run dmabuf stat --prometheus --json
  status 64
  send_signal holder TERM
  finish holder
}

graphs_have_processes_buffers_and_devices() {
  needs bufinfo
  start holder actor comm holder buffer 64K name 0 'a"b' vgem-import 0 map 0 ready pause
  wait_for_line holder ready
  run dmabuf stat --graph --fences
  status 0
  stdout '^digraph dmabufs \{$'
  stdout "^  p$holder_pid \[label=\"holder\($holder_pid\)\\\\n64K\""
  stdout '^  b[0-9]+ \[label="[0-9]+ a\\"b\\n64K '
  stdout "^  p$holder_pid -> b[0-9]+ \[label=\"1 fd, 1 map\"\];\$"
  if has heap:system; then stdout '^  b[0-9]+ -> d0;$'; fi
  stdout '^}$'
  send_signal holder TERM
  finish holder
}

a_leak_test_reports_on_a_terminal_what_it_watches() {
  start holder actor buffer 64K name 0 stays ready pause
  wait_for_line holder ready
  run sh -c "actor default-signals exec script -q -e -c 'stty rows 24 cols 80; dmabuf stat --fail-if-growth 0 --for 500ms' screen </dev/null >/dev/null"
  status 0
  check grep -qa 'watching [0-9]* buffers\{0,1\}, .* for 0.5 seconds' screen
  check grep -qa 'no growth in' screen
  send_signal holder TERM
  finish holder
}
