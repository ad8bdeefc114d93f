/* SPDX-License-Identifier: MIT */
/*
 * The version, and what was built in: the libraries with their versions if they define them, and the version of the
 * kernel headers. The headers determine the known requests, not the supported kernels. In C for the macros.
 */
#define _GNU_SOURCE
#include "CVersion.h"

#include <bpf/libbpf_version.h>
#include <elfutils/version.h>
#include <gnu/libc-version.h>
#include <libyuv/version.h>
#include <linux/version.h>
#include <png.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utf8proc.h>
#include <xxhash.h>
#include <zlib.h>

/* The version of the project. Everything else reads it with scripts/version. */
#define VERSION "0.2.0"

#if defined(__x86_64__)
#define ARCHITECTURE "x86_64"
#elif defined(__aarch64__)
#define ARCHITECTURE "aarch64"
#else
#define ARCHITECTURE "unknown"
#endif

#define TEXT(number) #number
#define VERSION1(number) TEXT(number)
#define VERSION2(major, minor) TEXT(major) "." TEXT(minor)
#define VERSION3(major, minor, patch) VERSION2(major, minor) "." TEXT(patch)
#define LIBRARIES \
  "glibc %s, libbpf " VERSION2(LIBBPF_MAJOR_VERSION, LIBBPF_MINOR_VERSION) ", libdrm, libelf %d.%d, libpng " \
  PNG_LIBPNG_VER_STRING ", libutf8proc " \
  VERSION3(UTF8PROC_VERSION_MAJOR, UTF8PROC_VERSION_MINOR, UTF8PROC_VERSION_PATCH) ", libxxhash " \
  VERSION3(XXH_VERSION_MAJOR, XXH_VERSION_MINOR, XXH_VERSION_RELEASE) ", libyuv " VERSION1(LIBYUV_VERSION) \
  ", zlib " ZLIB_VERSION
#define HEADERS VERSION3(LINUX_VERSION_MAJOR, LINUX_VERSION_PATCHLEVEL, LINUX_VERSION_SUBLEVEL)

static const char *commit = "unknown";

void cversion_set_commit(const char *text) { commit = text; }

const char *cversion_text(void) {
  static char text[1024];
  /* 12 digits, and what follows the 40 of a commit. */
  const char *state = strlen(commit) > 40 ? commit + 40 : "";
  /* AT_BASE is the address of the dynamic linker; 0 in a static executable. */
  const char *linkage = getauxval(AT_BASE) == 0 ? "static" : "dynamic";
  snprintf(text, sizeof text,
    "dmabuf " VERSION "\ncommit %.12s%s\narchitecture " ARCHITECTURE "\nusing " LIBRARIES
    "\nkernel headers " HEADERS "\nfeatures: bpf object, %s",
    commit, state, gnu_get_libc_version(), _ELFUTILS_VERSION / 1000, _ELFUTILS_VERSION % 1000, linkage);
  return text;
}

bool cversion_print(void) {
  const char *text = cversion_text();
  struct iovec parts[] = {{(void *)text, strlen(text)}, {"\n", 1}};
  sighandler_t before = signal(SIGPIPE, SIG_IGN);
  bool is_written = writev(STDOUT_FILENO, parts, 2) == (ssize_t)strlen(text) + 1;
  signal(SIGPIPE, before);
  return is_written;
}
