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
            __dmabuf_parse_subcommand -r 1 'all' 'from=+' 'size=' 'framebuffer=' 'stream=' 'checksum' 'timeout=' 'junit' 'json' 'hold=' 'replace' 'version' 'h/help'
        case 'devices'
            __dmabuf_parse_subcommand -r 1 'json' 'version' 'h/help'
        case 'map'
            __dmabuf_parse_subcommand 1 'dump' 'fill=' 'verify=' 'output=' 'input=' 'checksum' 'bandwidth' 'offset=' 'length=' 'no-sync' 'timeout=' 'json' 'version' 'h/help'
        case 'sync'
            __dmabuf_parse_subcommand 2 'read' 'write' 'timeout=' 'json' 'version' 'h/help'
        case 'stat'
            __dmabuf_parse_subcommand -r 1 'by=' 'grid' 'fences' 'kernel-held' 'sort=' 'reverse' 'columns=' 'top=' 'watch=' 'diff=' 'fail-if-growth=' 'for=' 'prometheus' 'graph' 'pid=+' 'user=' 'unit=' 'exporter=' 'name=' 'min-size=' 'source=+' 'threads=' 'json' 'version' 'h/help'
        case 'top'
            __dmabuf_parse_subcommand 0 'by=' 'interval=' 'pid=+' 'user=' 'unit=' 'exporter=' 'name=' 'min-size=' 'source=+' 'threads=' 'version' 'h/help'
        case 'fence-wait'
            __dmabuf_parse_subcommand -r 1 'read' 'write' 'point=' 'any' 'all' 'timeout=' 'json' 'version' 'h/help'
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
        case 'check'
            __dmabuf_parse_subcommand 1 'exporter=+' 'device=+' 'only=+' 'skip=+' 'invasive' 'list' 'expect=' 'tap' 'junit=' 'json' 'version' 'h/help'
        case 'bench'
            __dmabuf_parse_subcommand -r 1 'source=+' 'device=+' 'size=' 'count=' 'duration=' 'warm-up=' 'cpu=' 'sw-sync' 'compare=' 'fail-if-slower=' 'csv' 'json' 'version' 'h/help'
        case 'doctor'
            __dmabuf_parse_subcommand 0 'json' 'version' 'h/help'
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
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'alloc' -d 'Allocate buffers from a dma-heap or from user memory.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'export' -d 'Export buffers of a DRM or V4L2 device.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'import' -d 'Give a buffer to devices, and say what each answered.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'devices' -d 'List the devices that make or take dma-bufs.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'map' -d 'Read, write and check a buffer\'s memory.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'sync' -d 'Begin or end CPU access to a buffer.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'stat' -d 'List dma-bufs and the processes that hold them.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'top' -d 'Watch buffers and the processes that hold them, live.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'fence-wait' -d 'Wait for the fences of buffers, sync_files and syncobjs.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'fence' -d 'Make, look into, merge and pass on fences.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'held' -d 'List what --hold keeps.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'release' -d 'Let go of what --hold keeps.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'send' -d 'Send buffers over a Unix socket.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'receive' -d 'Receive buffers over a Unix socket.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'check' -d 'Check that this kernel and its devices do with dma-bufs what is documented.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'bench' -d 'Measure what making, mapping, passing and using buffers costs.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'doctor' -d 'Say what this machine offers for dma-bufs, and how to get what is missing.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" from' -l 'from' -d 'heap:NAME, heap:cma, udmabuf, udmabuf:2M or udmabuf:1G (huge pages), drm:NODE (dumb buffers). Default: the first that works of heap:system and udmabuf.' -rfka '(__dmabuf_custom_completion ---completion alloc -- --from (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" count' -l 'count' -d 'How many buffers.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" name' -l 'name' -d 'Name the buffers; at most 31 bytes.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" read-only' -l 'read-only' -d 'Descriptors that the CPU may only read through.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" force' -l 'force' -d 'Ask the kernel even for more memory than is available.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" list' -l 'list' -d 'List the sources of buffers on this machine.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" hold' -l 'hold' -d 'Keep it in the background under this name, until dmabuf release.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" replace' -l 'replace' -d 'With --hold: release who has the name now.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf alloc" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf export" -eq 1' -fka '(__dmabuf_custom_completion ---completion export -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" size' -l 'size' -d 'Width, height and fourcc, as in 1920x1080:XR24. Default for V4L2: the current format.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" buffers' -l 'buffers' -d 'How many buffers.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" queue' -l 'queue' -d 'Which of the device\'s queues. Default: the first.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" name' -l 'name' -d 'Name the buffers; at most 31 bytes.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" read-only' -l 'read-only' -d 'Descriptors that the CPU may only read through.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" hold' -l 'hold' -d 'Keep it in the background under this name, until dmabuf release.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" replace' -l 'replace' -d 'With --hold: release who has the name now.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf export" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf import" -ge 1' -fka '(__dmabuf_custom_completion ---completion import -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" all' -l 'all' -d 'Every DRM and V4L2 node of this machine.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import"' -l 'from' -d 'Try a new buffer of this source (as alloc has it); may be given again.' -rfka '(__dmabuf_custom_completion ---completion import -- --from (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" size' -l 'size' -d 'The size of those new buffers.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" framebuffer' -l 'framebuffer' -d 'Try ADDFB2: WIDTHxHEIGHT:FOURCC, and :MODIFIER if any.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" stream' -l 'stream' -d 'Pass this many frames through the buffers.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" checksum' -l 'checksum' -d 'With --stream: XXH3 of each frame, as map --checksum has it.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" timeout' -l 'timeout' -d 'Give up when a frame takes longer than this. Default: 5s.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" junit' -l 'junit' -d 'Print the answers as JUnit XML.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" hold' -l 'hold' -d 'Keep it in the background under this name, until dmabuf release.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" replace' -l 'replace' -d 'With --hold: release who has the name now.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf import" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf devices" -ge 1' -fka '(__dmabuf_custom_completion ---completion devices -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf devices" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf devices" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf devices" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf map" -eq 1' -fka '(__dmabuf_custom_completion ---completion map -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" dump' -l 'dump' -d 'Print bytes as hexdump -C does. Default on a terminal: the first 256 bytes.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" fill' -l 'fill' -d 'Write a pattern.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" verify' -l 'verify' -d 'Compare with a pattern; exit 1 if it differs.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" output' -l 'output' -d 'Copy the buffer to a file; - is standard output.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" input' -l 'input' -d 'Copy a file to the buffer; - is standard input.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" checksum' -l 'checksum' -d 'Print XXH3 (64 bits) of the bytes, as xxhsum -H3 does.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" bandwidth' -l 'bandwidth' -d 'Measure how fast the CPU reads and writes; contents stay.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" offset' -l 'offset' -d 'Start this far into the buffer.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" length' -l 'length' -d 'Take this many bytes. Default: to the end.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" no-sync' -l 'no-sync' -d 'Leave out SYNC, to show what that does.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" timeout' -l 'timeout' -d 'Give up waiting for devices after this long (500ms, 2s).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf map" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf sync" -eq 1' -fka '(__dmabuf_custom_completion ---completion sync -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf sync" -eq 2' -fka 'start end pulse'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" read' -l 'read' -d 'The CPU reads.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" write' -l 'write' -d 'The CPU writes.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" timeout' -l 'timeout' -d 'Give up waiting after this long (500ms, 2s, 1m).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf sync" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf stat" -ge 1' -fka '(__dmabuf_custom_completion ---completion stat -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" by' -l 'by' -d 'One row for each buffer, process, exporter, device or name.' -rfka 'buffer process exporter device name unit user'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" grid' -l 'grid' -d 'Show buffers against processes: descriptors and mappings of each.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" fences' -l 'fences' -d 'Show attached devices and fences, from debugfs; stalls the machine for a moment.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" kernel-held' -l 'kernel-held' -d 'Only buffers that no process holds, and what holds them; reads debugfs, too.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" sort' -l 'sort' -d 'Order rows by this column.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" reverse' -l 'reverse' -d 'The other way round.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" columns' -l 'columns' -d 'Show these columns (ino,size), or more than the usual ones (+age,+owner).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" top' -l 'top' -d 'Show so many rows at most; totals are of all.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" watch' -l 'watch' -d 'Repeat at this interval (500ms, 2s, 1m); print JSON Lines with --json. Default: 2s.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" diff' -l 'diff' -d 'What has changed since this file was written with --json.' -rF
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" fail-if-growth' -l 'fail-if-growth' -d 'Fail if memory grows by more than SIZE, or references of a kind by more than COUNT, within --for or since --diff (1M,10). Default: any growth fails.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" for' -l 'for' -d 'Run --fail-if-growth or --watch for DURATION (500ms, 2s, 1m).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" prometheus' -l 'prometheus' -d 'Print metrics for Prometheus\' node_exporter.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" graph' -l 'graph' -d 'Print a graph of processes, buffers and devices for dot(1).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat"' -l 'pid' -d 'Only what this process holds; may be given again.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" user' -l 'user' -d 'Only what this user\'s processes hold, by name or number.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" unit' -l 'unit' -d 'List only what processes of this service or container hold; a shell pattern (*, ?, […]).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" exporter' -l 'exporter' -d 'Only buffers of this exporter.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" name' -l 'name' -d 'Only buffers whose name matches this pattern of the shell\'s (*, ?, […]).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" min-size' -l 'min-size' -d 'Only buffers of at least this size (64K, 8M).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat"' -l 'source' -d 'Look only here; may be given again. Default: the sources that answer without stalling the machine.' -rfka 'procfs sysfs bpf bufinfo'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" threads' -l 'threads' -d 'How many threads walk over /proc. Default: one per processor, at most four.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf stat" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" by' -l 'by' -d 'Begin with rows of buffers or of processes.' -rfka 'buffer process'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" interval' -l 'interval' -d 'Look again after this long (500ms, 2s).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top"' -l 'pid' -d 'Only what this process holds; may be given again.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" user' -l 'user' -d 'Only what this user\'s processes hold, by name or number.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" unit' -l 'unit' -d 'List only what processes of this service or container hold; a shell pattern (*, ?, […]).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" exporter' -l 'exporter' -d 'Only buffers of this exporter.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" name' -l 'name' -d 'Only buffers whose name matches this pattern of the shell\'s (*, ?, […]).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" min-size' -l 'min-size' -d 'Only buffers of at least this size (64K, 8M).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top"' -l 'source' -d 'Look only here; may be given again. Default: the sources that answer without stalling the machine.' -rfka 'procfs sysfs bpf bufinfo'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" threads' -l 'threads' -d 'How many threads walk over /proc. Default: one per processor, at most four.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf top" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence-wait" -ge 1' -fka '(__dmabuf_custom_completion ---completion fence-wait -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" read' -l 'read' -d 'Of buffers: wait until they can be read.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" write' -l 'write' -d 'Of buffers: wait until they can be written to (the default).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" point' -l 'point' -d 'Of a syncobj\'s timeline: the fence at this point, from 1 on.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" any' -l 'any' -d 'Until the first is done.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" all' -l 'all' -d 'Until all are done (the default).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" timeout' -l 'timeout' -d 'Give up after this long (500ms, 2s, 1m); 0 only looks.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence-wait" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'info' -d 'List the fences of sync_files and syncobjs, and those pending on buffers.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'create' -d 'Make a fence that signals when it is told to, or a syncobj.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'timeline' -d 'Make fences at several values of one sw_sync timeline.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'signal' -d 'Signal test fences that are held, and syncobjs.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'merge' -d 'Make one sync_file of several.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'export' -d 'Take a sync_file of what is pending on a buffer, or of a syncobj\'s fence.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'import' -d 'Make who waits for a buffer or a syncobj wait for a sync_file.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence" -eq 1' -fa 'deadline' -d 'Tell drivers when a sync_file\'s fences are wanted.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence info" -ge 1' -fka '(__dmabuf_custom_completion ---completion fence info -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" read' -l 'read' -d 'What readers have to wait for: those that write.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" write' -l 'write' -d 'What writers have to wait for: everyone (the default).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" point' -l 'point' -d 'Of a syncobj\'s timeline: the fence at this point, from 1 on.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence info" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" sw-sync' -l 'sw-sync' -d 'A fence on a new sw_sync timeline.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" vgem' -l 'vgem' -d 'A fence of vgem\'s on this buffer.' -rfka '(__dmabuf_custom_completion ---completion fence create -- --vgem (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" syncobj' -l 'syncobj' -d 'A syncobj, by way of this device.' -rfka '(__dmabuf_custom_completion ---completion fence create -- --syncobj (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" signalled' -l 'signalled' -d 'syncobj: with a fence that has signalled.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" value' -l 'value' -d 'sw_sync: the value of the timeline, from 0 on, at which the fence signals.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" read' -l 'read' -d 'vgem: as of a device that reads; writers wait.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" write' -l 'write' -d 'vgem: as of a device that writes; everyone waits (the default).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" after' -l 'after' -d 'With --hold: signal it after this long (500ms, 2s).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" hold' -l 'hold' -d 'Keep it in the background under this name, until dmabuf release.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" replace' -l 'replace' -d 'With --hold: release who has the name now.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence create" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence timeline" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence timeline" hold' -l 'hold' -d 'Keep it in the background under this name, until dmabuf release.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence timeline" replace' -l 'replace' -d 'With --hold: release who has the name now.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence timeline" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence timeline" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence signal" -ge 1' -fka '(__dmabuf_custom_completion ---completion fence signal -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence signal" by' -l 'by' -d 'sw_sync: advance the timeline by this much.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence signal" point' -l 'point' -d 'Of a syncobj\'s timeline: the fence at this point, from 1 on.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence signal" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence signal" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence signal" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence merge" -ge 1' -fka '(__dmabuf_custom_completion ---completion fence merge -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" name' -l 'name' -d 'Name the new file; at most 31 bytes.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" hold' -l 'hold' -d 'Keep it in the background under this name, until dmabuf release.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" replace' -l 'replace' -d 'With --hold: release who has the name now.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence merge" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence export" -eq 1' -fka '(__dmabuf_custom_completion ---completion fence export -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" syncobj' -l 'syncobj' -d 'It is a syncobj, not a buffer.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" point' -l 'point' -d 'Of a syncobj\'s timeline: the fence at this point, from 1 on.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" read' -l 'read' -d 'What readers have to wait for: those that write.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" write' -l 'write' -d 'What writers have to wait for: everyone (the default).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" hold' -l 'hold' -d 'Keep it in the background under this name, until dmabuf release.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" replace' -l 'replace' -d 'With --hold: release who has the name now.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence export" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence import" -eq 1' -fka '(__dmabuf_custom_completion ---completion fence import -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf fence import" -eq 2' -fka '(__dmabuf_custom_completion ---completion fence import -- positional@1 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" syncobj' -l 'syncobj' -d 'It is a syncobj, not a buffer.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" point' -l 'point' -d 'Of a syncobj\'s timeline: the fence at this point, from 1 on.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" read' -l 'read' -d 'As of a device that reads.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf fence import" write' -l 'write' -d 'As of a device that writes (the default).'
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
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf release" all' -l 'all' -d 'Let go of everything this user holds.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf release" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf release" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf send" -ge 1' -fka '(__dmabuf_custom_completion ---completion send -- positional@1 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf send" listen' -l 'listen' -d 'Make the socket and wait for the other program, rather than connecting to it.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf send" timeout' -l 'timeout' -d 'Give up waiting after this long (500ms, 2s, 1m).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf send" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf send" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf send" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" listen' -l 'listen' -d 'Make the socket and wait for the other program, rather than connecting to it.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" timeout' -l 'timeout' -d 'Give up waiting after this long (500ms, 2s, 1m).' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" hold' -l 'hold' -d 'Keep it in the background under this name, until dmabuf release.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" replace' -l 'replace' -d 'With --hold: release who has the name now.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf receive" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf check" -eq 1' -fka '(__dmabuf_custom_completion ---completion check -- positional@0 (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check"' -l 'exporter' -d 'Only on this source of buffers: heap:NAME, udmabuf; may be given again.' -rfka '(__dmabuf_custom_completion ---completion check -- --exporter (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check"' -l 'device' -d 'Only on this device: its node, or drm:DRIVER, v4l2:DRIVER; may be given again. Any V4L2 node with queues.' -rfka '(__dmabuf_custom_completion ---completion check -- --device (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check"' -l 'only' -d 'Only checks whose id matches this pattern (C3*); may be given again.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check"' -l 'skip' -d 'No checks whose id matches this pattern; may be given again.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" invasive' -l 'invasive' -d 'Try what taints the kernel, stalls others, takes seconds, or changes the given buffer, too.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" list' -l 'list' -d 'List the checks and what they need.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" expect' -l 'expect' -d 'Read from this file which checks are known to fail.' -rF
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" tap' -l 'tap' -d 'Print the Test Anything Protocol.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" junit' -l 'junit' -d 'Write a JUnit report to this file.' -rF
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf check" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_positional "dmabuf bench" -ge 1' -fka 'alloc free mmap touch sync import release qbuf dqbuf send receive wake read write'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench"' -l 'source' -d 'Buffers of this source (as alloc has it), or of all; may be given again. Default: the first that works.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench"' -l 'device' -d 'Import into this device, or stream from it: a node, drm:NAME, v4l2:NAME; may be given again.' -rfka '(__dmabuf_custom_completion ---completion bench -- --device (count (__dmabuf_tokens -pc)) (__dmabuf_tokens -tC))'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" size' -l 'size' -d 'Buffers of these sizes: 64K,1M. Default: 8M.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" count' -l 'count' -d 'So many turns each.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" duration' -l 'duration' -d 'Turns for so long each. Default: 200ms.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" warm-up' -l 'warm-up' -d 'So many turns before that are not counted.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" cpu' -l 'cpu' -d 'Stay on this processor.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" sw-sync' -l 'sw-sync' -d 'Take fences of sw_sync instead of vgem\'s (root; taints Linux 7 and later).'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" compare' -l 'compare' -d 'Compare with the JSON document of an earlier run.' -rF
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" fail-if-slower' -l 'fail-if-slower' -d 'With --compare: fail when an operation got slower by more than this.' -rfka ''
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" csv' -l 'csv' -d 'Print comma-separated values.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf bench" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf doctor" json' -l 'json' -d 'Print one JSON document.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf doctor" version' -l 'version' -d 'Show the version.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf doctor" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'dmabuf' -n '__dmabuf_should_offer_completions_for_flags_or_options "dmabuf help" version' -l 'version' -d 'Show the version.'
