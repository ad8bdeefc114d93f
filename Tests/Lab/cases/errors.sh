# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091
# Commands print the errors of the table that scripts/errors writes.

errors_read_as_their_table_has_them() {
  # This kernel has everything that the table uses, and always refuses in the same way.
  [ "$(cat /lab/kernel)" = full-6.12 ] || skip 'the table is that of kernel full-6.12'
  limit 120
  . /lab/errors.sh
  prepare_errors || expected 'buffers and fences to fail with'
  check [ "$(grep -c '^\$ dmabuf' /lab/errors.txt)" -ge 60 ]
  run_errors /lab/errors.txt | mask_errors >actual
  diff -u /lab/errors.txt actual >difference || expected "the table of errors: $(cat difference)"
  check dmabuf release --all
}
