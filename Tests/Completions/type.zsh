# Checks the command lines that bash, zsh and fish show after TAB, for these lines before TAB.
zmodload zsh/zpty zsh/zselect
setopt extendedglob

typeset -A lines=(
  'dmabuf doc'                        'dmabuf doctor'
  'dmabuf fence-w'                    'dmabuf fence-wait'
  'dmabuf fence mer'                  'dmabuf fence merge'
  'dmabuf stat --kern'                'dmabuf stat --kernel-held'
  'dmabuf top --interv'               'dmabuf top --interval'
  # The executable prints this.
  'dmabuf alloc 4K --from udm'        'dmabuf alloc 4K --from udmabuf'
)
# These, too, on kernels with such huge pages.
pools=/sys/kernel/mm/hugepages/hugepages
[[ -d $pools-1048576kB ]] && lines+=('dmabuf alloc 4K --from udmabuf:1' 'dmabuf alloc 4K --from udmabuf:1G')
[[ -d $pools-2048kB ]] && lines+=('dmabuf check --exporter udmabuf:2' 'dmabuf check --exporter udmabuf:2M')

# Starts a shell that has loaded the completions, on a terminal of its own.
start() {
  case $1 in
    bash)
      zpty shell 'stty cols 200; TERM=dumb bash --noprofile --norc -i'
      zpty -w shell "bind 'set enable-bracketed-paste off'; source completions/dmabuf.bash"
      ;;
    zsh)
      zpty shell 'stty cols 200; TERM=dumb zsh -f -i'
      zpty -w shell 'unset zle_bracketed_paste; fpath=($PWD/completions $fpath); autoload -Uz compinit; compinit -u -D'
      ;;
    fish)
      zpty shell 'stty cols 200; TERM=dumb fish --no-config -i'
      zpty -w shell 'source completions/dmabuf.fish'
      ;;
  esac
}

# Prints the line that the shell prints after <>, within ten seconds. The terminal also echoes the typed line: "<"">".
printed() {
  local piece shown=
  repeat 1000; do
    while zpty -r -t shell piece; do shown+=${piece//$'\r'/}; done
    if [[ $shown == *'<> '*$'\n'* ]]; then
      piece=${shown#*'<> '}
      print -r -- ${${piece%%$'\n'*}%% #}
      return
    fi
    zselect -t 1
  done
  print -r -- "nothing but $shown"
}

# typed SHELL LINE: prints the line after TAB, without running it.
typed() {
  if [[ $1 == fish ]]; then
    zpty -w shell "echo \"<\"\">\" ${2% *} (complete -C '$2' | head -n 1 | cut -f 1)"
  else
    zpty -w -n shell "$2"$'\t'
    # A shell that can read more input may stop the completion.
    zselect -t 30
    zpty -w shell $'\x01echo "<"">" '
  fi
  printed
}

integer failed=0
for shell; do
  start $shell
  zpty -w shell 'echo "<"">" ready'
  printed >/dev/null
  for line expected in ${(kv)lines}; do
    result=$(typed $shell $line)
    if [[ $result != $expected ]]; then
      print -r -- "$shell: «$line» TAB: «$result», not «$expected»"
      failed=1
    fi
  done
  zpty -d shell
done
exit failed
