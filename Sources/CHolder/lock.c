/* A lock for kernels without file locks (CONFIG_FILE_LOCKING): C, for the address begins with a NUL. */
#define _GNU_SOURCE
#include "CDMABuf.h"
#include "CHolder.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int cdmabuf_lock_address(dev_t device, ino_t inode) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int length = snprintf(
    name.sun_path + 1, sizeof name.sun_path - 1, "dmabuf-lock-%llu-%llu", (unsigned long long)device,
    (unsigned long long)inode);
  int lock = cdmabuf_unix_socket(SOCK_DGRAM);
  if (lock < 0) return -1;
  if (bind(lock, (struct sockaddr *)&name, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) < 0) {
    close(lock);
    return -1;
  }
  return lock;
}
