# SPDX-License-Identifier: MIT
# shellcheck shell=dash
# The table of errors: what commands that fail print. `scripts/errors` writes it anew, errors.sh of the cases compares.
# Each line says by its first character what it is: `$` a command, `|` standard output, `!` standard error, `=` the exit
# status, `#` a comment.

prepare_errors() {
  dmabuf alloc 64K --from heap:system --hold camera >/dev/null &&
    dmabuf export drm:vgem --size 64x64:XR24 --read-only --hold readonly >/dev/null &&
    dmabuf alloc 64K --from heap:system --hold late >/dev/null &&
    dmabuf fence create --hold wait >/dev/null &&
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

# What differs from run to run: times, amounts of free memory, process ids, inode numbers.
mask_errors() {
  sed -E 's/[0-9.]+ ?(ns|us|ms|s)\b/TIME/g; s/\([0-9]+\)/(PID)/g; s/[0-9.]+[KMG] (are|is) (available|free)/SIZE \1 \2/g
    s/^( *)[0-9]+  +([0-9.]+[KMG])/\1N  \2/; s/\b(FREE|AVAILABLE): [0-9.]+[KMG]/\1: SIZE/g'
}
