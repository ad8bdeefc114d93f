# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # names shared between the parts of the lab
# `lab test`: runs the cases on every kernel, with one boot each. In the first boot the controls run before the cases.

VERBOSE='' KERNEL='' PASSED=0 FAILED=0 SKIPPED=0

# Reads what the runner reports of the controls: up to the line `cases`.
read_controls() {
  local line name=''
  while IFS= read -r line && [[ $line != cases ]]; do
    case $line in
      'case '*) name=${line#case } ;;
      'document '*) printf '%s\n' "${line#document }" >>"$BOOT/control-documents/$name" ;;
    esac
    printf '%s\n' "$line" >>"$BOOT/controls"
    echo "${name:-its start}" >"$BOOT/running"
  done
}

# Reads the runner's report, and writes lines `pass|fail|skip NAME [TAB REASON]` to the results of the boot.
read_report() {
  local line name='' failing=''
  while IFS= read -r line; do
    case $line in
      controls) read_controls ;;
      'case '*) name=${line#case } failing='' ;;
      'document '*) printf '%s\n' "${line#document }" >>"$BOOT/documents/$name" ;;
      'pass '*)
        echo "pass $name" >>"$BOOT/results"
        [[ $VERBOSE ]] && echo "  pass  $name (${line##* } s)"
        ;;
      'skip '*)
        echo "${line}" >>"$BOOT/results"
        [[ $VERBOSE ]] && echo "  skip  $name: ${line#*$'\t'}"
        ;;
      'fail '*)
        echo "fail $name" >>"$BOOT/results"
        failing=yes
        echo "  FAIL  $KERNEL: $name"
        ;;
      '  '*) [[ $failing ]] && echo "      $line" ;;
      *) echo "  $line" ;;
    esac
    [[ $line == 'case '* ]] && echo "$name" >"$BOOT/running"
  done
}

# Prints the faults of the documents that cases printed: CASE:LINE: SCHEMA: MEMBER: MESSAGE.
violations() { # DIRECTORY
  (cd "$1" && "$REPOSITORY/scripts/schemas" ./*) 2>&1
}

# Adds a result to a boot: whether all documents that its cases printed match docs/schema.
judge_documents() {
  local name=documents_match_their_schemas found
  [[ $(ls "$BOOT/documents") ]] || return 0
  if found=$(violations "$BOOT/documents"); then
    echo "pass $name" >>"$BOOT/results"
  else
    echo "fail $name" >>"$BOOT/results"
    echo "  FAIL  $KERNEL: $name"
    head -n 60 <<<"$found" | sed 's/^/      /'
  fi
}

how_many() { grep -cs "^$1 " "$BOOT/results" || [[ -e $BOOT/results ]] || echo 0; }

# Boots KERNEL once, runs the cases whose names match GLOB, and adds to the totals. Fails if the controls do not fail.
test_kernel() { # KERNEL GLOB [with-controls]
  local began=$SECONDS passed failed skipped status=0
  KERNEL=$1
  new_boot || return 1
  printf '%s\n' "$2" >"$BOOT/job/only"
  [[ ${3:-} ]] && touch "$BOOT/job/with-controls"
  [[ ${DMABUF_LAB_KILLS:-} ]] && echo "$DMABUF_LAB_KILLS" >"$BOOT/job/kills"
  READ_STDOUT=read_report
  if ! boot "$1" test 7200 && ! continue_if_stuck "$1" "$2"; then
    echo "  FAIL  $1: the guest ended during: $(cat "$BOOT/running" 2>/dev/null || echo 'its start')"
    echo "        $(($(count_of_cases "$2") - $(how_many '[a-z]*'))) cases did not run to their end"
    echo "fail the_guest_ends_with_a_status" >>"$BOOT/results"
  elif kernel_warnings >"$BOOT/warnings"; then
    echo "  FAIL  $1: the kernel has warned outside of any case:"
    sed 's/^/          /' "$BOOT/warnings"
    echo "fail the_kernel_does_not_warn" >>"$BOOT/results"
  fi
  READ_STDOUT="cat"
  [[ ! ${3:-} ]] || judge_controls || status=1
  judge_documents
  passed=$(how_many pass) failed=$(how_many fail) skipped=$(how_many skip)
  sed -n 's/^skip [^\t]*\t//p' "$BOOT/results" 2>/dev/null | sort | uniq -c | sort -rn |
    while read -r count reason; do echo "  skipped $count: $reason"; done
  printf '%s: %d passed, %d failed, %d skipped (%d s)\n' "$1" "${passed:-0}" "${failed:-0}" "${skipped:-0}" $((SECONDS - began))
  PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed)) SKIPPED=$((SKIPPED + skipped))
  return "$status"
}

# Runs the cases that have no result in another boot if the kernel was stuck. In an emulated guest this happens once in
# many boots, while the kernel patches its own code. A kernel that is stuck twice in the same case is a failure.
continue_if_stuck() { # KERNEL GLOBS
  local during=''
  while is_stuck && [[ $(accelerator "$1") == tcg && $(<"$BOOT/running") != "$during" ]]; do
    during=$(<"$BOOT/running")
    say "$1: the kernel was stuck during $during; booting again for the cases without a result"
    cases_of "$2" | grep -vxFf <(awk '{ print $2 }' "$BOOT/results" 2>/dev/null) | paste -sd ' ' >"$BOOT/job/only"
    [[ ! -e $BOOT/results ]] || rm -f "$BOOT/job/with-controls"
    boot "$1" test 7200 && return
  done
  return 1
}

# Reports the controls that did not fail, each for its reason.
judge_controls() {
  local name reason survivors=0
  violations "$BOOT/control-documents" | sed -n 's|^\./\([a-z_]*\):[0-9]*: |fail \1\n  |p' >>"$BOOT/controls"
  while IFS=$'\t' read -r name reason; do
    sed -n "/^fail $name\$/,/^case /p" "$BOOT/controls" | grep -q -- "$reason" && continue
    say "the control '$name' did not fail with '$reason', so the results of the lab are not reliable"
    survivors=$((survivors + 1))
  done < <(controls_and_reasons)
  return $((survivors != 0))
}

controls_and_reasons() { # NAME TAB REASON
  local line reason=''
  while IFS= read -r line; do
    case $line in
      '# fails: '*) reason=${line#'# fails: '} ;;
      [a-z]*'() {'*) printf '%s\t%s\n' "${line%%(*}" "$reason" ;;
    esac
  done < <(cat "$LAB"/controls/*.sh)
}

functions_of() { sed -n 's/^\([a-zA-Z0-9][a-zA-Z0-9_]*\)() *{.*/\1/p' "$@"; }

count_of_cases() { cases_of "$1" | wc -l; } # GLOBS

cases_of() { # GLOBS
  local name pattern patterns
  read -ra patterns <<<"$1"
  while read -r name; do
    for pattern in "${patterns[@]}"; do
      # shellcheck disable=SC2053  # a glob on purpose
      [[ $name == $pattern ]] && echo "$name" && break
    done
  done < <(functions_of "$LAB"/cases/*.sh)
}

lab_test() {
  local kernels=() only='' totals='' kernel count controls=with-controls status=0
  while (( $# )); do
    case $1 in
      --kernel) demand_kernel "${2:-}"; kernels+=("$2"); shift 2 ;;
      --only) only="${only:+$only }${2:?}"; shift 2 ;;
      --verbose) VERBOSE=yes; shift ;;
      --totals) totals=${2:?}; shift 2 ;;
      *) say "lab test has no option $1"; exit 64 ;;
    esac
  done
  (( ${#kernels[@]} )) || kernels=("${KERNELS[@]}")
  only=${only:-*}
  count=$(count_of_cases "$only")
  (( count )) || fail "no case matches '$only'"
  require_run_time "${kernels[@]}" || exit 1
  for kernel in "${kernels[@]}"; do
    [[ -f $(binary "$kernel") ]] ||
      say "$(binary "$kernel") does not exist, so cases that need it will fail; run $(binary_target "$kernel")"
    if ! fetch_kernel "$kernel"; then
      echo "  skipped $count: $kernel is not in the cache and could not be fetched"
      echo "$kernel: 0 passed, 0 failed, $count skipped"
      SKIPPED=$((SKIPPED + count))
      continue
    fi
    test_kernel "$kernel" "$only" "$controls" || status=1
    controls=
  done
  [[ $totals ]] && echo "$PASSED $((FAILED + status)) $SKIPPED" >"$totals"
  (( FAILED == 0 && status == 0 )) || exit 1
}
