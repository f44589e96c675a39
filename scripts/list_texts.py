#!/usr/bin/env python3
"""Lists the texts that users can read, one per line as FILE:LINE: TEXT, for proofreading.

list_texts.py [--all] [PATH...]

C++ and CUDA: the string literals of errors, logs, output and command-line help. The parts of one message are
joined, with {...} in place of values. --all adds every other string literal.
Shell and Python: printed lines, error messages, and help texts.
PATH is a file or folder (default: apps, model, data, engine, kernels, bench and scripts)."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ['apps', 'model', 'data', 'engine', 'kernels', 'bench', 'scripts']
# Calls whose string arguments reach a user.
CALLS = re.compile(
    r'^(PG_CHECK|message|refuse|fail|require|reject|throw_\w+|print|printf|fprintf|puts|fputs|'
    r'info|warn|note|error|log|append|\w*Error|add_option|add_flag|add_subcommand|App|key|PG_[A-Z]+|'
    r'PG_KEY|tell|judge|list|list_images|also|counts)$')
TOKEN = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<raw>R"(?P<mark>[^(\s]*)\((?P<body>.*?)\)(?P=mark)")|'
    r'(?P<string>"(?:\\.|[^"\\\n])*")|(?P<char>\'(?:\\.|[^\'\\\n])+\')|'
    r'(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\w.\']*)|(?P<line>\n)|(?P<space>[^\S\n]+)|(?P<punct>.)', re.S)


class Token:
    def __init__(self, kind, text, line):
        self.kind, self.text, self.line = kind, text, line


def tokens_of(source):
    """Tokens without comments, space and preprocessor includes; adjacent string literals are joined."""
    source = re.sub(r'^[ \t]*#[ \t]*include[^\n]*', '', source, flags=re.M)
    found, line = [], 1
    for m in TOKEN.finditer(source):
        kind, text = m.lastgroup, m.group()
        if kind in ('mark', 'body'):
            kind = 'raw'
        if kind == 'raw':
            kind, text = 'string', m.group('body')
        elif kind == 'string':
            text = text[1:-1]
        if kind == 'string' and found and found[-1].kind == 'string':
            found[-1].text += text
        elif kind not in ('comment', 'line', 'space'):
            found.append(Token(kind, text, line))
        line += m.group().count('\n')
    return found


def enclosing_calls(tokens):
    """For each token the index of the innermost parenthesis of a call in CALLS, else None."""
    inside, stack = [], []
    for i, t in enumerate(tokens):
        if t.kind == 'punct' and t.text in '([{':
            call = t.text == '(' and i > 0 and tokens[i - 1].kind == 'name' and CALLS.match(
                tokens[i - 1].text)
            outer = stack[-1] if stack else None
            # A lambda or an initialiser list has a body of its own.
            stack.append(i if call else outer if t.text != '{' else None)
        inside.append(stack[-1] if stack else None)
        if t.kind == 'punct' and t.text in ')]}' and stack:
            stack.pop()
    return inside


def joined_parts(tokens, members, separator):
    """The strings of one call, with {...} for the values between them."""
    first, last = members[0], members[-1]
    text, value = '', []
    for i in range(first, last + 1):
        t = tokens[i]
        if t.kind == 'string':
            names = [v for v in value if re.match(r'\w', v)]
            if value and names:
                text += '{' + names[-1] + '}' if separator == '' else separator
            elif value and text:
                text += separator
            text, value = text + t.text, []
        else:
            value.append(t.text)
    return text


def cpp_texts(source, everything):
    tokens = tokens_of(source)
    inside, groups = enclosing_calls(tokens), {}
    for i, t in enumerate(tokens):
        if t.kind != 'string' or not t.text:
            continue
        call = inside[i]
        groups.setdefault(('call', call) if call is not None else ('single', i), []).append(i)
    for (kind, call), members in groups.items():
        name = tokens[call - 1].text if kind == 'call' else ''
        # The options of a parser have a name and a help text; the parts of a message are one text.
        separator = ' | ' if re.match(r'add_|App|PG_[A-BD-Z]|key', name) else ''
        text = joined_parts(tokens, members, separator)
        sentence = ' ' in text.strip() and re.search(r'[A-Za-z]{2}', text)
        if everything or sentence:
            yield tokens[members[0]].line, text


def shell_texts(source):
    lines, heredoc = source.split('\n'), None
    for number, line in enumerate(lines, 1):
        if heredoc:
            heredoc = None if line.strip() == heredoc else heredoc
            if heredoc and line.strip():
                yield number, line.strip()
            continue
        start = re.search(r'<<-?\s*[\'"]?([A-Z]+)[\'"]?', line)
        if start:
            heredoc = start.group(1)
        elif re.search(r'\b(echo|printf|fail|die|finish)\b.*["\']', line) or re.match(
                r'\s*"[^"]*[a-z] [^"]*".*(>&2|\\)?$', line):
            yield number, line.strip()


def python_texts(source):
    for number, line in enumerate(source.split('\n'), 1):
        if re.search(r'\b(help=|print\(|SystemExit|RuntimeError|ArgumentParser)', line):
            yield number, line.strip()


def files_of(paths):
    for path in paths:
        if path.is_file():
            yield path
            continue
        for file in sorted(path.rglob('*')):
            if file.suffix in ('.cpp', '.h', '.cu', '.cuh', '.def', '.sh', '.py'):
                yield file


def main():
    arguments = [a for a in sys.argv[1:] if a != '--all']
    if any(a.startswith('-') for a in arguments):
        print(__doc__)
        return 0 if arguments[0] in ('-h', '--help') else 2
    paths = [Path(a).resolve() for a in arguments] or [ROOT / folder for folder in FOLDERS]
    for file in files_of(paths):
        source = file.read_text(encoding='utf-8')
        if file.suffix == '.sh':
            texts = shell_texts(source)
        elif file.suffix == '.py':
            texts = python_texts(source)
        else:
            texts = cpp_texts(source, '--all' in sys.argv)
        name = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
        for line, text in texts:
            print(f'{name}:{line}: {text}')
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except BrokenPipeError:
        sys.exit(0)
