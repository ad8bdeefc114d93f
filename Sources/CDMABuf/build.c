/*
 * What was built in, as one constant: `dmabuf --version` is asked again and again, and putting numbers
 * together costs more than all else it does.
 */
#include "CDMABuf.h"

#include <bpf/libbpf_version.h>
#include <linux/version.h>
#include <sys/auxv.h>
#include <xxhash.h>

#define TEXT(number) #number
#define VERSION2(major, minor) TEXT(major) "." TEXT(minor)
#define VERSION3(major, minor, patch) VERSION2(major, minor) "." TEXT(patch)
#define BUILD \
  "using libbpf " VERSION2(LIBBPF_MAJOR_VERSION, LIBBPF_MINOR_VERSION) ", libdrm, libxxhash " \
  VERSION3(XXH_VERSION_MAJOR, XXH_VERSION_MINOR, XXH_VERSION_RELEASE) "\nkernel headers " \
  VERSION3(LINUX_VERSION_MAJOR, LINUX_VERSION_PATCHLEVEL, LINUX_VERSION_SUBLEVEL) "\nfeatures: bpf object, "

const char *cdmabuf_build(void) {
  /* Where the dynamic linker is: nowhere. */
  return getauxval(AT_BASE) == 0 ? BUILD "static" : BUILD "dynamic";
}
