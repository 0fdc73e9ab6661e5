#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What the daemons ask polkit about is what polkit was told of, and each is owned by the user of the
daemon that asks; the bus lets that same user have the daemon's name. Argument: the root.
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

import tap

DAEMONS = {'agent': ('virttime-agent', 'org.virttime.Agent1'),
           'hostd': ('virttime-host', 'org.virttime.Host1')}


def read_actions(root):
    tree = ElementTree.parse(os.path.join(root, 'bus', 'policy', 'org.virttime.policy'))
    return {action.get('id'): action.findtext('annotate') for action in tree.iter('action')}


def check_actions(root, folder, actions):
    user, name = DAEMONS[folder]
    text = open(os.path.join(root, folder, 'control.c'), encoding='utf-8').read()
    asked = set(re.findall(r'"(org\.virttime\.[a-z0-9.-]+)"', text))
    known = {action for action in actions if action.startswith(name.lower() + '.')}
    complaints = ['%s: asked about or told to polkit, not both' % action
                  for action in sorted(asked ^ known)]
    return complaints + ['%s: not owned by %s' % (action, user) for action in sorted(known)
                         if actions[action] != 'unix-user:' + user]


def check_bus(root, folder):
    user, name = DAEMONS[folder]
    tree = ElementTree.parse(os.path.join(root, 'bus', 'policy', name + '.conf'))
    owners = {policy.get('user') for policy in tree.iter('policy')
              for allow in policy.iter('allow') if allow.get('own') == name}
    sysusers = open(os.path.join(root, 'systemd', 'virt-time.sysusers'), encoding='utf-8').read()
    complaints = [] if owners == {'root', user} else ['%s: owned by %s' % (name, owners)]
    if not re.search(r'^u %s ' % user, sysusers, re.MULTILINE):
        complaints.append('%s: no such user is made' % user)
    return complaints


def main(root):
    actions = read_actions(root)
    claims = {}
    for folder in DAEMONS:
        claims['polkit actions of ' + folder] = check_actions(root, folder, actions)
        claims['bus name of ' + folder] = check_bus(root, folder)
    tap.report(claims)


main(sys.argv[1])
