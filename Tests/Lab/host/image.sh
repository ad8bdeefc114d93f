# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # names shared between the parts of the lab
# Builds the guest's file system. Each kernel has a base archive (busybox, modules, a few tools), which is built once.
# Each boot has a small archive (dmabuf, actors, cases, the job). The kernel unpacks it over the base.

GUEST_TOOLS=(jq xxhsum strace script)

# Prints the path of KERNEL's base archive. Builds it again if the kernel or the tools have changed.
base_image() { # KERNEL
  local kernel=$1 tool key base
  key=$({
    cat "$(kernel_directory "$kernel")"/{version,recipe}
    for tool in busybox "${GUEST_TOOLS[@]}"; do stat -Lc '%n %s %Y' "$(command -v "$tool")"; done
    cat "$LAB/host/image.sh"
  } | sha256sum | cut -c 1-16)
  base=$CACHE/images/$kernel-$key.cpio.gz
  if [[ ! -f $base ]]; then
    mkdir -p "$CACHE/images"
    # Archives of the last hour stay: another lab may be reading one.
    find "$CACHE/images" -name "$kernel-*.cpio.gz" -mmin +60 -delete
    make_base_image "$kernel" "$base" || return 1
  fi
  echo "$base"
}

make_base_image() { # KERNEL DESTINATION
  local root tool applet status=0
  root=$(mktemp -d) || return 1
  chmod 755 "$root"
  mkdir -p "$root"/{bin,dev,etc,lib/modules,mnt,proc,root,run,sys,tmp}
  ln -s bin "$root/sbin"
  cp -R "$(kernel_directory "$1")"/modules/. "$root/lib/modules/"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in $(busybox --list); do
    [[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
  done
  for tool in "${GUEST_TOOLS[@]}"; do copy_with_libraries "$(command -v "$tool")" "$root"; done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  pack "$root" "$2.$$" && mv "$2.$$" "$2" || status=1
  rm -rf "$root" "$2.$$"
  return "$status"
}

copy_with_libraries() { # PROGRAM ROOT
  local library
  cp "$1" "$2/bin/"
  while read -r library; do
    mkdir -p "$2$(dirname "$library")"
    cp -L "$library" "$2$library"
  done < <(ldd "$1" 2>/dev/null | grep -oE '/[^ ]+')
}

# Builds the actor program if its source has changed, and prints its path.
actor_binary() {
  local binary
  binary=$CACHE/actor/$(cat "$LAB"/actors/*.[ch] | sha256sum | cut -c 1-16)
  if [[ ! -x $binary ]]; then
    mkdir -p "$CACHE/actor"
    gcc -O2 -static -Wall -Wextra -Werror -o "$binary.$$" "$LAB"/actors/*.c || return 1
    mv "$binary.$$" "$binary"
  fi
  echo "$binary"
}

# Builds the programs whose stacks are known, if their source has changed, and prints their directory: `leak` needs
# call frame information, `leak-frames` has frame pointers, `leak-stripped` has no symbols, `leak-static` no libraries.
leak_binaries() {
  local source=$LAB/actors/leak/leak.c folder
  local -a compile=(gcc -O2 -fno-optimize-sibling-calls -Wall -Wextra -Werror -pthread)
  folder=$CACHE/actor/leak-$(sha256sum <"$source" | cut -c 1-16)
  if [[ ! -d $folder ]]; then
    mkdir -p "$folder.$$"
    "${compile[@]}" -fomit-frame-pointer -o "$folder.$$/leak" "$source" &&
      "${compile[@]}" -fno-omit-frame-pointer -o "$folder.$$/leak-frames" "$source" &&
      "${compile[@]}" -fomit-frame-pointer -s -o "$folder.$$/leak-stripped" "$source" &&
      "${compile[@]}" -fomit-frame-pointer -static -o "$folder.$$/leak-static" "$source" || return 1
    mv "$folder.$$" "$folder"
  fi
  echo "$folder"
}

# Builds the archive of one boot. The files of the directory JOB appear in the guest's /lab.
boot_image() { # KERNEL JOB DESTINATION
  local base actor leaks root program
  local -a programs
  read -ra programs <<<"${DMABUF_LAB_PROGRAMS:-}"
  for program in "${programs[@]}"; do
    [[ -f $program && -x $program ]] && continue
    echo "lab: DMABUF_LAB_PROGRAMS: $program is not an executable file" >&2
    return 1
  done
  if [[ -f $EXAMPLE ]]; then programs+=("$EXAMPLE"); fi
  base=$(base_image "$1") && actor=$(actor_binary) && leaks=$(leak_binaries) || return 1
  root=$(mktemp -d) || return 1
  chmod 755 "$root"
  mkdir -p "$root"/{bin,lab}
  cp -R "$LAB/../DMABufTests/Fixtures/bufinfo" "$root/lab/"
  cp -R "$LAB"/guest/. "$LAB/cases" "$LAB/controls" "$LAB/../../README.md" "$LAB/../../man" "$2"/. "$root/lab/"
  echo "$1" >"$root/lab/kernel"
  mv "$root/lab/init" "$root/init"
  chmod 755 "$root/init" "$root"/lab
  programs+=("$leaks"/*)
  for program in "${programs[@]}"; do copy_with_libraries "$program" "$root"; done
  cp "$actor" "$root/bin/actor"
  if [[ -f $BINARY ]]; then cp "$BINARY" "$root/bin/dmabuf"; fi
  pack "$root" "$3.job" && cat "$base" "$3.job" >"$3"
  local status=$?
  rm -rf "$root" "$3.job"
  return "$status"
}

# Packs a directory as a gzipped cpio archive. All files belong to root. Equal directories produce equal bytes.
pack() { # DIRECTORY DESTINATION
  (cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --null -o -H newc -R 0:0 --reproducible --quiet) | gzip -1 >"$2"
}
