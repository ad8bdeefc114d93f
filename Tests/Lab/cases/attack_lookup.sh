# Attacks on what is looked up first and used by its number afterwards. `# attack:` stands above each attack.

# On a busy machine everything takes long; that is no failure.
limit 900

_source() { if has heap:system; then echo heap:system; else echo drm:vgem; fi; }
# Lines of `print` are PID FD INO SIZE.
_word() { sed -n "$1p" .started/swapper.stdout | cut -d ' ' -f "$2"; }

# Two buffers, 0xbb in both; the first's lowest descriptor is the other's every other microsecond.
_start_swapper() {
  start swapper actor open /dev/null buffer 64K buffer 64K fill 1 0xbb fill 2 0xbb name 1 one name 2 other \
    print 1 print 2 alternate 0 1 2
  wait_for_line swapper alternating
  one=$(_word 1 3) one_descriptor=$(_word 1 2) other=$(_word 2 3) other_descriptor=$(_word 2 2)
}
_end_swapper() {
  send_signal swapper TERM
  finish swapper
}

# attack: the same while root reads; bytes of the other must not be taken for the one's
reading_by_inode_never_reads_another_buffer() {
  _start_swapper
  check dmabuf map "$swapper_pid:$one_descriptor" --fill 0x11
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    run dmabuf map "ino:$one" --dump --length 16
    no_stdout 'bb bb'
    run dmabuf map "ino:$other" --dump --length 16
    no_stdout '11 11'
  done
  _end_swapper
}

# attack: the process ends between two uses of its number
a_process_that_has_ended_is_said_to_have() {
  start shortly actor buffer 64K ready
  finish shortly
  run dmabuf map "$shortly_pid:3" --fill 0xaa
  status 1
  stderr "^dmabuf: $shortly_pid.*: No such process"
  run dmabuf stat --pid "$shortly_pid"
  status 1
  stderr 'No such process'
}
