# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of virt-timectl for bash.

_virt_timectl()
{
    local word="${COMP_WORDS[COMP_CWORD]}"
    local before="${COMP_WORDS[COMP_CWORD - 1]}"
    local commands='tracking sources guests'
    local options='--help --version --json --host --socket'

    if [[ $before == --socket ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    else
        local earlier=" ${COMP_WORDS[*]:1:COMP_CWORD-1} " command
        for command in $commands; do
            [[ $earlier == *" $command "* ]] && return
        done
        [[ $earlier == *' help '* ]] || commands+=' help'
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
    fi
}
complete -F _virt_timectl virt-timectl
