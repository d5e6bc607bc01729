#compdef berth
# zsh completion for berth; put it as _berth into a directory of $fpath, or load it with: source <(berth completion zsh)

_berth() {
    local -a answers candidates
    local answer name
    answers=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ "${answers[1]}" == ":file" ]]; then
        _files
        return
    fi
    for answer in "${answers[@]}"; do
        [[ -z "$answer" ]] && continue
        name="${answer%%$'\t'*}"
        name="${name//:/\\:}"
        if [[ "$answer" == *$'\t'* ]]; then
            candidates+=("$name:${answer#*$'\t'}")
        else
            candidates+=("$name")
        fi
    done
    _describe 'berth' candidates
}

if [[ "${funcstack[1]}" == "_berth" ]]; then
    _berth "$@"
else
    compdef _berth berth
fi
