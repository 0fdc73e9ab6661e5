#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The licence tag opens every source; a header says next what it is for, and guards itself."""
import sys

import tap

TAG = 'SPDX-License-Identifier: LGPL-2.1-or-later'
COMMENTS = {'.c': '/* %s */', '.h': '/* %s */'}


def is_source(path, lines):
    return path.endswith(('.c', '.h', '.py', '.sh')) or path.endswith('meson.build') or (
        bool(lines) and lines[0].startswith('#!'))


def check_file(path, lines):
    wanted = COMMENTS.get(path[-2:], '# %s') % TAG
    place = 1 if lines and lines[0].startswith('#!') else 0
    if lines[place:place + 1] != [wanted]:
        yield '%s:%d: is not \'%s\'' % (path, place + 1, wanted)
    if path.endswith('.h'):
        if not lines[1:2] or not lines[1].startswith('/*'):
            yield '%s:2: no paragraph that says what this is for' % path
        if '#pragma once' not in lines:
            yield '%s: no #pragma once' % path


def main(root):
    claims = {}
    for path in tap.list_files(root):
        lines = tap.read_lines(root, path)
        if is_source(path, lines):
            claims[path] = list(check_file(path, lines))
    tap.report(claims)


main(sys.argv[1])
