# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2016,SC2034,SC2154
# dmabuf stat: unknown facts are reported as unknown.

# Runs a command on a machine where no source lists buffers that no process holds.
_without_lists() {
  run unshare -m sh -c '
    for list in debug btf dmabuf; do
      [ ! -d /sys/kernel/$list ] || mount -t tmpfs none /sys/kernel/$list
    done
    exec "$@"' sh "$@"
}

in_a_container_holders_are_unknown_not_none() {
  needs sysfs-stats
  start holder actor buffer 64K name 0 outside ready pause
  wait_for_line holder ready
  run unshare -p -f --mount-proc dmabuf stat --json
  status 1
  json '.buffers | map([.size, .processes, .descriptors, .mappings, .holders_known, .held_by, .named])' \
    '[[65536,[],null,null,false,null,null]]'
  json '[.holders_known, .lists_all_buffers, .totals.kernel_held, .totals.holders_unknown.buffers]' '[false,true,null,1]'
  stderr '^dmabuf: cannot list all holders: /proc lists the processes of one pid namespace, not of the whole machine$'
  run unshare -p -f --mount-proc dmabuf stat
  status 1
  stdout '^ *[0-9]+ +64K +system +\? +\? +\? +\? +\? +\?$'
  stdout '^1 buffer, 64K; holders of 1 buffer, 64K unknown$'
  run unshare -p -f --mount-proc dmabuf stat --prometheus
  status 1
  no_stdout kernel_held
  stdout '^dmabuf_unknown_holder_buffers 1$'
  stdout '^dmabuf_buffers 1$'
  run unshare -p -f --mount-proc dmabuf stat --graph
  status 1
  no_stdout orange
  stdout 'fillcolor=lightgrey'
  stdout '^  unknown -> b[0-9]+'
  # --kernel-held reports them as unknown, too.
  run unshare -p -f --mount-proc dmabuf stat --kernel-held
  status 1
  stdout ' \?$'
  send_signal holder TERM
  finish holder
}

the_proc_of_the_whole_machine_is_enough_in_a_container() {
  needs sysfs-stats
  start holder actor buffer 64K name 0 outside ready pause
  wait_for_line holder ready
  # A new pid namespace, with the /proc of the first one.
  run unshare -p -f dmabuf stat --json
  status 0
  json '.buffers | map([.descriptors, .holders_known])' '[[1,true]]'
  send_signal holder TERM
  finish holder
}

a_filter_without_a_match_claims_nothing_of_processes_that_may_not_be_read() {
  start holder actor buffer 64K name 0 secret ready pause
  wait_for_line holder ready
  run_as_nobody dmabuf stat --source procfs --user root
  status 1
  no_stderr 'no buffer is held'
  run_as_nobody dmabuf stat --source procfs --name 'secret*'
  status 1
  no_stderr 'no buffer has a name'
  # If all processes can be read, this is reported.
  run dmabuf stat --source procfs --user nobody
  status 0
  stderr '^dmabuf: no buffer is held by a process of user nobody$'
  send_signal holder TERM
  finish holder
}

the_proc_of_another_namespace_is_reported() {
  start holder actor buffer 64K name 0 outside ready pause
  wait_for_line holder ready
  mkdir proc
  start other unshare -p -f -m sh -c 'mount -t proc proc "$1" && echo ready && exec sleep 4321' sh "$PWD/proc"
  wait_for_line other ready
  for process in /proc/[0-9]*; do
    ! tr '\0' ' ' <"$process/cmdline" | grep -q '^sleep 4321' || child=${process#/proc/}
  done
  run nsenter -t "$child" -m sh -c 'mount --bind "$1" /proc && exec dmabuf stat --source procfs' sh "$PWD/proc"
  status 1
  stderr '^dmabuf: cannot list all holders: /proc belongs to a pid namespace that this process is not in$'
  # The first process of a namespace has no default action for SIGTERM.
  kill -KILL "$child"
  finish other
  send_signal holder TERM
  finish holder
}

a_buffer_whose_every_reference_is_seen_has_known_holders() {
  needs heap:system sysfs-stats
  start outside actor buffer 64K name 0 outside ready pause
  wait_for_line outside ready
  # The census finds all references to the buffer in the namespace.
  run unshare -p -f --mount-proc actor buffer 32K name 0 inside exec dmabuf stat --json
  status 1
  json '.buffers | map([.size, .holders_known]) | sort' '[[32768,true],[65536,false]]'
  send_signal outside TERM
  finish outside
}

processes_that_may_not_be_read_make_holders_unknown() {
  needs sysfs-stats
  start holder actor buffer 64K ready pause
  wait_for_line holder ready
  run_as_nobody dmabuf stat --json
  status 1
  json '.buffers | map([.descriptors, .holders_known])' '[[null,false]]'
  run_as_nobody dmabuf stat --graph
  status 1
  no_stdout orange
  send_signal holder TERM
  finish holder
}

without_a_list_the_total_is_at_least() {
  start holder actor buffer 64K name 0 held ready pause
  start flying actor buffer 16K name 0 flying scm 0 close 0 ready pause
  for actor in holder flying; do wait_for_line $actor ready; done
  _without_lists dmabuf stat
  status 0
  stdout '^at least 1 buffer, 64K$'
  stderr '^dmabuf: no source that this user can read lists buffers that no process holds$'
  check sh -c '[ "$(wc -l <.run/stderr)" = 1 ]'
  _without_lists dmabuf stat --json
  status 0
  json '[.lists_all_buffers, .totals.complete, .totals.kernel_held]' '[false,false,null]'
  _without_lists dmabuf stat --prometheus
  status 0
  no_stdout '^dmabuf_(buffers|bytes|exporter_buffers|kernel_held)'
  stdout '^dmabuf_seen_buffers 1$'
  _without_lists dmabuf stat --pid "$holder_pid"
  status 0
  stdout '^1 buffer, 64K$'
  stderr_is_empty
  for actor in holder flying; do send_signal $actor TERM; finish $actor; done
}

a_list_that_costs_is_named_where_it_can_be_read() {
  needs bufinfo
  run unshare -m sh -c '
    for list in btf dmabuf; do
      [ ! -d /sys/kernel/$list ] || mount -t tmpfs none /sys/kernel/$list
    done
    exec dmabuf stat'
  status 0
  stdout_is 'at least 0 buffers, 0B'
  stderr '^dmabuf: hint: --fences also reads /sys/kernel/debug/dma_buf/bufinfo, which lists them$'
  run dmabuf stat --fences
  status 0
  stdout_is '0 buffers, 0B'
}

# ---- files with names of dma-bufs

forged_mappings_of_processes_that_exit_are_no_buffers() {
  limit 240
  start storm actor forge-storm dmabuf:x
  sleep 1
  for _ in 1 2 3 4 5; do
    run dmabuf stat --source procfs --json
    json '[.buffers, .totals.buffers, .unverified_mappings]' '[[],0,0]'
  done
  send_signal storm TERM
  eventually sh -c '! pidof actor'
}

forged_mappings_are_no_buffers() {
  start forger actor forge-mapping dmabuf:x ready pause
  wait_for_line forger ready
  run dmabuf stat --source procfs --json
  status 0
  json '.buffers' '[]'
  # A real buffer beside it is still listed.
  start holder actor buffer 64K name 0 real map 0 ready pause
  wait_for_line holder ready
  run dmabuf stat --source procfs --json
  json '.buffers | map([.name, .descriptors, .mappings])' '[["real",1,1]]'
  for actor in forger holder; do send_signal $actor TERM; finish $actor; done
}

a_mapping_that_cannot_be_verified_is_reported_and_not_counted() {
  start forger actor forge-mapping dmabuf:x uid 65534 dumpable ready pause
  wait_for_line forger ready
  run_as_nobody dmabuf stat --source procfs --json
  status 1
  json '[.buffers, .totals.buffers, .unverified_mappings]' '[[],0,1]'
  stderr "^dmabuf: cannot verify 1 mapping called /dmabuf: of actor\($forger_pid)\$"
  send_signal forger TERM
  finish forger
}

forged_descriptors_are_no_buffers() {
  start forger actor forge-descriptor dmabuf:x ready pause
  wait_for_line forger ready
  run dmabuf stat --source procfs --json
  status 0
  json '.buffers' '[]'
  send_signal forger TERM
  finish forger
}

# ---- filters

a_filter_counts_what_it_cannot_judge() {
  # The exporter and name of a buffer are unknown if it has only a mapping.
  start ghost actor buffer 64K name 0 ghost map 0 close 0 ready pause
  start solo actor buffer 32K name 0 solo ready pause
  for actor in ghost solo; do wait_for_line $actor ready; done
  run dmabuf stat --source procfs --name solo
  status 0
  stdout '^at least 1 buffer, 32K; 1 buffer of unknown name not shown$'
  run dmabuf stat --source procfs --name solo --json
  json '[.totals.buffers, .totals.undecided]' '[1,1]'
  run dmabuf stat --json
  exporter=$(jq -r '.buffers[] | select(.size == 32768) | .exp_name' .run/stdout)
  run dmabuf stat --source procfs --exporter "$exporter"
  status 0
  stdout '1 buffer of unknown exporter not shown$'
  for actor in ghost solo; do send_signal $actor TERM; finish $actor; done
}

an_exporter_that_nothing_here_has_is_an_error() {
  start solo actor buffer 32K ready pause
  wait_for_line solo ready
  run dmabuf stat --exporter linux,cma
  status 1
  stderr '^dmabuf: no buffer has exporter linux,cma$'
  stderr '^dmabuf: hint: the exporters of this machine are .*drm'
  # The exporter exists, and has no buffer now.
  run dmabuf stat --exporter drm --json
  status 0
  run dmabuf stat --name 'nothing*'
  status 0
  stderr "^dmabuf: no buffer has a name that matches 'nothing\*'\$"
  send_signal solo TERM
  finish solo
}

other_references_are_counted() {
  needs heap:system
  start holder actor buffer 64K dup 0 map 0 scm 0 ready pause
  wait_for_line holder ready
  run dmabuf stat --json
  json '.buffers | map([.count, .descriptors, .mappings, .other_references])' '[[4,2,1,1]]'
  run dmabuf stat
  stdout '^ *INO +SIZE +EXPORTER +NAME +COUNT +FDS +MAPS +OTHER +PROCESSES$'
  stdout ' 4 +2 +1 +1 +actor'
  # With the references of one process only, the other references are unknown.
  run dmabuf stat --pid "$holder_pid" --json
  json_true '.buffers[0].other_references == null'
  send_signal holder TERM
  finish holder
}

buffers_without_devices_and_processes_have_rows() {
  needs bufinfo heap:system
  start flying actor buffer 16K scm 0 close 0 ready pause
  wait_for_line flying ready
  run dmabuf stat --by device
  status 0
  stdout '^- +1 +16K +0$'
  run dmabuf stat --by process --fences
  stdout '^no process holds a buffer$'
  stdout '1 buffer, 16K; of these 1 buffer, 16K held by no process$'
  run dmabuf stat --by unit --fences --json
  json '.units | map([.unit, .known, .buffers])' '[[null,true,1]]'
  send_signal flying TERM
  finish flying
}

units_and_users_are_rows_and_filters() {
  [ -w /sys/fs/cgroup/cgroup.procs ] || skip 'no cgroup2'
  mkdir /sys/fs/cgroup/camera.service
  start camera sh -c 'echo $$ >/sys/fs/cgroup/camera.service/cgroup.procs; exec actor buffer 64K name 0 cam ready pause'
  start other actor buffer 128K uid 65534 dumpable ready pause
  for actor in camera other; do wait_for_line $actor ready; done
  run dmabuf stat --by unit --json
  json '.units | map(select(.unit == "camera.service") | [.buffers, .bytes, .processes])' '[[1,65536,1]]'
  run dmabuf stat --unit 'camera*' --json
  json '.buffers | map(.size)' '[65536]'
  run dmabuf stat --by user
  stdout '^root +1 +64K +1$'
  stdout '^nobody +1 +128K +1$'
  run dmabuf stat --unit 'nothing*'
  status 0
  stderr "^dmabuf: no buffer is held by a unit that matches 'nothing\*'\$"
  for actor in camera other; do send_signal $actor TERM; finish $actor; done
  eventually rmdir /sys/fs/cgroup/camera.service
}

a_process_near_its_descriptor_limit_is_seen() {
  start full actor limit-nofile 64 buffer 4K dups 0 50 ready pause
  wait_for_line full ready
  files=$(ls /proc/"$full_pid"/fd | wc -l)
  run dmabuf stat --by process --columns pid,limit
  stdout "^ *$full_pid +$files/64\$"
  run dmabuf stat --by process --json
  json ".processes | map(select(.pid == $full_pid) | [.open_files, .open_files_limit])" "[[$files,64]]"
  send_signal full TERM
  finish full
}

# ---- recordings of bufinfo, in place of the file of the kernel

_recorded() { # RECORDING COMMAND…
  recording=/lab/bufinfo/$1
  shift
  run unshare -m sh -c 'mount -o bind "$0" /sys/kernel/debug/dma_buf/bufinfo && exec "$@"' "$recording" "$@"
}

every_layout_of_bufinfo_since_5_3_is_read() {
  needs bufinfo
  _recorded 5.14-amdgpu dmabuf stat --source bufinfo --json
  status 0
  json '[.totals.buffers, .totals.bytes]' '[9,38608896]'
  json '[.buffers[].fences[] | [.usage, .driver, .timeline, .status]] | group_by(.) | map([length, .[0]])' \
    '[[6,["shared","drm_sched","gfx","signalled"]]]'
  _recorded 5.19-radeon dmabuf stat --source bufinfo --json
  status 0
  json '[.buffers[] | select(.ino == 110) | .fences[0] | [.usage, .driver, .timeline, .seqno, .status]]' \
    '[["read","radeon","radeon.gfx",6580,"signalled"]]'
  json '.totals.buffers' 5
  _recorded 5.10-rpi dmabuf stat --source bufinfo --json
  status 0
  json '[.totals.buffers, .totals.bytes, ([.buffers[] | select(.devices | contains(["vcsm-cma"]))] | length)]' \
    '[10,17170432,10]'
  _recorded 5.10-named dmabuf stat --source bufinfo --json
  json '[.buffers[].name]' '["camera-0",null]'
  _recorded 6.1-asahi dmabuf stat --source bufinfo --json
  status 0
  json '.totals.bytes' 47939584
  _recorded 6.17-rdma dmabuf stat --source bufinfo --json
  status 0
  json '[.buffers[] | select(.ino == 2) | .devices]' '[["0000:01:00.0"]]'
  _recorded 6.6-cockpit dmabuf stat --source bufinfo --by device --json
  status 0
  json '.totals.buffers' 80
  json '.devices | map([.device, .buffers, .known]) | map(select(.[0] == null))' '[[null,30,true]]'
}

bufinfo_without_inode_numbers_is_refused() {
  needs bufinfo
  _recorded 4.12-etnaviv dmabuf stat --source bufinfo
  status 1
  stderr '^dmabuf: hint: bufinfo has no inode numbers before Linux 5.3$'
  _recorded 4.12-etnaviv dmabuf doctor
  stdout '^bufinfo +missing +bufinfo has no inode numbers before Linux 5.3$'
}

_forged_bufinfo() { # NAME
  printf '\nDma-buf Objects:\nsize\tflags\tmode\tcount\texp_name\tino\tname\n'
  printf '00004096\t00000002\t00080007\t00000001\tsystem\t00000007\t%b\n' "$1"
  printf '\tAttached Devices:\nTotal 0 devices attached\n\n\nTotal 1 objects, 4096 bytes\n'
}

names_that_forge_lines_of_bufinfo_are_ambiguous() {
  needs bufinfo
  _forged_bufinfo 'x\n\tread fence:a b signalled' >forged
  run unshare -m sh -c 'mount -o bind forged /sys/kernel/debug/dma_buf/bufinfo && exec dmabuf stat --source bufinfo --json'
  status 0
  json '.buffers | map([.name, .named, .fences, .ambiguous])' '[[null,null,null,["fences","name"]]]'
  _forged_bufinfo '<none>' >forged
  run unshare -m sh -c 'mount -o bind forged /sys/kernel/debug/dma_buf/bufinfo && exec dmabuf stat --source bufinfo --json'
  json '.buffers | map([.name, .named, .fences, .ambiguous])' '[[null,null,[],["name"]]]'
  # If another source knows the name, the row is not ambiguous.
  start forger actor buffer 4K name 0 '<none>' ready pause
  wait_for_line forger ready
  run dmabuf stat --fences --json
  json '.buffers | map([.name, .named, .ambiguous])' '[["<none>",true,[]]]'
  send_signal forger TERM
  finish forger
}
