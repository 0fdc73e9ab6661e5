#compdef virt-timectl
# SPDX-License-Identifier: LGPL-2.1-or-later

_virt_timectl_commands() {
    local -a commands=(
        'tracking:show how right this clock is and what last befell it'
        'sources:show the clocks that this one is or could be compared with'
        'guests:show the guests of this host and how right their clocks are'
    )
    (( $words[(I)help] )) || commands+=('help:explain a command and its output')
    _describe command commands
}

_arguments -S \
    '(- *)'{-h,--help}'[show help]' \
    '(- *)'{-V,--version}'[show the version]' \
    '(-j --json)'{-j,--json}'[print every fact as JSON]' \
    '--host[ask virt-time-hostd]' \
    '--socket[ask the daemon at this socket]:socket:_files' \
    '1:command:_virt_timectl_commands' \
    '2::command:{ [[ $words[(r)help] == help ]] && _virt_timectl_commands }'
