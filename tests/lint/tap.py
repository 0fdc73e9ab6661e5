# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checks share: which files are ours, and TAP with one claim for each of them."""
import os
import shutil
import sys

# The build may stand inside the tree, and so may other people's checkouts: only what is ours.
FOLDERS = ('base', 'proto', 'core', 'os', 'bus', 'agent', 'hostd', 'ctl', 'systemd', 'tools',
           'docs', 'tests', '.ci')


def list_files(root):
    """Paths below root, '/'-separated, sorted."""
    paths = [name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name))]
    for folder in FOLDERS:
        for place, folders, names in os.walk(os.path.join(root, folder)):
            folders[:] = [name for name in folders
                          if name != '__pycache__'
                          and not os.path.exists(os.path.join(place, name, 'build.ninja'))]
            paths += [os.path.relpath(os.path.join(place, name), root) for name in names]
    return sorted(paths)


def read_lines(root, path):
    with open(os.path.join(root, path), encoding='utf-8', errors='replace') as file:
        return file.read().splitlines()


def need_tool(name):
    """Skips the whole check on a desk without the tool; where CI is set that is a failure."""
    if shutil.which(name) is not None:
        return
    print('1..0 # SKIP no %s' % name if 'CI' not in os.environ else 'Bail out! no %s' % name)
    sys.exit(0 if 'CI' not in os.environ else 1)


def report(claims):
    """claims: name -> list of complaints. Does not return."""
    print('TAP version 13')
    print('1..%d' % len(claims))
    for number, (name, complaints) in enumerate(claims.items(), 1):
        print('%sok %d %s' % ('not ' if complaints else '', number, name))
        for complaint in complaints:
            print('# ' + complaint)
    sys.exit(any(claims.values()))
