# SPDX-License-Identifier: MIT
# dmabuf alloc --hold, held, release, and names as references.

# The source of buffers: the system heap, or else dumb buffers of vgem.
_source() { if has heap:system; then echo heap:system; else echo drm:vgem; fi; }
_needs_source() { has heap:system || needs drm:vgem; }
_hold() { check dmabuf alloc 64K --from "$(_source)" --hold "$@"; }

a_held_buffer_is_used_by_its_name_until_it_is_released() {
  needs heap:system
  run dmabuf alloc 8M --hold cam
  status 0
  stdout ' cam$'
  run dmabuf map cam --fill counter
  status 0
  run dmabuf map cam --verify counter
  status 0
  run dmabuf sync cam pulse
  status 0
  run dmabuf stat cam --json
  json '.buffers | map([.size, .descriptors, .count])' '[[8388608,1,1]]'
  run dmabuf release cam
  status 0
  stdout_is_empty
  run buffers_on_the_machine
  stdout_is 0
  run dmabuf map cam
  status 1
  stderr '^dmabuf: cam: nothing is held under that name$'
}

held_lists_names_kinds_sizes_and_holders() {
  needs heap:system
  _hold one --name first
  check dmabuf alloc 128K --from udmabuf --hold two
  run dmabuf held --json
  status 0
  json '.schema' dmabuf.held/1
  json '.held | map([.name, .kind, .size, .exp_name, .attached])' '[["one","buffer",65536,"system",null],["two","buffer",131072,"udmabuf",null]]'
  json_true '.held | all(.ino > 0 and .age_ns > 0)'
  for pid in $(jq '.held[].pid' .run/stdout); do
    check grep -q dmabuf-holder "/proc/$pid/cmdline"
  done
  run dmabuf held
  stdout '^one +buffer +[0-9]+ +64K +system +[0-9]+ +[0-9]+ s +-$'
  check dmabuf release --all
  run dmabuf held --json
  json '.held' '[]'
  run dmabuf held
  status 0
  stdout_is_empty
}

the_report_has_the_held_name() {
  _needs_source
  run dmabuf alloc 4K --from "$(_source)" --hold cam --json
  json '.buffers[0].held_as' cam
  run dmabuf alloc 4K --from "$(_source)" --count 2 --hold set --json
  json '.buffers | map(.held_as)' '["set.0","set.1"]'
  check dmabuf release cam set.0 set.1
}

a_name_in_use_is_refused_unless_it_is_replaced() {
  _needs_source
  _hold cam
  run dmabuf alloc 4K --from "$(_source)" --hold cam
  status 1
  stdout_is_empty
  stderr '^dmabuf: cam: the name is in use$'
  run dmabuf alloc 128K --from "$(_source)" --hold cam --replace
  status 0
  run buffers_on_the_machine
  stdout_is 1
  run dmabuf held --json
  json '.held | map(.size)' '[131072]'
  _hold set.1
  run dmabuf alloc 4K --from "$(_source)" --count 3 --hold set
  status 1
  run dmabuf held --json
  json '.held | map(.name)' '["cam","set.1"]'
  check dmabuf release --all
}

releasing_an_unknown_name_reports_it_and_releases_the_rest() {
  _needs_source
  _hold one
  run dmabuf release gone one nothing
  status 1
  stderr '^dmabuf: gone: nothing is held under that name$'
  stderr '^dmabuf: nothing: nothing is held under that name$'
  run dmabuf held --json
  json '.held' '[]'
  run dmabuf release
  status 64
  run dmabuf release --all
  status 0
}

the_holder_is_small_idle_detached_and_has_nothing_else_open() {
  _needs_source
  run env SOURCE="$(_source)" sh -c 'exec 9</etc/passwd; dmabuf alloc 64K --from "$SOURCE" --hold cam --json; cd /tmp'
  status 0
  run dmabuf held --json
  pid=$(jq '.held[0].pid' .run/stdout)
  check sh -c "[ \$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$pid/status) -le 3072 ]"
  # The holder is in a session of its own, whose leader has exited.
  check [ "$(awk '{ print $6 }' "/proc/$pid/stat")" != "$(awk '{ print $6 }' /proc/self/stat)" ]
  check [ "$(readlink "/proc/$pid/cwd")" = / ]
  for stream in 0 1 2; do check [ "$(readlink "/proc/$pid/fd/$stream")" = /dev/null ]; done
  # Three streams, the directory, the socket, the buffer and a reserved descriptor.
  run ls "/proc/$pid/fd"
  check [ "$(wc -l <.run/stdout)" = 7 ]
  check sh -c "! cat /proc/$pid/environ | grep -q ."
  check sh -c "! grep -L 'flags:.*02' /proc/$pid/fdinfo/[4-9] | grep -q ."
  before=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
  sleep 2
  check [ "$(awk '{ print $14 + $15 }' "/proc/$pid/stat")" = "$before" ]
  check dmabuf release cam
}

references_are_counted_as_documented() {
  needs heap:system
  check dmabuf alloc 1M --hold cam
  _count_is() { [ "$(dmabuf stat cam --json | jq '.buffers[0].count')" = "$1" ]; }
  check _count_is 1
  # The buffer is larger than a pipe, so that map waits with its descriptor and its mapping.
  start reader sh -c 'dmabuf map cam --output - | sleep 4'
  eventually _count_is 3
  finish reader
  eventually _count_is 1
  check dmabuf map cam --checksum
  eventually _count_is 1
  check dmabuf release cam
}

a_holder_ends_by_sigterm_and_removes_its_socket() {
  _needs_source
  _hold cam
  pid=$(dmabuf held --json | jq '.held[0].pid')
  check kill -s HUP "$pid"
  usleep 200000
  check dmabuf map cam --verify zero
  check kill -s TERM "$pid"
  eventually [ ! -e /run/dmabuf/cam ]
  run dmabuf held --json
  json '.held' '[]'
  eventually [ "$(buffers_on_the_machine)" = 0 ]
}

a_killed_holder_s_socket_is_recognised_and_replaced() {
  _needs_source
  _hold cam
  check kill -s KILL "$(dmabuf held --json | jq '.held[0].pid')"
  eventually no_holder_runs
  check [ -S /run/dmabuf/cam ]
  run dmabuf held --json
  status 0
  json '.held' '[]'
  run dmabuf map cam
  status 1
  stderr 'nothing is held under that name'
  run dmabuf release cam
  status 1
  _hold cam
  check dmabuf release cam
}

of_two_that_race_for_a_name_exactly_one_wins() {
  _needs_source
  for _ in 1 2 3 4 5; do
    for i in 1 2 3 4; do
      start "racer$i" dmabuf alloc 4K --from "$(_source)" --hold cam
    done
    winners=0
    for i in 1 2 3 4; do
      finish "racer$i"
      if [ "$(cat .run/status)" = 0 ]; then winners=$((winners + 1)); else stderr 'the name is in use'; fi
    done
    check [ $winners = 1 ]
    check dmabuf release cam
    run buffers_on_the_machine
    stdout_is 0
  done
}

two_hundred_holders_live_side_by_side() {
  _needs_source
  limit 180
  run dmabuf alloc 4K --from "$(_source)" --count 200 --hold many
  status 0
  run dmabuf held --json
  json '.held | length' 200
  check dmabuf map many.199 --verify zero
  run dmabuf release --all
  status 0
  run buffers_on_the_machine
  stdout_is 0
}

a_silent_client_stalls_no_other_client() {
  _needs_source
  _hold cam
  for i in 1 2 3 4 5; do start "silent$i" actor connect /run/dmabuf/cam sleep 20; done
  usleep 300000
  run dmabuf held --json
  json '.held | map(.name)' '["cam"]'
  check dmabuf map cam --verify zero
  check dmabuf release cam
  for i in 1 2 3 4 5; do send_signal "silent$i" TERM; finish "silent$i"; done
}

what_a_client_sends_cannot_harm_a_holder() {
  _needs_source
  _hold cam
  for message in x ff '' "$(head -c 900 /dev/zero | tr '\0' r)"; do
    actor connect /run/dmabuf/cam say 0 "$message" 2>/dev/null
  done
  check dmabuf map cam --verify zero
  check dmabuf release cam
}

another_user_s_holder_is_out_of_reach() {
  needs heap:system
  chmod 666 /dev/dma_heap/system
  run_as_nobody dmabuf alloc 64K --hold cam
  status 0
  # Root has its own names.
  run dmabuf held --json
  json '.held' '[]'
  run_as_nobody dmabuf held --json
  json '.held | map(.name)' '["cam"]'
  # A third user gets nothing, or is refused.
  run actor uid 1234 exec dmabuf map cam
  status 1
  run actor uid 1234 exec env XDG_RUNTIME_DIR=/tmp dmabuf held --json
  json '.held' '[]'
  chmod 600 /dev/dma_heap/system
  check [ "$(stat -c '%a %u' /tmp/dmabuf-65534)" = '700 65534' ]
  run_as_nobody dmabuf release cam
  status 0
}

a_directory_that_is_not_private_is_refused() {
  needs heap:system
  chmod 666 /dev/dma_heap/system
  rm -rf /tmp/dmabuf-65534
  mkdir -m 777 /tmp/dmabuf-65534
  run_as_nobody dmabuf alloc 64K --hold cam
  status 1
  stderr '^dmabuf: cannot use /tmp/dmabuf-65534: it is not private to this user$'
  stderr '^dmabuf: hint: /tmp/dmabuf-65534 belongs to .*, mode 0777; it must belong to you and have mode 0700$'
  rmdir /tmp/dmabuf-65534
  mkdir -m 700 elsewhere
  chown 65534 elsewhere
  ln -s "$PWD/elsewhere" /tmp/dmabuf-65534
  run_as_nobody dmabuf alloc 64K --hold cam
  status 1
  stderr '^dmabuf: /tmp/dmabuf-65534: open: (Not a directory|Too many levels of symbolic links)$'
  run buffers_on_the_machine
  stdout_is 0
  rm /tmp/dmabuf-65534
  chmod 600 /dev/dma_heap/system
}

a_file_that_is_not_a_socket_is_not_touched() {
  _needs_source
  _hold real
  for thing in file link; do
    case $thing in
      file) echo precious >/run/dmabuf/cam ;;
      link) ln -s real /run/dmabuf/cam ;;
    esac
    for command in "alloc 4K --from $(_source) --hold cam" "alloc 4K --from $(_source) --hold cam --replace" "map cam" "release cam"; do
      # shellcheck disable=SC2086
      run dmabuf $command
      status 1
      stderr '^dmabuf: /run/dmabuf/cam: connect: Socket operation on non-socket$'
    done
    check [ -e /run/dmabuf/cam ]
    rm /run/dmabuf/cam
  done
  check dmabuf release real
}

xdg_runtime_dir_is_used_if_it_is_the_user_s() {
  _needs_source
  mkdir run
  run env XDG_RUNTIME_DIR="$PWD/run" dmabuf alloc 4K --from "$(_source)" --hold cam
  status 0
  check [ -S run/dmabuf/cam ]
  run dmabuf held --json
  json '.held' '[]'
  run env XDG_RUNTIME_DIR="$PWD/run" dmabuf release cam
  status 0
  chown 65534 run
  run env XDG_RUNTIME_DIR="$PWD/run" dmabuf alloc 4K --from "$(_source)" --hold cam
  status 0
  check [ -S /run/dmabuf/cam ]
  check dmabuf release cam
}

names_are_checked() {
  for name in '' .x -x 'a b' a/b 12345678901234567890123456789012 ü; do
    run dmabuf alloc 4K --hold="$name"
    status 64
  done
  run dmabuf alloc 4K --hold cam -- true
  status 64
  run dmabuf alloc 4K --replace
  status 64
}

a_holder_that_is_stopped_does_not_hang_the_others() {
  _needs_source
  _hold one
  _hold two
  pid=$(dmabuf held --json | jq '.held[0].pid')
  check kill -s STOP "$pid"
  run dmabuf held --json
  status 1
  json '.held | map(.name)' '["two"]'
  stderr '^dmabuf: one: (poll|recvmsg): .*timed out$'
  check kill -s CONT "$pid"
  check dmabuf release --all
}

a_holder_killed_in_the_middle_of_a_transfer_is_an_error_and_no_hang() {
  _needs_source
  _hold cam
  pid=$(dmabuf held --json | jq '.held[0].pid')
  check kill -s STOP "$pid"
  start reader dmabuf map cam --verify zero
  usleep 500000
  check kill -s KILL "$pid"
  finish reader
  status 1
  stderr '^dmabuf: cam: nothing is held under that name$'
}

ordinary_users_hold_too() {
  needs udmabuf
  chmod 666 /dev/udmabuf
  run_as_nobody dmabuf alloc 64K --from udmabuf --hold mine
  status 0
  run_as_nobody dmabuf map mine --fill counter
  status 0
  run_as_nobody dmabuf map mine --verify counter
  status 0
  run_as_nobody dmabuf release mine
  status 0
  chmod 600 /dev/udmabuf
}

a_holder_whose_socket_is_gone_ends() {
  _needs_source
  _hold cam
  rm /run/dmabuf/cam
  for _ in 1 2 3 4 5 6; do [ "$(buffers_on_the_machine)" = 0 ] || sleep 4; done
  run buffers_on_the_machine
  stdout_is 0
}

yama_is_named_where_it_forbids_duplicating_a_descriptor() {
  [ -e /proc/sys/kernel/yama/ptrace_scope ] || skip 'no Yama'
  before=$(cat /proc/sys/kernel/yama/ptrace_scope)
  start holder actor buffer 64K print 0 uid 65534 ready pause
  wait_for_line holder ready
  fd=$(awk 'NR == 1 { print $2 }' .started/holder.stdout)
  echo 1 >/proc/sys/kernel/yama/ptrace_scope
  run_as_nobody dmabuf map "$holder_pid:$fd" --checksum
  echo "$before" >/proc/sys/kernel/yama/ptrace_scope
  status 1
  stderr "^dmabuf: $holder_pid:$fd: pidfd_getfd: Operation not permitted\$"
  stderr '^dmabuf: hint: .*/proc/sys/kernel/yama/ptrace_scope is 1'
  send_signal holder TERM
  finish holder
}

an_ended_process_is_reported() {
  start holder actor buffer 64K print 0 ready pause
  wait_for_line holder ready
  fd=$(awk 'NR == 1 { print $2 }' .started/holder.stdout)
  send_signal holder TERM
  finish holder
  run dmabuf map "$holder_pid:$fd" --checksum
  status 1
  stderr '^dmabuf: hint: the process does not exist, or has ended'
}
