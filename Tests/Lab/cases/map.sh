# SPDX-License-Identifier: MIT
# dmabuf map. Most cases run on any kernel, because `actor buffer` uses any source.

# _with SIZE SCRIPT: runs the script with a new buffer as $FD.
_with() {
  run actor buffer "$1" exec sh -c "FD=\$SLOT_0; $2"
}

a_filled_pattern_verifies() {
  for pattern in zero 0xAA 0x010203 counter random:7; do
    _with 1M "dmabuf map fd:\$FD --fill $pattern && dmabuf map fd:\$FD --verify $pattern --json"
    status 0
    tail -n 1 .run/stdout >last && mv last .run/stdout
    json '[.schema, .operation, .ok, .mismatches, .first_mismatch, .length]' '["dmabuf.map/1","verify",true,0,null,1048576]'
  done
}

a_new_buffer_is_zero() {
  _with 64K 'dmabuf map fd:$FD --verify zero'
  status 0
}

patterns_do_not_depend_on_where_one_starts() {
  _with 64K 'dmabuf map fd:$FD --fill random:3 --length 8191 && dmabuf map fd:$FD --fill random:3 --offset 8191 &&
    dmabuf map fd:$FD --verify random:3 && dmabuf map fd:$FD --verify random:3 --offset 4097 --length 13'
  status 0
}

the_first_difference_is_shown_with_what_was_expected() {
  _with 64K 'dmabuf map fd:$FD --fill counter; dmabuf map fd:$FD --fill 0xff --offset 5000 --length 3; dmabuf map fd:$FD --verify counter'
  status 1
  stdout '3 bytes differ$'
  stdout '^first at +5000 \(0x1388\)$'
  stdout '^expected +71 02 00'
  stdout '^found +ff ff ff'
  _with 64K 'dmabuf map fd:$FD --verify 0x01 --json'
  status 1
  json '[.ok, .mismatches, .first_mismatch.offset, .first_mismatch.found]' '[false,65536,0,"00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"]'
}

a_dump_is_what_hexdump_prints() {
  _with 64K 'dmabuf map fd:$FD --fill random:1 --offset 100 --length 5000
    dmabuf map fd:$FD --output bytes && hexdump -C bytes >expected && dmabuf map fd:$FD --dump >found'
  status 0
  same expected found
  _with 64K 'dmabuf map fd:$FD --fill random:1; dmabuf map fd:$FD --output bytes
    hexdump -C -s 33 -n 100 bytes >expected; dmabuf map fd:$FD --offset 33 --length 100 >found'
  status 0
  same expected found
}

a_checksum_is_what_xxhsum_prints() {
  _with 1M 'dmabuf map fd:$FD --fill random:5; dmabuf map fd:$FD --output bytes; dmabuf map fd:$FD --checksum'
  status 0
  sum=$(xxhsum -H3 bytes | grep -o '[0-9a-f]\{16\}')
  stdout "^xxh3:$sum\$"
}

files_are_copied_in_and_out() {
  head -c 65536 /dev/urandom >bytes
  _with 64K 'dmabuf map fd:$FD --input bytes && dmabuf map fd:$FD --output - >out'
  status 0
  same bytes out
  _with 64K 'dmabuf map fd:$FD --fill 0x55; head -c 100 bytes | dmabuf map fd:$FD --input - --offset 50 --json; dmabuf map fd:$FD --output out'
  status 0
  stdout '"length":100,'
  check sh -c '[ "$(tail -c +51 out | head -c 100 | xxhsum -H3)" = "$(head -c 100 bytes | xxhsum -H3)" ]'
  check sh -c '[ "$(tail -c +151 out | tr -d U | wc -c)" = 0 ]'
}

a_file_that_does_not_fit_changes_nothing() {
  head -c 65537 /dev/urandom >bytes
  _with 64K 'dmabuf map fd:$FD --input bytes; echo "status $?"; dmabuf map fd:$FD --verify zero'
  status 0
  stdout '^status 1$'
  stderr '^dmabuf: cannot copy bytes: its 65537 bytes do not fit into the 65536 bytes of fd:[0-9]+$'
  _with 64K 'dmabuf map fd:$FD --input - <bytes; dmabuf map fd:$FD --input no-such-file'
  status 1
  stderr 'cannot copy all of .*: only the first 65536 bytes fit'
  stderr '^dmabuf: no-such-file: open: No such file or directory$'
}

an_output_that_cannot_be_written_is_an_error_and_access_ends() {
  _with 1M 'strace -o trace -e trace=ioctl -e raw=ioctl dmabuf map fd:$FD --output /dev/full'
  status 1
  stderr '^dmabuf: /dev/full: write: No space left on device$'
  check [ "$(grep -c 0x40086200 trace)" = 2 ]
}

an_output_into_a_closed_pipe_ends_quietly() {
  _with 1M 'dmabuf map fd:$FD --output - | head -c 10 | wc -c; dmabuf map fd:$FD --fill random:1; dmabuf map fd:$FD --dump | head -n 1'
  status 0
  stdout '^10$'
  stderr_is_empty
}

access_begins_and_ends_in_the_right_direction() {
  _with 64K 'for option in "--fill zero" "--verify zero" --bandwidth; do
      strace -e trace=ioctl -e raw=ioctl -e write=none -o trace dmabuf map fd:$FD $option >/dev/null; grep -c 0x40086200 trace; done
    strace -e trace=ioctl -e raw=ioctl -o trace dmabuf map fd:$FD --fill zero --no-sync >/dev/null; grep -c 0x40086200 trace'
  stdout_is "$(printf '2\n2\n2\n0')"
}

interrupted_syncs_are_repeated() {
  _with 64K 'strace -o trace -e trace=ioctl -e inject=ioctl:error=EINTR:when=1..3 dmabuf map fd:$FD --fill counter &&
    strace -o trace -e trace=ioctl -e inject=ioctl:error=EAGAIN:when=1..2 dmabuf map fd:$FD --fill counter &&
    strace -o trace -e trace=ioctl -e inject=ioctl:error=EAGAIN:when=2..4 dmabuf map fd:$FD --verify counter'
  status 0
}

an_interrupt_ends_access() {
  for signal in INT TERM; do
    # The reader never reads, so that the signal arrives while map writes.
    mkfifo pipe
    start reader sh -c 'exec 3<pipe; sleep 30'
    start mapper actor default-signals buffer 1M exec sh -c 'exec strace -o trace -e trace=ioctl -e raw=ioctl dmabuf map fd:$SLOT_0 --output - >pipe'
    eventually grep -q 0x40086200 trace
    usleep 200000
    tool=$(cat /proc/"$mapper_pid"/task/"$mapper_pid"/children)
    # shellcheck disable=SC2086  # words on purpose
    kill -s $signal $tool
    finish mapper
    check sh -c '[ "$(grep -c "0x40086200.* = 0" trace)" = 2 ]'
    check grep -q "killed by SIG$signal" trace
    send_signal reader TERM
    rm pipe trace
  done
}

ranges_past_the_end_are_refused_with_the_size() {
  _with 64K 'dmabuf map fd:$FD --offset 64K --length 1'
  status 1
  stderr '^dmabuf: cannot map fd:[0-9]+: offset 65536 is past the end of 65536 bytes$'
  _with 64K 'dmabuf map fd:$FD --fill zero --offset 60K --length 8K'
  status 1
  stderr '^dmabuf: cannot map fd:[0-9]+: 8192 bytes from offset 61440 end past the 65536 bytes of the buffer$'
}

write_only_descriptors_cannot_be_mapped() {
  needs heap:system
  run actor heap-wo system 4096 exec sh -c 'dmabuf map fd:$SLOT_0 --fill zero'
  status 1
  stderr '^dmabuf: hint: a write-only descriptor cannot be mapped$'
}

another_process_s_buffer_is_mapped_through_its_descriptor() {
  start holder actor buffer 64K fill 0 0x77 print 0 ready pause
  wait_for_line holder ready
  fd=$(awk 'NR == 1 { print $2 }' .started/holder.stdout)
  run dmabuf map "$holder_pid:$fd" --verify 0x77
  status 0
  run dmabuf map "ino:$(awk 'NR == 1 { print $3 }' .started/holder.stdout)" --verify 0x77
  status 0
  run dmabuf map "$holder_pid:99" --dump
  status 1
  stderr "^dmabuf: $holder_pid:99: pidfd_getfd: Bad file descriptor\$"
  run_as_nobody dmabuf map "$holder_pid:$fd" --dump
  status 1
  stderr "^dmabuf: $holder_pid:$fd: pidfd_getfd: Operation not permitted\$"
  stderr '^dmabuf: hint: .*ptrace'
  send_signal holder TERM
  finish holder
}

errors_name_the_kind_of_a_file_that_is_not_a_dma_buf() {
  run sh -c 'dmabuf map fd:7 7</dev/null'
  status 1
  stderr '^dmabuf: fd:7 is /dev/null, not a dma-buf$'
  run actor memfd 4096 exec sh -c 'dmabuf map fd:$SLOT_0'
  stderr '^dmabuf: fd:[0-9]+ is a memfd, not a dma-buf$'
  run actor socketpair exec sh -c 'dmabuf map fd:$SLOT_0'
  stderr '^dmabuf: fd:[0-9]+ is a socket, not a dma-buf$'
  run dmabuf map fd:99
  status 1
  stderr '^dmabuf: fd:99: fcntl\(F_DUPFD_CLOEXEC\): Bad file descriptor$'
  run dmabuf map 999999:3
  stderr '^dmabuf: 999999: pidfd_open: No such process$'
  for reference in fd:x fd:-1 1:2:3 :3 a,b ino: fd:99999999999; do
    run dmabuf map "$reference"
    status 64
  done
}

bandwidth_does_not_change_the_contents() {
  _with 4M 'dmabuf map fd:$FD --fill random:9 && dmabuf map fd:$FD --bandwidth --json && dmabuf map fd:$FD --verify random:9'
  status 0
  stdout '"read_bytes_per_second":[0-9]{6,}'
  stdout '"write_bytes_per_second":[0-9]{6,}'
}

one_operation_at_a_time() {
  _with 64K 'dmabuf map fd:$FD --fill zero --checksum'
  status 64
  _with 64K 'dmabuf map fd:$FD --json'
  status 64
}

udmabuf_and_cma_are_mapped_like_the_rest() {
  needs heap:cma udmabuf
  for source in udmabuf heap:cma; do
    run dmabuf alloc 1M --from $source -- sh -c 'dmabuf map fd:$DMABUF_FD --fill random:4 && dmabuf map fd:$DMABUF_FD --verify random:4'
    status 0
  done
}
