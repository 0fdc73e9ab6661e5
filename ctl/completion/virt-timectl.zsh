#compdef virt-timectl
# SPDX-License-Identifier: LGPL-2.1-or-later

_virt_timectl_commands() {
    local -a commands=(
        'tracking:show how right this clock is and what last befell it'
        'sources:show the clocks that this one is or could be compared with'
        'sourcestats:show what the last readings of each source tell together'
        'selectdata:show why each source is or is not followed'
        'ntpdata:show the last exchange with each NTP server, or with one'
        'activity:show how many NTP sources are asked'
        'burst:ask the sources, or one of them, several times now'
        'makestep:have the clock measured, and stepped where it is wrong, now'
        'online:ask the sources, or one of them, again'
        'offline:leave the servers, or one source, alone'
        'onoffline:ask the servers that there is a way to, and no others'
        'reload:have the daemon read its settings anew'
        'clocks:show the clocks that devices of this machine have'
        'journal:show the disruptions of the past and how they ended'
        'waitsync:wait until the clock is right'
        'guests:show the guests of this host and how right their clocks are'
        'clients:show who asks this host for the time over NTP'
        'serverstats:show what became of NTP requests'
        'resync:ask a guest to measure its clock now'
        'import-chrony:translate a chrony.conf into settings of virt-time'
        'freeze:during an incident, let no guest be told to step'
    )
    (( $words[(I)help] )) || commands+=('help:explain a command and its output')
    _describe command commands
}

_arguments -S \
    '(- *)'{-h,--help}'[show help]' \
    '(- *)'{-V,--version}'[show the version]' \
    '(-j --json)'{-j,--json}'[print every fact as JSON]' \
    '(-v --verbose)'{-v,--verbose}'[explain the signs and headings]' \
    '(-w --watch)'{-w,--watch=-}'[show it again and again]::span:' \
    '--host[ask virt-time-hostd]' \
    '--socket[ask the daemon at this socket]:socket:_files' \
    '(-n --lines)'{-n,--lines}'[journal, clients: show so many]:number:' \
    '--max-error[waitsync: the greatest error bound that will do]:span:' \
    '--timeout[waitsync: how long to wait]:span:' \
    '--against-host[waitsync: in step with the reference will do]' \
    '1:command:_virt_timectl_commands' \
    '2::word:{
        [[ $words[(r)help] == help ]] && _virt_timectl_commands
        [[ $words[(r)import-chrony] == import-chrony ]] && _files
        [[ $words[(r)freeze] == freeze ]] && compadd on off status
        [[ -n ${words[(r)(burst|online|offline|ntpdata)]} ]] && compadd -- \
            $(virt-timectl sources 2>/dev/null | awk "NR > 1 { print \$2 }")
    }'
