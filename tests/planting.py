"""planting: what the scripts that plant bugs share: copies of sources, changes in them, and the commands
of a build."""
import os
import shlex
import shutil
import subprocess
import sys

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))


def fresh_copy(folders, work):
    """Copies these folders of the sources to work/src, which it returns."""
    root = os.path.join(work, "src")
    shutil.rmtree(root, ignore_errors=True)
    for folder in folders:
        shutil.copytree(os.path.join(SOURCE, folder), os.path.join(root, folder))
    return root


def change(root, file, old, new, begin=""):
    """Replaces the first `old` after `begin`."""
    path = os.path.join(root, file)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    at = text.index(begin)
    if old not in text[at:]:
        sys.exit(f"plant_bugs.py: {file} no longer has {old!r}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text[:at] + text[at:].replace(old, new, 1))


def commands(build, target):
    """The commands that build a target, in order."""
    return subprocess.run(["ninja", "-C", build, "-t", "commands", target], check=True,
                          capture_output=True, text=True).stdout.splitlines()


def link(build, target, planted, program):
    """Links a test program of the build again, with an object before its libraries."""
    command = next(c for c in reversed(commands(build, target)) if f"-o bin/{target}" in c)
    command = command.replace(": && ", "", 1).rsplit(" && :", 1)[0]
    files = f"{shlex.quote(program)} {shlex.quote(planted)}"
    command = command.replace(f"-o bin/{target}", f"-o {files}")
    subprocess.run(command, shell=True, check=True, cwd=build)


def arguments(bugs, usage):
    """BUILD and the chosen bugs from the command line BUILD [NAME...]."""
    if len(sys.argv) < 2:
        sys.exit(usage)
    build, names = os.path.abspath(sys.argv[1]), sys.argv[2:]
    unknown = set(names) - {bug.name for bug in bugs}
    if unknown:
        sys.exit(f"plant_bugs.py: unknown bug '{sorted(unknown)[0]}'")
    return build, [bug for bug in bugs if not names or bug.name in names]
