#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""clang-format would change nothing."""
import re
import subprocess
import sys

import tap


def main(root):
    tap.need_tool('clang-format')
    claims = {path: [] for path in tap.list_files(root) if path.endswith(('.c', '.h'))}
    result = subprocess.run(['clang-format', '--dry-run', '-Werror', *claims], cwd=root,
                            capture_output=True, text=True, check=False)
    for line in result.stderr.splitlines():
        match = re.match(r'(.*?):\d+:\d+: ', line)
        if match is not None:
            claims[match.group(1)].append(line)
    if result.returncode != 0 and not any(claims.values()):
        claims['clang-format'] = result.stderr.splitlines()
    tap.report(claims)


main(sys.argv[1])
