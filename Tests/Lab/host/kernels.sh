# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # names shared between the parts of the lab
# Fetches the lab's kernels into the cache: $CACHE/kernels/NAME/{vmlinuz,version,recipe,modules/}. One rename moves a
# kernel there, so an interrupted fetch has no partial result.

# Modules to load, in this order, if the kernel has them.
MODULES=(virtio_pci virtio_console vgem vkms bochs vivid vim2m vicodec)
# Modules that only the verb `load` loads, so that other cases do not have their devices.
MODULES_ON_DEMAND=(virtio_gpu)

kernel_directory() { echo "$CACHE/kernels/$1"; }

# Prints the options of a kernel that the lab builds, without comments.
full_options() { grep -h '^CONFIG_' "$LAB/kernels/full.config" "$LAB/kernels/$1.config"; }

# Prints what determines the build of a kernel. A cached kernel with another recipe is built again.
kernel_recipe() {
  case $1 in
    full-*) full_options "$1" | sha256sum | cut -c 1-16 ;;
    *) echo "modules ${MODULES[*]}, on demand ${MODULES_ON_DEMAND[*]}" ;;
  esac
}

kernel_is_cached() {
  local directory; directory=$(kernel_directory "$1")
  [[ -f $directory/vmlinuz && $(cat "$directory/recipe" 2>/dev/null) == "$(kernel_recipe "$1")" ]]
}

# Prints the newest Debian packages of a kernel. The version is that of the first package.
kernel_packages() {
  case $1 in
    debian-6.1) newest_package linux-image-6.1. 'linux-image-6\.1\.[0-9]+-[0-9]+-amd64' ;;
    debian-6.12) newest_package linux-image-6.12. 'linux-image-6\.12\.[0-9]+\+deb12-amd64' ;;
    debian-7) packages_of_linux_7 amd64 ;;
    full-6.12) newest_package linux-source-6.12 linux-source-6.12 ;;
    arm64) newest_package linux-image-6.12. 'linux-image-6\.12\.[0-9]+\+deb12-arm64' ;;
    arm64-16k) packages_of_linux_7 arm64-16k ;;
    full-arm64) newest_package linux-source-7. 'linux-source-7\.[0-9]+' ;;
  esac
}

# From Linux 7, vmlinuz and modules are separate packages, and are published on different days.
packages_of_linux_7() { # FLAVOUR
  local package
  package=$(newest_package linux-binary-7. "linux-binary-7\.[0-9.]+\+deb13-$1")
  [[ $package ]] && printf '%s\n' "$package" "${package/binary/modules}" "${package/binary/base}"
}

# fetch_kernel NAME [refresh]: returns CANNOT_BE_HAD if the kernel cannot be fetched or built.
fetch_kernel() {
  local kernel=$1 refresh=${2:-} lock
  [[ ! $refresh ]] && kernel_is_cached "$kernel" && return 0
  mkdir -p "$CACHE/kernels"
  exec {lock}>"$CACHE/fetch.lock"
  if ! flock -n "$lock"; then
    say "$kernel: waiting for another lab that fetches kernels"
    flock "$lock"
  fi
  local status=0
  if [[ $refresh ]] || ! kernel_is_cached "$kernel"; then
    make_kernel "$kernel" || status=$CANNOT_BE_HAD
  fi
  exec {lock}>&-
  return "$status"
}

make_kernel() {
  local kernel=$1 packages version work=$CACHE/work/$1
  if [[ $(architecture "$kernel") == aarch64 ]]; then
    local APT=$CACHE/apt-arm64 APT_ARCHITECTURE=arm64 LISTS_ARE_FRESH=
  fi
  update_lists || { say "$kernel: cannot update the package lists"; return 1; }
  mapfile -t packages < <(kernel_packages "$kernel")
  (( ${#packages[@]} )) || { say "$kernel: the Debian mirror has no such kernel"; return 1; }
  version=$(version_of_package "${packages[0]}")
  if kernel_is_cached "$kernel" && [[ $(cat "$(kernel_directory "$kernel")/version") == "$version" ]]; then
    say "$kernel: $version is the newest"
    return 0
  fi
  mkdir -p "$CACHE/downloads/$kernel-$version" && rm -rf "$work" && mkdir -p "$work/kernel" || return 1
  say "$kernel: downloading ${packages[*]} $version"
  (cd "$CACHE/downloads/$kernel-$version" && download_packages "${packages[@]}") ||
    { say "$kernel: the download failed"; return 1; }
  case $kernel in
    full-*) build_full_kernel "$kernel" "$CACHE/downloads/$kernel-$version" "$version" "$work/kernel" ;;
    *) unpack_debian_kernel "$CACHE/downloads/$kernel-$version" "$work" ;;
  esac || { say "$kernel: the build failed"; return 1; }
  echo "$version" >"$work/kernel/version"
  kernel_recipe "$kernel" >"$work/kernel/recipe"
  rm -rf "$work/old"
  [[ -e $(kernel_directory "$kernel") ]] && mv "$(kernel_directory "$kernel")" "$work/old"
  mv "$work/kernel" "$(kernel_directory "$kernel")" || return 1
  rm -rf "$work" "$CACHE/downloads/$kernel-$version"
  say "$kernel: $version is in the cache"
}

# ---- Debian's own kernels ---------------------------------------------------------------

unpack_debian_kernel() { # DOWNLOADS WORK
  local work=$2 package release image
  say "unpacking"
  mkdir -p "$work/root" "$work/kernel/modules"
  for package in "$1"/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -C "$work/root" -x || return 1
  done
  if [[ -d $work/root/usr/lib/modules ]]; then
    mkdir -p "$work/root/lib"
    cp -al "$work/root/usr/lib/modules" "$work/root/lib/" || return 1
  fi
  for image in "$work"/root/boot/vmlinuz-* "$work"/root/lib/modules/*/vmlinuz; do
    [[ -f $image ]] && cp "$image" "$work/kernel/vmlinuz"
  done
  release=$(basename "$work"/root/lib/modules/*)
  PATH=$PATH:/usr/sbin:/sbin depmod -b "$work/root" "$release" || return 1
  unpack_modules "$work" "$release"
}

# Copies MODULES and their dependencies, unpacked and numbered in load order. A module that is loaded on demand has a
# directory of its name, with the dependencies that no other module has.
unpack_modules() { # WORK RELEASE
  local module verb path number=100 name directory
  declare -A seen=()
  for module in "${MODULES[@]}" "${MODULES_ON_DEMAND[@]}"; do
    directory=$1/kernel/modules
    if [[ " ${MODULES_ON_DEMAND[*]} " == *" $module "* ]]; then directory+=/$module; fi
    mkdir -p "$directory"
    while read -r verb path _; do
      [[ $verb == insmod && ! ${seen[$path]:-} ]] || continue
      seen[$path]=yes
      name=$(basename "$path")
      case $path in
        *.xz) xz -dc "$path" ;;
        *.zst) zstd -dcq "$path" ;;
        *) cat "$path" ;;
      esac >"$directory/$number-${name%%.ko*}.ko" || return 1
      number=$((number + 1))
    done < <(PATH=$PATH:/usr/sbin:/sbin modprobe -d "$1/root" -S "$2" --show-depends "$module" 2>/dev/null)
  done
}

# ---- the kernels with everything --------------------------------------------------------

# Source and objects stay in the cache until the build has ended, so that an interrupted build can continue.
build_full_kernel() { # KERNEL DOWNLOADS VERSION DESTINATION
  require_build || return 1
  local kernel=$1 line tree=$CACHE/build/$1-$3
  local -a words image=(x86 bzImage)
  if [[ $(architecture "$kernel") == aarch64 ]]; then
    words=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-) image=(arm64 Image)
  fi
  if [[ ! -e $tree/.complete ]]; then
    say "$kernel: unpacking the source"
    rm -rf "$CACHE/build" && mkdir -p "$tree" || return 1
    dpkg-deb --fsys-tarfile "$2"/linux-source-*.deb | tar -xO --wildcards './usr/src/*.tar.xz' |
      tar -C "$tree" -xJ --strip-components=1 || return 1
    touch "$tree/.complete"
  fi
  full_options "$kernel" >"$tree/lab.config"
  {
    make -s -C "$tree" "${words[@]}" tinyconfig >"$tree/lab.log" 2>&1 &&
    (cd "$tree" && scripts/kconfig/merge_config.sh -m .config lab.config) >>"$tree/lab.log" 2>&1 &&
    make -s -C "$tree" "${words[@]}" olddefconfig >>"$tree/lab.log" 2>&1
  } || { tail -n 5 "$tree/lab.log" >&2; return 1; }
  while read -r line; do
    grep -qx "$line" "$tree/.config" || { say "$kernel: the configuration of the kernel lacks $line"; return 1; }
  done <"$tree/lab.config"
  say "$kernel: building; this lasts minutes on a few cores"
  compile "$kernel" "$tree" "${words[@]}" "${image[1]}"
  mkdir -p "$4/modules"
  cp "$tree/arch/${image[0]}/boot/${image[1]}" "$4/vmlinuz" 2>/dev/null ||
    { grep -E 'error|Error' "$tree/lab.log" | head -n 5 >&2; return 1; }
  rm -rf "$CACHE/build"
}

# Runs make. On a terminal, one line shows the number of objects built, and their approximate total.
compile() { # KERNEL TREE WORD…
  local made=0 expected=2100 line
  make -C "$2" "-j$(nproc)" "${@:3}" 2>&1 | tee -a "$2/lab.log" | while read -r line; do
    [[ $line == *CC* || $line == *AS* ]] || continue
    made=$((made + 1))
    [[ -t 2 ]] && printf '\rlab: %s: %d of about %d objects' "$1" "$made" "$expected" >&2
    [[ ! -t 2 ]] && (( made % 500 == 0 )) && say "$1: $made of about $expected objects"
  done
  [[ -t 2 ]] && printf '\n' >&2
  return 0
}
