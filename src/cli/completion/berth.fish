# fish completion for berth; load it with: berth completion fish | source

function __berth_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --cut-at-cursor --current-token)
    set -l answers ($words[1] __complete $words[2..] "$current" 2>/dev/null)
    if test "$answers[1]" = ":file"
        __fish_complete_path "$current"
    else
        printf '%s\n' $answers
    end
end

complete --command berth --no-files --arguments '(__berth_complete)'
