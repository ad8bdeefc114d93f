# SPDX-License-Identifier: MIT
# operations.sh PAIRS: runs in the lab's guest `dmabuf bench` and the same calls as a loop in C (actors/operations.c),
# alternately. Prints a line for each operation: medians of both in nanoseconds, and the ratio of a pair as
# min-median-max.

pair() { # OPERATION SIZE ITERATIONS: nanoseconds in C, then of dmabuf
  if [ $((round % 2)) = 0 ]; then in_c "$@"; ours "$@"; else ours "$@"; in_c "$@"; fi
  echo "$c $ours"
}

in_c() { c=$(taskset 2 actor time "$1" "$2" "$3"); }

ours() {
  ours=$(dmabuf bench "$1" --source heap:system --device drm:vgem --size "$2" --count "$3" --cpu 1 --csv | sed -n 2p)
  ours=$(echo "$ours" | cut -d, -f9)
}

compare() { # OPERATION SIZE ITERATIONS
  round=-1
  while [ $((round += 1)) -lt "$pairs" ]; do pair "$@"; done >/tmp/pairs
  for side in 1 2; do cut -d ' ' -f $side /tmp/pairs | sort -n | sed -n "$(((pairs + 1) / 2))p"; done >/tmp/medians
  ratios=$(awk '{ printf "%.3f\n", $2 / $1 }' /tmp/pairs | sort -n |
    awk '{ r[NR] = $1 } END { printf "%.2f-%.3f-%.2f", r[1], r[int((NR + 1) / 2)], r[NR] }')
  echo "$1 $(tr '\n' ' ' </tmp/medians)$ratios"
}

pairs=${1:-15}
compare alloc 65536 1000
compare free 65536 1000
compare mmap 1048576 300
compare touch 1048576 300
compare sync 65536 20000
compare import 65536 2000
compare release 65536 2000
