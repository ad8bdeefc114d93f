# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC2016,SC2154
# dmabuf trace --leaks: buffers that are alive at the end of a trace, and the calls that exported them. The functions of
# the program `leak` are known.

_can_trace() {
  if has heap:system; then exporter=system source=heap:system; else needs udmabuf; exporter=udmabuf source=udmabuf; fi
  [ -e /sys/kernel/btf/vmlinux ] || skip 'no BTF'
  # The kernel copies the stack. What follows is the same on all kernels of an architecture.
  case ${1-}$(cat /lab/kernel) in each* | debian-6.12 | arm64) ;; *) skip 'stacks are unwound on debian-6.12 and arm64' ;; esac
}

# The functions of leak N on the captured stdout, of these modules only.
_functions() { # N MODULE
  jq -c ".leaks[$1].frames | map(select(.module // \"\" | endswith(\"/$2\")) | .symbol)" .run/stdout
}

# Waits until the tracer of this name waits for events, in epoll_wait(2) or epoll_pwait(2).
_traces() { eventually grep -q "^$(if [ "$(uname -m)" = aarch64 ]; then echo 22; else echo 232; fi) " "/proc/$(pid_of "$1")/syscall"; }

_leaks_of() { # PROGRAM VERB FUNCTION...
  program=$1 verb=$2
  shift 2
  run dmabuf trace --leaks --json --for 3s -- "$program" brief 2 "$verb" 3 brief 1
  # The command was ended by a signal.
  status 143
  stderr_is_empty
  sed -i /ready/d .run/stdout
  json '.leaks | map([.process.comm, .exp_name, .bytes, (.buffers | length)])' "[[\"$program\",\"$exporter\",196608,3]]"
  json '[.lost, .verified]' '[0,true]'
  json '.leaks[0].end' null
  json '.leaks[0].frames[0] | [.symbol, (.module | split("/") | last)]' '["ioctl","'"${library:-libc.so.6}"'"]'
  expected_functions=$(printf '"%s",' "$@")
  check [ "$(_functions 0 "$program")" = "[${expected_functions%,}]" ]
}

leaks_are_listed_with_the_calls_that_exported_them() {
  _can_trace each
  _leaks_of leak plain allocate_buffer leak_camera_buffer leak_plainly main _start
}

leaks_of_programs_with_frame_pointers_are_listed_with_their_calls() {
  _can_trace
  _leaks_of leak-frames plain allocate_buffer leak_camera_buffer leak_plainly main _start
}

frames_whose_size_is_known_at_run_time_are_unwound() {
  _can_trace
  _leaks_of leak variable allocate_buffer leak_camera_buffer leak_from_variable_frame main _start
  _leaks_of leak-frames variable allocate_buffer leak_camera_buffer leak_from_variable_frame main _start
}

stacks_of_threads_end_at_their_first_function() {
  _can_trace
  _leaks_of leak thread allocate_buffer leak_camera_buffer leak_plainly leak_in_thread
}

a_static_program_is_unwound_without_a_table_of_frames() {
  _can_trace
  library=leak-static
  _leaks_of leak-static plain ioctl allocate_buffer leak_camera_buffer leak_plainly main \
    __libc_start_call_main __libc_start_main _start
}

the_handler_of_a_signal_leads_to_the_interrupted_calls() {
  _can_trace
  [ "$(uname -m)" = x86_64 ] || skip 'on arm64, handlers return to code of the vDSO, which is in no file'
  run dmabuf trace --leaks --json --for 3s -- leak signal 1
  sed -i /ready/d .run/stdout
  check [ "$(_functions 0 leak)" = \
    '["allocate_buffer","leak_camera_buffer","leak_plainly","leak_in_handler","main","_start"]' ]
  json '.leaks[0].frames | map(.symbol) | index("raise") != null' true
  json '.leaks[0].end' null
}

a_stripped_program_shows_the_places_of_its_calls() {
  _can_trace
  run dmabuf trace --leaks --json --for 3s -- leak plain 1
  sed -i /ready/d .run/stdout
  places=$(jq -c '.leaks[0].frames | map(.address)' .run/stdout)
  run dmabuf trace --leaks --json --for 3s -- leak-stripped plain 1
  sed -i /ready/d .run/stdout
  check [ "$(_functions 0 leak-stripped)" = '[null,null,null,null,null]' ]
  # It is the same program without symbols.
  json '.leaks[0].frames | map(.address)' "$places"
  json_true '.leaks[0].frames | map(select(.module | endswith("/leak-stripped")) | .build_id | length == 40) | all'
}

the_text_of_leaks_has_one_group_for_each_place() {
  _can_trace
  run dmabuf trace --leaks --for 3s -- leak plain 2 deep 80 large 1
  stdout '^2 buffers, 128K, exporter '"$exporter"', leak\([0-9]+\):$'
  stdout '^    ioctl\+0x[0-9a-f]+ +libc.so.6\+0x[0-9a-f]+$'
  stdout '^    leak_camera_buffer\+0x[0-9a-f]+  leak\+0x[0-9a-f]+$'
  stdout '^    ino [0-9]+, [0-9]+$'
  stdout '^    \.\.\. [0-9]+ more times$'
  stdout '^    no more frames: only 64 are reported$'
  stdout '^    no more frames: the caller is beyond the recorded part of the stack$'
  stdout '^4 buffers, 256K, exported in these [0-9.]+ s, are alive$'
  check [ "$(awk 'length > 80' .run/stdout)" = '' ]
}

a_program_that_releases_all_buffers_has_no_leaks() {
  _can_trace
  run dmabuf trace --leaks -- actor buffer 65536 name 0 cam close 0 exec true
  status 0
  stdout '^no buffer that was exported in these [0-9.]+ m?s is alive$'
}

a_buffer_that_outlives_the_command_is_a_leak_with_its_name() {
  _can_trace
  run dmabuf trace --leaks --json -- dmabuf alloc 1M --from "$source" --name cam --hold cam
  status 0
  sed -i '/^{/!d' .run/stdout
  json '.leaks | map([.process.comm, .bytes, .buffers[0].name])' '[["dmabuf",1048576,"cam"]]'
  check dmabuf release cam
}

the_filters_choose_processes_and_buffers() {
  _can_trace
  run dmabuf trace --leaks --json --for 3s --pid 999999 -- leak plain 1
  sed -i /ready/d .run/stdout
  json .leaks '[]'
  run dmabuf trace --leaks --json --for 3s --exporter other -- leak plain 1
  sed -i /ready/d .run/stdout
  json .leaks '[]'
}

an_ended_process_has_its_address_and_no_modules() {
  _can_trace
  start tracer dmabuf trace --leaks --json --for 20s
  _traces tracer
  send_signal tracer STOP
  check dmabuf alloc 64K --from "$source" --hold cam
  send_signal tracer CONT
  finish tracer
  status 0
  json '.leaks | map([.process.comm, .end])' '[["dmabuf","the process ended before its modules could be read"]]'
  json '.leaks[0].frames | map([.symbol, .module, .address > 0])' '[[null,null,true]]'
  check dmabuf release cam
}

deleted_programs_and_those_in_another_root_have_their_symbols() {
  _can_trace
  device=dma_heap/system numbers=$(cat /sys/class/dma_heap/system/dev /sys/class/misc/udmabuf/dev 2>/dev/null | head -n 1)
  has heap:system || device=udmabuf
  mkdir -p root/dev/dma_heap
  mknod "root/dev/$device" c "${numbers%:*}" "${numbers#*:}"
  cp /bin/leak-static root/gone
  start tracer dmabuf trace --leaks --json --for 20s
  _traces tracer
  start camera chroot root /gone sleep 2 plain 1
  sleep 1
  rm root/gone
  wait_for_line camera ready
  finish tracer
  json '.leaks | map([.process.comm, .end])' '[["gone",null]]'
  json '.leaks[0].frames | map(.symbol)[:4]' '["ioctl","allocate_buffer","leak_camera_buffer","leak_plainly"]'
  json_true '.leaks[0].frames | map(.module | endswith("/gone (deleted)")) | all'
  send_signal camera TERM
  finish camera
}

lost_releases_are_made_up_for_by_a_list_of_all_buffers() {
  _can_trace
  start tracer dmabuf trace --leaks --json --for 20s --buffer 256K
  _traces tracer
  start camera leak plain 2
  wait_for_line camera ready
  start brief leak plain 3
  wait_for_line brief ready
  sleep 1
  send_signal tracer STOP
  # Stacks of these exports fill the ring buffer, so the release of the three buffers is lost.
  for _ in 1 2 3 4 5 6 7 8; do actor buffer 4096 buffer 4096 buffer 4096 exec true; done
  send_signal brief TERM
  finish brief
  eventually [ "$(buffers_on_the_machine)" = 2 ]
  send_signal tracer CONT
  finish tracer
  json_true '.lost > 0 and .verified'
  json '.leaks | map([.process.comm, (.buffers | length)])' '[["leak",2]]'
  send_signal camera TERM
  finish camera
}
