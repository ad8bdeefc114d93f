# SPDX-License-Identifier: MIT
################################################################################
#
# dmabuf
#
################################################################################

DMABUF_VERSION = @VERSION@
DMABUF_ARCHITECTURE = $(if $(BR2_aarch64),aarch64,x86_64)
DMABUF_SOURCE = dmabuf-$(DMABUF_VERSION)-linux-$(DMABUF_ARCHITECTURE).tar.xz
DMABUF_SITE = @RELEASES@
DMABUF_LICENSE = MIT, Apache-2.0 with exceptions (Swift), LGPL-2.1+ (glibc)
DMABUF_LICENSE_FILES = share/doc/dmabuf/LICENSE share/doc/dmabuf/copyright

define DMABUF_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/bin/dmabuf $(TARGET_DIR)/usr/bin/dmabuf
endef

$(eval $(generic-package))
