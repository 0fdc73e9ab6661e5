# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of virt-timectl for bash.

# Their names, as the agent has them now.
_virt_timectl_sources()
{
    virt-timectl sources 2>/dev/null | awk 'NR > 1 { print $2 }'
}

_virt_timectl()
{
    local word="${COMP_WORDS[COMP_CWORD]}"
    local before="${COMP_WORDS[COMP_CWORD - 1]}"
    local commands='tracking sources sourcestats selectdata ntpdata clocks activity journal waitsync'
    commands+=' burst makestep online offline onoffline reload guests clients serverstats resync freeze import-chrony'
    local options='--help --version --json --verbose --watch --host --socket --lines --max-error --timeout --against-host'

    if [[ $before == -n || $before == --lines || $before == --max-error ||
        $before == --timeout ]]; then
        return
    elif [[ $before == --socket ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    else
        local earlier=" ${COMP_WORDS[*]:1:COMP_CWORD-1} " command
        for command in $commands; do
            [[ $earlier == *" $command "* ]] || continue
            [[ " burst online offline ntpdata " == *" $command "* && $before == "$command" ]] &&
                mapfile -t COMPREPLY < <(compgen -W "$(_virt_timectl_sources)" -- "$word")
            [[ $command == import-chrony && $before == import-chrony ]] &&
                compopt -o filenames 2>/dev/null && mapfile -t COMPREPLY < <(compgen -f -- "$word")
            [[ $command == freeze && $before == freeze ]] &&
                mapfile -t COMPREPLY < <(compgen -W 'on off status' -- "$word")
            return
        done
        [[ $earlier == *' help '* ]] || commands+=' help'
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
    fi
}
complete -F _virt_timectl virt-timectl
