#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Sizes past which a second responsibility hides. Relies on the layout that clang-format gives:
a function's name and its braces begin in the first column.
"""
import re
import sys

import tap

FILE_LINES = {'.c': 500, '.h': 150}
FUNCTION_LINES = 60
PARAMETERS = 5


def count_parameters(signature):
    """Of 'name(int a, void (*f)(int, int))': 2. Commas inside inner brackets do not count."""
    inside = signature[signature.index('(') + 1:signature.rindex(')')].strip()
    if inside in ('', 'void'):
        return 0
    depth, n_parameters = 0, 1
    for character in inside:
        depth += {'(': 1, ')': -1}.get(character, 0)
        n_parameters += character == ',' and depth == 0
    return n_parameters


def list_functions(lines):
    """(name, first line, last line, parameters), lines from 1."""
    start, signature = None, ''
    for number, line in enumerate(lines, 1):
        if re.match(r'[A-Za-z_]\w*\(', line):
            start, signature = number, ''
        if start is not None and signature is not None:
            if line == '{':
                opened, signature = signature, None
            else:
                signature += line + ' '
                if line.endswith(';'):
                    start = None
        if line == '}' and start is not None and signature is None:
            yield opened[:opened.index('(')], start, number, count_parameters(opened)
            start = None


def check_file(root, path):
    lines = tap.read_lines(root, path)
    limit = FILE_LINES[path[-2:]]
    if len(lines) > limit:
        yield '%s: %d lines, more than %d' % (path, len(lines), limit)
    for name, first, last, n_parameters in list_functions(lines):
        if last - first + 1 > FUNCTION_LINES:
            yield '%s:%d: %s has %d lines, more than %d' % (
                path, first, name, last - first + 1, FUNCTION_LINES)
        # What a library calls has the parameters that the library gives it.
        if n_parameters > PARAMETERS and not name.startswith('on_'):
            yield '%s:%d: %s has %d parameters, more than %d' % (
                path, first, name, n_parameters, PARAMETERS)


def main(root):
    tap.report({path: list(check_file(root, path)) for path in tap.list_files(root)
                if path.endswith(('.c', '.h'))})


main(sys.argv[1])
