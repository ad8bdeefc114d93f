# SPDX-License-Identifier: MIT
# Attacks by inherited state: signals, streams, limits, environment. Each attack has a comment `# attack:` above it.
# shellcheck disable=SC2046  # words on purpose

limit 200
on_two_kernels

_source() { if has heap:system; then echo heap:system; else echo drm:vgem; fi; }
_alloc() { echo "dmabuf alloc 4K --from $(_source)"; }
_did_not_crash() { [ "$(cat .run/status)" -lt 128 ] || expected 'no end by a signal'; }
_failed_without_crash() { _did_not_crash; [ "$(cat .run/status)" != 0 ] || expected 'a failure'; }

# attack: SIGCHLD is ignored, and the command fails
a_failure_is_reported_though_children_are_ignored() {
  run actor ignore CHLD exec $(_alloc) -- false
  status 1
  run actor ignore CHLD exec $(_alloc) -- sh -c 'exit 42'
  status 42
}

# attack: SIGCHLD is ignored, and the command is killed
a_killed_command_is_reported_though_children_are_ignored() {
  run actor ignore CHLD exec $(_alloc) -- sh -c 'kill -9 $$'
  status 137
}

# attack: SIGCHLD is blocked
a_failure_is_reported_though_sigchld_is_blocked() {
  run actor block CHLD exec $(_alloc) -- sh -c 'exit 42'
  status 42
}

# attack: SIGCHLD is ignored; the command inherits the state of the caller
the_command_inherits_what_the_caller_chose() {
  run actor ignore CHLD exec $(_alloc) -- sed -n 's/^SigIgn:\t*//p' /proc/self/status
  status 0
  check [ $((0x$(cat .run/stdout) & 0x10000)) != 0 ]
  run actor block PIPE exec $(_alloc) -- sed -n 's/^SigBlk:\t*//p' /proc/self/status
  status 0
  check [ $((0x$(cat .run/stdout) & 0x1000)) != 0 ]
}

# attack: SIGCHLD is ignored while a holder is started
a_name_is_held_though_children_are_ignored() {
  run actor ignore CHLD exec $(_alloc) --hold cam
  status 0
  check dmabuf map cam --verify zero
  check dmabuf release cam
}

# attack: SIGPIPE is ignored, and the reader exits
a_broken_pipe_that_is_ignored_stays_quiet() {
  run sh -c 'actor ignore PIPE buffer 4M exec sh -c "dmabuf map fd:\$SLOT_0 --output -" | head -c 10 | wc -c'
  stdout_is 10
  stderr_is_empty
}

# attack: SIGALRM is blocked, then ignored, and a fence is still pending
a_timeout_comes_though_sigalrm_does_not() {
  needs drm:vgem
  for how in block ignore; do
    for command in 'fence-wait fd:$SLOT_0' 'map fd:$SLOT_0 --fill zero' 'sync fd:$SLOT_0 pulse'; do
      # vgem ends the fence itself after 10 s.
      run actor vgem-dumb 64 64 $how ALRM vgem-fence 0 write exec sh -c "exec dmabuf $command --timeout 500ms"
      status 124
    done
  done
}

# attack: an alarm was set before; it must arrive
an_alarm_of_the_caller_is_not_swallowed() {
  needs drm:vgem
  run actor vgem-dumb 64 64 vgem-fence 0 write alarm 1 exec sh -c \
    'exec dmabuf fence-wait fd:$SLOT_0 --timeout 8s'
  status 142
}

# attack: signals that should end the command are blocked; the command still succeeds
blocked_endings_disturb_nothing() {
  run actor block INT block TERM block HUP block QUIT exec $(_alloc) -- true
  status 0
}

# attack: standard output is closed; a buffer's descriptor must not become it
a_closed_output_is_an_error() {
  run sh -c "$(_alloc) >&-"
  _failed_without_crash
  stderr 'standard output'
}

# attack: all three streams are closed while a file is written
closed_streams_do_not_end_up_in_a_file() {
  run actor buffer 64K fill 0 0x42 exec sh -c 'dmabuf map fd:$SLOT_0 --output file <&- >&- 2>&-; wc -c <file; tr -d B <file | wc -c'
  stdout_is "$(printf '65536\n0')"
}

# attack: all three streams are closed while a holder is started
closed_streams_of_the_caller_are_dev_null_in_a_holder() {
  run sh -c "$(_alloc) --hold cam <&- >&- 2>&-"
  run dmabuf held --json
  for pid in $(jq '.held[].pid' .run/stdout); do
    for stream in 0 1 2; do check [ "$(readlink "/proc/$pid/fd/$stream")" = /dev/null ]; done
  done
  check dmabuf release --all
}

# attack: standard input is closed, and the command reads it
a_closed_input_is_an_error() {
  run actor buffer 4K exec sh -c 'dmabuf map fd:$SLOT_0 --input - <&-'
  _failed_without_crash
}

# attack: umask 0
a_runtime_directory_is_private_though_the_umask_is_open() {
  run sh -c "umask 0; $(_alloc) --hold cam"
  status 0
  check [ "$(stat -c %a /run/dmabuf)" = 700 ]
  check dmabuf release cam
}

# attack: umask 0, and a listening socket
a_socket_is_private_though_the_umask_is_open() {
  start taker sh -c 'umask 0; exec dmabuf receive ./socket --listen --timeout 120s'
  eventually [ -S socket ]
  chmod 777 .
  case $(stat -c %a socket) in *00) ;; *) expected "a socket for its user alone; it is $(stat -c %a socket)" ;; esac
  send_signal taker TERM
  finish taker
  status 143
  check [ ! -e socket ]
}

# attack: umask 0777
a_umask_that_forbids_everything_is_no_crash() {
  run sh -c "umask 0777; $(_alloc) --hold cam; echo \$?; dmabuf release cam"
  _did_not_crash
  check sh -c 'dmabuf release --all || true'
}

# attack: too few descriptors, at each number
too_few_descriptors_are_an_error_not_a_crash() {
  for most in 3 4 5 6 7 8 10 12; do
    run sh -c "ulimit -n $most; exec $(_alloc) --hold cam"
    _did_not_crash
    [ "$(cat .run/status)" = 0 ] || stderr .
    dmabuf release --all >/dev/null 2>&1
    run sh -c "ulimit -n $most; exec dmabuf stat --json"
    _did_not_crash
    run sh -c "ulimit -n $most; exec $(_alloc) -- true"
    _did_not_crash
    check [ "$(buffers_on_the_machine)" = 0 ]
  done
}

# attack: files may not grow
a_file_that_may_not_grow_is_an_error_and_access_ends() {
  run actor buffer 64K exec sh -c \
    'ulimit -f 1; strace -o trace -e trace=ioctl -e raw=ioctl dmabuf map fd:$SLOT_0 --output file; echo "status $?"; grep -c 0x40086200 trace'
  stdout '^status 1$'
  stdout '^2$'
  stderr 'File too large'
}

# attack: hardly any memory
too_little_memory_ends_with_an_error_and_leaves_nothing() {
  for kilobytes in 20000 40000 80000; do
    run sh -c "ulimit -v $kilobytes; exec $(_alloc)"
    [ "$(cat .run/status)" != 0 ] || stdout ' (4K|16K) '
    check [ "$(buffers_on_the_machine)" = 0 ]
  done
}

# attack: an empty environment
an_empty_environment_is_enough() {
  run env -i /bin/dmabuf alloc 4K --from "$(_source)" --hold cam
  status 0
  run env -i /bin/dmabuf release cam
  status 0
}

# attack: an environment of a megabyte
a_huge_environment_is_passed_on() {
  run sh -c "for i in \$(seq 1 20); do export BIG\$i=\$(head -c 50000 /dev/zero | tr '\\0' x); done
    $(_alloc) -- sh -c 'echo \${#BIG20}'"
  status 0
  stdout_is 50000
}

# attack: argv[0] is empty, or the holder's
a_wrong_argv_0_is_no_crash() {
  run sh -c 'exec -a "" /bin/dmabuf --version'
  status 0
  run timeout 120 sh -c 'exec -a dmabuf-holder /bin/dmabuf x y'
  _did_not_crash
  run timeout 120 sh -c 'exec -a dmabuf-holder /bin/dmabuf x y 1 </dev/null'
  status 64
}

# attack: a runtime directory that is relative, absent, too long, a file, or hostile text
a_hostile_runtime_directory_is_not_used() {
  touch plain
  long=/$(head -c 300 /dev/zero | tr '\0' x)
  for place in relative ./x /no/such "$long" "$PWD/plain" "$(printf '/\033[31m')" ''; do
    run env XDG_RUNTIME_DIR="$place" dmabuf alloc 4K --from "$(_source)" --hold cam
    _did_not_crash
    run env XDG_RUNTIME_DIR="$place" dmabuf release --all
    _did_not_crash
    check [ "$(buffers_on_the_machine)" = 0 ]
  done
  check [ ! -e relative ]
}

# attack: arguments that are not UTF-8 reach the command and the file unchanged
bytes_that_are_not_utf_8_do_not_change() {
  run $(_alloc) -- printf %s "$(printf 'b\377')"
  printf 'b\377' >wanted
  same wanted .run/stdout
  run actor buffer 4K exec sh -c 'dmabuf map fd:$SLOT_0 --output "$(printf "c\377")"'
  status 0
  check [ -e "$(printf 'c\377')" ]
}
