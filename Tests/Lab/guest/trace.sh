# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC2016,SC2086,SC2154
# A viewer that waits for a camera, for the cases of dmabuf trace.

# Traces a viewer that receives slot $1 of a camera, which signals the fence of its buffer after a second. The other
# words are the viewer's. Its slot 1 is what it received. The lines are in .run/stdout. $tracing_as begins the command.
trace_viewer() {
  slot=$1
  shift
  run ${tracing_as-} dmabuf trace --stalls --slower 300ms --json -- sh -c '
    slot=$1
    shift
    actor comm viewer listen ./socket receive ./socket "$@" >&2 &
    until [ -S socket ]; do usleep 20000; done
    actor comm camera buffer 65536 vgem-fence 0 write send ./socket "$slot" sleep 1 vgem-signal 1
    wait' sh "$slot" "$@"
  status 0
}

# check_wait CALL: the one line is of the viewer's wait in CALL, for the camera's fence, and as long as it was.
check_wait() {
  check [ "$(jq -sc 'map([.step, .process.comm, .call, .fence.driver, .fence.timeline, .creator.comm, .signaller.comm])' \
    .run/stdout)" = '[["wait","viewer","'"$1"'","vgem","unbound","camera","camera"]]' ]
  check [ "$(jq -sc 'map(.duration_ns > 600000000 and .duration_ns < 3000000000)' .run/stdout)" = '[true]' ]
  check [ "$(jq -sc 'map([.ended, .signalled])' .run/stdout)" = '[[true,true]]' ]
}
