# bash completion for berth; load it with: source <(berth completion bash)

# bash ends words at ":" and "=" too, so the line is split here, and what stands before them is cut off the answers.
_berth() {
    local line="${COMP_LINE:0:COMP_POINT}"
    local -a words answers
    local answer current rest
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current="${words[${#words[@]}-1]}"
    rest="${current##*[:=]}"
    COMPREPLY=()
    mapfile -t answers < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    for answer in "${answers[@]}"; do
        if [[ $answer == ":file" ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$rest")
            return
        fi
        answer="${answer%%$'\t'*}"
        COMPREPLY+=("${answer#"${current%"$rest"}"}")
    done
}

complete -F _berth berth
