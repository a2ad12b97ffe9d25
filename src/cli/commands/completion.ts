import { Output } from '../output.ts'

/** `sft completion SHELL`: prints what a shell has to read to complete command lines of sft. */
export function completion(shell: keyof typeof SCRIPTS, options: { readonly json?: boolean }): number {
  const output = new Output(options.json === true)
  output.line(SCRIPTS[shell])
  output.object('completion', { shell, script: `${SCRIPTS[shell]}\n` })
  return 0
}

/**
 * Each script asks `sft __complete` what a word can be, so that it stays right whatever version of sft is there. What comes
 * back is text that was never expanded and is not now.
 */
const SCRIPTS = {
  bash: `# bash completion of sft, as the file sft in ~/.local/share/bash-completion/completions, or in ~/.bashrc:
# eval "$(sft completion bash)"
_sft() {
  local kind line
  COMPREPLY=()
  {
    IFS= read -r kind
    while IFS= read -r line; do COMPREPLY+=("\${line%%$'\\t'*}"); done
  } < <(command sft __complete bash "$COMP_WORDBREAKS" "\${COMP_LINE:0:COMP_POINT}" </dev/null 2>/dev/null)
  case $kind in
    files) compopt -o default ;;
    folders) compopt -o dirnames ;;
    *) [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace ;;
  esac 2>/dev/null
}
complete -F _sft sft`,

  zsh: `#compdef sft
# zsh completion of sft, as the file _sft in a folder of $fpath, or in ~/.zshrc behind compinit:
# source <(sft completion zsh)
_sft() {
  local line word
  local -a lines folders others shown
  lines=("\${(@f)$(command sft __complete zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" </dev/null 2>/dev/null)}")
  case $lines[1] in
    files) _files; return ;;
    folders) _files -/; return ;;
  esac
  for line in "\${(@)lines[2,-1]}"; do
    word=\${line%%$'\\t'*}
    if [[ $word == */ ]]; then
      folders+=("$word")
    else
      others+=("$word")
      [[ $line == *$'\\t'* ]] && shown+=("\${(r:20:)word} \${line#*$'\\t'}")
    fi
  done
  (( $#folders )) && compadd -S '' -a folders
  if (( $#shown )); then
    compadd -l -d shown -a others
  elif (( $#others )); then
    compadd -a others
  fi
}
if [[ $funcstack[1] == _sft ]]; then
  _sft "$@"
else
  compdef _sft sft
fi`,

  fish: `# fish completion of sft, as the file ~/.config/fish/completions/sft.fish
function __sft_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines (command sft __complete fish $words "$current" </dev/null 2>/dev/null)
    set -l kind "$lines[1]"
    set -e lines[1]
    switch "$kind"
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current"
        case '*'
            set -q lines[1]; and printf '%s\\n' $lines
    end
end
complete -c sft -f -a '(__sft_complete)'`,
}
