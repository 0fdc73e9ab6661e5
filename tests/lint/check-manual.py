#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The manual says what the programs say: each option, command and setting stands in its page with
its default and its choices, and nothing else does; and the completions offer them. Arguments:
docs/man, the folder of the completions, then the programs.
"""
import os
import re
import subprocess
import sys

import tap


def ask(program, option):
    return subprocess.run([program, option], capture_output=True, text=True, check=True,
                          env=dict(os.environ, LC_ALL='C.UTF-8')).stdout


def read_sections(folder, name):
    """Title -> lines of the section, of the page in section 1, 5 or 8 of the manual."""
    path = next(os.path.join(folder, entry) for entry in sorted(os.listdir(folder))
                if re.fullmatch(re.escape(name) + r'\.\d\.rst', entry))
    with open(path, encoding='utf-8') as file:
        lines = file.read().splitlines()
    sections, title = {}, None
    for number, line in enumerate(lines):
        if lines[number + 1:number + 2] == ['=' * len(line)] and line:
            title = line
            sections[title] = []
        elif title is not None and set(line) != {'='}:
            sections[title].append(line)
    return sections


def compare(what, told, written):
    return (['%s %s stands in --help alone' % (what, name) for name in sorted(told - written)] +
            ['%s %s stands in the manual alone' % (what, name)
             for name in sorted(written - told)])


def find_options(lines):
    """Long and short options of lines that begin with one."""
    return {option for line in lines if re.match(r'\s*-', line)
            for option in re.findall(r'(?<![\w-])--?[a-zA-Z][\w-]*', line.split('  ')[0])}


def check_options(help_text, sections):
    told = find_options(line.strip() for line in help_text.splitlines())
    written = find_options(line for line in sections.get('OPTIONS', []) if line[:1] == '-')
    return compare('option', told, written)


def check_commands(help_text, sections):
    block = re.search(r'^Commands:\n((?:  .*\n?)+)', help_text, re.MULTILINE)
    told = set(re.findall(r'^  ([\w-]+)', block.group(1), re.MULTILINE)) if block else set()
    written = {line.split()[0] for line in sections.get('COMMANDS', []) if line[:1].isalpha()}
    return compare('command', told, written)


def check_examples(help_text, sections):
    """Each command is typed in an example."""
    block = re.search(r'^Commands:\n((?:  .*\n?)+)', help_text, re.MULTILINE)
    told = re.findall(r'^  ([\w-]+)', block.group(1), re.MULTILINE) if block else []
    typed = re.findall(r'virt-timectl ([\w-]+)', ' '.join(sections.get('EXAMPLES', [])))
    return ['%s has no example' % name for name in told if name not in typed + ['help']]


def check_completion(help_text, path):
    """Every command and every long option of the program is offered."""
    text = open(path, encoding='utf-8').read()
    block = re.search(r'^Commands:\n((?:  .*\n?)+)', help_text, re.MULTILINE)
    wanted = set(re.findall(r'^  ([\w-]+)', block.group(1), re.MULTILINE))
    wanted |= {option for option in find_options(help_text.splitlines())
               if option.startswith('--')}
    return ['%s is not offered' % word for word in sorted(wanted)
            if not re.search(r'(?<![\w-])%s(?![\w-])' % re.escape(word), text)]


def find_entry(lines, key):
    """The text below 'key=', up to the next one; None if there is none."""
    if key + '=' not in lines:
        return None
    start = lines.index(key + '=') + 1
    end = next((i for i in range(start, len(lines)) if lines[i] and lines[i][0] != ' '),
               len(lines))
    return ' '.join(line.strip() for line in lines[start:end])


def check_settings(settings_text, sections):
    complaints, told = [], set()
    # Of a program that never reloads the page need not say so at each setting.
    fixed_whole = all(line.endswith('\trestart') for line in settings_text.splitlines())
    for line in settings_text.splitlines():
        group, key, _, default, choices, _, restart = line.split('\t')
        told.add('[%s] %s' % (group, key))
        entry = find_entry(sections.get('[%s]' % group, []), key)
        if entry is None:
            continue
        for wanted in (['Default: %s.' % ('**%s**' % default if default else 'empty')] +
                       ['**%s**' % choice for choice in choices.split('|') if choice]):
            if wanted not in entry:
                complaints.append('[%s] %s: no \'%s\'' % (group, key, wanted))
        if (restart != '') != ('A change needs a restart.' in entry) and not fixed_whole:
            complaints.append('[%s] %s: needs a restart or not' % (group, key))
    written = {'%s %s' % (title, line[:-1]) for title, lines in sections.items()
               for line in lines if title[0] == '[' and re.fullmatch(r'[\w-]+=', line)}
    return complaints + compare('setting', told, written)


def main(folder, completions, programs):
    claims = {}
    for path in sorted(os.path.join(completions, name) for name in os.listdir(completions)):
        name = os.path.basename(path).split('.')[0]
        for program in programs:
            if os.path.basename(program) == name:
                claims[os.path.basename(path)] = check_completion(ask(program, '--help'), path)
    for program in programs:
        name = os.path.basename(program)
        help_text, sections = ask(program, '--help'), read_sections(folder, name)
        claims[name + ' options'] = check_options(help_text, sections)
        claims[name + ' commands'] = check_commands(help_text, sections)
        claims[name + ' examples'] = check_examples(help_text, sections)
        if '--print-settings' in help_text:
            claims[name + ' settings'] = check_settings(
                ask(program, '--print-settings'), read_sections(folder, name + '.conf'))
    tap.report(claims)


main(sys.argv[1], sys.argv[2], sys.argv[3:])
