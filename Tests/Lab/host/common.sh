# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034  # read by the parts that source this file
# Shared by all parts of the lab: paths, messages, required packages.

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REPOSITORY=$(cd "$LAB/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/dmabuf-lab
KERNELS=(debian-6.1 debian-6.12 debian-7 full-6.12)
ARM64_KERNELS=(arm64 arm64-16k full-arm64)
FIXTURES=$REPOSITORY/Tests/DMABufTests/Fixtures
BINARY=${DMABUF_BINARY:-$REPOSITORY/.build/release/dmabuf}
ARM64_BINARY=${DMABUF_ARM64_BINARY:-$REPOSITORY/.build-arm64/release/dmabuf}
# The program of Examples/Frame. An x86-64 guest gets it if it was built.
EXAMPLE=$REPOSITORY/.build-example/release/frame

say() { printf 'lab: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# The exit status if the lab lacks something that it needs. A failed test has another status.
readonly CANNOT_BE_HAD=69

is_kernel() {
  local kernel
  for kernel in "${KERNELS[@]}" "${ARM64_KERNELS[@]}"; do [[ $kernel == "$1" ]] && return 0; done
  return 1
}

demand_kernel() {
  is_kernel "$1" || { say "unknown kernel '$1'; the kernels are: ${KERNELS[*]} ${ARM64_KERNELS[*]}"; exit 64; }
}

# Prints the architecture of a kernel, as `uname -m` does.
architecture() { case $1 in *arm64*) echo aarch64 ;; *) echo x86_64 ;; esac; }

# Prints the static executable for a kernel, and how to build it.
binary() { if [[ $(architecture "$1") == aarch64 ]]; then echo "$ARM64_BINARY"; else echo "$BINARY"; fi; }
binary_target() { if [[ $(architecture "$1") == aarch64 ]]; then echo "make arm64"; else echo "make build"; fi; }

# ---- packages ---------------------------------------------------------------------------

# Reads lines `COMMAND-OR-FILE PACKAGE`, and prints the Debian packages that the host lacks.
missing_packages() {
  local probe package
  while read -r probe package; do
    case $probe in
      /*) [[ -e $probe ]] || echo "$package" ;;
      *) PATH=$PATH:/usr/sbin:/sbin command -v "$probe" >/dev/null || echo "$package" ;;
    esac
  done | sort -u
}

run_time_packages() { # KERNEL…
  missing_packages <<'END'
cpio cpio
modprobe kmod
xz xz-utils
jq jq
/usr/lib/python3/dist-packages/jsonschema python3-jsonschema
xxhsum xxhash
strace strace
gcc gcc
/usr/include/linux/udmabuf.h linux-libc-dev
/usr/include/stdio.h libc6-dev
END
  local kernel architectures=''
  for kernel; do architectures+=" $(architecture "$kernel")"; done
  [[ $architectures != *x86_64* ]] || missing_packages <<<'qemu-system-x86_64 qemu-system-x86'
  [[ $architectures != *aarch64* ]] || missing_packages <<'END'
qemu-system-aarch64 qemu-system-arm
aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
/usr/aarch64-linux-gnu/include/stdio.h libc6-dev-arm64-cross
mmdebstrap mmdebstrap
fdtput device-tree-compiler
END
  # The host may have another busybox, with fewer applets and with libraries.
  dpkg-query -W -f '${db:Status-Status}\n' busybox-static 2>/dev/null | grep -qx installed || echo busybox-static
}

build_packages() {
  missing_packages <<'END'
make make
gcc gcc
flex flex
bison bison
bc bc
perl perl
/usr/include/gelf.h libelf-dev
/usr/include/openssl/opensslv.h libssl-dev
END
}

# Installs packages. Prints nothing if none is missing.
install_packages() {
  local missing=("$@")
  (( ${#missing[@]} )) || return 0
  if (( EUID != 0 )); then
    say "Debian packages are missing; install them with:"
    say "    sudo apt-get install ${missing[*]}"
    return 1
  fi
  say "installing ${missing[*]}"
  local log status=0
  log=$(mktemp)
  # If the package lists are absent or too old, update them and try again.
  apt_install "${missing[@]}" >"$log" 2>&1 ||
    { apt-get update && apt_install "${missing[@]}"; } >"$log" 2>&1 || status=1
  if (( status )); then
    tail -n 5 "$log" >&2
    say "these packages could not be installed: ${missing[*]}"
  fi
  rm -f "$log"
  return "$status"
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

require_run_time() { # KERNEL…
  local missing
  mapfile -t missing < <(run_time_packages "$@")
  install_packages "${missing[@]}"
}

require_build() {
  local missing
  mapfile -t missing < <(build_packages)
  install_packages "${missing[@]}"
}
