# SPDX-License-Identifier: MIT
# dmabuf bench: reported results are measured, skipped ones are reported, and nothing remains.

# The first source that a plain run measures.
_source() {
  if [ -c /dev/dma_heap/system ]; then echo heap:system; elif [ -c /dev/udmabuf ]; then echo udmabuf; else echo drm:vgem; fi
}

# Every result is consistent.
_sound='.results | all(.count >= 1 and .min_ns <= .p25_ns and .p25_ns <= .p50_ns and .p50_ns <= .p75_ns and .p75_ns <= .p95_ns and .p95_ns <= .p99_ns and .p99_ns <= .max_ns and .outliers < .count)'

a_plain_run_measures_what_this_kernel_has_and_ends_soon() {
  run dmabuf bench
  status 0
  stderr_is_empty
  stdout "^OPERATION +COUNT +MIN +P50 +P95 +P99 +MAX +OUT +RATE$"
  stdout "^$(_source), 8M$"
  for operation in alloc free mmap touch read write sync send receive wake import release; do
    stdout "^  $operation +[0-9]+ +[0-9.]+(ns|µs|ms|s) "
  done
  stdout '8M: mapped cached; ordinary memory reads at '
  # Except the skipped operations, the report fits on a terminal.
  check sh -c 'sed "/^SKIPPED/,\$d; s/µ/u/g" .run/stdout | awk "length(\$0) > 80 { exit 1 }"'
}

the_document_has_all_its_members() {
  needs drm:vgem
  run dmabuf bench --source "$(_source)" --size 64K,1M --duration 20ms --json
  status 0
  json .schema dmabuf.bench/1
  json '[.duration_ns, .count, .cpu, .warm_up, .comparison]' '[20000000,null,null,5,null]'
  json .kernel "$(uname -r)"
  json '[.results[].size] | unique' '[65536,1048576]'
  json "[.results[].source] | unique" "[\"$(_source)\"]"
  json_true "$_sound"
  json_true '[.results[].operation] | contains(["alloc","free","mmap","touch","sync","import","release","send","receive","wake","read","write"])'
  json_true '.results | all(has("device") and has("driver") and has("mean_ns") and has("outlier_limit_ns") and has("bytes_per_second") and has("caching"))'
  json_true '.results | all((.operation == "import" or .operation == "release" or .operation == "qbuf" or .operation == "dqbuf") == (.driver != null))'
  json '[.results[] | select(.operation == "read" or .operation == "write").caching] | unique' '["cached"]'
  json_true '.skipped | all(has("operation") and has("source") and has("size") and has("reason"))'
}

each_source_is_measured() {
  limit 120
  run dmabuf bench alloc mmap --source all --size 64K --count 10 --json
  status 0
  json_true '.results | length >= 2 and all(.count == 10)'
  # Up to Linux 6.1, bochs allocates buffers that it cannot export.
  json '[.skipped[] | select(.source != "drm:bochs-drm")]' '[]'
  for source in heap:system udmabuf drm:vgem; do
    has "$source" || continue
    json "[.results[] | select(.source == \"$source\").operation]" '["alloc","mmap"]'
  done
}

iterations_are_counted_and_warm_up_iterations_are_not() {
  run dmabuf bench alloc sync --size 4K --count 7 --warm-up 3 --json
  status 0
  json '[.results[] | [.operation, .count]]' '[["alloc",7],["sync",7]]'
  json '[.count, .warm_up, .duration_ns]' '[7,3,null]'
  # strace counts the system calls.
  run strace -f -e trace=ioctl -o calls dmabuf bench sync --size 4K --count 7 --warm-up 3
  status 0
  check [ "$(grep -cE 'DMA_BUF_IOCTL_SYNC|_IOC\(_IOC_WRITE, 0x62, 0(x0)?, 0x8?8\)' calls)" = 20 ]
}

a_camera_passes_frames() {
  needs v4l2:vivid
  limit 120
  node=$(video_node vivid)
  run dmabuf bench qbuf dqbuf --device "$node" --size 8M --count 5 --warm-up 1 --json
  status 0
  json '[.results[] | [.operation, .count, .device, .driver]]' "[[\"qbuf\",5,\"$node\",\"vivid\"],[\"dqbuf\",5,\"$node\",\"vivid\"]]"
  # The queue is free again.
  check actor video-own "$node" 2
}

a_buffer_that_is_too_small_is_never_queued_to_a_camera() {
  needs v4l2:vivid
  run strace -e trace=ioctl -o calls dmabuf bench qbuf --device "$(video_node vivid)" --size 4K
  status 77
  stdout 'qbuf +an image needs [0-9]+ bytes, more than the buffer has'
  check sh -c '! grep -q QBUF calls'
}

fences_are_vgems_unless_sw_sync_is_asked_for() {
  needs drm:vgem
  before=$(cat /proc/sys/kernel/tainted)
  run dmabuf bench wake --size 64K --count 20 --json
  status 0
  json '[.results[] | [.operation, .count]]' '[["wake",20]]'
  # A thread wakes in less than a second.
  json_true '.results[0].p50_ns < 1000000000'
  check [ "$(cat /proc/sys/kernel/tainted)" = "$before" ]
}

sw_sync_wakes_too() {
  needs sw_sync
  run dmabuf bench wake --sw-sync --size 64K --count 20 --json
  status 0
  json '[.results[] | [.operation, .count]]' '[["wake",20]]'
}

it_runs_on_one_processor() {
  run dmabuf bench alloc --size 4K --count 5 --cpu 1 --json
  status 0
  json .cpu 1
  start long dmabuf bench sync --size 4K --duration 20s --cpu 1
  eventually grep -q '^Cpus_allowed_list:.1$' "/proc/$long_pid/status"
  send_signal long TERM
  finish long
  run dmabuf bench alloc --cpu 63
  status 77
  stderr '^dmabuf: processor 63: sched_setaffinity: Invalid argument$'
  stderr 'this process may run on processors 0-1$'
}

an_earlier_run_is_compared() {
  check sh -c 'dmabuf bench alloc sync --size 64K --count 50 --json >before'
  run dmabuf bench alloc sync --size 64K --count 50 --compare before
  status 0
  stdout "^OPERATION +BEFORE +NOW +CHANGE$"
  stdout "^  sync +[0-9.]+(n|µ|m)s +[0-9.]+(n|µ|m)s +[-+][0-9.]+ % +(same|faster|slower)$"
  check grep -qF "Before: Linux $(uname -r)." .run/stdout
  # The earlier run was ten times as fast.
  check sh -c 'jq -c ".results |= map(if .operation == \"sync\" then .p25_ns /= 10 | .p50_ns /= 10 | .p75_ns /= 10 else . end | .p25_ns |= floor | .p50_ns |= floor | .p75_ns |= floor)" before >faster'
  run dmabuf bench sync --size 64K --count 50 --compare faster --fail-if-slower 50 --json
  status 1
  stderr '^dmabuf: sync is slower by more than 50 %$'
  json '[.comparison.rows[] | [.operation, .verdict]]' '[["sync","slower"],["alloc","gone"]]'
  json_true '.comparison.rows[0].ratio > 2'
}

a_file_that_is_not_an_earlier_run_is_refused() {
  echo '{"schema":"dmabuf.stat/1","kernel":"x","results":[]}' >stat
  run dmabuf bench alloc --compare stat
  status 1
  stderr '^dmabuf: stat is a dmabuf.stat/1, not a dmabuf.bench/1$'
  echo nonsense >stat
  run dmabuf bench alloc --compare stat
  status 1
  stderr '^dmabuf: hint: use dmabuf bench --json to save a run$'
  run dmabuf bench alloc --compare nowhere
  status 1
  stderr '^dmabuf: nowhere: open: No such file'
}

values_with_commas_have_a_line_each() {
  run dmabuf bench alloc free --size 64K --count 5 --csv
  status 0
  check [ "$(wc -l <.run/stdout)" = 3 ]
  stdout '^operation,source,device,driver,size,count,min_ns,'
  stdout "^free,$(_source),,,65536,5,[0-9]+,"
  check sh -c "awk -F, 'NF != 18 { exit 1 }' .run/stdout"
}

bad_words_are_usage_errors() {
  for words in 'allocate' '--size 0' '--size 4K,' '--count 0' '--count 1000001' '--count x' '--warm-up=-1' \
    '--cpu=-1' '--cpu x' '--duration soon' '--count 1 --duration 1s' '--json --csv' '--source nowhere' \
    '--fail-if-slower 5' '--csv --compare x' '--device vivid'; do
    # shellcheck disable=SC2086  # words on purpose
    run dmabuf bench $words
    status 64
    stdout_is_empty
    stderr '^dmabuf: '
  done
}

what_the_machine_lacks_is_skipped_and_reported() {
  run dmabuf bench alloc --source heap:nowhere --json
  status 77
  json '[.skipped[] | [.operation, .source]]' '[["alloc","heap:nowhere"]]'
  json '.skipped[0].reason' '/dev/dma_heap/nowhere: open: No such file or directory'
  stderr '^dmabuf: nothing could be measured on this machine$'
  # One source of two is enough.
  run dmabuf bench alloc --source heap:nowhere --source "$(_source)" --count 3 --json
  status 0
  json '[(.results | length), (.skipped | length)]' '[1,1]'
  # More than the available memory, which the kernel would try to allocate.
  if has heap:system; then source=heap:system; else source=drm:vgem; fi
  run dmabuf bench --source $source --size 900G
  status 77
  stdout 'more than the [0-9.]+[GM] that are available'
}

an_unprivileged_user_gets_the_refused_heap_and_the_reason() {
  needs heap:system
  run_as_nobody dmabuf bench alloc --source heap:system
  status 1
  stdout 'heap/system: open: Permission denied'
}

nothing_remains_after_an_interruption() {
  needs drm:vgem
  before=$(buffers_on_the_machine)
  for operation in alloc mmap read sync send wake import; do
    start long actor default-signals exec dmabuf bench $operation --size 1M --duration 60s
    eventually sh -c "ls -l /proc/$long_pid/fd 2>/dev/null | grep -qE 'dmabuf|dma_heap|dri'"
    usleep 300000
    send_signal long INT
    finish long
    status 130
    stdout_is_empty
    stderr_is_empty
    check [ "$(buffers_on_the_machine)" = "$before" ]
  done
}

an_interrupted_camera_is_free_again() {
  needs v4l2:vivid
  node=$(video_node vivid)
  start long actor default-signals exec dmabuf bench qbuf --device "$node" --duration 60s
  sleep 2
  send_signal long INT
  finish long
  status 130
  stdout_is_empty
  check actor video-own "$node" 2
}

a_reader_that_stops_early_is_no_error() {
  check sh -c '{ dmabuf bench alloc sync --size 4K --count 3 2>errors; echo $? >ended; } | :'
  check [ "$(cat ended)" = 0 ]
  check [ ! -s errors ]
}

it_agrees_with_a_loop_in_c() {
  needs drm:vgem
  limit 180
  # Times vary under TCG. A mistake in the measurement would be a multiple.
  for work in 'alloc 65536 500' 'free 65536 500' 'mmap 1048576 100' 'sync 65536 5000' 'import 65536 500' \
    'release 65536 500'; do
    # shellcheck disable=SC2086  # words on purpose
    set -- $work
    agreed=''
    for attempt in 1 2 3 4 5 6 7 8; do
      # The actor has the same source.
      if has heap:system; then source=heap:system; else source=drm:vgem; fi
      in_c=$(actor time "$1" "$2" "$3") || broken "actor time $1"
      run dmabuf bench "$1" --source $source --device drm:vgem --size "$2" --count "$3" --json
      status 0
      ours=$(jq '.results[0].p50_ns' .run/stdout)
      if [ $((ours * 10)) -le $((in_c * 13)) ] && [ $((in_c * 10)) -le $((ours * 13)) ]; then agreed=yes; break; fi
    done
    [ "$agreed" ] || expected "$1 to last about as long as in C ($in_c ns); the time was $ours"
  done
}
