# SPDX-License-Identifier: MIT
# What devices refuse, call by call, as the kernel's contract documents it.

prime_refuses_what_is_documented() {
  needs drm:vgem
  # Without heaps the buffer is one of vgem itself, which can be mapped.
  foreign=ok
  [ ! -e /dev/dma_heap/system ] || foreign=EINVAL
  run actor buffer 64K prime-refusals 0
  status 0
  stdout_is 'C92 EINVAL EINVAL
C93 ENOENT
C94 same read-only
C95 ok same
C96 EBADF EINVAL
C97 same same
C106 '$foreign'
C98 ok EINVAL'
}

vgem_fences_refuse_what_is_documented() {
  needs drm:vgem
  run actor buffer 64K fence-refusals 0
  status 0
  stdout_is 'C101 ok EBUSY
C104 ok ENOENT
C102 ok ok EBUSY
C103 ready ETIMEDOUT'
}

cameras_refuse_what_is_documented() {
  needs v4l2:vivid
  run actor buffer 4K video-refusals "$(video_node vivid)" 0
  status 0
  stdout_is 'C107 other
C108 EINVAL EINVAL EINVAL EINVAL
C109 EBUSY
C114 dmabuf
C111 EINVAL EINVAL EINVAL'
}

a_length_beyond_the_buffer_is_refused() {
  # Linux 6.12 then has a reference to the buffer forever.
  needs v4l2:vivid 'kernel:<6.2'
  run actor buffer 1M video-length "$(video_node vivid)" 0
  status 0
  stdout_is 'C112 EFAULT'
}

a_buffer_that_the_kernel_cannot_map_is_refused_by_a_camera() {
  needs udmabuf v4l2:vivid 'kernel:<6.2'
  run dmabuf alloc 1M --from udmabuf -- sh -c 'dmabuf import fd:$DMABUF_FD v4l2:vivid --json'
  status 1
  json '.devices[0].errno' EFAULT
}
