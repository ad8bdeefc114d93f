# SPDX-License-Identifier: MIT
SUMMARY = "Inspect and exercise dma-bufs"
DESCRIPTION = "Allocates, maps and verifies dma-bufs, imports them into devices, and lists every dma-buf and its holders."
HOMEPAGE = "@RELEASES@"
SECTION = "console/utils"
# The main ones of what is linked. The SBOM of the release has all.
LICENSE = "MIT & Apache-2.0 & LGPL-2.1-or-later"
LIC_FILES_CHKSUM = "file://share/doc/dmabuf/LICENSE;md5=@MD5_LICENSE@"

SRC_URI = "@RELEASES@/dmabuf-${PV}-linux-${TARGET_ARCH}.tar.xz"
SRC_URI[sha256sum] = "${DMABUF_SHA256SUM}"
DMABUF_SHA256SUM:aarch64 = "@SHA256_AARCH64@"
DMABUF_SHA256SUM:x86-64 = "@SHA256_X86_64@"

S = "${UNPACKDIR}/dmabuf-${PV}-linux-${TARGET_ARCH}"

COMPATIBLE_HOST = "(x86_64|aarch64).*-linux"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${bindir} ${D}${datadir}
    install -m 0755 ${S}/bin/dmabuf ${D}${bindir}/dmabuf
    cp -R --no-preserve=ownership ${S}/share/man ${S}/share/bash-completion ${D}${datadir}/
}

inherit bash-completion

# The linker has stripped the executable.
INHIBIT_PACKAGE_STRIP = "1"
INHIBIT_PACKAGE_DEBUG_SPLIT = "1"
