#!/bin/bash

__dmabuf_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__dmabuf_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__dmabuf_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__dmabuf_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

_dmabuf() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(--version -h --help)
    local -a repeating_options=()
    local -a non_repeating_options=()
    __dmabuf_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    alloc|export|import|map|sync|stat|fence-wait|top|trace|fence|grab|present|held|release|send|receive|devices|doctor|check|bench|help)
        # Offer subcommand argument completions
        "_dmabuf_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'alloc export import map sync stat fence-wait top trace fence grab present held release send receive devices doctor check bench help' -- "${cur}"))
        ;;
    esac
}

_dmabuf_alloc() {
    repeating_flags=()
    non_repeating_flags=(--read-only --force --list --json --replace --version -h --help)
    repeating_options=()
    non_repeating_options=(--from --stride --align --layout --offset --count --name --hold)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--from')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion alloc -- --from "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--stride')
        return
        ;;
    '--align')
        return
        ;;
    '--layout')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion alloc -- --layout "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--offset')
        return
        ;;
    '--count')
        return
        ;;
    '--name')
        return
        ;;
    '--hold')
        return
        ;;
    esac
}

_dmabuf_export() {
    repeating_flags=()
    non_repeating_flags=(--read-only --json --replace --version -h --help)
    repeating_options=()
    non_repeating_options=(--size --buffers --queue --name --hold)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--size')
        return
        ;;
    '--buffers')
        return
        ;;
    '--queue')
        return
        ;;
    '--name')
        return
        ;;
    '--hold')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion export -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_import() {
    repeating_flags=()
    non_repeating_flags=(--all --checksum --junit --json --replace --version -h --help)
    repeating_options=(--from)
    non_repeating_options=(--framebuffer --stride --align --layout --offset --size --stream --format --timeout --hold)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--framebuffer')
        return
        ;;
    '--stride')
        return
        ;;
    '--align')
        return
        ;;
    '--layout')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion import -- --layout "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--offset')
        return
        ;;
    '--from')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion import -- --from "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--size')
        return
        ;;
    '--stream')
        return
        ;;
    '--format')
        return
        ;;
    '--timeout')
        return
        ;;
    '--hold')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion import -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_map() {
    repeating_flags=()
    non_repeating_flags=(--dump --checksum --bandwidth --watch --no-sync --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--fill --verify --output --input --image --crop --channel --colour --compare --tolerance --frame --graphics --stride --align --layout --offset --length --timeout)
    __dmabuf_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--fill')
        return
        ;;
    '--verify')
        return
        ;;
    '--output')
        return
        ;;
    '--input')
        return
        ;;
    '--image')
        return
        ;;
    '--crop')
        return
        ;;
    '--channel')
        return
        ;;
    '--colour')
        return
        ;;
    '--compare')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion map -- --compare "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--tolerance')
        return
        ;;
    '--frame')
        return
        ;;
    '--graphics')
        __dmabuf_add_completions -W 'auto'$'\n''blocks'$'\n''kitty'$'\n''sixel'
        return
        ;;
    '--stride')
        return
        ;;
    '--align')
        return
        ;;
    '--layout')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion map -- --layout "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--offset')
        return
        ;;
    '--length')
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion map -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_sync() {
    repeating_flags=()
    non_repeating_flags=(--read --write --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--timeout)
    __dmabuf_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion sync -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __dmabuf_add_completions -W 'start'$'\n''end'$'\n''pulse'
        return
        ;;
    esac
}

_dmabuf_stat() {
    repeating_flags=()
    non_repeating_flags=(--kernel-held --fences --grid --reverse --json --prometheus --graph --version -h --help)
    repeating_options=(--pid --source)
    non_repeating_options=(--user --unit --exporter --name --min-size --threads --by --columns --sort --top --watch --diff --fail-if-growth --for)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--pid')
        return
        ;;
    '--user')
        return
        ;;
    '--unit')
        return
        ;;
    '--exporter')
        return
        ;;
    '--name')
        return
        ;;
    '--min-size')
        return
        ;;
    '--source')
        __dmabuf_add_completions -W 'procfs'$'\n''sysfs'$'\n''bpf'$'\n''bufinfo'
        return
        ;;
    '--threads')
        return
        ;;
    '--by')
        __dmabuf_add_completions -W 'buffer'$'\n''process'$'\n''exporter'$'\n''device'$'\n''name'$'\n''unit'$'\n''user'
        return
        ;;
    '--columns')
        return
        ;;
    '--sort')
        return
        ;;
    '--top')
        return
        ;;
    '--watch')
        return
        ;;
    '--diff')
        __dmabuf_add_completions -f
        return
        ;;
    '--fail-if-growth')
        return
        ;;
    '--for')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion stat -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_fence-wait() {
    repeating_flags=()
    non_repeating_flags=(--read --write --any --all --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--point --timeout)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--point')
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion fence-wait -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_top() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=(--pid --source)
    non_repeating_options=(--by --interval --user --unit --exporter --name --min-size --threads)
    __dmabuf_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--by')
        __dmabuf_add_completions -W 'buffer'$'\n''process'
        return
        ;;
    '--interval')
        return
        ;;
    '--pid')
        return
        ;;
    '--user')
        return
        ;;
    '--unit')
        return
        ;;
    '--exporter')
        return
        ;;
    '--name')
        return
        ;;
    '--min-size')
        return
        ;;
    '--source')
        __dmabuf_add_completions -W 'procfs'$'\n''sysfs'$'\n''bpf'$'\n''bufinfo'
        return
        ;;
    '--threads')
        return
        ;;
    esac
}

_dmabuf_trace() {
    repeating_flags=()
    non_repeating_flags=(--stalls --summary --leaks --utc --json --version -h --help)
    repeating_options=(--pid --ino)
    non_repeating_options=(--exporter --name --device --slower --fail-if-slower --for --perfetto --buffer)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--pid')
        return
        ;;
    '--ino')
        return
        ;;
    '--exporter')
        return
        ;;
    '--name')
        return
        ;;
    '--device')
        return
        ;;
    '--slower')
        return
        ;;
    '--fail-if-slower')
        return
        ;;
    '--for')
        return
        ;;
    '--perfetto')
        __dmabuf_add_completions -f
        return
        ;;
    '--buffer')
        return
        ;;
    esac
}

_dmabuf_fence() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __dmabuf_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    info|create|timeline|signal|merge|export|import|deadline)
        # Offer subcommand argument completions
        "_dmabuf_fence_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'info create timeline signal merge export import deadline' -- "${cur}"))
        ;;
    esac
}

_dmabuf_fence_info() {
    repeating_flags=()
    non_repeating_flags=(--read --write --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--point)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--point')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion fence info -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_fence_create() {
    repeating_flags=()
    non_repeating_flags=(--sw-sync --signalled --read --write --json --replace --version -h --help)
    repeating_options=()
    non_repeating_options=(--vgem --syncobj --value --after --hold)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--vgem')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion fence create -- --vgem "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--syncobj')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion fence create -- --syncobj "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--value')
        return
        ;;
    '--after')
        return
        ;;
    '--hold')
        return
        ;;
    esac
}

_dmabuf_fence_timeline() {
    repeating_flags=()
    non_repeating_flags=(--json --replace --version -h --help)
    repeating_options=()
    non_repeating_options=(--hold)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--hold')
        return
        ;;
    esac
}

_dmabuf_fence_signal() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--by --point)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--by')
        return
        ;;
    '--point')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion fence signal -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_fence_merge() {
    repeating_flags=()
    non_repeating_flags=(--json --replace --version -h --help)
    repeating_options=()
    non_repeating_options=(--name --hold)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--name')
        return
        ;;
    '--hold')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion fence merge -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_fence_export() {
    repeating_flags=()
    non_repeating_flags=(--syncobj --read --write --json --replace --version -h --help)
    repeating_options=()
    non_repeating_options=(--point --hold)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--point')
        return
        ;;
    '--hold')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion fence export -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_fence_import() {
    repeating_flags=()
    non_repeating_flags=(--syncobj --read --write --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--point)
    __dmabuf_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--point')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion fence import -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion fence import -- positional@1 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_fence_deadline() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=()
    __dmabuf_offer_flags_options 2

    # Offer positional completions
    case "${positional_number}" in
    1)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion fence deadline -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_grab() {
    repeating_flags=()
    non_repeating_flags=(--image --json --replace --version -h --help)
    repeating_options=()
    non_repeating_options=(--plane --output --hold)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--plane')
        return
        ;;
    '--output')
        return
        ;;
    '--hold')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion grab -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_present() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--stride --align --layout --offset --connector --for --page-flips --in-fence --out-fence --writeback --timeout)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--stride')
        return
        ;;
    '--align')
        return
        ;;
    '--layout')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion present -- --layout "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--offset')
        return
        ;;
    '--connector')
        return
        ;;
    '--for')
        return
        ;;
    '--page-flips')
        return
        ;;
    '--in-fence')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion present -- --in-fence "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--out-fence')
        return
        ;;
    '--writeback')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion present -- --writeback "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion present -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_held() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=()
    __dmabuf_offer_flags_options 0
}

_dmabuf_release() {
    repeating_flags=()
    non_repeating_flags=(--all --version -h --help)
    repeating_options=()
    non_repeating_options=()
    __dmabuf_offer_flags_options -1

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion release -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_send() {
    repeating_flags=()
    non_repeating_flags=(--listen --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--timeout)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion send -- positional@1 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_receive() {
    repeating_flags=()
    non_repeating_flags=(--listen --json --replace --version -h --help)
    repeating_options=()
    non_repeating_options=(--timeout --hold)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--timeout')
        return
        ;;
    '--hold')
        return
        ;;
    esac
}

_dmabuf_devices() {
    repeating_flags=()
    non_repeating_flags=(--formats --json --version -h --help)
    repeating_options=()
    non_repeating_options=()
    __dmabuf_offer_flags_options -1

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion devices -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_doctor() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=()
    __dmabuf_offer_flags_options 0
}

_dmabuf_check() {
    repeating_flags=()
    non_repeating_flags=(--invasive --list --tap --json --version -h --help)
    repeating_options=(--exporter --device --only --skip)
    non_repeating_options=(--expect --junit)
    __dmabuf_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--exporter')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion check -- --exporter "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion check -- --device "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--only')
        return
        ;;
    '--skip')
        return
        ;;
    '--expect')
        __dmabuf_add_completions -f
        return
        ;;
    '--junit')
        __dmabuf_add_completions -f
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion check -- positional@0 "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_dmabuf_bench() {
    repeating_flags=()
    non_repeating_flags=(--sw-sync --csv --json --version -h --help)
    repeating_options=(--from --source --device)
    non_repeating_options=(--size --count --duration --warm-up --cpu --compare --fail-if-slower)
    __dmabuf_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--from'|'--source')
        return
        ;;
    '--device')
        __dmabuf_add_completions -W "$(__dmabuf_custom_complete ---completion bench -- --device "${COMP_CWORD}" "$(__dmabuf_cursor_index_in_current_word)")"
        return
        ;;
    '--size')
        return
        ;;
    '--count')
        return
        ;;
    '--duration')
        return
        ;;
    '--warm-up')
        return
        ;;
    '--cpu')
        return
        ;;
    '--compare')
        __dmabuf_add_completions -f
        return
        ;;
    '--fail-if-slower')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __dmabuf_add_completions -W 'alloc'$'\n''free'$'\n''mmap'$'\n''touch'$'\n''sync'$'\n''import'$'\n''release'$'\n''qbuf'$'\n''dqbuf'$'\n''send'$'\n''receive'$'\n''wake'$'\n''read'$'\n''write'
        return
        ;;
    esac
}

_dmabuf_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __dmabuf_offer_flags_options -1
}

complete -o filenames -F _dmabuf dmabuf
# A colon ends words for readline, but not for dmabuf: ino:7 and heap:system are one word.
_dmabuf_with_colons() {
    local -a words=("${COMP_WORDS[0]}")
    local -i index at=0
    local word cur rest="${COMP_LINE#*"${COMP_WORDS[0]}"}"
    for ((index = 1; index < ${#COMP_WORDS[@]}; index++)); do
        word="${COMP_WORDS[index]}"
        if [[ "${rest}" != [[:space:]]* && ("${word}" == :* || "${words[-1]}" == *:) ]]; then
            words[-1]+="${word}"
        else
            words+=("${word}")
        fi
        rest="${rest#*"${word}"}"
        ((index == COMP_CWORD)) && at=${#words[@]}-1
    done
    cur="${2}"
    [[ "${words[at]}" == *:* ]] && cur="${words[at]}"

    local -a COMP_WORDS=("${words[@]}")
    local -i COMP_CWORD=at
    _dmabuf "${1}" "${cur}" "${words[at - 1]}"

    [[ "${COMPREPLY[*]}" == *:* ]] && compopt +o filenames 2>/dev/null
    if [[ "${cur}" == *:* && "${COMP_WORDBREAKS}" == *:* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
    fi
    return 0
}

complete -o filenames -F _dmabuf_with_colons dmabuf
