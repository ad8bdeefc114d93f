# SPDX-License-Identifier: MIT
# dmabuf send and receive: plain SCM_RIGHTS over Unix sockets.

buffers_pass_to_a_program_that_does_not_know_dmabuf() {
  needs heap:system
  start program actor listen ./socket receive ./socket print 1 exec sh -c 'dmabuf map fd:$SLOT_1 --verify 0x5a'
  eventually [ -S socket ]
  run dmabuf alloc 64K -- sh -c 'dmabuf map fd:$DMABUF_FD --fill 0x5a && dmabuf send ./socket fd:$DMABUF_FD --json'
  status 0
  finish program
  status 0
  stdout ' 65536$'
  stdout 'verified'
}

buffers_are_received_from_a_program_that_does_not_know_dmabuf() {
  needs heap:system
  start taker dmabuf receive ./socket --listen --timeout 20s -- sh -c 'dmabuf map fd:$DMABUF_FD --verify 0x33'
  eventually [ -S socket ]
  run actor buffer 64K fill 0 0x33 send ./socket 0
  status 0
  finish taker
  status 0
  stdout 'verified'
  check [ ! -e socket ]
}

several_buffers_are_received_and_held() {
  needs heap:system
  start taker dmabuf receive ./socket --listen --hold got --json
  eventually [ -S socket ]
  check actor buffer 64K buffer 32K send ./socket 0 1
  finish taker
  status 0
  json '[.schema, (.buffers | map([.size, .held_as]))]' '["dmabuf.receive/1",[[65536,"got.0"],[32768,"got.1"]]]'
  check dmabuf map got.1 --verify zero
  check dmabuf release got.0 got.1
}

descriptors_that_are_not_buffers_are_reported_and_closed() {
  needs heap:system
  start taker dmabuf receive ./socket --listen --json
  eventually [ -S socket ]
  check actor pipe buffer 64K send ./socket 0 2
  finish taker
  status 1
  json '.buffers | map(.size)' '[65536]'
  stderr '^dmabuf: descriptor 0 received is a pipe, not a dma-buf$'
}

held_buffers_are_sent_and_stay_held() {
  needs heap:system
  check dmabuf alloc 64K --hold cam
  start taker dmabuf receive ./socket --listen --hold copy
  eventually [ -S socket ]
  check dmabuf send ./socket cam
  finish taker
  status 0
  run dmabuf held --json
  json '.held | map(.ino) | unique | length' 1
  check dmabuf release cam
  check dmabuf map copy --verify zero
  check dmabuf release copy
}

a_socket_without_a_peer_is_an_error() {
  run dmabuf receive ./nothing
  status 1
  stderr '^dmabuf: ./nothing: connect: No such file or directory$'
  echo precious >file
  run dmabuf receive ./file --listen
  status 1
  stderr '^dmabuf: ./file: bind: Address already in use$'
  check grep -q precious file
  run dmabuf receive ./socket --listen --timeout 300ms
  status 124
  check [ ! -e socket ]
}

an_interrupt_removes_the_socket() {
  start taker actor default-signals exec dmabuf receive ./socket --listen
  eventually [ -S socket ]
  send_signal taker INT
  finish taker
  status 130
  check [ ! -e socket ]
}

listening_is_reported_on_a_terminal() {
  run sh -c "actor default-signals exec script -q -e -c 'stty rows 24 cols 80; dmabuf receive ./frames.sock --listen --timeout 1s' screen </dev/null >/dev/null"
  status 124
  check grep -qa 'frames.sock: waiting for the other program to connect' screen
}

the_path_of_a_socket_comes_first() {
  run dmabuf send fd:3 ./frames.sock
  status 64
  stderr "'./frames.sock' .*the path of the socket is the first argument"
}
