# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091
# The table of errors, which scripts/errors writes, is what commands print.

errors_read_as_their_table_has_them() {
  # Where all that the table uses is built in, and the kernel refuses in one way.
  [ "$(cat /lab/kernel)" = full-6.12 ] || skip 'another kernel than the table is of'
  limit 120
  . /lab/errors.sh
  prepare_errors || expected 'buffers and fences to fail with'
  check [ "$(grep -c '^\$ dmabuf' /lab/errors.txt)" -ge 60 ]
  run_errors /lab/errors.txt | mask_errors >actual
  diff -u /lab/errors.txt actual >difference || expected "the table of errors: $(cat difference)"
  check dmabuf release --all
}
