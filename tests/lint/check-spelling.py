#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""codespell knows no better. Words it is wrong about stand in spelling-words."""
import subprocess
import sys

import tap

TEXT = ('.c', '.h', '.py', '.sh', '.rst', '.md', '.xml', '.build', '.txt', '.conf', '.service',
        '.bash', '.zsh', '.rules')


def main(root):
    tap.need_tool('codespell')
    claims = {path: [] for path in tap.list_files(root) if path.endswith(TEXT)}
    # The 'n' of a line end in a C string is no part of the word behind it.
    result = subprocess.run(['codespell', '-I', 'tests/lint/spelling-words',
                             '--ignore-regex', r'\\[nt]', *claims], cwd=root,
                            capture_output=True, text=True, check=False)
    for line in result.stdout.splitlines():
        claims.setdefault(line.split(':')[0], []).append(line)
    if result.returncode != 0 and not any(claims.values()):
        claims['codespell'] = result.stderr.splitlines() or ['ended with an error']
    tap.report(claims)


main(sys.argv[1])
