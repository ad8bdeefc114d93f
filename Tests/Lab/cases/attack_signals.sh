# SPDX-License-Identifier: MIT
# Signals and failures at chosen system calls. Each attack has a comment `# attack:` above it.

limit 200
on_two_kernels

_source() { if has heap:system; then echo heap:system; else echo drm:vgem; fi; }
# Runs after every command, so it starts a program only where something is left.
_nothing_is_left() {
  if _a_socket_exists; then dmabuf release --all >/dev/null 2>&1; fi
  eventually no_holder_runs
  ! _a_socket_exists || expected 'no socket of a holder'
  for entry in /sys/kernel/tracing/instances/*; do [ ! -e "$entry" ] || expected 'no trace instance'; done
  for entry in * .[!.]*; do
    case $entry in '*' | .run | .started | trace | kept) ;; *) expected "no file $entry" ;; esac
  done
}
_a_socket_exists() {
  for entry in /run/dmabuf/* /run/dmabuf/.[!.]*; do [ ! -S "$entry" ] || return 0; done
  return 1
}
# Looks for START without END: the flags of SYNC are 1 to 3 when access begins, and 5 to 7 when it ends.
_access_has_ended() {
  begun=$(grep -c 'DMA_BUF_IOCTL_SYNC\|0x62, 0, 0x8\|0x40086200' trace)
  check [ $((begun % 2)) = 0 ]
}

# _signalled SIGNAL STATUS SYSCALL WHEN… -- COMMAND: the command never exits with 0 or by another signal, and nothing
# remains. If the command issues fewer such calls, the signal does not arrive, nor would it for a later call; it must
# arrive once. strace detaches at execve, because it would wait for a holder forever.
_signalled() {
  signal=$1 wanted=$2 call=$3
  shift 3
  times='' came=''
  while [ "$1" != -- ]; do times="$times $1"; shift; done
  shift
  for nth in $times; do
    run actor default-signals exec timeout 60 strace -f -b execve -qq -o trace -e trace="$call,ioctl" -e "inject=$call:signal=$signal:when=$nth" "$@"
    # The status is evidence, too: on a busy machine, strace once ended before it had written the signal.
    if grep -q "SIG$signal" trace || [ "$(cat .run/status)" = "$wanted" ]; then
      came=yes arrived=yes
      status "$wanted"
    else
      arrived=''
    fi
    _nothing_is_left
    [ "$arrived" ] || break
  done
  [ "$came" ] || expected "SIG$signal at one of these: $call$times"
}
_failing() { # ERROR SYSCALL WHEN… -- COMMAND
  error=$1 call=$2
  shift 2
  times=''
  while [ "$1" != -- ]; do times="$times $1"; shift; done
  shift
  # The execve that fails is that of the started program, not that of the command itself.
  case $call in execve) until="-P $exec_path" ;; *) until='-b execve' ;; esac
  for nth in $times; do
    # shellcheck disable=SC2086  # words on purpose
    run actor default-signals exec timeout 60 strace -f $until -qq -o trace -e trace="$call,ioctl" -e "inject=$call:error=$error:when=$nth" "$@"
    case $(cat .run/status) in 0 | 1 | 77 | 126 | 127) ;; *) expected "status 0, 1, 77, 126 or 127 ($error, $call $nth)" ;; esac
    [ "$(cat .run/status)" = 0 ] || [ -s .run/stderr ] || [ "$(cat .run/status)" -gt 100 ] || expected 'a reason'
    _nothing_is_left
  done
}

# attack: SIGINT at each ioctl and open of an allocation
an_interrupted_allocation_leaves_nothing() {
  _signalled INT 130 ioctl 1 2 3 -- dmabuf alloc 64K --from "$(_source)" --count 3
  _signalled TERM 143 openat 1 3 5 -- dmabuf alloc 64K --from "$(_source)" --count 3
}

# attack: SIGINT and SIGTERM while a holder is started
an_interrupted_hold_leaves_no_holder() {
  for call in socket bind listen flock openat; do
    _signalled INT 130 $call 1 2 3 -- dmabuf alloc 64K --from "$(_source)" --hold cam
  done
  check dmabuf alloc 64K --from "$(_source)" --hold cam
  _signalled TERM 143 sendmsg,sendto 1 -- dmabuf release cam
}

# attack: signals between allocation and the command after --
a_signal_before_the_command_starts_is_not_lost() {
  for call in pipe2 rt_sigaction rt_sigprocmask; do
    _signalled TERM 143 $call 1 3 5 8 12 16 20 -- dmabuf alloc 4K --from "$(_source)" -- sleep 2
  done
}

# attack: SIGINT during CPU access
an_interrupted_access_is_ended() {
  for option in '--fill 0x11' '--verify zero' '--checksum' '--output kept'; do
    for nth in 1 2 3; do
      rm -f kept
      run actor default-signals buffer 64K exec sh -c "exec timeout 300 strace -qq -o trace -e trace=ioctl -e raw=ioctl \
        -e inject=ioctl:signal=INT:when=$nth dmabuf map fd:\$SLOT_0 $option"
      if grep -q SIGINT trace; then status 130; fi
      _access_has_ended
    done
  done
  _nothing_is_left
}

# attack: SIGINT while a file is written; the file is complete, or the old one
an_interrupted_output_is_whole_or_as_before() {
  for nth in 1 2 3 4; do
    echo precious >kept
    run actor default-signals buffer 64K fill 0 0x42 exec sh -c "exec timeout 300 strace -qq -o trace -e trace=write,ioctl -e raw=ioctl \
      -e inject=write:signal=TERM:when=$nth dmabuf map fd:\$SLOT_0 --output kept"
    if grep -q SIGTERM trace; then check [ "$(cat .run/status)" = 143 ]; fi
    check sh -c 'grep -q precious kept || [ "$(tr -d B <kept | wc -c) $(wc -c <kept)" = "0 65536" ]'
    _access_has_ended
  done
  rm kept
  _nothing_is_left
}

# attack: signals during a census, in each form
an_interrupted_census_never_exits_0() {
  for form in '' --json --prometheus --graph --fences '--by process'; do
    # shellcheck disable=SC2086  # words on purpose
    _signalled INT 130 openat 30 60 -- dmabuf stat --source procfs $form
    # shellcheck disable=SC2086  # words on purpose
    _signalled TERM 143 readlinkat 10 -- dmabuf stat --source procfs $form
  done
}

# attack: signals during doctor and devices
an_interrupted_diagnosis_never_exits_0() {
  _signalled INT 130 ioctl 2 6 -- dmabuf doctor
  _signalled TERM 143 ioctl 2 6 -- dmabuf devices
  _signalled INT 130 openat 20 -- dmabuf doctor --json
}

# attack: signals during check, also while it changes state of the whole machine
an_interrupted_check_leaves_nothing() {
  _signalled INT 130 ioctl 5 40 90 -- dmabuf check --exporter drm:vgem
  _signalled TERM 143 clone 1 3 -- dmabuf check --only 'C12*'
}

# attack: signals during a wait without end
an_interrupted_wait_ends() {
  needs drm:vgem
  for signal in INT TERM HUP QUIT; do
    start waiter actor default-signals vgem-dumb 64 64 vgem-fence 0 write ready exec sh -c 'exec dmabuf fence-wait fd:$SLOT_0'
    wait_for_line waiter ready
    sleep 1
    send_signal waiter $signal
    finish waiter
    case $(cat .run/status) in 130 | 143 | 129 | 131) ;; *) expected 'an end by the signal' ;; esac
  done
  _nothing_is_left
}

# attack: a second signal while the first is handled
a_second_signal_changes_nothing() {
  for first in INT TERM; do
    start sleeper actor default-signals exec dmabuf alloc 4K --from "$(_source)" -- sh -c 'trap "" INT TERM; >ready; sleep 2; exit 5'
    eventually [ -e ready ]
    rm ready
    send_signal sleeper $first
    send_signal sleeper INT
    send_signal sleeper TERM
    finish sleeper
    check [ "$(cat .run/status)" != 0 ]
  done
  _nothing_is_left
}

# attack: every call is interrupted
calls_that_are_interrupted_are_repeated() {
  for call in ioctl openat read recvmsg sendmsg accept4 connect poll ppoll wait4; do
    run timeout 300 strace -f -qq -o trace -e trace=$call -e "inject=$call:error=EINTR:when=2+4" dmabuf alloc 4K --from "$(_source)" -- true
    status 0
  done
  for call in connect sendmsg recvmsg poll ppoll; do
    check dmabuf alloc 4K --from "$(_source)" --hold cam
    run timeout 300 strace -f -qq -o trace -e trace=$call -e "inject=$call:error=EINTR:when=1+2" dmabuf map cam --verify zero
    status 0
    check dmabuf release cam
  done
}

# attack: no memory, descriptors or processes at each call of an allocation
a_failing_allocation_reports_why() {
  _failing ENOMEM ioctl 1 2 3 -- dmabuf alloc 64K --from "$(_source)" --count 2
  _failing EMFILE openat 2 3 4 -- dmabuf alloc 64K --from "$(_source)"
  _failing EACCES openat 2 3 4 -- dmabuf alloc 64K --from "$(_source)"
}

# attack: the same while a holder is started
a_failing_hold_leaves_nothing() {
  _failing EMFILE socket 1 -- dmabuf alloc 64K --from "$(_source)" --hold cam
  _failing EACCES bind 1 -- dmabuf alloc 64K --from "$(_source)" --hold cam
  _failing ENOSYS listen 1 2 -- dmabuf alloc 64K --from "$(_source)" --hold cam
  _failing EAGAIN clone 1 2 -- dmabuf alloc 64K --from "$(_source)" --hold cam
  _failing EAGAIN fork,vfork,clone3 1 2 -- dmabuf alloc 64K --from "$(_source)" --hold cam
  exec_path=/proc/self/exe
  _failing ENOMEM execve 1+ -- dmabuf alloc 64K --from "$(_source)" --hold cam
  check [ "$(cat .run/status)" = 1 ]
  _failing EMFILE pipe2 1 2 -- dmabuf alloc 64K --from "$(_source)" --hold cam
}

# attack: a kernel without some system call
an_absent_call_is_no_crash() {
  calls='pidfd_open pidfd_getfd statfs fstatfs newfstatat getdents64 fcntl prctl memfd_create bpf kcmp process_vm_readv
    flock timer_create timerfd_create setitimer'
  for command in 'stat --json' "alloc 4K --from $(_source) --hold cam"; do
    # Those that the command issues.
    # shellcheck disable=SC2086  # words on purpose
    run strace -f -b execve -qq -o trace -e trace="$(echo $calls | tr ' ' ,)" dmabuf $command
    status 0
    issued=" $(sed 's/^[0-9]* *//; s/(.*//' trace | sort -u | tr '\n' ' ') "
    _nothing_is_left
    for call in $calls; do
      # shellcheck disable=SC2086  # words on purpose
      case $issued in *" $call "*) _failing ENOSYS "$call" 1+ -- dmabuf $command ;; esac
    done
  done
}

# attack: the command after -- cannot be started, or its status cannot be read
a_command_that_cannot_be_waited_for_is_no_success() {
  run timeout 300 strace -f -qq -o trace -e trace=wait4 -e 'inject=wait4:error=ECHILD:when=1+' dmabuf alloc 4K --from "$(_source)" -- true
  check [ "$(cat .run/status)" != 0 ]
  exec_path=$(which true)
  _failing ENOMEM execve 1+ -- dmabuf alloc 4K --from "$(_source)" -- "$exec_path"
  check [ "$(cat .run/status)" = 126 ]
  _failing EAGAIN clone,fork,vfork,clone3 1+ -- dmabuf alloc 4K --from "$(_source)" -- true
}

# attack: SYNC END fails
an_access_that_cannot_be_ended_is_an_error() {
  run actor buffer 64K exec sh -c 'strace -qq -o trace -e trace=ioctl -e raw=ioctl dmabuf map fd:$SLOT_0 --fill 0x11'
  status 0
  # The second SYNC is END.
  nth=$(grep -n 0x40086200 trace | sed -n '2s/:.*//p')
  run actor buffer 64K exec sh -c "strace -qq -o trace -e trace=ioctl -e raw=ioctl -e inject=ioctl:error=EIO:when=$nth dmabuf map fd:\$SLOT_0 --fill 0x11"
  status 1
  stderr 'Input/output error'
}

# attack: SYNC START fails, and the output file exists
a_failed_start_leaves_the_file_alone() {
  echo precious >kept
  run actor buffer 64K exec sh -c 'strace -qq -o trace -e trace=ioctl -e inject=ioctl:error=EIO:when=1+ dmabuf map fd:$SLOT_0 --output kept'
  status 1
  check grep -q precious kept
  rm kept
  _nothing_is_left
}

# attack: writing fails on a disk without room, at each write
a_write_that_fails_is_an_error_in_every_command() {
  for command in 'alloc 4K --json' 'stat' 'stat --json' 'stat --prometheus' 'stat --graph' doctor devices 'alloc --list' --version --help; do
    # shellcheck disable=SC2086  # words on purpose
    run timeout 300 strace -f -b execve -qq -o trace -e trace=write,writev -e 'inject=write,writev:error=ENOSPC:when=1+' dmabuf $command
    status 1
  done
  _nothing_is_left
}
