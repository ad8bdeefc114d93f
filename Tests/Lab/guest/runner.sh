# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154
# Runs the cases in the guest. Reports on stdout, with one line per case, and lines of details:
#   case NAME | pass NAME SECONDS | skip NAME TAB REASON | fail NAME | `  text` of the failure
#   document JSON: a document that dmabuf printed in the case, for the host to validate
# runner.sh GLOBS: runs the cases whose name matches one of GLOBS. If /lab/with-controls exists, the negative controls
# run first, between the lines `controls` and `cases`.

# On an emulated processor, starting a program takes 20 ms and a subshell 10 ms. So what runs for every case starts as
# few as possible: functions set variables instead of printing, and small files are read with `read`.

warnings='WARNING|BUG:|Oops|KASAN|lockdep|INFO: task .* blocked|possible circular'
export CASE_NOTES=/run/case
# The size of a page in bytes.
PAGE=$(awk '/^KernelPageSize/ { print $2 * 1024; exit }' /proc/self/smaps)
export PAGE

# Sets $session to the session of a living process, or to nothing.
session_of() { # PROCESS
  session=''
  read -r line 2>/dev/null <"/proc/$1/stat" || return
  # shellcheck disable=SC2086  # words on purpose: state, parent, group, session
  set -- ${line##*) }
  case $1 in [ZX]) ;; *) session=$4 ;; esac
}
session_of $$
own_session=$session

# Sets $left to the processes that a case has not ended: every living program outside the sessions of init, this runner
# and the clock.
find_strangers() {
  left=''
  for entry in /proc/[0-9]*; do
    [ -e "$entry/exe" ] || continue
    session_of "${entry#/proc/}"
    case $session in '' | "$own_session" | "$clock") ;; *) left="$left ${entry#/proc/}" ;; esac
  done
}

describe() { printf '    %s (%s)\n' "$1" "$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline")"; }

# Sets $up to the seconds since the boot.
read_uptime() {
  read -r up _ </proc/uptime
  up=${up%%.*}
}

# Sets $buffers to the number of buffers on the machine. `read` reads single bytes, so that sed reads long lists.
count_buffers() {
  buffers='' lines=0
  # shellcheck disable=SC2094  # sed reads the list anew
  while read -r first second _; do
    [ "$first" != Total ] || buffers=$second
    lines=$((lines + 1))
    [ $lines -le 40 ] || {
      buffers=$(sed -n 's/^Total \([0-9]*\) objects.*/\1/p' /sys/kernel/debug/dma_buf/bufinfo)
      return
    }
  done 2>/dev/null </sys/kernel/debug/dma_buf/bufinfo
}

# The clock ends cases whose time is over: /run/clock has the leader of the case's session, and when it began. `read`
# with a time limit is its sleep, because nothing writes to /run/tick.
start_clock() {
  setsid sh /lab/clock.sh <>/run/tick >/dev/null 2>&1 &
  clock=$!
}

run_case() { # FILE NAME
  rm -rf $CASE_NOTES /tmp/case
  mkdir $CASE_NOTES /tmp/case /tmp/case/.run /tmp/case/.started
  count_buffers
  before=$buffers
  read_uptime
  began=$up
  echo "lab: case $2" >/dev/kmsg
  echo "case $2"
  cd /tmp/case || exit 1
  # The clock may have been killed, such as by the kernel for lack of memory.
  [ -e "/proc/$clock/exe" ] || start_clock
  HOME=/tmp/case setsid sh /lab/case.sh "$1" "$2" </dev/null >$CASE_NOTES/output 2>&1 &
  case_process=$!
  echo "$case_process $began" >/run/clock
  wait $case_process 2>/dev/null
  ended=$?
  : >/run/clock
  cd /
  [ ! -s $CASE_NOTES/documents ] || awk '{ print "document " $0 }' $CASE_NOTES/documents
  judge "$ended" "$before"
  if [ -s $CASE_NOTES/failed ]; then
    echo "fail $2"
    { cat $CASE_NOTES/failed; [ -s $CASE_NOTES/output ] && { echo 'the case printed:'; cat $CASE_NOTES/output; }; } |
      cat -v | head -n 60 | sed 's/^/  /'
  elif [ -s $CASE_NOTES/skipped ]; then
    printf 'skip %s\t%s\n' "$2" "$(cat $CASE_NOTES/skipped)"
  else
    read_uptime
    echo "pass $2 $((up - began))"
  fi
}

# Unloads the modules that the case has loaded.
unload() {
  while read -r loaded; do
    for module in $(find "/lib/modules/$loaded" -name '*.ko' | sort -r); do
      name=$(basename "${module#*-}" .ko)
      rmmod "$name" || echo "expected module $name to be unused"
    done
  done 2>/dev/null <$CASE_NOTES/loaded
}

# Judges a case. The case must also restore the state of the machine.
judge() { # STATUS-OF-THE-CASE BUFFERS-BEFORE
  if [ "$1" != 0 ] && [ ! -s $CASE_NOTES/failed ]; then
    echo "expected the case to end; its shell ended with status $1" >$CASE_NOTES/failed
  fi
  tries=0
  while count_buffers && [ "$buffers" != "$2" ] && [ $tries -lt 150 ]; do usleep 20000; tries=$((tries + 1)); done
  [ "$buffers" = "$2" ] || {
    echo "expected as many dma-bufs on the machine as before ($2):"
    cat /sys/kernel/debug/dma_buf/bufinfo
  } >>$CASE_NOTES/failed
  # Processes that the case has just killed may still be ending.
  tries=0
  while find_strangers && [ "$left" ] && [ $tries -lt 100 ]; do usleep 20000; tries=$((tries + 1)); done
  [ -z "$left" ] || {
    echo 'expected no process to be left running:'
    for process in $left; do describe "$process"; done
  } >>$CASE_NOTES/failed
  for process in $left; do kill -KILL "$process" 2>/dev/null; done
  unload >>$CASE_NOTES/failed 2>&1
  dmesg -c >$CASE_NOTES/kmsg
  # There is usually no line but that of run_case.
  { read -r line && [ "${line%lab: case *}" != "$line" ] && ! read -r line; } <$CASE_NOTES/kmsg && return
  if [ ! -e $CASE_NOTES/warning-expected ] && grep -Eq "$warnings" $CASE_NOTES/kmsg; then
    echo 'expected no kernel warning:'
    grep -E -A 20 "$warnings" $CASE_NOTES/kmsg | head -n 25
  fi >>$CASE_NOTES/failed
}

functions_of() { sed -n 's/^\([a-zA-Z0-9][a-zA-Z0-9_]*\)() *{.*/\1/p' "$1"; }

# Runs the cases of a folder whose names match one of the patterns.
run_cases() { # FOLDER PATTERNS
  for file in /lab/"$1"/*.sh; do
    for name in $(functions_of "$file"); do
      set -f
      for pattern in $2; do
        # shellcheck disable=SC2254  # a glob on purpose
        case $name in $pattern) set +f; run_case "$file" "$name"; break ;; esac
      done
      set +f
    done
  done
}

mkfifo /run/tick
: >/run/clock
start_clock
dmesg -c >/run/kmsg
if [ -e /lab/with-controls ]; then
  echo controls
  run_cases controls '*'
  echo cases
fi
run_cases cases "$1"
kill -KILL "$clock"
exit 0
