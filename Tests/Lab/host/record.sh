# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # names shared between the parts of the lab
# `lab record`: records trees of /proc, sysfs and debugfs on real kernels, for the parsers' unit tests.

lab_record() {
  local kernel status=0
  for kernel in "$@"; do demand_kernel "$kernel"; done
  (( $# )) || set -- "${KERNELS[@]}"
  for kernel in "$@"; do record_kernel "$kernel" || status=1; done
  exit "$status"
}

record_kernel() { # KERNEL
  local place=$FIXTURES/$1 part
  prepare "$1"
  # shellcheck disable=SC2317  # called by boot
  keep_archive() { cat >"$BOOT/recorded.tar"; }
  READ_STDOUT="keep_archive"
  boot "$1" record 300 || return 1
  READ_STDOUT="cat"
  if (( GUEST_STATUS != 0 )); then
    say "$1: the recording failed"
    return 1
  fi
  if kernel_warnings >&2; then return 1; fi
  rm -rf "$place" && mkdir -p "$place" && tar -C "$place" --no-same-owner --no-same-permissions -xf "$BOOT/recorded.tar" || return 1
  find "$place" -type f -exec chmod 644 {} +
  for part in tracefs display; do
    [[ -d $place/$part ]] || continue
    rm -rf "${FIXTURES:?}/$part/$1"
    mkdir -p "$FIXTURES/$part" && mv "$place/$part" "$FIXTURES/$part/$1" || return 1
  done
  say "$1: $(find "$place" -mindepth 1 -maxdepth 1 | wc -l) moments, $(find "$place" -type f -printf '%s\n' | awk '{ s += $1 } END { print int(s / 1024) }') KiB"
}
