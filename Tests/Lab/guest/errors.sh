# SPDX-License-Identifier: MIT
# shellcheck shell=dash
# The table of errors: what commands that fail print. `scripts/errors` writes it anew, errors.sh of the cases compares.
# Each line says by its first character what it is: `$` a command, `|` standard output, `!` standard error, `=` the exit
# status, `#` a comment.

prepare_errors() {
  dmabuf alloc 64K --from heap:system --hold camera >/dev/null &&
    dmabuf export drm:vgem --size 64x64:XR24 --read-only --hold readonly >/dev/null &&
    dmabuf alloc 64K --from heap:system --hold late >/dev/null &&
    dmabuf fence create --sw-sync --hold wait >/dev/null &&
    dmabuf fence import late wait --write >/dev/null
}

# The table with what its commands print now.
run_errors() { # TABLE
  while IFS= read -r line; do
    case $line in
      '$ '*)
        echo "$line"
        sh -c "${line#\$ }" >/tmp/errors.stdout 2>/tmp/errors.stderr </dev/null
        status=$?
        sed 's/^/| /' /tmp/errors.stdout
        sed 's/^/! /' /tmp/errors.stderr
        echo "= $status"
        ;;
      '#'*) echo "$line" ;;
      '') echo ;;
    esac
  done <"$1"
}

# What differs from run to run: times, rates, amounts of free memory, process ids.
mask_errors() {
  sed -E '/^[$#=]/b
    s/[0-9.]+ (ns|us|µs|ms|s)\b/TIME/g; s/[0-9.]+ [kMG]?B\/s/RATE/g; s/\([0-9]+\)/(PID)/g; s/ino:[0-9]+/ino:N/g
    s/[0-9.]+[KMG] are available/SIZE are available/
    /TIME|AGE/s/  +/  /g'
}
