# SPDX-License-Identifier: MIT
# The library DMABuf, as another package uses it: Examples/Frame.

a_program_that_uses_the_library_draws_into_a_buffer() {
  needs example heap:system
  run frame
  status 0
  stderr_is_empty
  stdout '^buffer [0-9]+ of heap:system: 1228800 bytes of #ff336699$'
  stdout '^no device uses it$'
}

it_reports_what_the_kernel_lacks() {
  needs example
  if has heap:system || has udmabuf; then skip "this kernel has a source of buffers"; fi
  run frame
  status 1
  stdout_is_empty
  stderr '^frame: /dev/udmabuf: open: No such file or directory$'
}
