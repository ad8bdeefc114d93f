function __dmabuf_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __dmabuf_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __dmabuf_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __dmabuf_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __dmabuf_parse_tokens -S
    set -l unparsed_tokens (__dmabuf_tokens -pc)
    switch $unparsed_tokens[1]
    case 'dmabuf'
        __dmabuf_parse_subcommand 0 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'alloc'
            __dmabuf_parse_subcommand -r 2 'from=' 'count=' 'name=' 'read-only' 'force' 'list' 'json' 'hold=' 'replace' 'version' 'h/help'
        case 'export'
            __dmabuf_parse_subcommand -r 2 'size=' 'buffers=' 'queue=' 'name=' 'read-only' 'json' 'hold=' 'replace' 'version' 'h/help'
        case 'import'
            __dmabuf_parse_subcommand -r 1 'all' 'framebuffer=' 'from=+' 'size=' 'stream=' 'checksum' 'timeout=' 'junit' 'json' 'hold=' 'replace' 'version' 'h/help'
        case 'map'
            __dmabuf_parse_subcommand 1 'dump' 'fill=' 'verify=' 'output=' 'input=' 'checksum' 'bandwidth' 'offset=' 'length=' 'no-sync' 'timeout=' 'json' 'version' 'h/help'
        case 'sync'
            __dmabuf_parse_subcommand 2 'read' 'write' 'timeout=' 'json' 'version' 'h/help'
        case 'stat'
            __dmabuf_parse_subcommand -r 1 'kernel-held' 'fences' 'pid=+' 'user=' 'unit=' 'exporter=' 'name=' 'min-size=' 'source=+' 'threads=' 'by=' 'grid' 'columns=' 'sort=' 'reverse' 'top=' 'watch=' 'diff=' 'fail-if-growth=' 'for=' 'json' 'prometheus' 'graph' 'version' 'h/help'
        case 'fence-wait'
            __dmabuf_parse_subcommand -r 1 'read' 'write' 'point=' 'any' 'all' 'timeout=' 'json' 'version' 'h/help'
        case 'top'
            __dmabuf_parse_subcommand 0 'by=' 'interval=' 'pid=+' 'user=' 'unit=' 'exporter=' 'name=' 'min-size=' 'source=+' 'threads=' 'version' 'h/help'
        case 'trace'
            __dmabuf_parse_subcommand -r 1 'pid=+' 'ino=+' 'exporter=' 'name=' 'device=' 'stalls' 'slower=' 'fail-if-slower=' 'for=' 'summary' 'perfetto=' 'leaks' 'utc' 'buffer=' 'json' 'version' 'h/help'
        case 'fence'
            __dmabuf_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'info'
                __dmabuf_parse_subcommand -r 1 'read' 'write' 'point=' 'json' 'version' 'h/help'
            case 'create'
                __dmabuf_parse_subcommand -r 1 'sw-sync' 'vgem=' 'syncobj=' 'signalled' 'value=' 'read' 'write' 'after=' 'json' 'hold=' 'replace' 'version' 'h/help'
            case 'timeline'
                __dmabuf_parse_subcommand -r 1 'json' 'hold=' 'replace' 'version' 'h/help'
            case 'signal'
                __dmabuf_parse_subcommand -r 1 'by=' 'point=' 'json' 'version' 'h/help'
            case 'merge'
                __dmabuf_parse_subcommand -r 1 'name=' 'json' 'hold=' 'replace' 'version' 'h/help'
            case 'export'
                __dmabuf_parse_subcommand -r 2 'syncobj' 'point=' 'read' 'write' 'json' 'hold=' 'replace' 'version' 'h/help'
            case 'import'
                __dmabuf_parse_subcommand 2 'syncobj' 'point=' 'read' 'write' 'json' 'version' 'h/help'
            case 'deadline'
                __dmabuf_parse_subcommand 2 'json' 'version' 'h/help'
            end
        case 'held'
            __dmabuf_parse_subcommand 0 'json' 'version' 'h/help'
        case 'release'
            __dmabuf_parse_subcommand -r 1 'all' 'version' 'h/help'
        case 'send'
            __dmabuf_parse_subcommand -r 2 'listen' 'timeout=' 'json' 'version' 'h/help'
        case 'receive'
            __dmabuf_parse_subcommand -r 2 'listen' 'timeout=' 'json' 'hold=' 'replace' 'version' 'h/help'
        case 'devices'
            __dmabuf_parse_subcommand -r 1 'json' 'version' 'h/help'
        case 'doctor'
            __dmabuf_parse_subcommand 0 'json' 'version' 'h/help'
        case 'check'
            __dmabuf_parse_subcommand 1 'exporter=+' 'device=+' 'only=+' 'skip=+' 'invasive' 'list' 'expect=' 'tap' 'junit=' 'json' 'version' 'h/help'
        case 'bench'
            __dmabuf_parse_subcommand -r 1 'from=+' 'device=+' 'size=' 'sw-sync' 'count=' 'duration=' 'warm-up=' 'cpu=' 'compare=' 'fail-if-slower=' 'csv' 'json' 'version' 'h/help'
        case 'help'
            __dmabuf_parse_subcommand -r 1 'version'
        end
    end
end

function __dmabuf_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __dmabuf_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __dmabuf_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __dmabuf_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__dmabuf_tokens -p)
    if test -z "$(__dmabuf_tokens -t)"
        set -l index (count (__dmabuf_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'dmabuf' -f
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'alloc' -d 'Allocate buffers from a dma-heap, udmabuf or a DRM device.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'export' -d 'Export buffers of a DRM or V4L2 device.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'import' -d 'Try to import a buffer into devices and report each result.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'map' -d 'Read, write and verify the memory of a buffer.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'sync' -d 'Begin or end CPU access to a buffer.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'stat' -d 'List dma-bufs and the processes that hold them.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'fence-wait' -d 'Wait for the fences of buffers, sync_files and syncobjs.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'top' -d 'Watch dma-bufs and the processes that hold them, live.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'trace' -d 'Watch the steps of buffers and fences, and which process waits for which.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'fence' -d 'Create, inspect, merge, export and import fences.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'held' -d 'List held buffers and fences.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'release' -d 'Release held buffers and fences.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'send' -d 'Send buffers over a Unix socket.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'receive' -d 'Receive buffers over a Unix socket.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'devices' -d 'List the devices that export or import dma-bufs.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'doctor' -d 'Report which dma-buf facilities this machine has, and how to get the missing ones.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'check' -d 'Check that this kernel and its devices follow the documented dma-buf contract.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'bench' -d 'Measure the cost of allocating, mapping, passing and using buffers.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" from' -l 'from' -d 'Allocate from SOURCE: heap:NAME, heap:cma, udmabuf, udmabuf:2M, udmabuf:1G or drm:NODE. Default: heap:system, else udmabuf.' -rfka '(__dmabuf_custom_completion ---completion alloc -- --from (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" count' -l 'count' -d 'Allocate N buffers: all or none.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" name' -l 'name' -d 'Set the name that lists show (DMA_BUF_SET_NAME), at most 31 bytes.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" read-only' -l 'read-only' -d 'Export descriptors that allow read-only mappings. Not for udmabuf.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" force' -l 'force' -d 'Allocate more than the available memory. The kernel may kill processes to free memory.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" list' -l 'list' -d 'List the sources of this machine, with their state, limits and free memory.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" hold' -l 'hold' -d 'Hold the objects under NAME after the command exits. Default: release them at exit.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" replace' -l 'replace' -d 'Release the current holder of NAME first. Needs --hold.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf export" -eq 1' -fka '(__dmabuf_custom_completion ---completion export -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" size' -l 'size' -d 'Set width, height and fourcc (1920x1080:XR24). Required for DRM. Default for V4L2: the current format.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" buffers' -l 'buffers' -d 'Export N buffers.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" queue' -l 'queue' -d 'Use the V4L2 queue TYPE, as listed by dmabuf devices. Default: the first.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" name' -l 'name' -d 'Set the name that lists show (DMA_BUF_SET_NAME), at most 31 bytes.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" read-only' -l 'read-only' -d 'Export descriptors that allow read-only mappings.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" hold' -l 'hold' -d 'Hold the objects under NAME after the command exits. Default: release them at exit.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" replace' -l 'replace' -d 'Release the current holder of NAME first. Needs --hold.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf import" -ge 1' -fka '(__dmabuf_custom_completion ---completion import -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" all' -l 'all' -d 'Try every DRM and V4L2 node of this machine.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" framebuffer' -l 'framebuffer' -d 'Try the buffer as a framebuffer (ADDFB2): WxH:FOURCC[:MODIFIER].' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import"' -l 'from' -d 'Try a new buffer of SOURCE, as in dmabuf alloc. Can be repeated.' -rfka '(__dmabuf_custom_completion ---completion import -- --from (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" size' -l 'size' -d 'Allocate the buffers of --from with SIZE bytes (64K, 8M). Default: 8M.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" stream' -l 'stream' -d 'Stream N frames through the buffers of V4L2 queues.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" checksum' -l 'checksum' -d 'Print the XXH3 checksum of each frame. Needs --stream.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" timeout' -l 'timeout' -d 'Stop waiting for a frame after DURATION (500ms, 2s). Default: 5s.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" junit' -l 'junit' -d 'Print the results as JUnit XML.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" hold' -l 'hold' -d 'Hold the objects under NAME after the command exits. Default: release them at exit.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" replace' -l 'replace' -d 'Release the current holder of NAME first. Needs --hold.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf map" -eq 1' -fka '(__dmabuf_custom_completion ---completion map -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" dump' -l 'dump' -d 'Print the bytes as hexdump -C does. This is the default, on a terminal for the first 256 bytes.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" fill' -l 'fill' -d 'Write PATTERN: zero, 0xNN, counter or random:SEED.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" verify' -l 'verify' -d 'Compare with PATTERN. Exit with 1 if a byte differs.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" output' -l 'output' -d 'Copy the buffer to FILE; - is standard output.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" input' -l 'input' -d 'Copy FILE to the buffer; - is standard input.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" checksum' -l 'checksum' -d 'Print the XXH3 checksum (64 bits) of the bytes, as xxhsum -H3 does.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" bandwidth' -l 'bandwidth' -d 'Measure how fast the CPU reads and writes. The contents do not change.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" offset' -l 'offset' -d 'Start at this offset in bytes (0, 4096, 64K). Default: 0.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" length' -l 'length' -d 'Use SIZE bytes (256, 64K). Default: to the end of the buffer.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" no-sync' -l 'no-sync' -d 'Skip SYNC START and SYNC END, to show what missing ones do.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" timeout' -l 'timeout' -d 'Stop waiting for fences after DURATION (500ms, 2s, 1m). Default: wait forever.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf sync" -eq 1' -fka '(__dmabuf_custom_completion ---completion sync -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf sync" -eq 2' -fka 'start end pulse'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" read' -l 'read' -d 'Begin or end a read by the CPU. Default: read and write.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" write' -l 'write' -d 'Begin or end a write by the CPU. Default: read and write.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" timeout' -l 'timeout' -d 'Stop waiting for fences after DURATION (500ms, 2s, 1m). Default: wait forever.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf stat" -ge 1' -fka '(__dmabuf_custom_completion ---completion stat -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" kernel-held' -l 'kernel-held' -d 'List only buffers that no process holds, and their other references. Reads debugfs.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" fences' -l 'fences' -d 'Show attached devices and fences, from debugfs. Reading it stalls all allocations for a moment.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat"' -l 'pid' -d 'List only buffers that process PID holds. Can be repeated.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" user' -l 'user' -d 'List only buffers that processes of this user hold.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" unit' -l 'unit' -d 'List only buffers that processes of matching services or containers hold (*, ?, [...]).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" exporter' -l 'exporter' -d 'List only buffers of this exporter.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" name' -l 'name' -d 'List only buffers whose name matches PATTERN (*, ?, [...]).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" min-size' -l 'min-size' -d 'List only buffers of at least SIZE bytes (64K, 8M).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat"' -l 'source' -d 'Read only SOURCE. Can be repeated. Default: the sources that do not stall allocations.' -rfka 'procfs sysfs bpf bufinfo'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" threads' -l 'threads' -d 'Read /proc with N threads. Default: one per processor, at most 4.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" by' -l 'by' -d 'Show one row for each KIND.' -rfka 'buffer process exporter device name unit user'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" grid' -l 'grid' -d 'Show a grid of buffers and processes, with descriptors and mappings.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" columns' -l 'columns' -d 'Show these columns (ino,size), or add columns to the usual ones (+age,+owner).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" sort' -l 'sort' -d 'Sort by COLUMN: numbers from the largest, text from A to Z. Default: the largest first.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" reverse' -l 'reverse' -d 'Reverse the sort order.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" top' -l 'top' -d 'Show at most N rows. Totals still cover all rows.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" watch' -l 'watch' -d 'Repeat at this interval (500ms, 2s, 1m); print JSON Lines with --json. Default: 2s.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" diff' -l 'diff' -d 'Compare with a census saved by stat --json.' -rF
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" fail-if-growth' -l 'fail-if-growth' -d 'Fail if memory grows by more than SIZE, or references of a kind by more than COUNT, within --for or since --diff (1M,10). Default: any growth fails.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" for' -l 'for' -d 'Run --fail-if-growth or --watch for DURATION (500ms, 2s, 1m).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" prometheus' -l 'prometheus' -d 'Print metrics in the text format of Prometheus.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" graph' -l 'graph' -d 'Print a graph of processes, buffers and devices for dot(1).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence-wait" -ge 1' -fka '(__dmabuf_custom_completion ---completion fence-wait -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" read' -l 'read' -d 'Wait until the buffers can be read: for fences of writers.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" write' -l 'write' -d 'Wait until the buffers can be written: for all fences (the default).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" point' -l 'point' -d 'Use the fence at point N, from 1, of a syncobj\'s timeline.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" any' -l 'any' -d 'Stop waiting when the first REF has signalled.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" all' -l 'all' -d 'Wait until all REFs have signalled (the default).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" timeout' -l 'timeout' -d 'Stop waiting after DURATION (500ms, 2s, 1m); 0 does not wait. Default: wait forever.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" by' -l 'by' -d 'Start with one row for each KIND.' -rfka 'buffer process'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" interval' -l 'interval' -d 'Update at this interval (500ms, 2s). Default: 1s.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top"' -l 'pid' -d 'List only buffers that process PID holds. Can be repeated.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" user' -l 'user' -d 'List only buffers that processes of this user hold.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" unit' -l 'unit' -d 'List only buffers that processes of matching services or containers hold (*, ?, [...]).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" exporter' -l 'exporter' -d 'List only buffers of this exporter.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" name' -l 'name' -d 'List only buffers whose name matches PATTERN (*, ?, [...]).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" min-size' -l 'min-size' -d 'List only buffers of at least SIZE bytes (64K, 8M).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top"' -l 'source' -d 'Read only SOURCE. Can be repeated. Default: the sources that do not stall allocations.' -rfka 'procfs sysfs bpf bufinfo'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" threads' -l 'threads' -d 'Read /proc with N threads. Default: one per processor, at most 4.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace"' -l 'pid' -d 'Report only steps of process PID. Can be repeated.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace"' -l 'ino' -d 'Report only the buffer with inode number INO. Can be repeated.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" exporter' -l 'exporter' -d 'Report only buffers of this exporter.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" name' -l 'name' -d 'Report only buffers whose name matches PATTERN (*, ?, [...]).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" device' -l 'device' -d 'Report only steps of devices that match PATTERN.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" stalls' -l 'stalls' -d 'Report only waits for fences, one line for each.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" slower' -l 'slower' -d 'Report only waits of at least DURATION (16ms). Needs --stalls.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" fail-if-slower' -l 'fail-if-slower' -d 'Exit with 1 if a wait was longer than DURATION (33ms). Needs --stalls.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" for' -l 'for' -d 'End after DURATION (500ms, 10s, 1m). Default: until ^C.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" summary' -l 'summary' -d 'Print only a summary: counts, and waits with percentiles.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" perfetto' -l 'perfetto' -d 'Write the trace to FILE for Perfetto and chrome://tracing; - is standard output.' -rF
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" leaks' -l 'leaks' -d 'Print only buffers exported in this time that are still alive, and where they were exported.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" utc' -l 'utc' -d 'Print the time of day (UTC) instead of seconds since boot.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" buffer' -l 'buffer' -d 'Use a ring buffer of SIZE in the kernel (1M, 64M). Default: 8M.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf trace" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'info' -d 'List the fences of sync_files and syncobjs, and the pending fences of buffers.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'create' -d 'Create a test fence, or a syncobj.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'timeline' -d 'Create fences at several values of one sw_sync timeline.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'signal' -d 'Signal held test fences, and syncobjs.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'merge' -d 'Merge sync_files into one.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'export' -d 'Export the pending fences of a buffer, or the fence of a syncobj, as a sync_file.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'import' -d 'Import the fences of a sync_file into a buffer or a syncobj.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'deadline' -d 'Set a deadline for the fences of a sync_file.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence info" -ge 1' -fka '(__dmabuf_custom_completion ---completion fence info -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" read' -l 'read' -d 'Select the fences that a reader waits for: those of writers.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" write' -l 'write' -d 'Select the fences that a writer waits for: all fences (the default).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" point' -l 'point' -d 'Use the fence at point N, from 1, of a syncobj\'s timeline.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" sw-sync' -l 'sw-sync' -d 'Create a fence on a new sw_sync timeline. Needs root and CONFIG_SW_SYNC.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" vgem' -l 'vgem' -d 'Create a fence of vgem on the buffer REF.' -rfka '(__dmabuf_custom_completion ---completion fence create -- --vgem (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" syncobj' -l 'syncobj' -d 'Create a syncobj on the DRM device DEVICE.' -rfka '(__dmabuf_custom_completion ---completion fence create -- --syncobj (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" signalled' -l 'signalled' -d 'Create the syncobj with a signalled fence. Needs --syncobj.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" value' -l 'value' -d 'Signal when the timeline reaches N, from 0. Needs --sw-sync. Default: 1.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" read' -l 'read' -d 'Attach the fence as that of a reader: writers wait. Needs --vgem.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" write' -l 'write' -d 'Attach the fence as that of a writer: readers and writers wait (the default). Needs --vgem.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" after' -l 'after' -d 'Signal the fence after DURATION (500ms, 2s). Needs --hold.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" hold' -l 'hold' -d 'Hold the objects under NAME after the command exits. Default: release them at exit.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" replace' -l 'replace' -d 'Release the current holder of NAME first. Needs --hold.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence timeline" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence timeline" hold' -l 'hold' -d 'Hold the objects under NAME after the command exits. Default: release them at exit.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence timeline" replace' -l 'replace' -d 'Release the current holder of NAME first. Needs --hold.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence timeline" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence timeline" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence signal" -ge 1' -fka '(__dmabuf_custom_completion ---completion fence signal -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence signal" by' -l 'by' -d 'Advance the sw_sync timeline by N. Default: as far as the fence needs.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence signal" point' -l 'point' -d 'Use the fence at point N, from 1, of a syncobj\'s timeline.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence signal" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence signal" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence signal" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence merge" -ge 1' -fka '(__dmabuf_custom_completion ---completion fence merge -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" name' -l 'name' -d 'Name the new sync_file, at most 31 bytes. Default: a name of the kernel\'s own.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" hold' -l 'hold' -d 'Hold the objects under NAME after the command exits. Default: release them at exit.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" replace' -l 'replace' -d 'Release the current holder of NAME first. Needs --hold.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence export" -eq 1' -fka '(__dmabuf_custom_completion ---completion fence export -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" syncobj' -l 'syncobj' -d 'Treat REF as a syncobj, not as a buffer.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" point' -l 'point' -d 'Use the fence at point N, from 1, of a syncobj\'s timeline.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" read' -l 'read' -d 'Select the fences that a reader waits for: those of writers.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" write' -l 'write' -d 'Select the fences that a writer waits for: all fences (the default).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" hold' -l 'hold' -d 'Hold the objects under NAME after the command exits. Default: release them at exit.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" replace' -l 'replace' -d 'Release the current holder of NAME first. Needs --hold.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence import" -eq 1' -fka '(__dmabuf_custom_completion ---completion fence import -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence import" -eq 2' -fka '(__dmabuf_custom_completion ---completion fence import -- positional@1 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" syncobj' -l 'syncobj' -d 'Treat REF as a syncobj, not as a buffer.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" point' -l 'point' -d 'Use the fence at point N, from 1, of a syncobj\'s timeline.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" read' -l 'read' -d 'Add the fences as those of a reader: writers wait.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" write' -l 'write' -d 'Add the fences as those of a writer: readers and writers wait (the default).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence deadline" -eq 1' -fka '(__dmabuf_custom_completion ---completion fence deadline -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence deadline" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence deadline" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence deadline" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf held" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf held" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf held" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf release" -ge 1' -fka '(__dmabuf_custom_completion ---completion release -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf release" all' -l 'all' -d 'Release all buffers and fences that this user holds.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf release" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf release" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf send" -ge 1' -fka '(__dmabuf_custom_completion ---completion send -- positional@1 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf send" listen' -l 'listen' -d 'Create the socket and wait for a connection. Default: connect to it.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf send" timeout' -l 'timeout' -d 'Stop waiting after DURATION (500ms, 2s, 1m). Default: wait forever.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf send" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf send" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf send" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" listen' -l 'listen' -d 'Create the socket and wait for a connection. Default: connect to it.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" timeout' -l 'timeout' -d 'Stop waiting after DURATION (500ms, 2s, 1m). Default: wait forever.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" hold' -l 'hold' -d 'Hold the objects under NAME after the command exits. Default: release them at exit.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" replace' -l 'replace' -d 'Release the current holder of NAME first. Needs --hold.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf devices" -ge 1' -fka '(__dmabuf_custom_completion ---completion devices -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf devices" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf devices" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf devices" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf doctor" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf doctor" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf doctor" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf check" -eq 1' -fka '(__dmabuf_custom_completion ---completion check -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check"' -l 'exporter' -d 'Check only buffers of SOURCE: heap:NAME or udmabuf. Can be repeated.' -rfka '(__dmabuf_custom_completion ---completion check -- --exporter (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check"' -l 'device' -d 'Check only DEVICE: a path, drm:DRIVER or v4l2:DRIVER. Can be repeated.' -rfka '(__dmabuf_custom_completion ---completion check -- --device (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check"' -l 'only' -d 'Run only checks whose id matches PATTERN (C3*). Can be repeated.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check"' -l 'skip' -d 'Skip checks whose id matches PATTERN (C3*). Can be repeated.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" invasive' -l 'invasive' -d 'Run also checks that taint the kernel, stall allocations, need seconds, or change the buffer REF.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" list' -l 'list' -d 'List the checks, their targets and requirements.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" expect' -l 'expect' -d 'Read the known failures from FILE, one ID TARGET [FOUND] a line.' -rF
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" tap' -l 'tap' -d 'Print the Test Anything Protocol, version 13.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" junit' -l 'junit' -d 'Write a JUnit report to FILE.' -rF
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf bench" -ge 1' -fka 'alloc free mmap touch sync import release qbuf dqbuf send receive wake read write'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench"' -l 'from' -l 'source' -d 'Measure buffers of SOURCE: a source of dmabuf alloc, or all. Can be repeated. Default: the first that works.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench"' -l 'device' -d 'Measure imports and queues of DEVICE: a path, drm:NAME or v4l2:NAME. Can be repeated.' -rfka '(__dmabuf_custom_completion ---completion bench -- --device (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" size' -l 'size' -d 'Measure buffers of each SIZE (64K,1M). Default: 8M.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" sw-sync' -l 'sw-sync' -d 'Use fences of sw_sync for wake, instead of vgem. Needs root; taints Linux 7 and later.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" count' -l 'count' -d 'Run N measured iterations of each operation.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" duration' -l 'duration' -d 'Repeat each operation for DURATION (200ms, 2s). Default: 200ms.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" warm-up' -l 'warm-up' -d 'Run N warm-up iterations that are not measured.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" cpu' -l 'cpu' -d 'Run all threads on processor N. Default: any processor.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" compare' -l 'compare' -d 'Compare with an earlier run saved by bench --json.' -rF
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" fail-if-slower' -l 'fail-if-slower' -d 'Fail if an operation is slower by more than PERCENT. Needs --compare.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" csv' -l 'csv' -d 'Print comma-separated values (CSV).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf help" version' -l 'version' -d 'Show the version.'
