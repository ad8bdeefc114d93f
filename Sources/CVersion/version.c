/* SPDX-License-Identifier: MIT */
/*
 * The version, and the features that were built in: the libraries, their versions if they define them, and the version
 * of the kernel headers. The headers determine the known requests, not the supported kernels. In C for the macros.
 */
#define _GNU_SOURCE
#include "CVersion.h"

#include <bpf/libbpf_version.h>
#include <libyuv/version.h>
#include <linux/version.h>
#include <png.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utf8proc.h>
#include <xxhash.h>

#define VERSION "0.1.0"

#define TEXT(number) #number
#define VERSION1(number) TEXT(number)
#define VERSION2(major, minor) TEXT(major) "." TEXT(minor)
#define VERSION3(major, minor, patch) VERSION2(major, minor) "." TEXT(patch)
#define BUILD \
  "dmabuf " VERSION "\nusing libbpf " VERSION2(LIBBPF_MAJOR_VERSION, LIBBPF_MINOR_VERSION) ", libdrm, libpng " \
  PNG_LIBPNG_VER_STRING ", libutf8proc " \
  VERSION3(UTF8PROC_VERSION_MAJOR, UTF8PROC_VERSION_MINOR, UTF8PROC_VERSION_PATCH) ", libxxhash " \
  VERSION3(XXH_VERSION_MAJOR, XXH_VERSION_MINOR, XXH_VERSION_RELEASE) ", libyuv " VERSION1(LIBYUV_VERSION) \
  "\nkernel headers " \
  VERSION3(LINUX_VERSION_MAJOR, LINUX_VERSION_PATCHLEVEL, LINUX_VERSION_SUBLEVEL) "\nfeatures: bpf object, "

const char *cversion_text(void) {
  /* AT_BASE is the address of the dynamic linker; 0 in a static executable. */
  return getauxval(AT_BASE) == 0 ? BUILD "static" : BUILD "dynamic";
}

bool cversion_print(void) {
  const char *text = cversion_text();
  struct iovec parts[] = {{(void *)text, strlen(text)}, {"\n", 1}};
  sighandler_t before = signal(SIGPIPE, SIG_IGN);
  bool is_written = writev(STDOUT_FILENO, parts, 2) == (ssize_t)strlen(text) + 1;
  signal(SIGPIPE, before);
  return is_written;
}
