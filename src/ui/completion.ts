/**
 * The scripts ask `mlsys __complete` for candidates: a line for each, with its help after a tab. No line at all means that a
 * path may stand there.
 */
export const completionScripts: Readonly<Record<string, string>> = {
  bash: `# Completion of mlsys for bash: eval "$(mlsys completion bash)"
_mlsys() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("$1" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _mlsys mlsys`,
  zsh: `#compdef mlsys
# Completion of mlsys for zsh: eval "$(mlsys completion zsh)"
_mlsys() {
  local -a lines candidates
  lines=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -z "\${lines[*]}" ]]; then
    _files
    return
  fi
  candidates=("\${(@)\${(@)lines//:/\\\\:}//$'\\t'/:}")
  _describe -V mlsys candidates
}
if [[ "\${funcstack[1]}" == _mlsys ]]; then
  _mlsys "$@"
else
  compdef _mlsys mlsys
fi`,
  fish: `# Completion of mlsys for fish: mlsys completion fish > ~/.config/fish/completions/mlsys.fish
function __mlsys_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l found ($before[1] __complete -- $before[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c mlsys -f -a '(__mlsys_complete)'`,
};
