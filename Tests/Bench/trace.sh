# SPDX-License-Identifier: MIT
# trace.sh PAIRS SECONDS: runs in the lab's guest loops in C (actors/operations.c) while `dmabuf trace` writes each of
# their steps to a file, and without it, alternately. Prints a line for each loop: nanoseconds of a turn without and with
# the trace, the ratio of a pair as min-median-max, the events of a second, and the events that were lost.

# The loop runs on one processor of the guest, and the trace where it wants.
loop() { taskset 2 actor pace "$1" "$2" "$3"; } # OPERATION TURNS LOOPS

# Starts a trace, and waits until it has its probes. Meanwhile nothing runs, because the emulator is not safe to change
# code that another processor executes.
begin() {
  dmabuf trace >/tmp/live 2>/tmp/said &
  tracer=$!
  until grep -q dma_resv_wait_timeout /sys/kernel/tracing/enabled_functions; do usleep 200000; done
  sleep 1
}

# Ends the trace.
finish() {
  kill "$tracer"
  wait "$tracer"
}

# The loops between two turns with which there are RATE events a second without a trace. 0 for no pause.
pause_for() { # OPERATION EVENTS-OF-A-TURN RATE
  [ "$3" != 0 ] || { echo 0; return; }
  bare=$(loop "$1" 2000 0)
  with=$(loop "$1" 2000 10000)
  awk -v bare="$bare" -v with="$with" -v events="$2" -v rate="$3" 'BEGIN {
    turn = bare / 2000; step = (with - bare) / 2000 / 10000
    loops = (events * 1e9 / rate - turn) / step
    printf "%d", (loops > 0 ? loops : 0)
  }'
}

middle() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

compare() { # OPERATION RATE
  begin
  loop "$1" 100 0 >/dev/null
  loop "$1" 1100 0 >/dev/null
  usleep 500000
  finish
  # The second loop has 1000 turns more than the first.
  events=$(awk '/ actor\(/ { match($0, /actor\([0-9]+\)/); n[substr($0, RSTART, RLENGTH)]++ }
    END { for (i in n) { if (!most || n[i] > most) most = n[i] } print int(most / 1100 + 0.5) }' /tmp/live)
  loops=$(pause_for "$1" "$events" "$2")
  turn=$(($(loop "$1" 2000 "$loops") / 2000))
  turns=$((seconds * 1000000000 / turn))
  lost=0
  round=0
  while [ $((round += 1)) -le "$pairs" ]; do
    [ $((round % 2)) = 0 ] || bare=$(loop "$1" $turns "$loops")
    begin
    traced=$(loop "$1" $turns "$loops")
    usleep 300000
    finish
    [ $((round % 2)) = 1 ] || bare=$(loop "$1" $turns "$loops")
    n=$(sed -n 's/^dmabuf: \([0-9]*\) events did not fit.*/\1/p' /tmp/said)
    lost=$((lost + ${n:-0}))
    echo "$((bare / turns)) $((traced / turns))"
  done >/tmp/pairs
  ratios=$(awk '{ printf "%.3f\n", $2 / $1 }' /tmp/pairs | sort -n |
    awk '{ r[NR] = $1 } END { printf "%.2f-%.2f-%.2f", r[1], r[int((NR + 1) / 2)], r[NR] }')
  bare=$(cut -d ' ' -f 1 /tmp/pairs | middle)
  echo "$1 $2 $bare $(cut -d ' ' -f 2 /tmp/pairs | middle) $ratios $((events * 1000000000 / bare)) $lost"
}

pairs=${1:-5} seconds=${2:-2}
for operation in sync import; do
  for rate in 5000 50000 0; do compare $operation $rate; done
done

# Without events, a trace only sleeps.
begin
sleep 1
before=$(cut -d ' ' -f 14,15 /proc/$tracer/stat)
sleep 5
after=$(cut -d ' ' -f 14,15 /proc/$tracer/stat)
finish
echo "$before $after" | awk '{ print "idle", ($3 + $4 - $1 - $2) * 10 }'

# Until the first event is written: the command starts when the trace is ready.
for _ in 1 2 3; do
  since=$(cut -d ' ' -f 1 /proc/uptime)
  dmabuf trace -- actor buffer 4096 pause >/tmp/live &
  tracer=$!
  until [ -s /tmp/live ]; do usleep 5000; done
  echo "$since $(cut -d ' ' -f 1 /proc/uptime)" | awk '{ print int(($2 - $1) * 1000) }'
  finish
done | middle | sed 's/^/start /'
