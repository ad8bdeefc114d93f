# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034  # read by the parts that source this file
# Shared by all parts of the lab: paths, messages, required packages.

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REPOSITORY=$(cd "$LAB/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/dmabuf-lab
KERNELS=(debian-6.1 debian-6.12 debian-7 full-6.12)
FIXTURES=$REPOSITORY/Tests/DMABufTests/Fixtures
BINARY=${DMABUF_BINARY:-$REPOSITORY/.build/release/dmabuf}
# The program of Examples/Frame. The guest gets it if it was built.
EXAMPLE=$REPOSITORY/.build-example/release/frame

say() { printf 'lab: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# The exit status if the lab lacks something that it needs. A failed test has another status.
readonly CANNOT_BE_HAD=69

is_kernel() {
  local kernel
  for kernel in "${KERNELS[@]}"; do [[ $kernel == "$1" ]] && return 0; done
  return 1
}

demand_kernel() {
  is_kernel "$1" || { say "unknown kernel '$1'; the kernels are: ${KERNELS[*]}"; exit 64; }
}

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

run_time_packages() {
  missing_packages <<'END'
qemu-system-x86_64 qemu-system-x86
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

require_run_time() {
  local missing
  mapfile -t missing < <(run_time_packages)
  install_packages "${missing[@]}"
}

require_build() {
  local missing
  mapfile -t missing < <(build_packages)
  install_packages "${missing[@]}"
}
