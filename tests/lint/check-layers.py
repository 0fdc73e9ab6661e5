#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every #include against the arrows of docs/architecture.md: who may know whom."""
import re
import sys

import tap

ARROWS = {
    'base': [],
    'proto': ['base'],
    'core': ['base'],
    'os': ['base'],
    'bus': ['base'],
    'agent/devices': ['base', 'proto', 'os'],
    'agent/providers': ['base', 'proto', 'core/reading.h', 'core/reading-mean.h', 'os', 'agent/devices'],
    'agent/hints': ['base', 'proto', 'core/reading.h', 'os', 'agent/devices'],
    'agent': ['base', 'proto', 'core', 'os', 'bus',
              'agent/devices', 'agent/providers', 'agent/hints'],
    'hostd': ['base', 'proto', 'os', 'bus'],
    'ctl': ['base', 'bus'],
}
# The pure folders have no way to the outside: these headers and no others.
PURE = {'base', 'proto', 'core'}
PURE_HEADERS = {'errno.h', 'float.h', 'inttypes.h', 'limits.h', 'math.h', 'stdarg.h',
                'stdbool.h', 'stddef.h', 'stdint.h', 'string.h', 'time.h', 'glib.h', 'zlib.h',
                'nettle/cmac.h', 'nettle/memops.h'}
# Libraries that belong to some folders alone.
LIBRARIES = {
    'zlib.h': {'proto'},
    'nettle/': {'proto'},
    'libudev.h': {'agent'},
    'libvirt/': {'hostd'},
    'json-glib/': {'ctl'},
    # Terminals own the prefix VT_ there.
    'linux/vt.h': set(),
}


def find_folder(path):
    """The longest folder of the table that holds path; None for tests, tools and the like."""
    return max((folder for folder in ARROWS if path.startswith(folder + '/')),
               key=len, default=None)


def check_own(folder, target):
    reached = find_folder(target)
    if reached is None:
        return 'is not written from the root' if '/' not in target else 'is nobody\'s to include'
    if reached == folder or reached in ARROWS[folder] or target in ARROWS[folder]:
        return None
    return 'is a forbidden arrow'


def check_foreign(folder, target):
    for library, owners in LIBRARIES.items():
        if target.startswith(library) and folder.split('/')[0] not in owners:
            return 'belongs to other folders'
    if folder in PURE and target not in PURE_HEADERS:
        return 'has no place in a pure folder'
    return None


def check_file(root, path, folder):
    for number, line in enumerate(tap.read_lines(root, path), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if match is None:
            continue
        check = check_own if match.group(1) == '"' else check_foreign
        complaint = check(folder, match.group(2))
        if complaint is not None:
            yield '%s:%d: %s %s' % (path, number, match.group(2), complaint)


def main(root):
    claims = {}
    for path in tap.list_files(root):
        folder = find_folder(path)
        if folder is not None and path.endswith(('.c', '.h')):
            claims[path] = list(check_file(root, path, folder))
    tap.report(claims)


main(sys.argv[1])
