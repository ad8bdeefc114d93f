# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1003,SC2016,SC2154
# dmabuf trace --perfetto: files in the Trace Event Format, which viewers open only in part if they are not sound.

_can_trace() {
  needs drm:vgem
  [ -e /sys/kernel/btf/vmlinux ] || skip 'no BTF'
  # The events are those of the other traces, which run on all kernels.
  [ "$(cat /lab/kernel)" = debian-6.12 ] || skip 'files are written on debian-6.12'
}

# The faults of a file: what viewers do not draw. Times are compared in nanoseconds.
_faults='
  def ns: . * 1000 | round;
  .traceEvents as $all
  | [$all[] | select(.ph == "X") | {track: [.pid, .tid], begin: (.ts | ns), end: ((.ts | ns) + (.dur | ns)), name}] as $slices
  | [$all[] | select(.ph == "s" or .ph == "f")] as $points
  | [
      ($all[] | select(
        ([.name, .ph] | map(type) != ["string", "string"]) or ([.pid, .tid] | map(type) != ["number", "number"])
        or (if .ph == "M" then (.args | length) != 1
          elif .ph == "X" then ([.ts, .dur] | map(type) != ["number", "number"]) or .dur < 0 or (.args | type) != "object"
          elif .ph == "i" then (.ts | type) != "number" or .s != "t" or (.args | type) != "object"
          elif .ph == "s" then ([.ts, .id] | map(type) != ["number", "number"])
          elif .ph == "f" then ([.ts, .id] | map(type) != ["number", "number"]) or .bp != "e"
          else true end))
        | {members: .}),
      ($points | group_by(.id)[] | select(map(.ph) != ["s", "f"] or .[0].ts > .[1].ts) | {arrow: .}),
      ($points[] | . as $point | (.ts | ns) as $time
        | select(all($slices[]; .track != [$point.pid, $point.tid] or .begin > $time or .end < $time))
        | {outside: .}),
      # sort_by is stable: of slices that begin together, the outer one must come first in the file.
      ($slices | group_by(.track)[] | sort_by(.begin)
        | foreach .[] as $slice ({open: [], fault: null};
            .open |= map(select(.end > $slice.begin))
            | .fault = (if .open != [] and .open[-1].end < $slice.end then .open[-1] else null end)
            | .open += [$slice];
            .fault // empty | {overlap: [., $slice]})),
      ([$all[] | select(.ph == "M" and .name == "thread_name") | [.pid, .tid]] as $named
        | [$all[] | select(.ph == "X" or .ph == "i") | [.pid, .tid]] | unique[]
        | . as $track | select($named | index([$track]) | not) | {unnamed: .})
    ]'

# Expects the file to be a sound document.
_sound() { # FILE
  check jq -e . "$1"
  check [ "$(jq -c "$_faults" "$1" | head -c 2000)" = '[]' ]
}

# Queries the file.
_query() { jq -c "$2" "$1"; }

# The script of a process that waits for the fence of another one.
_wait_for_a_fence='
  actor comm camerad buffer 65536 name 0 cam vgem-import 0 print 0 vgem-fence 0 write ready sleep 3 vgem-signal 1 sleep 1 >out &
  until grep -q ready out; do usleep 50000; done
  read -r pid fd _ <out
  dmabuf fence-wait $pid:$fd --timeout 9s >&2
  wait'

a_file_for_perfetto_has_tracks_for_buffers_processes_and_timelines() {
  _can_trace
  run dmabuf trace --perfetto trace.json -- sh -c "$_wait_for_a_fence"
  status 0
  stdout_is_empty
  _sound trace.json
  check [ "$(_query trace.json '.otherData | [.clock, .lost]')" = '["CLOCK_MONOTONIC",0]' ]
  groups='[.traceEvents[] | select(.name == "process_name") | .args.name] | unique - ["sh", "usleep", "read", "dmabuf"]'
  check [ "$(_query trace.json "$groups")" = '["buffers","camerad","fences"]' ]
  tracks='[.traceEvents[] | select(.name == "thread_name" and .pid >= 100000000) | .args.name] | sort | map(gsub(" [0-9]+$"; " N"))'
  check [ "$(_query trace.json "$tracks | map(select(startswith(\"ino\") | not))")" = '["vgem unbound N"]' ]
  check [ "$(_query trace.json "$tracks | map(select(endswith(\" vgem\"))) | length")" = 1 ]
  # The buffer lives from its export to its release, and is called as in stat.
  life='.traceEvents[] | select(.cat == "buffer")'
  check [ "$(_query trace.json "$life | .name | sub(\"[0-9]+\"; \"N\")")" = '"ino:N 64K system \"cam\""' ]
  check [ "$(_query trace.json "$life | .args | [.exported_by, .released_by] | map(sub(\"[0-9]+\"; \"N\"))")" = '["camerad(N)","camerad(N)"]' ]
  check [ "$(_query trace.json "[$life | .args.state]")" = '["released"]' ]
  check [ "$(_query trace.json '[.traceEvents[] | select(.cat == "fence" and .ph == "X") | [.name, .args.state]]')" = '[["vgem unbound#1","signalled"]]' ]
  check [ "$(_query trace.json '[.traceEvents[] | select(.cat == "device") | .name] | unique | index("attached") != null')" = true ]
}

arrows_of_a_file_for_perfetto_go_from_the_signal_of_a_fence_to_the_end_of_the_wait() {
  _can_trace
  start stalls dmabuf trace --stalls --json --for 30s
  run dmabuf trace --perfetto trace.json -- sh -c "$_wait_for_a_fence"
  status 0
  send_signal stalls TERM
  finish stalls
  _sound trace.json
  wait='(.traceEvents[] | select(.cat == "wait" and (.name | startswith("wait for"))))'
  check [ "$(_query trace.json "$wait | [.name, .args.call, .args.creator, .args.signaller] | map(gsub(\"\\\\([0-9]+\"; \"(N\"))")" = \
    '["wait for vgem unbound#1","poll","camerad(N)","camerad(N)"]' ]
  # Another tracer measures the same length.
  length=$(jq -s 'map(select(.fence.driver == "vgem")) | .[0].duration_ns' .run/stdout)
  check [ "$(_query trace.json "$wait | .dur * 1000 - $length | fabs < 100000000 and $length > 1000000000")" = true ]
  # One arrow comes from the timeline, and one from the thread that signalled the fence.
  ends='[.traceEvents[] | select(.name == "signal")] | group_by(.id)'
  check [ "$(_query trace.json "$wait as \$wait | $ends | map(.[1] | [.pid, (.ts - \$wait.ts - \$wait.dur | fabs < 0.01)] == [\$wait.pid, true])")" = '[true,true]' ]
  signal='(.traceEvents[] | select(.ph == "X" and (.name | startswith("fence-signal"))))'
  check [ "$(_query trace.json "$signal as \$signal | $ends | map(.[0] | select(.pid == \$signal.pid and .ts == \$signal.ts)) | length")" = 1 ]
  check [ "$(_query trace.json "$ends | map(.[0] | select(.pid >= 100000000)) | length")" = 1 ]
  # The thread wakes up after the signal.
  wake='(.traceEvents[] | select(.name == "wake-up"))'
  check [ "$(_query trace.json "$signal as \$signal | $wake | .ts == \$signal.ts")" = true ]
}

a_file_for_perfetto_is_complete_after_an_interruption() {
  _can_trace
  start trace actor default-signals exec dmabuf trace --perfetto trace.json
  eventually sh -c 'ls .dmabuf-* 2>/dev/null'
  start camera actor comm camerad buffer 65536 name 0 cam ready pause
  wait_for_line camera ready
  run actor buffer 4096 exec true
  usleep 500000
  send_signal trace INT
  finish trace
  status 130
  stderr_is_empty
  send_signal camera TERM
  _sound trace.json
  check [ -z "$(find . -maxdepth 1 -name '.dmabuf-*')" ]
  # A buffer that is alive at the end of the trace has a slice until then.
  lives='[.traceEvents[] | select(.cat == "buffer")]'
  check [ "$(_query trace.json "$lives | map(select(.name | contains(\"cam\")) | .args.state)")" = '["alive"]' ]
  check [ "$(_query trace.json "$lives | map(select(.args.state == \"released\")) | length >= 1")" = true ]
}

a_trace_for_perfetto_can_be_limited_in_time_and_written_to_standard_output() {
  _can_trace
  run dmabuf trace --perfetto - --for 1s
  status 0
  stderr_is_empty
  cp .run/stdout trace.json
  _sound trace.json
  run dmabuf trace --perfetto trace.json --json
  status 64
  stderr '--perfetto and --json exclude each other'
  run dmabuf trace --perfetto absent/trace.json -- true
  status 1
  stderr '^dmabuf: absent/trace.json: open: No such file or directory$'
}

names_in_a_file_for_perfetto_are_escaped() {
  _can_trace
  run dmabuf trace --perfetto trace.json -- actor comm 'x"}],\' buffer 4096 name 0 '"},\n\x1b\xff\xe2\x80\xae' exec true
  status 0
  _sound trace.json
  check [ "$(_query trace.json '[.traceEvents[] | select(.cat == "buffer") | .name] | map(sub("^[^\"]*"; ""))')" = '["\"\"},\\n\\x1b\\xff\\u{202e}\""]' ]
  check [ "$(_query trace.json '[.traceEvents[] | select(.name == "process_name") | .args.name] | index("x\"}],\\\\") != null')" = true ]
  check [ "$(LC_ALL=C grep -c "$(printf '\033')" trace.json)" = 0 ]
}

accesses_that_overlap_get_tracks_of_their_own() {
  _can_trace
  # SYNC START and SYNC END for writing, of two buffers in turn.
  run dmabuf trace --perfetto trace.json -- actor buffer 4096 buffer 4096 \
    ioctl 0 0x40086200 2,0 ioctl 1 0x40086200 2,0 ioctl 0 0x40086200 6,0 ioctl 1 0x40086200 6,0
  status 0
  _sound trace.json
  accesses='[.traceEvents[] | select(.cat == "access")]'
  check [ "$(_query trace.json "$accesses | map(.name | sub(\"[0-9]+\"; \"N\")) | unique")" = '["CPU write ino:N"]' ]
  check [ "$(_query trace.json "$accesses | [length, (map(.tid) | unique | length), (map(.pid) | unique | length)]")" = '[2,2,1]' ]
}

a_device_holds_its_attachment_and_filters_apply() {
  _can_trace
  run dmabuf trace --perfetto trace.json --name 'cam*' -- actor buffer 65536 buffer 131072 name 1 cam1 vgem-import 1 vgem-import 0
  status 0
  _sound trace.json
  check [ "$(_query trace.json '[.traceEvents[] | select(.cat == "buffer") | .args.size]')" = '[131072]' ]
  check [ "$(_query trace.json '[.traceEvents[] | select(.cat == "device" and .name == "attached")] | length')" = 1 ]
}

a_file_for_perfetto_counts_lost_events() {
  _can_trace
  run dmabuf trace --buffer 4K --perfetto trace.json -- actor time sync 4096 5000
  status 0
  stderr 'did not fit into the ring buffer'
  lost=$(_query trace.json .otherData.lost)
  check [ "$lost" -gt 0 ]
  stderr "^dmabuf: $lost events? did not fit"
  _sound trace.json
}
