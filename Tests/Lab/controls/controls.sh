# SPDX-License-Identifier: MIT
# Cases that must fail, each for the reason above it. If one of them passes, the lab proves nothing.

# fails: expected status 1
a_wrong_status_is_noticed() { run true; status 1; }

# fails: expected stdout to match: two
a_missing_line_is_noticed() { run echo one; stdout two; }

# fails: 'waited_ns' is a required property
a_document_that_violates_its_schema_is_noticed() {
  run echo '{"direction":"read","ino":7,"operation":"end","schema":"dmabuf.sync/1"}'
  json .ino 7
}

# fails: no process to be left running
a_remaining_process_is_noticed() {
  sleep 1000 &
}

# fails: as many dma-bufs on the machine as before
a_remaining_buffer_is_noticed() {
  trap '' TERM # otherwise the actor ends with this shell
  start holder actor vgem-dumb 64 64 ready pause
  wait_for_line holder ready
}

# fails: no kernel warning
a_kernel_warning_is_noticed() { echo 'WARNING: control' >/dev/kmsg; }

# fails: to end within 2 s
a_case_that_never_ends_is_noticed() {
  limit 2
  sleep 1000
}

# fails: ended with status 127
a_typing_mistake_is_noticed() { no_such_word; }

# fails: no facility is called
an_unknown_facility_is_noticed() { needs no_such_facility; }
