# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154,SC3045
# Ends each case whose time is over. /run/clock has the leader of its session and when it began, or nothing between
# cases. A case sets the time that it needs on an idle machine. From 60 seconds on, five times as long is allowed, for a
# busy machine. It runs all the time, so it starts no programs. Nothing is ever read from standard input.
while :; do
  read -r -t 1 _
  read -r process begun </run/clock || continue
  allowed=''
  read -r allowed 2>/dev/null <"$CASE_NOTES/limit"
  allowed=${allowed:-60}
  [ "$allowed" -lt 60 ] || allowed=$((allowed * 5))
  read -r up _ </proc/uptime
  [ $((${up%%.*} - begun)) -ge "$allowed" ] || continue
  # The notes that were read are those of this case if it has not ended meanwhile.
  read -r current _ </run/clock
  [ "$current" = "$process" ] || continue
  echo "expected to end within $allowed s" >"$CASE_NOTES/failed"
  kill -KILL "$process"
done
