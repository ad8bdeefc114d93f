# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # names shared between the parts of the lab
# Builds the guest's file system. Each kernel has a base archive (busybox, modules, a few tools), which is built once.
# Each boot has a small archive (dmabuf, actors, cases, the job). The kernel unpacks it over the base.

GUEST_TOOLS=(jq xxhsum strace script)
# Has jq 1.7 and its libraries, if this machine has an older one.
NEWER_JQ=$CACHE/tools/jq

# Prints the path of KERNEL's base archive. Builds it again if the kernel or the tools have changed.
base_image() { # KERNEL
  local kernel=$1 tool key base foreign=''
  if [[ $(architecture "$kernel") == aarch64 ]]; then foreign=$(arm64_root) || return 1; fi
  key=$({
    cat "$(kernel_directory "$kernel")"/{version,recipe}
    for tool in busybox "${GUEST_TOOLS[@]}"; do stat -Lc '%n %s %Y' "$(tool "$foreign" "$tool")"; done
    cat "$LAB/host/image.sh"
  } | sha256sum | cut -c 1-16)
  base=$CACHE/images/$kernel-$key.cpio.gz
  if [[ ! -f $base ]]; then
    mkdir -p "$CACHE/images"
    # Archives of the last hour stay: another lab may be reading one.
    find "$CACHE/images" -name "$kernel-*.cpio.gz" -mmin +60 -delete
    make_base_image "$kernel" "$base" "$foreign" || return 1
  fi
  echo "$base"
}

# Prints the path of a tool of this machine, or of the root of another architecture.
tool() { # [ROOT] NAME
  if [[ $1 ]]; then echo "$1/usr/bin/$2"; else command -v "$2"; fi
}

make_base_image() { # KERNEL DESTINATION [FOREIGN-ROOT]
  local root tool applet status=0
  root=$(mktemp -d) || return 1
  chmod 755 "$root"
  mkdir -p "$root"/{bin,dev,etc,lib/modules,mnt,proc,root,run,sys,tmp}
  ln -s bin "$root/sbin"
  cp -R "$(kernel_directory "$1")"/modules/. "$root/lib/modules/"
  cp "$(tool "$3" busybox)" "$root/bin/busybox"
  for applet in $(busybox --list); do
    [[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
  done
  for tool in "${GUEST_TOOLS[@]}"; do copy_with_libraries "$(tool "$3" "$tool")" "$root" "$3"; done
  [[ $3 ]] || copy_newer_jq "$root"
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  pack "$root" "$2.$$" && mv "$2.$$" "$2" || status=1
  rm -rf "$root" "$2.$$"
  return "$status"
}

copy_with_libraries() { # PROGRAM ROOT [FOREIGN-ROOT]
  local library
  cp "$1" "$2/bin/"
  while read -r library; do
    mkdir -p "$2$(dirname "$library")"
    cp -L "$3$library" "$2$library"
  done < <(if [[ $3 ]]; then foreign_libraries "$1" "$3" | sort -u; else ldd "$1" 2>/dev/null | grep -oE '/[^ ]+'; fi)
}

# Prints the paths of the libraries of a program of another architecture, which ldd cannot run.
foreign_libraries() { # PROGRAM ROOT
  local name path folder=$2/usr/lib/aarch64-linux-gnu
  readelf -l "$1" | sed -n 's/.*program interpreter: \(.*\)]/\1/p'
  while read -r name; do
    path=$folder/$name
    [[ -f $path ]] && echo "${path#"$2"}" && foreign_libraries "$path" "$2"
  done < <(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)]/\1/p')
}

# Prints the directory with Debian 13 for arm64: the guest's tools and their libraries.
arm64_root() {
  local root=$CACHE/tools/arm64 lock
  mkdir -p "$CACHE/tools"
  exec {lock}>"$CACHE/tools/lock"
  flock "$lock"
  [[ -d $root ]] || fetch_arm64_root "$root" >&2 || return 1
  exec {lock}>&-
  echo "$root"
}

fetch_arm64_root() { # DESTINATION
  local work=$CACHE/work/arm64-tools
  say "downloading the tools of arm64 guests"
  rm -rf "$work" && mkdir -p "$work" || return 1
  (
    APT=$CACHE/apt-13 SUITES=(trixie)
    write_sources &&
      mmdebstrap --quiet --variant=extract --architectures=arm64 --include=busybox-static,jq,xxhash,strace,bsdutils \
        trixie "$work/root" "$APT/sources.list"
  ) || return 1
  # No script of a package has run, so /lib is not yet the link that programs are linked with.
  [[ -e $work/root/lib ]] || ln -s usr/lib "$work/root/lib"
  mv "$work/root" "$1" && rm -rf "$work" "$CACHE/apt-13"
}

# On an emulated processor jq 1.6 needs half a second to start, and jq 1.7 a tenth. If this machine has an older jq, the
# guest gets that of Debian 13, with its libraries. Without a connection it keeps the older one.
copy_newer_jq() { # ROOT
  [[ $(jq --version) == jq-1.[0-6]* ]] || return 0
  local lock
  mkdir -p "$CACHE/tools"
  exec {lock}>"$CACHE/tools/lock"
  flock "$lock"
  if [[ -x $NEWER_JQ/jq ]] || fetch_jq; then
    cp -R "$NEWER_JQ" "$1/lib/jq"
    # shellcheck disable=SC2016  # the guest's
    printf '#!/bin/sh\nexec /lib/jq/ld.so --library-path /lib/jq /lib/jq/jq "$@"\n' >"$1/bin/jq"
  else
    say "jq of Debian 13 could not be fetched, so cases with JSON will last longer"
  fi
  exec {lock}>&-
}

fetch_jq() {
  local work=$CACHE/work/jq package
  say "downloading jq of Debian 13"
  rm -rf "$work" && mkdir -p "$work/packages" "$work/jq" || return 1
  (
    APT=$CACHE/apt-13 SUITES=(trixie) LISTS_ARE_FRESH=
    update_lists && cd "$work/packages" && download_packages jq libjq1 libonig5 libc6
  ) || return 1
  for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$work/root" || return 1; done
  cp -L "$work"/root/usr/bin/jq "$work"/root/usr/lib/*/{libjq,libonig,libm,libc}.so.[0-9] "$work/jq/" &&
    cp -L "$work"/root/usr/lib/*/ld-linux*.so.* "$work/jq/ld.so" || return 1
  rm -rf "$NEWER_JQ" && mv "$work/jq" "$NEWER_JQ" && rm -rf "$work" "$CACHE/apt-13"
}

# Prints the C compiler for a kernel.
compiler() { if [[ $(architecture "$1") == aarch64 ]]; then echo aarch64-linux-gnu-gcc; else echo gcc; fi; }

# Builds the actor program if its source has changed, and prints its path.
actor_binary() { # KERNEL
  local binary
  binary=$CACHE/actor/$(architecture "$1")-$(cat "$LAB"/actors/*.[ch] | sha256sum | cut -c 1-16)
  if [[ ! -x $binary ]]; then
    mkdir -p "$CACHE/actor"
    "$(compiler "$1")" -O2 -static -Wall -Wextra -Werror -o "$binary.$$" "$LAB"/actors/*.c || return 1
    mv "$binary.$$" "$binary"
  fi
  echo "$binary"
}

# Builds the programs whose stacks are known, if their source has changed, and prints their directory: `leak` needs
# call frame information, `leak-frames` has frame pointers, `leak-stripped` has no symbols, `leak-static` no libraries.
leak_binaries() { # KERNEL
  local source=$LAB/actors/leak/leak.c folder
  local -a compile
  compile=("$(compiler "$1")" -O2 -fno-optimize-sibling-calls -Wall -Wextra -Werror -pthread)
  folder=$CACHE/actor/$(architecture "$1")-leak-$(sha256sum <"$source" | cut -c 1-16)
  if [[ ! -d $folder ]]; then
    mkdir -p "$folder.$$"
    "${compile[@]}" -fomit-frame-pointer -o "$folder.$$/leak" "$source" &&
      "${compile[@]}" -fno-omit-frame-pointer -o "$folder.$$/leak-frames" "$source" &&
      "${compile[@]}" -fomit-frame-pointer -s -o "$folder.$$/leak-stripped" "$source" &&
      "${compile[@]}" -fomit-frame-pointer -static -o "$folder.$$/leak-static" "$source" || return 1
    # Another lab may have built it meanwhile.
    mv -T "$folder.$$" "$folder" 2>/dev/null || rm -rf "$folder.$$"
  fi
  echo "$folder"
}

# Builds the archive of one boot. The files of the directory JOB appear in the guest's /lab.
boot_image() { # KERNEL JOB DESTINATION
  local base actor leaks root program binary foreign=''
  local -a programs
  read -ra programs <<<"${DMABUF_LAB_PROGRAMS:-}"
  for program in "${programs[@]}"; do
    [[ -f $program && -x $program ]] && continue
    echo "lab: DMABUF_LAB_PROGRAMS: $program is not an executable file" >&2
    return 1
  done
  binary=$(binary "$1")
  if [[ $(architecture "$1") == aarch64 ]]; then
    foreign=$(arm64_root) || return 1
  elif [[ -f $EXAMPLE ]]; then
    programs+=("$EXAMPLE")
  fi
  base=$(base_image "$1") && actor=$(actor_binary "$1") && leaks=$(leak_binaries "$1") || return 1
  root=$(mktemp -d) || return 1
  chmod 755 "$root"
  mkdir -p "$root"/{bin,lab}
  cp -R "$LAB/../DMABufTests/Fixtures/bufinfo" "$root/lab/"
  cp -R "$LAB"/guest/. "$LAB/cases" "$LAB/controls" "$LAB/../../README.md" "$LAB/../../man" "$2"/. "$root/lab/"
  echo "$1" >"$root/lab/kernel"
  mv "$root/lab/init" "$root/init"
  chmod 755 "$root/init" "$root"/lab
  programs+=("$leaks"/*)
  for program in "${programs[@]}"; do copy_with_libraries "$program" "$root" "$foreign"; done
  cp "$actor" "$root/bin/actor"
  if [[ -f $binary ]]; then cp "$binary" "$root/bin/dmabuf"; fi
  pack "$root" "$3.job" && cat "$base" "$3.job" >"$3"
  local status=$?
  rm -rf "$root" "$3.job"
  return "$status"
}

# Packs a directory as a gzipped cpio archive. All files belong to root. Equal directories produce equal bytes.
pack() { # DIRECTORY DESTINATION
  (cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --null -o -H newc -R 0:0 --reproducible --quiet) | gzip -1 >"$2"
}
