# SPDX-License-Identifier: MIT
# dmabuf check: the kernels of the lab follow the contract, and a violation is reported.

the_kernel_follows_its_contract() {
  limit 240
  run dmabuf check --json
  json '.results | map(select(.verdict == "fail" or .verdict == "new-difference") | [.id, .target, .expected, .found])' '[]'
  status 0
  stderr_is_empty
  json .schema dmabuf.check/1
  json_true '(.totals.pass > 100) and (.totals.fail == 0)'
  json_true '.totals == (.results | {pass: map(select(.verdict == "pass")) | length, fail: 0, new_difference: 0, skip: map(select(.verdict == "skip")) | length, known_difference: map(select(.verdict == "known-difference")) | length})'
  json_true '.results | all(has("id") and has("target") and has("verdict") and has("expected") and has("found") and has("reason"))'
  json_true '.not_checked | all(has("device") and has("reason"))'
}

# The known differences of this kernel follow from its version and its facilities.
the_known_differences_are_those_of_this_version() {
  limit 240
  # After C112, vb2 has a reference to the buffer forever, which would fail this case.
  run dmabuf check --invasive --skip C112 --json
  json '.results | map(select(.verdict == "fail" or .verdict == "new-difference") | [.id, .target, .expected, .found])' '[]'
  status 0
  found=$(jq -r '.results | map(select(.verdict == "known-difference").id) | unique | join(" ")' .run/stdout)
  # shellcheck disable=SC2046  # words on purpose
  wanted=$(echo $(_before 7.0 C25; _before 7.0 C27 heap:system; _before 6.12 C31 udmabuf; _before 6.12 C31 heap:cma
    _before 7.0 C67 sw_sync; _before 6.4 C68; _before 6.4 C69 sw_sync; _before 7.0 C72 sw_sync
    _before 6.12 C88 udmabuf hugetlb; _before 7.3 C89 udmabuf; _before 6.12 C91 udmabuf
    _before 6.12 C113 udmabuf v4l2:vivid; _before 7.0 C117 sw_sync bufinfo
    _before 7.0 C126 sw_sync dma-fence-tracepoints) | tr ' ' '\n' | sort -u | tr '\n' ' ')
  [ "$found" = "${wanted% }" ] || expected "the differences $wanted; found $found"
  # No trace instance remains.
  check sh -c '[ -z "$(ls /sys/kernel/tracing/instances 2>/dev/null)" ]'
}

# _before VERSION ID FACILITY…: prints the id on an older kernel with these facilities.
_before() {
  at_least "$1" && return
  _id=$2
  shift 2
  for _facility; do has "$_facility" || return; done
  echo "$_id"
}

a_wrong_expectation_is_noticed() {
  printf '%s\n' '# a line of no meaning' 'C1 drm:vgem 0xdeadbeef' >wrong
  run dmabuf check --device drm:vgem --only C1 --expect wrong --json
  status 1
  json '.results | map([.verdict, .expected, .found, .reason])' '[["fail","0xdeadbeef","0x444d4142","wrong:2 expects another result"]]'
}

every_check_can_fail() {
  limit 120
  # Each check that passes must find another result than nonsense.
  echo '* * nonsense' >nonsense
  run dmabuf check --device drm:vgem --exporter drm:vgem --expect nonsense --json
  status 1
  json_true '.totals.pass == 0 and .totals.known_difference == 0 and .totals.fail > 40'
}

an_expected_failure_that_passes_is_reported() {
  echo 'C1 drm:*   # mended long ago' >known
  run dmabuf check --device drm:vgem --only 'C1' --expect known
  status 1
  stdout 'known:1 expects a failure, and the check passed'
}

an_expected_finding_passes() {
  echo 'C1 drm:vgem 0x444d4142' >known
  run dmabuf check --device drm:vgem --only C1 --expect known
  status 0
}

a_line_without_a_target_is_a_usage_error() {
  echo 'C1' >known
  run dmabuf check --expect known
  status 64
  stderr '^dmabuf: known:1: a line is ID TARGET'
}

tap_and_junit_report_the_same() {
  run dmabuf check --device drm:vgem --only 'C1?' --tap --junit out.xml
  status 0
  stdout '^TAP version 13$'
  stdout '^1\.\.10$'
  stdout '^ok 1 - C10 drm:vgem: '
  check grep -q '<testsuite name="drm:vgem" tests="10" failures="0"' out.xml
  check grep -q '<testcase classname="drm:vgem" name="C10 ' out.xml
  printf 'C10 drm:vgem other\n' >wrong
  run dmabuf check --device drm:vgem --only 'C1?' --tap --junit out.xml --expect wrong
  status 1
  stdout '^not ok 1 - C10 drm:vgem'
  check grep -q '<failure message="expected other, found ok EBADF"' out.xml
}

a_buffer_of_the_caller_is_checked_and_not_changed() {
  run actor buffer 64K name 0 camera fill 0 0x5a exec sh -c 'dmabuf check fd:$SLOT_0 --json >result; s=$?; dmabuf map fd:$SLOT_0 --verify 0x5a; cat /proc/self/fdinfo/$SLOT_0; exit $s'
  status 0
  stdout '^name:.camera$'
  stdout verified
  cp result .run/stdout
  json '.results | map(select(.verdict == "fail"))' '[]'
  json_true '.totals.pass > 15'
  json_true '.results | all(.target | startswith("fd:"))'
  json '.results | map(select(.id == "C38").verdict)' '["skip"]'
}

the_list_has_a_hundred_checks_and_more() {
  run dmabuf check --list --json
  status 0
  json_true '.checks | map(.id) | unique | length >= 120'
  run dmabuf check --list --only C25
  stdout '^C25 +buffer +- +memory cannot be mapped for executing$'
}

an_unprivileged_user_without_checks_gets_77_and_a_hint() {
  run_as_nobody dmabuf check --only C1
  status 77
  stderr '^dmabuf: nothing could be checked on this machine$'
  stderr '^dmabuf: hint: dmabuf doctor'
}

a_missing_exporter_is_77_and_an_unknown_id_a_usage_error() {
  run dmabuf check --exporter heap:nonsense
  status 77
  stderr '^dmabuf: heap:nonsense: no such exporter or device$'
  run dmabuf check --only 'D*'
  status 64
}

an_interrupt_ends_a_check() {
  start waiter actor default-signals ready exec dmabuf check --invasive --only C103
  wait_for_line waiter ready
  usleep 2000000
  send_signal waiter INT
  finish waiter
  status 130
}

the_iterators_in_the_kernel_are_checked_too() {
  needs bpf-dmabuf-iter
  run dmabuf check --invasive --only 'C12[34]' --json
  status 0
  json '[.results[] | [.id, .verdict]]' '[["C123","pass"],["C124","pass"]]'
}

a_terminal_shows_the_current_check() {
  needs heap:system
  limit 120
  run sh -c "actor default-signals exec script -q -e -c 'stty rows 24 cols 80; dmabuf check --exporter heap:system --device drm:vgem' screen </dev/null >/dev/null"
  check grep -qaE 'C[0-9]+ on [a-z0-9:-]+, [0-9]+ done' screen
}
