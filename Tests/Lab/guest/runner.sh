# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154
# Runs the cases in the guest. Reports on stdout, with one line per case, and lines of details:
#   case NAME | pass NAME SECONDS | skip NAME TAB REASON | fail NAME | `  text` of the failure
#   document JSON: a document that dmabuf printed in the case, for the host to validate
# runner.sh GLOBS: runs the cases whose name matches one of GLOBS. `controls` runs the negative controls instead.

warnings='WARNING|BUG:|Oops|KASAN|lockdep|INFO: task .* blocked|possible circular'
export CASE_NOTES=/run/case

session_of() { # PROCESS
  read -r line 2>/dev/null <"/proc/$1/stat" || return
  # shellcheck disable=SC2086  # words on purpose: state, parent, group, session
  set -- ${line##*) }
  case $1 in [ZX]) ;; *) echo "$4" ;; esac
}
own_session=$(session_of $$)

# Prints the processes that a case has not ended: every living program outside the session of init and this runner.
strangers() {
  for entry in /proc/[0-9]*; do
    [ -e "$entry/exe" ] || continue
    session=$(session_of "${entry#/proc/}")
    case $session in '' | "$own_session" | "$clock") ;; *) echo "${entry#/proc/}" ;; esac
  done
}

describe() { printf '    %s (%s)\n' "$1" "$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline")"; }

seconds_up() { sed 's/[. ].*//' /proc/uptime; }

buffers() { sed -n 's/^Total \([0-9]*\) objects.*/\1/p' /sys/kernel/debug/dma_buf/bufinfo 2>/dev/null; }

run_case() { # FILE NAME
  rm -rf $CASE_NOTES /tmp/case
  mkdir $CASE_NOTES /tmp/case
  before=$(buffers)
  began=$(seconds_up)
  echo "lab: case $2" >/dev/kmsg
  echo "case $2"
  cd /tmp/case || exit 1
  HOME=/tmp/case setsid sh /lab/case.sh "$1" "$2" </dev/null >$CASE_NOTES/output 2>&1 &
  case_process=$!
  setsid sh /lab/clock.sh $case_process >/dev/null 2>&1 &
  clock=$!
  wait $case_process 2>/dev/null
  ended=$?
  # Kill the group, with its sleep. Kill also the process itself, which may not lead a group yet.
  kill -KILL -$clock 2>/dev/null
  kill -KILL $clock 2>/dev/null
  wait $clock 2>/dev/null
  cd /
  [ ! -s $CASE_NOTES/documents ] || sed 's/^/document /' $CASE_NOTES/documents
  judge "$ended" "$before"
  if [ -s $CASE_NOTES/failed ]; then
    echo "fail $2"
    { cat $CASE_NOTES/failed; [ -s $CASE_NOTES/output ] && { echo 'the case printed:'; cat $CASE_NOTES/output; }; } |
      cat -v | head -n 60 | sed 's/^/  /'
  elif [ -s $CASE_NOTES/skipped ]; then
    printf 'skip %s\t%s\n' "$2" "$(cat $CASE_NOTES/skipped)"
  else
    echo "pass $2 $(($(seconds_up) - began))"
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
  while [ "$(buffers)" != "$2" ] && [ $tries -lt 30 ]; do usleep 100000; tries=$((tries + 1)); done
  [ "$(buffers)" = "$2" ] || {
    echo "expected as many dma-bufs on the machine as before ($2):"
    cat /sys/kernel/debug/dma_buf/bufinfo
  } >>$CASE_NOTES/failed
  # Processes that the case has just killed may still be ending.
  tries=0
  while left=$(strangers) && [ "$left" ] && [ $tries -lt 20 ]; do usleep 100000; tries=$((tries + 1)); done
  [ -z "$left" ] || {
    echo 'expected no process to be left running:'
    for process in $left; do describe "$process"; done
  } >>$CASE_NOTES/failed
  for process in $left; do kill -KILL "$process" 2>/dev/null; done
  unload >>$CASE_NOTES/failed 2>&1
  dmesg -c >$CASE_NOTES/kmsg
  if [ ! -e $CASE_NOTES/warning-expected ] && grep -Eq "$warnings" $CASE_NOTES/kmsg; then
    echo 'expected no kernel warning:'
    grep -E -A 20 "$warnings" $CASE_NOTES/kmsg | head -n 25
  fi >>$CASE_NOTES/failed
}

functions_of() { sed -n 's/^\([a-zA-Z0-9][a-zA-Z0-9_]*\)() *{.*/\1/p' "$1"; }

# Returns whether the name matches one of the patterns.
is_wanted() ( # NAME PATTERNS
  set -f
  for pattern in $2; do
    # shellcheck disable=SC2254  # a glob on purpose
    case $1 in $pattern) exit 0 ;; esac
  done
  exit 1
)

folder=cases
[ "$1" = controls ] && { folder=controls; set -- '*'; }
dmesg -c >/run/kmsg
for file in /lab/"$folder"/*.sh; do
  for name in $(functions_of "$file"); do
    is_wanted "$name" "$1" && run_case "$file" "$name"
  done
done
exit 0
