# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # names shared between the parts of the lab
# Fetches the lab's kernels into the cache: $CACHE/kernels/NAME/{vmlinuz,version,recipe,modules/}. One rename moves a
# kernel there, so an interrupted fetch has no partial result.

# Modules to load, in this order, if the kernel has them.
MODULES=(virtio_pci virtio_console vgem vkms bochs vivid vim2m vicodec)
# Modules that only the verb `load` loads, so that other cases do not have their devices.
MODULES_ON_DEMAND=(virtio_gpu)

kernel_directory() { echo "$CACHE/kernels/$1"; }

# Prints what determines the build of a kernel. A cached kernel with another recipe is built again.
kernel_recipe() {
  case $1 in
    full-6.12) sha256sum <"$LAB/kernels/full-6.12.config" | cut -c 1-16 ;;
    *) echo "modules ${MODULES[*]}, on demand ${MODULES_ON_DEMAND[*]}" ;;
  esac
}

kernel_is_cached() {
  local directory; directory=$(kernel_directory "$1")
  [[ -f $directory/vmlinuz && $(cat "$directory/recipe" 2>/dev/null) == "$(kernel_recipe "$1")" ]]
}

# Prints the newest Debian packages of a kernel. The version is that of the first package.
kernel_packages() {
  local package
  case $1 in
    debian-6.1) newest_package linux-image-6.1. 'linux-image-6\.1\.[0-9]+-[0-9]+-amd64' ;;
    debian-6.12) newest_package linux-image-6.12. 'linux-image-6\.12\.[0-9]+\+deb12-amd64' ;;
    debian-7)
      # vmlinuz and modules are separate packages, and are published on different days.
      package=$(newest_package linux-binary-7. 'linux-binary-7\.[0-9.]+\+deb13-amd64')
      [[ $package ]] && printf '%s\n' "$package" "${package/binary/modules}" "${package/binary/base}"
      ;;
    full-6.12) newest_package linux-source-6.12 linux-source-6.12 ;;
  esac
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
    full-6.12) build_full_kernel "$CACHE/downloads/$kernel-$version" "$version" "$work/kernel" ;;
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

# ---- the kernel with everything ---------------------------------------------------------

# Source and objects stay in the cache until the build has ended, so that an interrupted build can continue.
build_full_kernel() { # DOWNLOADS VERSION DESTINATION
  require_build || return 1
  local fragment=$LAB/kernels/full-6.12.config line
  local tree=$CACHE/build/full-6.12-$2
  if [[ ! -e $tree/.complete ]]; then
    say "full-6.12: unpacking the source"
    rm -rf "$CACHE/build" && mkdir -p "$tree" || return 1
    dpkg-deb --fsys-tarfile "$1"/linux-source-*.deb | tar -xO --wildcards './usr/src/*.tar.xz' |
      tar -C "$tree" -xJ --strip-components=1 || return 1
    touch "$tree/.complete"
  fi
  {
    make -s -C "$tree" tinyconfig >"$tree/lab.log" 2>&1 &&
    (cd "$tree" && scripts/kconfig/merge_config.sh -m .config "$fragment") >>"$tree/lab.log" 2>&1 &&
    make -s -C "$tree" olddefconfig >>"$tree/lab.log" 2>&1
  } || { tail -n 5 "$tree/lab.log" >&2; return 1; }
  while read -r line; do
    [[ $line == CONFIG_* ]] || continue
    grep -qx "$line" "$tree/.config" || { say "full-6.12: the configuration of the kernel lacks $line"; return 1; }
  done <"$fragment"
  say "full-6.12: building; this lasts minutes on a few cores"
  compile "$tree" || { grep -E 'error|Error' "$tree/lab.log" | head -n 5 >&2; return 1; }
  mkdir -p "$3/modules"
  cp "$tree/arch/x86/boot/bzImage" "$3/vmlinuz" && rm -rf "$CACHE/build"
}

# Runs make. On a terminal, one line shows the number of objects built, and their approximate total.
compile() {
  local made=0 expected=2100 line
  make -C "$1" "-j$(nproc)" bzImage 2>&1 | tee -a "$1/lab.log" | while read -r line; do
    [[ $line == *CC* || $line == *AS* ]] || continue
    made=$((made + 1))
    [[ -t 2 ]] && printf '\rlab: full-6.12: %d of about %d objects' "$made" "$expected" >&2
    [[ ! -t 2 ]] && (( made % 500 == 0 )) && say "full-6.12: $made of about $expected objects"
  done
  [[ -t 2 ]] && printf '\n' >&2
  [[ -s $1/arch/x86/boot/bzImage ]]
}
