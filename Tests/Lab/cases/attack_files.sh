# SPDX-License-Identifier: MIT
# Attacks by files that commands read or write. Each attack has a comment `# attack:` above it.

limit 200
on_two_kernels

_failed_without_crash() {
  case $(cat .run/status) in 1 | 64 | 77 | 124) ;; *) expected 'status 1, 64, 77 or 124' ;; esac
  [ -s .run/stderr ] || expected 'a reason'
}
_check() { run timeout 300 dmabuf check --only C1 --exporter "$(if has heap:system; then echo heap:system; else echo drm:vgem; fi)" "$@"; }

# attack: directories, and files that are not documents
files_that_are_not_documents_are_refused() {
  mkdir dir
  head -c 4096 /dev/urandom >random
  : >empty
  printf '\377\376\000' >invalid
  for file in dir random empty invalid /proc/self/mem no-such-file; do
    run dmabuf stat --diff $file
    _failed_without_crash
    run dmabuf bench alloc --size 4K --count 1 --compare $file
    _failed_without_crash
  done
}

# attack: documents nested a hundred thousand times
deep_documents_are_refused() {
  head -c 100000 /dev/zero | tr '\0' '[' >deep
  { printf '{"schema":"dmabuf.stat/1","buffers":'; head -c 200000 /dev/zero | tr '\0' '['; } >deeper
  { for _ in $(seq 1 5000); do printf '{"a":'; done; } >objects
  for file in deep deeper objects; do
    run dmabuf stat --diff $file
    _failed_without_crash
    run dmabuf bench alloc --size 4K --count 1 --compare $file
    _failed_without_crash
  done
}

# attack: documents with impossible numbers and texts
impossible_documents_are_refused() {
  check sh -c 'dmabuf stat --json >census'
  for change in '.totals.buffers=-1' '.totals.bytes=1e300' '.buffers=null' '.schema="x\u001b[31m"' '.time_ns=-5' '.processes=[{}]' '.buffers=[{"ino":-1}]'; do
    jq -c "$change" census >changed
    run dmabuf stat --diff changed
    _failed_without_crash
    check sh -c '! tr -d "\n -~" <.run/stderr | grep -q .'
  done
  sed 's/}$//' census >cut
  run dmabuf stat --diff cut
  _failed_without_crash
}

# attack: hostile texts in an earlier census
texts_of_a_file_are_escaped() {
  check sh -c 'dmabuf stat --json >census'
  jq -c '.buffers=[{"ino":1,"size":1,"exp_name":"\u001b[31m\n","name":"\u202ex\n1 2","processes":[{"pid":1,"comm":"\u009b"}]}] | .totals.buffers=1' census >hostile
  run dmabuf stat --diff hostile
  check sh -c '[ "$(tr -d "\n -~" <.run/stdout | wc -c)" = 0 ]'
}

# attack: a file without end
a_file_without_end_is_refused() {
  run timeout 600 dmabuf bench alloc --size 4K --count 1 --compare /dev/zero
  _failed_without_crash
  _check --expect /dev/zero
  _failed_without_crash
}

# attack: a FIFO without a writer
a_fifo_that_never_opens_can_be_interrupted() {
  mkfifo fifo
  for command in 'stat --diff fifo' 'check --expect fifo' 'bench alloc --size 4K --compare fifo'; do
    # shellcheck disable=SC2086  # words on purpose
    start reader actor default-signals exec dmabuf $command
    sleep 1
    send_signal reader TERM
    finish reader
    status 143
  done
  start reader actor default-signals buffer 4K exec sh -c 'exec dmabuf map fd:$SLOT_0 --input fifo'
  sleep 1
  send_signal reader INT
  finish reader
  status 130
}

# attack: a file of known failures has CRLF, a line of a megabyte, or bytes that are not UTF-8
expectations_are_read_whole_or_refused() {
  # The checks pass, but are expected to fail. If the file was read, the status is 1.
  printf '# x\r\nC1 *\r\n' >crlf
  { echo "# $(head -c 1100000 /dev/zero | tr '\0' x)"; echo 'C1 *'; } >long
  printf 'C2 \377\n' >invalid
  printf 'C1\n' >short
  for file in crlf long invalid short; do
    _check --expect $file
    case "$file $(cat .run/status)" in 'short 64' | 'invalid 0' | 'invalid 64' | *' 1') ;; *) expected 'the line to be read' ;; esac
  done
}

# attack: input without end, and a directory as input
input_beyond_the_buffer_is_an_error() {
  run actor buffer 64K exec sh -c 'timeout 300 dmabuf map fd:$SLOT_0 --input /dev/zero; echo $?; timeout 300 dmabuf map fd:$SLOT_0 --input /; echo $?
    yes | timeout 300 dmabuf map fd:$SLOT_0 --input -; echo $?'
  stdout_is "$(printf '1\n1\n1')"
}

# attack: an input that fails in the middle
an_input_that_fails_is_an_error_and_access_ends() {
  run actor buffer 64K exec sh -c 'timeout 300 strace -qq -o trace -e trace=ioctl -e raw=ioctl dmabuf map fd:$SLOT_0 --input /proc/self/mem; echo $?; grep -c 0x40086200 trace'
  stdout '^1$'
  check sh -c '[ $(($(tail -n 1 .run/stdout) % 2)) = 0 ]'
}

# attack: a disk that becomes full while an old file is replaced
the_old_file_remains_when_the_disk_is_full() {
  mkdir disk
  mount -t tmpfs -o size=64k tmpfs disk
  echo precious >disk/file
  run actor buffer 1M exec sh -c 'timeout 300 dmabuf map fd:$SLOT_0 --output disk/file'
  status 1
  stderr 'No space left on device'
  check grep -q precious disk/file
  check [ "$(ls -A disk | wc -l)" = 1 ]
  umount disk
}

# attack: /dev/full behind every command that writes
a_full_device_is_an_error_in_every_command() {
  for command in 'stat' 'stat --json' 'stat --prometheus' 'stat --graph' held doctor 'doctor --json' devices 'alloc --list' '--version' '--help' \
    'help map' 'check --list' 'bench alloc --size 4K --count 1'; do
    run sh -c "timeout 300 dmabuf $command >/dev/full"
    case "$command $(cat .run/status)" in 'held 0' | 'bench '*' 77') ;; *' 1') stderr 'No space left on device' ;; *) expected 'status 1' ;; esac
  done
}

# attack: an output that is a directory, cannot be created, or may not be written
an_output_that_cannot_be_written_is_refused() {
  for file in . /proc/x /no/such/dir/file /proc/version; do
    run actor buffer 4K exec sh -c "timeout 300 dmabuf map fd:\$SLOT_0 --output $file"
    _failed_without_crash
  done
}

# attack: standard streams that are a directory, a socket, a memory file or the buffer itself
streams_of_other_kinds_are_no_crash() {
  run sh -c 'dmabuf stat --json </; dmabuf stat --json >/dev/null 2</dev/null'
  status 0
  run actor buffer 64K exec sh -c 'dmabuf map fd:$SLOT_0 --input - <&$SLOT_0'
  _failed_without_crash
}
