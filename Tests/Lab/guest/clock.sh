# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154
# Ends a case when its time is over: clock.sh PROCESS, the leader of the case's session. A case sets the time that it
# needs on an idle machine. From 60 seconds on, five times as long is allowed, for a busy machine.
seconds_up() { sed 's/[. ].*//' /proc/uptime; }

begun=$(seconds_up)
while sleep 1; do
  allowed=$(cat "$CASE_NOTES/limit" 2>/dev/null || echo 60)
  [ "$allowed" -lt 60 ] || allowed=$((allowed * 5))
  [ $(($(seconds_up) - begun)) -lt "$allowed" ] && continue
  echo "expected to end within $allowed s" >"$CASE_NOTES/failed"
  kill -KILL "$1"
  exit
done
