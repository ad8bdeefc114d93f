# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # names shared between the parts of the lab
# Gets Debian packages of any suite without changes to the system's apt. Lists and cache are private. The mirrors and
# the keyring are those of this machine.

APT=$CACHE/apt
APT_ARCHITECTURE=$(dpkg --print-architecture)
SUITES=(bookworm bookworm-security trixie-backports)
# `deb` for packages, `deb-src` for their sources.
TYPES=(deb)

# Prints a mirror of the machine: the first URI that serves an ordinary suite, or the one that serves the security
# suite. On some machines the security suite has a mirror of its own.
mirror_of() { # main|security
  local release uri
  while read -r release uri; do
    case $1:$release in
      security:*-security | main:bookworm | main:trixie | main:forky | main:stable | main:testing | main:sid)
        echo "$uri"
        return 0
        ;;
    esac
  done < <(apt-get indextargets --format "\$(RELEASE) \$(REPO_URI)" 'Created-By: Packages' 2>/dev/null)
  return 1
}

# Prints the keyring that the machine's sources name for Debian. Without one, apt uses its trusted keys.
machine_keyring() {
  local file
  while read -r file; do
    [[ -r $file ]] && { echo "$file"; return; }
  done < <(sed -nE 's/^Signed-By:[[:space:]]*([^[:space:]]*debian-archive[^[:space:]]*).*/\1/Ip; s/^deb .*signed-by=([^] ,]*debian-archive[^] ,]*).*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null)
}

# DMABUF_LAB_APT_OPTIONS has more words for apt, such as `-o Acquire::http::Proxy=…`.
private_apt() { # apt-get|apt-cache WORD…
  local program=$1 extra
  shift
  read -ra extra <<<"${DMABUF_LAB_APT_OPTIONS:-}"
  "$program" -o Dir::Etc::sourcelist="$APT/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$APT/lists" -o Dir::Cache="$APT/cache" -o APT::Sandbox::User= \
    -o APT::Architecture="$APT_ARCHITECTURE" -o APT::Architectures::="$APT_ARCHITECTURE" \
    -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "${extra[@]}" "$@"
}

write_sources() {
  local main security keyring suite mirror
  main=$(mirror_of main) || { say "apt on this machine has no Debian mirror"; return 1; }
  security=$(mirror_of security) || security=${main%/debian/}/debian-security/
  keyring=$(machine_keyring)
  mkdir -p "$APT/lists/partial" "$APT/cache/archives/partial"
  local type signed=${keyring:+[signed-by=$keyring] }
  for suite in "${SUITES[@]}"; do
    [[ $suite == *-security ]] && mirror=$security || mirror=$main
    for type in "${TYPES[@]}"; do printf '%s %s%s %s main\n' "$type" "$signed" "$mirror" "$suite"; done
  done >"$APT/sources.list"
}

# Updates the package lists, at most once per `lab` process.
LISTS_ARE_FRESH=
update_lists() {
  [[ $LISTS_ARE_FRESH ]] && { [[ $LISTS_ARE_FRESH == yes ]]; return; }
  LISTS_ARE_FRESH=no
  write_sources || return 1
  say "updating the package lists of the Debian mirror"
  local log=$APT/update.log
  # Without --error-on=any, apt exits with 0 if a mirror does not respond and old lists exist.
  if ! private_apt apt-get update --error-on=any >"$log" 2>&1; then
    grep -E '^(E|W|Err)' "$log" | head -n 3 >&2
    return 1
  fi
  LISTS_ARE_FRESH=yes
}

# Prints the newest package whose whole name matches, or nothing.
newest_package() { # PREFIX REGEX
  private_apt apt-cache pkgnames "$1" | grep -Ex "$2" | sort -V | tail -n 1
}

version_of_package() {
  private_apt apt-cache show --no-all-versions "$1" | sed -n 's/^Version: //p' | head -n 1
}

# Downloads packages into the current directory. apt verifies size and signatures, and continues an interrupted
# download.
download_packages() {
  local quiet=(-q)
  [[ -t 2 ]] && quiet=()
  private_apt apt-get "${quiet[@]}" download "$@" >&2
}
