# SPDX-License-Identifier: MIT
# Ends every command at random points by SIGKILL, SIGTERM and SIGINT. /lab/kills has the number of kills and the seed:
# DMABUF_LAB_KILLS='1000 7' lab test --only 'commands_that_are_killed*'. A third word selects the commands that begin
# with it.
#
# Then it looks for remains: buffers that are not held, processes, sockets, temporary files, tracing instances. The
# kernel does not report whether CPU access has ended. So strace counts SYNC START and END of these commands. After
# SIGKILL, the next access must work instead.

_source() { if has heap:system; then echo heap:system; else echo drm:vgem; fi; }

# Prints one command per line. Three buffers are held, and `wait`, a pending fence.
_commands() {
  cat <<END
alloc 64K --from $source --count 4
alloc 64K --from $source --hold new
alloc 64K --from $source --count 3 --hold many --replace
alloc 64K --from $source -- sleep 1
alloc --list
export drm:vgem --size 64x64:XR24
export drm:vgem --size 64x64:XR24 --hold new
import keep drm:vgem
import keep --all
import keep drm:vgem --hold new
map keep --fill counter
map keep --verify zero
map keep --checksum
map keep --dump
map keep --output out
map keep --bandwidth
sync keep pulse
stat
stat --json
stat --source procfs
stat --by process
stat --by device
stat --fences
stat --prometheus
stat --graph
stat --watch 100ms
stat --fail-if-growth --for 2s
stat --diff census
fence create --vgem free
fence create --vgem free --hold new
fence create --vgem free --hold new --after 1s
fence info keep
fence export keep --write --hold new
fence-wait wait --timeout 2s
fence-wait keep --timeout 1s
held
held --json
release keep
release --all
send ./socket keep --listen --timeout 2s
receive ./socket --listen --timeout 2s
check --exporter $source
check --only C12*
check --invasive --exporter $source
bench alloc --source $source --size 4K --count 50
bench sync --source $source --size 64K --count 50
doctor
devices
top
END
}

_clock() { sed 's/\.\(..\).*/\1/; s/^0*\(.\)/\1/' /proc/uptime | cut -d ' ' -f 1; }

_prepare() {
  dmabuf release --all >/dev/null 2>&1
  for name in keep free slow; do check dmabuf alloc 256K --from "$source" --hold $name; done
  check dmabuf fence create --vgem slow --hold wait
  [ -s census ] || dmabuf stat --json >census
}

# _begin COMMAND: starts COMMAND in the background. Its process is $tool. Another process traces CPU access.
_begin() {
  # shellcheck disable=SC2086  # words on purpose
  case $1 in
    top) set -- actor default-signals exec script -q -c 'exec dmabuf top' /dev/null ;;
    map* | sync*) set -- actor default-signals exec strace -D -qq -o trace -e trace=ioctl -e raw=ioctl dmabuf $1 ;;
    *) set -- actor default-signals exec dmabuf $1 ;;
  esac
  "$@" >.run/stdout 2>.run/stderr </dev/null &
  tool=$!
  # A background job ignores SIGINT until the actor has restored it. strace must have attached.
  while case $(cat /proc/$tool/comm 2>/dev/null) in sh | busybox | actor | strace) true ;; *) false ;; esac; do usleep 1000; done
}

# Prints the time of a command that is not killed, in hundredths of a second, between 20 and 250.
_usual() {
  _begin "$1"
  clock=$(_clock)
  while [ $(($(_clock) - clock)) -lt 250 ] && alive $tool; do usleep 50000; done
  kill -TERM $tool 2>/dev/null
  wait $tool 2>/dev/null
  [ $? != 64 ] || expected "a valid command: $1 ($(cat .run/stderr))"
  took=$(($(_clock) - clock))
  if [ $took -lt 20 ]; then took=20; fi
  echo $took
}

_random() { # LIMIT
  seed=$(((seed * 1103515245 + 12345) & 2147483647))
  random=$(((seed >> 8) % $1))
}

_sockets() { find /run/dmabuf -type s 2>/dev/null | wc -l; }
_processes() { ps -o pid,stat,args | sed -n 's/^ *\([0-9]*\) [^Z][^ ]* *\(dmabuf\|strace -D\|script\).*/\1/p' | wc -l; }
_no_processes() { [ "$(_processes)" = 0 ]; }
_no_buffers() { [ "$(buffers_on_the_machine)" = 0 ]; }
_no_instances() { [ "$(ls /sys/kernel/tracing/instances 2>/dev/null | wc -l)" = 0 ]; }

# Looks for remains of the kill. After SIGKILL, the next run of the same command may remove them.
_judge() { # COMMAND SIGNAL STATUS
  last_command="$1 ($2 after $delay of $usual hundredths of a second: status $3)"
  case $2 in
    TERM | INT) case $1 in top*) ;; *) [ "$3" != 0 ] || [ "$(_was_done)" = yes ] || expected 'another status than 0' ;; esac ;;
  esac
  case "$1 $2" in
    *KILL) ;;
    map* | sync*) check [ $(($(grep -c 0x40086200 trace) % 2)) = 0 ] ;;
  esac
  check timeout 20 dmabuf held
  # `held` lists holders that have started, and `release` ends them. Other names can be used again.
  timeout 30 dmabuf release --all >.run/check 2>&1
  if [ "$(_sockets)" != 0 ]; then
    for left in /run/dmabuf/*; do
      check dmabuf alloc 4K --from "$source" --hold "${left##*/}"
    done
    check dmabuf release --all
    check [ "$(_sockets)" = 0 ]
  fi
  case $1 in
    check*) _no_instances || { dmabuf check --only C12* >/dev/null 2>&1; eventually _no_instances; } ;;
    *--listen*) if [ "$2" = KILL ]; then rm -f socket; else check [ ! -e socket ]; fi ;;
    *--output*) if [ "$2" = KILL ]; then find . -maxdepth 1 -name '.*out*' -type f -exec rm {} +; fi ;;
  esac
  eventually _no_processes
  eventually _no_buffers
  check _no_instances
  for left in * .[!.]*; do
    case $left in census | out | trace | .run | .started | '*') ;; *) expected "no file $left" ;; esac
  done
  rm -f out
}

# Prints yes if the process had ended before the signal.
_was_done() { [ "$sent" = yes ] || echo yes; }

commands_that_are_killed_leave_nothing() {
  read -r kills seed first_word </lab/kills || skip 'DMABUF_LAB_KILLS is not set'
  needs drm:vgem
  limit $((kills * 20 + 200))
  source=$(_source)
  _commands | grep "^$first_word" >.run/commands
  count=$(wc -l <.run/commands)
  # All commands in order. The seed selects the first one.
  first=$((seed * 17)) done=0
  while [ $done -lt "$kills" ]; do
    nth=$(((done + first) % count + 1))
    command=$(sed -n "${nth}p" .run/commands)
    eval "usual=\${usual_$nth:-}"
    if [ -z "$usual" ]; then
      _prepare
      usual=$(_usual "$command") || exit 1
      eval "usual_$nth=$usual"
      rm -f socket out
    fi
    _prepare
    case $((done / count + done)) in *[0369]) signal=KILL ;; *[147]) signal=TERM ;; *) signal=INT ;; esac
    _random $((usual * 10))
    delay=$((random / 10))
    _begin "$command"
    usleep $((random * 1000))
    # The process is stopped first, so that the signal does not reach a process that has just ended.
    kill -STOP $tool 2>/dev/null
    usleep 20000
    if grep -q '^State:.[Tt]' /proc/$tool/status 2>/dev/null; then sent=yes; else sent=; fi
    kill -s $signal $tool 2>/dev/null
    kill -CONT $tool 2>/dev/null
    wait $tool 2>/dev/null
    _judge "$command" $signal $?
    done=$((done + 1))
    if [ $((done % 50)) = 0 ]; then echo "lab: $done kills" >/dev/kmsg; fi
  done
  echo "lab: $done kills" >/dev/kmsg
}
