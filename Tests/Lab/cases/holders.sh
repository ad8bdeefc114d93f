# SPDX-License-Identifier: MIT
# Holders and accidents: sockets of others, kernels without locks, other versions, junk.

_source() { if has heap:system; then echo heap:system; else echo drm:vgem; fi; }
_needs_source() { has heap:system || needs drm:vgem; }
_hold() { check dmabuf alloc 64K --from "$(_source)" --hold "$@"; }
_holder() { dmabuf held --json | jq ".held[] | select(.name == \"$1\").pid"; }

a_holder_does_not_remove_the_socket_of_another_holder() {
  _needs_source
  for signal in TERM INT; do
    _hold cam
    first=$(_holder cam)
    # Otherwise the holder might notice that its socket is gone.
    check kill -s STOP "$first"
    rm /run/dmabuf/cam
    _hold cam
    second=$(_holder cam)
    check [ "$first" != "$second" ]
    check kill -s $signal "$first"
    check kill -s CONT "$first"
    eventually sh -c "! kill -0 $first"
    check dmabuf map cam --verify zero
    check [ -S /run/dmabuf/cam ]
    check dmabuf release cam
  done
  run buffers_on_the_machine
  stdout_is 0
}

a_holder_whose_name_is_another_s_ends() {
  _needs_source
  _hold cam
  first=$(_holder cam)
  mv /run/dmabuf/cam elsewhere
  _hold cam
  for _ in 1 2 3 4 5 6; do ! kill -0 "$first" 2>/dev/null || sleep 3; done
  check sh -c "! kill -0 $first"
  check dmabuf map cam --verify zero
  run buffers_on_the_machine
  stdout_is 1
  check dmabuf release cam
}

a_name_that_is_exchanged_is_never_a_mix_of_two_buffers() {
  # Two names are swapped repeatedly. One connection is for the lookup and the request.
  _needs_source
  check dmabuf alloc 64K --from "$(_source)" --hold one
  check dmabuf alloc 128K --from "$(_source)" --hold two
  mkdir -p /run/dmabuf
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    mv /run/dmabuf/one /run/dmabuf/x && mv /run/dmabuf/two /run/dmabuf/one && mv /run/dmabuf/x /run/dmabuf/two
    run dmabuf map one --checksum --json
    status 0
    json_true '.length == 65536 or .length == 131072'
  done
  check dmabuf release --all
}

holding_needs_no_file_locks() {
  _needs_source
  run strace -o trace -e inject=flock:error=ENOSYS dmabuf alloc 4K --from "$(_source)" --hold cam
  status 0
  stderr_is_empty
  check grep -q 'flock.*ENOSYS.*INJECTED' trace
  run strace -o trace -e inject=flock:error=ENOSYS dmabuf alloc 4K --from "$(_source)" --hold cam
  status 1
  stderr '^dmabuf: cam: the name is in use$'
  # Of several commands at the same time, one wins.
  check dmabuf release cam
  for i in 1 2 3; do
    start "racer$i" strace -o "trace$i" -e inject=flock:error=ENOSYS dmabuf alloc 4K --from "$(_source)" --hold cam
  done
  winners=0
  for i in 1 2 3; do
    finish "racer$i"
    if [ "$(cat .run/status)" = 0 ]; then winners=$((winners + 1)); else stderr 'the name is in use'; fi
  done
  check [ $winners = 1 ]
  check kill -s KILL "$(_holder cam)"
  usleep 300000
  run strace -o trace -e inject=flock:error=ENOSYS dmabuf alloc 4K --from "$(_source)" --hold cam
  status 0
  check dmabuf release cam
}

a_holder_without_descriptors_waits_and_serves() {
  _needs_source
  run env SOURCE="$(_source)" sh -c 'ulimit -n 20; exec dmabuf alloc 64K --from "$SOURCE" --hold cam'
  status 0
  pid=$(_holder cam)
  # More silent clients than free descriptors. The holder serves each for up to two seconds.
  for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do
    start "silent$i" actor connect /run/dmabuf/cam pause
  done
  usleep 500000
  before=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
  sleep 1
  after=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
  # Ticks of 10 ms. A holder that spins uses a hundred.
  check [ $((after - before)) -lt 30 ]
  sleep 3
  check dmabuf map cam --verify zero
  check dmabuf release cam
  for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do send_signal "silent$i" TERM; finish "silent$i"; done
}

release_all_beside_junk_reports_what_failed_and_releases_the_rest() {
  _needs_source
  _hold one
  _hold two
  echo junk >/run/dmabuf/junk
  ln -s /etc/passwd /run/dmabuf/link
  mkdir /run/dmabuf/folder
  run dmabuf held --json
  status 1
  json '.held | map(.name)' '["one","two"]'
  run dmabuf release --all
  status 1
  for name in junk link folder; do
    stderr "^dmabuf: /run/dmabuf/$name: connect: Socket operation on non-socket\$"
  done
  run buffers_on_the_machine
  stdout_is 0
  rm -r /run/dmabuf/junk /run/dmabuf/link /run/dmabuf/folder
  run dmabuf release --all
  status 0
  stderr_is_empty
}

without_proc_commands_on_held_buffers_fail() {
  _needs_source
  _hold cam
  for command in 'held --json' held 'release --all' 'release cam' 'fence signal cam' "alloc 4K --from $(_source) --hold other"; do
    # shellcheck disable=SC2086
    run unshare -m sh -c "umount -l /proc; dmabuf $command"
    status 1
    stdout_is_empty
    stderr '^dmabuf: /proc/self: open: No such file or directory$'
    stderr '^dmabuf: hint: mount -t proc proc /proc$'
  done
  run dmabuf held --json
  json '.held | map(.name)' '["cam"]'
  check dmabuf release cam
}

a_holder_of_version_0_is_used_and_released() {
  needs heap:system
  mkdir -p -m 700 /run/dmabuf
  start old actor heap system 8192 holder 0 /run/dmabuf/old 'kind=buffer,began=1,ino=7,size=8192,exp_name=system' 0
  wait_for_line old ready
  run dmabuf held --json
  status 0
  json '.held | map([.name, .kind, .size, .exp_name])' '[["old","buffer",8192,"system"]]'
  check dmabuf map old --fill counter
  check dmabuf map old --verify counter
  check dmabuf release old
  finish old
  status 0
}

a_holder_of_a_later_version_is_reported_and_released() {
  needs heap:system
  mkdir -p -m 700 /run/dmabuf
  start new actor heap system 8192 holder 2 /run/dmabuf/new 'version=2,kind=buffer,began=1,ino=7,size=8192,exp_name=system' 0
  wait_for_line new ready
  run dmabuf held --json
  status 0
  json '.held | map([.name, .kind, .size])' '[["new","buffer",8192]]'
  run dmabuf map new --checksum
  status 1
  stderr '^dmabuf: cannot use new: its holder has version 2 of the protocol, and this dmabuf has version 1$'
  stderr '^dmabuf: hint: use dmabuf release new to end the holder$'
  check dmabuf release new
  finish new
  status 0
  # A holder with a kind of object that this version does not know.
  start new actor heap system 8192 holder 2 /run/dmabuf/new 'version=2,kind=dream,began=1,exp_name=' 0
  wait_for_line new ready
  run dmabuf held
  status 1
  stderr '^dmabuf: cannot use new: its holder has version 2'
  check dmabuf release --all
  finish new
  status 0
}

an_invalid_description_of_a_holder_is_an_error() {
  needs heap:system
  mkdir -p -m 700 /run/dmabuf
  for text in x 'kind=buffer,exp_name=' ',exp_name=,exp_name=' 'version=99999999999999999999,kind=x,exp_name='; do
    start odd actor heap system 8192 holder 1 /run/dmabuf/odd "$text" 0
    wait_for_line odd ready
    run dmabuf map odd --checksum
    status 1
    check [ "$(grep -c '^dmabuf: ' .run/stderr)" -ge 1 ]
    no_stderr 'Fatal'
    check dmabuf release odd
    finish odd
    status 0
  done
}

an_attachment_s_text_is_bounded_in_bytes() {
  needs heap:system drm:vgem
  node=$(drm_node vgem)
  # The same device under a long name, in which characters have several bytes.
  long=$(printf 'a\314\201\314\201\314\201%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20)
  mkdir "$long" && ln -s "$node" "$long/card"
  check dmabuf alloc 8K --hold buffer
  run dmabuf import buffer "./$long/card" "./$long/card" "./$long/card" "./$long/card" --hold kept
  status 0
  run dmabuf held --json
  json_true '.held[] | select(.name == "kept") | .attached | utf8bytelength <= 258'
  check dmabuf release --all
}
