# SPDX-License-Identifier: MIT
# Attacks by the peer of a socket, by forged holders, and by terminals. Each attack has a comment `# attack:` above it.

limit 200
on_two_kernels

_source() { if has heap:system; then echo heap:system; else echo drm:vgem; fi; }
_hold() { check dmabuf alloc 64K --from "$(_source)" --hold "$@"; }
# Ends processes. Some may have ended before.
_end() { for each; do kill -KILL "$(pid_of "$each")" 2>/dev/null; finish "$each"; done; }
# _bounded CMD…: as `run`. Commands with a timeout of a second, or the two of a holder, have sixty, for a busy machine.
_bounded() {
  began=$(cut -d . -f 1 /proc/uptime)
  run timeout 300 "$@"
  took=$(($(cut -d . -f 1 /proc/uptime) - began))
  [ $took -le 60 ] || expected "an end within 60 s; the time was $took"
}

# attack: a peer that sends nothing
a_silent_peer_times_out() {
  start peer actor listen ./socket pause
  eventually [ -S socket ]
  _bounded dmabuf receive ./socket --timeout 1s
  status 124
  _end peer
}

# attack: a peer that sends bytes without end and never a descriptor
an_endless_peer_times_out() {
  start peer actor flood ./socket
  eventually [ -S socket ]
  _bounded dmabuf receive ./socket --timeout 1s
  status 124
  _end peer
}

# attack: a peer that sends a byte now and then
a_slow_peer_times_out() {
  start peer actor drip ./socket
  eventually [ -S socket ]
  _bounded dmabuf receive ./socket --timeout 1s
  status 124
  _end peer
}

# attack: an endless peer, and a signal instead of a timeout
an_endless_peer_can_be_interrupted() {
  start peer actor flood ./socket
  eventually [ -S socket ]
  start taker actor default-signals exec dmabuf receive ./socket
  sleep 1
  send_signal taker INT
  finish taker
  status 130
  _end peer
}

# attack: a peer that hangs up
a_peer_that_hangs_up_is_an_error() {
  start peer actor hang-up ./socket
  eventually [ -S socket ]
  run timeout 120 dmabuf receive ./socket
  status 1
  finish peer
}

# attack: a peer that is stopped
a_frozen_peer_times_out() {
  start peer actor listen ./socket receive ./socket
  eventually [ -S socket ]
  send_signal peer STOP
  _bounded dmabuf receive ./socket --timeout 1s
  status 124
  _end peer
}

# attack: more descriptors than the limit of the receiver
too_many_descriptors_are_an_error() {
  start taker sh -c 'ulimit -n 24; exec dmabuf receive ./socket --listen --timeout 120s --json'
  eventually [ -S socket ]
  slots=$(seq 0 99)
  # shellcheck disable=SC2046,SC2086  # words on purpose
  run actor $(for _ in $slots; do printf 'buffer 4K '; done) send ./socket $slots
  finish taker
  case $(cat .run/status) in 0 | 12[89] | 13?) expected 'an error' ;; esac
  stderr .
  eventually [ "$(buffers_on_the_machine)" = 0 ]
}

# attack: descriptors of every other kind, many of them
wrong_descriptors_are_an_error_and_closed() {
  start taker dmabuf receive ./socket --listen --timeout 120s --json
  eventually [ -S socket ]
  check actor memfd 4096 pipe socketpair open /dev/null send ./socket 0 1 2 3 4 5
  finish taker
  status 1
  stdout_is_empty
}

# attack: the listener's queue is full
a_full_queue_times_out() {
  start peer actor listen ./socket queue-up ./socket ready pause
  wait_for_line peer ready
  _hold cam
  _bounded dmabuf send ./socket cam --timeout 1s
  status 124
  check dmabuf release cam
  _end peer
}

# attack: a peer of the other socket type
a_peer_of_packets_is_no_crash() {
  start peer actor memfd 4096 fake-holder ./socket x 1 0
  wait_for_line peer faking
  run timeout 120 dmabuf receive ./socket --timeout 1s
  case $(cat .run/status) in 1 | 124) ;; *) expected 'status 1 or 124' ;; esac
  _end peer
}

# attack: packets to a holder: with every first byte, long ones, and with descriptors
a_holder_outlives_every_request() {
  _hold cam
  pid=$(dmabuf held --json | jq '.held[0].pid')
  before=$(ls "/proc/$pid/fd" | wc -l)
  for byte in 0 1 2 3 9 10 32 48 63 64 65 97 98 99 101 103 104 127 128 200 254 255; do
    actor packet /run/dmabuf/cam $byte 2 0 || :
    actor packet /run/dmabuf/cam $byte 100 9 || :
  done
  actor packet /run/dmabuf/cam 0 100000 253 || :
  check dmabuf map cam --verify zero
  eventually [ "$(ls "/proc/$pid/fd" | wc -l)" = "$before" ]
  check dmabuf release cam
}

# attack: a valid request with descriptors
a_holder_closes_descriptors_of_its_clients() {
  _hold cam
  pid=$(dmabuf held --json | jq '.held[0].pid')
  before=$(ls "/proc/$pid/fd" | wc -l)
  for byte in 0x64 0x66 0x61; do actor packet /run/dmabuf/cam $byte 1 253 || :; done
  eventually [ "$(ls "/proc/$pid/fd" | wc -l)" = "$before" ]
  check dmabuf map cam --verify zero
  check dmabuf release cam
}

# attack: a holder that is stopped
a_frozen_holder_blocks_no_other_command() {
  _hold cam
  _hold other
  pid=$(dmabuf held --json | jq '.held[] | select(.name == "cam") | .pid')
  kill -STOP "$pid"
  _bounded dmabuf map cam --fill 0xaa
  case $(cat .run/status) in 1 | 124) ;; *) expected 'status 1 or 124' ;; esac
  _bounded dmabuf held --json
  status 1
  json '.held | map(.name)' '["other"]'
  _bounded dmabuf release cam
  case $(cat .run/status) in 1 | 124) ;; *) expected 'status 1 or 124' ;; esac
  _bounded dmabuf map other --verify zero
  status 0
  kill -CONT "$pid"
  check dmabuf map cam --verify zero
  check dmabuf release --all
}

# attack: a holder without free descriptors, and a crowd
a_holder_without_descriptors_does_not_spin() {
  check sh -c "ulimit -n 16; dmabuf alloc 4K --from $(_source) --hold cam"
  pid=$(dmabuf held --json | jq '.held[0].pid')
  start crowd actor crowd /run/dmabuf/cam 30 ready pause
  wait_for_line crowd ready
  before=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
  sleep 3
  # Processor time in hundredths of a second.
  check [ $(($(awk '{ print $14 + $15 }' "/proc/$pid/stat") - before)) -lt 60 ]
  _end crowd
  check timeout 120 dmabuf map cam --verify zero
  check dmabuf release cam
}

# _fake TEXT COUNT: a forged holder `cam`, which replies with descriptors of a file.
_fake() {
  mkdir -p -m 700 /run/dmabuf
  rm -f /run/dmabuf/cam
  echo precious >file
  start fake actor open file fake-holder /run/dmabuf/cam "$1" "$2" 0
  wait_for_line fake faking
}
_is_refused() {
  for use in 'map cam --fill 0xaa' 'sync cam pulse' 'fence-wait cam --timeout 1s' 'send ./nowhere cam'; do
    # shellcheck disable=SC2086  # words on purpose
    _bounded dmabuf $use
    case $(cat .run/status) in 1 | 124) ;; *) expected "status 1 or 124 for $use" ;; esac
  done
  _bounded dmabuf held
  check sh -c '[ "$(tr -d "\n -~" <.run/stdout | wc -c)" = 0 ]'
  check grep -q precious file
  _end fake
  rm -f /run/dmabuf/cam
}

# attack: a holder that replies with nonsense
a_holder_with_invalid_replies_is_refused() {
  _fake nonsense 1
  _is_refused
}

# attack: a holder that passes a file instead of a buffer
a_file_in_place_of_a_buffer_is_refused() {
  _fake 'kind=buffer,began=1,ino=1,size=4096,exp_name=system' 1
  _is_refused
}

# attack: a holder that passes too many descriptors, or none
too_many_descriptors_of_a_holder_are_refused() {
  _fake 'kind=buffer,began=1,ino=1,size=4096,exp_name=system' 200
  _is_refused
  _fake 'kind=buffer,began=1,ino=1,size=4096,exp_name=system' 0
  _is_refused
}

# attack: a holder whose description has escapes, huge numbers and other keys
a_hostile_description_is_visible_or_refused() {
  _fake "$(printf 'kind=buffer,began=99999999999999999999,ino=-1,size=1e9,attached=\033[31m\nx y,exp_name=\033]0;x\007')" 1
  _is_refused
  _fake "$(printf 'kind=buffer,began=1,ino=1,size=18446744073709551615,attached=\033[31m\nx,exp_name=\033]0;x\007')" 1
  _is_refused
}

# attack: a holder that never replies
a_holder_that_never_replies_is_refused() {
  _fake '' 0
  _is_refused
}

# attack: the terminal of top vanishes
a_terminal_that_vanishes_ends_top() {
  start terminal actor default-signals exec script -q -c 'dmabuf top' screen
  eventually sh -c 'grep -qa "dma-buf\|INO\|SIZE" screen'
  tool=$(ps | sed -n 's/^ *\([0-9]*\) .*[d]mabuf top$/\1/p' | tail -n 1)
  send_signal terminal KILL
  finish terminal
  eventually sh -c "! [ -e /proc/$tool/exe ]"
}

# attack: the terminal of a waiting command vanishes
a_terminal_that_vanishes_ends_a_wait() {
  start terminal actor default-signals exec script -q -c 'dmabuf receive ./waiting.socket --listen' screen
  eventually [ -S waiting.socket ]
  send_signal terminal KILL
  finish terminal
  eventually [ ! -e waiting.socket ]
}

# attack: an empty path, which is an abstract name for the kernel, to which every user can connect
an_empty_path_is_no_address() {
  for way in --listen ''; do
    # shellcheck disable=SC2086  # no word at all on purpose
    run dmabuf receive '' $way --timeout 1s
    status 64
    stderr 'the path of the socket is empty$'
  done
}
