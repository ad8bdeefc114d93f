# SPDX-License-Identifier: MIT
# The targets of this project. `make help` lists them.

PREFIX ?= /usr/local
ZSH_COMPLETIONS ?= $(PREFIX)/share/zsh/site-functions
DESTDIR ?=
KERNEL ?= debian-6.12
CMD ?=
PROGRAMS ?=
RUNS ?= 2000000
SWIFT ?= swift
CHECKING = codespell debhelper graphviz jq libxml2-utils lintian mandoc mmdebstrap python3-jsonschema shellcheck zsh fish

# A static executable runs in the lab's kernels, and starts twice as fast. Tests cannot be linked with these flags, so
# they are not in the manifest.
STATIC = -c release -Xswiftc -static-executable -Xswiftc -use-ld=lld -Xlinker -s
# No debug information and no build ID, because both depend on the directory: another one must give the same bytes.
STATIC += -debug-info-format none -Xlinker --build-id=none -Xswiftc -file-prefix-map -Xswiftc '$(CURDIR)=.'
STATIC += -Xcc '-ffile-prefix-map=$(CURDIR)=.' -Xcc -DDMABUF_COMMIT
# Sources/dmabuf/main.c says why.
WRAPPED = -Xlinker --wrap=__register_frame_info -Xlinker --wrap=__deregister_frame_info
# What is linked from archives, for the SBOM of a release.
LINKED = -Xlinker '--why-extract=$(CURDIR)/$(1)/linked'
# The libelf.a of newer elfutils needs it.
ZSTD = $(addprefix -Xlinker ,$(filter -lzstd,$(shell pkg-config --static --libs libelf 2>/dev/null)))
BINARY ?= .build/release/dmabuf
BENCHES = --package-path Tests/Bench --scratch-path .build-bench
ARM64 = --scratch-path .build-arm64
EXAMPLE = --package-path Examples/Frame --scratch-path .build-example

.PHONY: help deps needs commit build arm64 arm64-root test lab demo check check-all fuzz bench lint words format bpf completions \
  pictures install uninstall deb release example docs clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{ printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install the Debian packages for building and testing (as root; needs Debian 12 and a Swift toolchain)
	@scripts/deps

# Installs nothing. Names the packages that are missing.
needs:
	@scripts/deps --missing

build: needs commit ## build the static executable, .build/release/dmabuf
	@scripts/quietly build $(SWIFT) build --product dmabuf $(STATIC) $(WRAPPED) $(ZSTD) $(call LINKED,.build)

# Writes the commit, which --version prints.
commit:
	@scripts/commit

arm64: commit ## build the static executable for 64-bit Arm, .build-arm64/release/dmabuf; first builds an SDK
	@scripts/arm64 $(SWIFT) build --product dmabuf $(STATIC) $(WRAPPED) $(ARM64) $(call LINKED,.build-arm64)

# Prints where the libraries of that executable are. ROOT.packages has their versions.
arm64-root:
	@scripts/arm64-sdk $(SWIFT)

test: needs ## run the unit tests on this machine
	$(SWIFT) test

lab: build ## run a shell in a real kernel (KERNEL=debian-6.12), or one command (CMD='dmabuf alloc 8M')
	@$(if $(PROGRAMS),DMABUF_LAB_PROGRAMS='$(subst ','\'',$(PROGRAMS))') Tests/Lab/lab $(if $(CMD),run $(KERNEL) '$(subst ','\'',$(CMD))',shell $(KERNEL))

example: needs ## build the example program for the library, .build-example/release/frame
	@scripts/quietly example $(SWIFT) build $(EXAMPLE) $(STATIC) -Xlinker -Map=$(CURDIR)/.build-example/link.map

demo: deps ## allocate, fill, verify, share and list real buffers; installs what is missing
	@$(MAKE) --no-print-directory build
	@scripts/demo

lint: ## check the formatting
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Examples

words: ## check the words of help, errors and the manual
	@scripts/words

format: ## format all Swift files
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Examples

check: ## run all tests: formatting, unit tests, and the lab's cases on every kernel; installs what is missing
	@scripts/deps $(CHECKING)
	-@scripts/promtool
	@scripts/check

check-all: ## run all tests, also all cases on arm64, and those of a release, its recipes and its source package
	@scripts/deps $(CHECKING) arch-test libarchive-tools makepkg nix-bin pacman-package-manager qemu-user-static rpm rpmlint yamllint
	-@scripts/promtool
	@scripts/check all

docs: needs ## build the documentation of the libraries, .build/docs/*.doccarchive
	@scripts/docs

fuzz: needs ## fuzz the parsers, two million inputs each (RUNS=2000000)
	@scripts/fuzz $(RUNS)

bench: build ## compare the speed with C programs that do the same work
	@scripts/quietly build $(SWIFT) build $(BENCHES) $(STATIC)
	Tests/Bench/run

bpf: ## compile the BPF programs into Sources/CCensus/census_object.c and Sources/CTrace/trace_object.c
	@scripts/bpf census
	@scripts/bpf trace

completions: build ## generate the shells' completions
	$(BINARY) --generate-completion-script bash >completions/dmabuf.bash
	$(BINARY) --generate-completion-script zsh >completions/_dmabuf
	$(BINARY) --generate-completion-script fish >completions/dmabuf.fish

pictures: build ## draw the targets of the manifest, and the README's pictures in the lab (needs graphviz, jq, python3)
	@scripts/pictures

# An executable that is given (BINARY) is not built.
install: $(if $(filter environment command,$(firstword $(origin BINARY))),,build) ## install below PREFIX (/usr/local) and DESTDIR
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/dmabuf
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 man/*.7 $(DESTDIR)$(PREFIX)/share/man/man7
	install -D -m 644 completions/dmabuf.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/dmabuf
	install -D -m 644 completions/_dmabuf $(DESTDIR)$(ZSH_COMPLETIONS)/_dmabuf
	install -D -m 644 completions/dmabuf.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/dmabuf.fish

uninstall: ## remove the installed files, and directories that are then empty
	rm -f $(DESTDIR)$(PREFIX)/bin/dmabuf
	rm -f $(patsubst man/%,$(DESTDIR)$(PREFIX)/share/man/man1/%,$(wildcard man/*.1))
	rm -f $(patsubst man/%,$(DESTDIR)$(PREFIX)/share/man/man7/%,$(wildcard man/*.7))
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/dmabuf
	rm -f $(DESTDIR)$(ZSH_COMPLETIONS)/_dmabuf
	rm -f $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/dmabuf.fish
	@rmdir $(addprefix $(DESTDIR)$(PREFIX)/share/,man/man1 man/man7 bash-completion/completions bash-completion \
	  fish/vendor_completions.d fish) $(DESTDIR)$(ZSH_COMPLETIONS) $(dir $(DESTDIR)$(ZSH_COMPLETIONS)) 2>/dev/null || :

deb: needs ## build a Debian package, .build/dmabuf_VERSION_ARCHITECTURE.deb
	@scripts/deps --missing debhelper lintian
	@scripts/deb

release: ## build packages, tarballs, SBOMs and recipes for x86-64 and arm64, .build/release-VERSION (RELEASES=URL)
	@scripts/deps --missing debhelper jq lintian qemu-user-static xz-utils
	@scripts/release

clean: ## remove everything that was built; the lab's kernels stay in the cache
	rm -rf .build .build-* Sources/dmabuf/commit.h
