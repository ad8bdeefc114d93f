# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154
# The verbs of cases. A case runs in a directory of its own, with the directories .run and .started. Its last `run` has
# written `status`, `stdout` and `stderr` to .run. Starting a program lasts 20 ms here, so verbs avoid that.

last_command='(nothing was run)'

# ---- requirements of a case -------------------------------------------------------------

# needs FACILITY…: skips the case, with the reason, if the kernel lacks one of them.
needs() {
  for facility; do
    has "$facility" || { echo "no $facility" >"$CASE_NOTES/skipped"; exit 0; }
  done
}

# skip REASON: skips the case for a reason that `needs` cannot check.
skip() { echo "$1" >"$CASE_NOTES/skipped"; exit 0; }

# on_two_kernels: runs the case only on the kernel with all drivers and on the newest kernel. For cases that take long
# and hardly depend on the version.
on_two_kernels() { has sw_sync || has 'kernel:>=7.0' || skip 'runs on two other kernels'; }

has() {
  case $1 in
    heap:cma) heap_cma >/dev/null ;;
    heap:*) [ -c "/dev/dma_heap/${1#heap:}" ] ;;
    udmabuf) [ -c /dev/udmabuf ] ;;
    drm:*) drm_node "${1#drm:}" >/dev/null ;;
    v4l2:*) video_node "${1#v4l2:}" >/dev/null ;;
    sw_sync) [ -e /sys/kernel/debug/sync/sw_sync ] ;;
    sysfs-stats) [ -d /sys/kernel/dmabuf/buffers ] ;;
    bufinfo) [ -e /sys/kernel/debug/dma_buf/bufinfo ] ;;
    bpf-dmabuf-iter) grep -aq bpf_iter_dmabuf /sys/kernel/btf/vmlinux 2>/dev/null ;;
    hugetlb) _found=0; read -r _found 2>/dev/null </proc/sys/vm/nr_hugepages; [ "$_found" -gt 0 ] ;;
    dmabuf-tracepoints) [ -d /sys/kernel/tracing/events/dma_buf ] ;;
    dma-fence-tracepoints) [ -d /sys/kernel/tracing/events/dma_fence ] ;;
    'kernel:>='*) at_least "${1#kernel:>=}" ;;
    'kernel:<'*) ! at_least "${1#kernel:<}" ;;
    dmabuf) [ -x /bin/dmabuf ] ;;
    example) [ -x /bin/frame ] ;;
    *) broken "needs: no facility is called '$1'" ;;
  esac
}

# load MODULE: loads a module that is not loaded at boot, for this case alone. Skips if the kernel does not have it.
load() {
  [ -d "/lib/modules/$1" ] || skip "no module $1"
  echo "$1" >>"$CASE_NOTES/loaded"
  for module in "/lib/modules/$1"/*.ko; do
    insmod "$module" || broken "load: $module was refused"
  done
}

at_least() { # VERSION
  IFS=.- read -r _major _minor _ </proc/sys/kernel/osrelease
  [ $((_major * 1000 + _minor)) -ge $((${1%%.*} * 1000 + ${1#*.})) ]
}

# Prints the name of the CMA heap, which differs between kernels.
heap_cma() {
  for heap in default_cma_region reserved linux,cma default-pool; do
    [ -c "/dev/dma_heap/$heap" ] && { echo "$heap"; return; }
  done
  return 1
}

# Sets $_base to the last component of the path that DIRECTORY is a link to, or to nothing.
resolve() { # DIRECTORY
  _base='' _here=$PWD
  cd -P "$1" 2>/dev/null || return 0
  _base=${PWD##*/}
  cd "$_here" || exit
}

# drm_node DRIVER [card|render]: prints the node's path.
drm_node() {
  for entry in /sys/class/drm/"${2:-card}"*; do
    [ -e "$entry/device/uevent" ] || continue
    case ${entry##*/} in *-*) continue ;; esac
    _found=''
    while read -r _line; do
      [ "$_line" != "DRIVER=$1" ] || _found=yes
    done <"$entry/device/uevent"
    resolve "$entry/device"
    [ "$_base" != "$1" ] || _found=yes
    resolve "$entry/device/driver"
    [ "$_base" != "$1-drm" ] || _found=yes
    for _device in "$entry"/device/virtio*; do
      resolve "$_device/driver"
      [ "$_base" != "$1" ] || _found=yes
    done
    if [ "$_found" ]; then
      echo "/dev/dri/${entry##*/}"
      return
    fi
  done
  return 1
}

# video_node DRIVER: prints the path of its first node.
video_node() {
  _number=0
  while [ $_number -lt 64 ]; do
    entry=/sys/class/video4linux/video$_number
    _number=$((_number + 1))
    [ -e "$entry/name" ] || continue
    read -r _line <"$entry/name"
    resolve "$entry/device"
    case "$_line $_base" in
      *"$1"*) echo "/dev/${entry##*/}"; return ;;
    esac
  done
  return 1
}

# frame_bytes NODE: prints the size of a camera's images. The defaults of vivid differ between kernels.
frame_bytes() { actor video-print "$1" | cut -d ' ' -f 2; }

# whole_pages SIZE: prints SIZE rounded up to whole pages of this kernel.
whole_pages() { echo $((($1 + PAGE - 1) / PAGE * PAGE)); }

# limit SECONDS: sets the time of this case on an idle machine. The default is 60. From 60 on, five times as long is
# allowed.
limit() { echo "$1" >"$CASE_NOTES/limit"; }

# Allows kernel warnings during this case.
expect_kernel_warning() { touch "$CASE_NOTES/warning-expected"; }

# ---- actions ----------------------------------------------------------------------------

run() {
  last_command=$*
  kept=''
  "$@" >.run/stdout 2>.run/stderr </dev/null
  echo $? >.run/status
}

run_as_nobody() {
  chmod 777 . 2>/dev/null
  run actor uid 65534 exec "$@"
  last_command="(as nobody) $*"
}

# start NAME CMD…: starts CMD in the background. Its process id is $NAME_pid.
start() {
  started=$1
  shift
  echo "$*" >".started/$started.command"
  : >".started/$started.stdout"
  { "$@" >".started/$started.stdout" 2>".started/$started.stderr" </dev/null & } 2>/dev/null
  eval "${started}_pid=$!"
}

wait_for_line() { # NAME REGEX
  tries=0
  eval "_process=\$${1}_pid"
  until has_printed "$1" "$2"; do
    tries=$((tries + 1))
    if [ $tries -gt 3000 ] || ! alive "$_process"; then
      has_printed "$1" "$2" && return
      as_captured "$1" '(still running)'
      expected "'$1' to print a line that matches: $2"
    fi
    usleep 20000
  done
}

# A plain word in a short output needs no grep.
has_printed() { # NAME REGEX
  case $2 in
    *[!a-z]*) ;;
    *)
      _lines=0
      while { read -r _line || [ "$_line" ]; } && [ $_lines -lt 5 ]; do
        case $_line in *"$2"*) return ;; esac
        _lines=$((_lines + 1))
      done <".started/$1.stdout"
      [ $_lines = 5 ] || return
      ;;
  esac
  grep -Eq -- "$2" ".started/$1.stdout"
}

pid_of() { eval "echo \$${1}_pid"; }

no_holder_runs() { ! pidof dmabuf-holder >/dev/null; }

# Returns whether the process lives. A zombie has ended.
alive() { # PROCESS
  read -r _line 2>/dev/null <"/proc/$1/stat" || return
  case ${_line##*) } in [ZX]*) return 1 ;; esac
}

send_signal() { # NAME SIGNAL
  eval "_process=\$${1}_pid"
  kill -s "$2" "$_process" || expected "'$1' to exist for signal $2"
}

finish() { # NAME
  eval "_process=\$${1}_pid"
  wait "$_process"
  as_captured "$1" $?
}

as_captured() { # NAME STATUS
  kept=''
  cp ".started/$1.stdout" .run/stdout
  cp ".started/$1.stderr" .run/stderr
  echo "$2" >.run/status
  read -r last_command <".started/$1.command"
}

# eventually CMD…: repeats CMD until it succeeds, for up to 30 s.
eventually() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || expected "within 30 s: $*"
    usleep 100000
  done
}

# ---- expectations -----------------------------------------------------------------------

status() {
  read -r _found <.run/status
  [ "$_found" = "$1" ] || expected "status $1"
}
stdout() { grep -Eqa -- "$1" .run/stdout || expected "stdout to match: $1"; }
stderr() { grep -Eqa -- "$1" .run/stderr || expected "stderr to match: $1"; }
no_stdout() { ! grep -Eqa -- "$1" .run/stdout || expected "stdout not to match: $1"; }
no_stderr() { ! grep -Eqa -- "$1" .run/stderr || expected "stderr not to match: $1"; }
stdout_is() { [ "$(cat .run/stdout)" = "$1" ] || expected "stdout to be: $1"; }
stdout_is_empty() { [ ! -s .run/stdout ] || expected 'no stdout'; }
stderr_is_empty() { [ ! -s .run/stderr ] || expected 'no stderr'; }

# json JQ EXPECTED: compares EXPECTED with the output of jq for the captured stdout, compact, in one line per value.
json() {
  found=$(jq -c "$1" .run/stdout 2>&1) || expected "JSON for the query $1; jq: $found"
  [ "$found" = "$2" ] || [ "$found" = "\"$2\"" ] || expected "JSON $1 to be $2; it is $found"
  keep_documents
}

json_true() {
  found=$(jq -c "$1" .run/stdout 2>&1) || expected "JSON for the query $1; jq: $found"
  [ "$found" = true ] || expected "JSON to satisfy $1; the result is $found"
  keep_documents
}

# Saves documents of dmabuf in the captured stdout, which the host validates against docs/schema: up to four of each
# command, each below 64 KiB.
keep_documents() {
  [ -z "$kept" ] || return 0
  kept=yes
  awk 'length < 65536 && /^\{.*"schema":"dmabuf\./ && count++ < 4' .run/stdout >>"$CASE_NOTES/documents"
}

# check CMD…: expects CMD to exit with 0.
check() {
  "$@" >.run/check 2>&1 && return
  expected "to succeed: $* ($(shown .run/check))"
}

same() { cmp "$1" "$2" >.run/check 2>&1 || expected "the same bytes: $(cat .run/check)"; }

buffers_on_the_machine() {
  if [ -r /sys/kernel/debug/dma_buf/bufinfo ]; then
    sed -n 's/^Total \([0-9]*\) objects.*/\1/p' /sys/kernel/debug/dma_buf/bufinfo
  else
    find /sys/kernel/dmabuf/buffers -mindepth 1 -maxdepth 1 2>/dev/null | wc -l
  fi
}

# ---- failed expectations ----------------------------------------------------------------

# Prints bytes as text, shortened.
shown() {
  head -c 2000 "$1" 2>/dev/null | cat -v | head -n 30 | sed 's/^/    /'
  [ "$(wc -c <"$1" 2>/dev/null || echo 0)" -gt 2000 ] && echo '    (shortened)'
}

expected() {
  {
    echo "expected $1"
    echo "command: $last_command"
    echo "status: $(cat .run/status 2>/dev/null)"
    for stream in stdout stderr; do
      if [ -s ".run/$stream" ]; then echo "$stream:"; shown ".run/$stream"; else echo "$stream: (empty)"; fi
    done
  } >"$CASE_NOTES/failed"
  exit 1
}

# Fails because the case itself is wrong.
broken() {
  echo "this case is broken: $1" >"$CASE_NOTES/failed"
  exit 1
}
