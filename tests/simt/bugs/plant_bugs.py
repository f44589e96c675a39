#!/usr/bin/env python3
"""plant_bugs.py BUILD [NAME...]: shows which layer of the tests finds which bug.

Plants each bug of planted.py (or those named) in a copy of its sources, compiles the one file,
links the test programs of BUILD, a release build, again and runs the tests of the bug in each
layer: streams at once and late, another GPU, truncated sums. Bugs of official shapes run in nvcc's
PTX, if BUILD has test_ptx_official. Exit status 1: a layer that must find a bug does
not."""
import os
import re
import shlex
import subprocess
import sys
import tempfile

from planted import BUGS

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import planting

LIMIT = 900  # seconds for the tests of one bug in one layer
LAYERS = {
    "at_once": {},
    "late": {"PROGAN_SIMT_STREAMS": "late:1"},
    "rtx3090": {"PROGAN_SIMT_DEVICE": "rtx3090"},
    "truncated": {"PROGAN_SIMT_MMA": "truncated"},
}
OFFICIAL = "*/64N4Bf16Fading"


def compile_planted(build, target, bug, root, output):
    """With the command that compiles the file for `target`."""
    command = next(c for c in planting.commands(build, target)
                   if re.search(r" -c (\S*/)?" + re.escape(bug.source) + "( |$)", c))
    command = re.sub(r" -o \S+", " -o " + shlex.quote(output), command)
    command = re.sub(r" -M[DTF]+( \S+\.o\S*)?", "", command)
    command = re.sub(r" -c \S+", f" -c {shlex.quote(os.path.join(root, bug.source))}", command)
    command = re.sub(r"^((?:\S*ccache )?\S+)", rf"\1 -I{root} -w", command)
    subprocess.run(command, shell=True, check=True, cwd=build)


def verdict(program, tests, environment):
    """Empty: nothing was found."""
    command = [program, "--gtest_brief=1", "--gtest_filter=" + tests]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False,
                             env=dict(os.environ, **environment))
    except subprocess.TimeoutExpired:
        return f"more than {LIMIT} s"
    if ran.returncode == 0:
        return ""
    fault = re.search(r"^(ptx: .*|C\+\+ exception with.*)", ran.stderr + ran.stdout, re.M)
    failed = re.findall(r"^\[  FAILED  \] ([^ ,]+)", ran.stdout, re.M)
    first, what = failed[0] if failed else "", fault.group(1)[:120] if fault else ""
    return f"{len(set(failed))} tests, {first} {what}"


def findings(bug, build, work):
    """By layer."""
    root = planting.fresh_copy(["kernels/cuda", "model/training"], work)
    for file, old, new in bug.changes:
        planting.change(root, file, old, new)
    planted = os.path.join(work, "planted.o")
    found = dict.fromkeys(LAYERS, "")
    for target, tests in bug.runs:
        program = os.path.join(work, target)
        compile_planted(build, target, bug, root, planted)
        planting.link(build, target, planted, program)
        for layer, environment in LAYERS.items():
            found[layer] = found[layer] or verdict(program, tests, environment)
    official = os.path.join(build, "bin", "test_ptx_official")
    if "official" in bug.layers and os.path.exists(official):
        program = os.path.join(work, "test_ptx_official")
        compile_planted(build, "test_ptx_official", bug, root, planted)
        planting.link(build, "test_ptx_official", planted, program)
        found["official"] = verdict(program, OFFICIAL, {"PTX_RANDOM_SAMPLE": "1"})
    return found


def main():
    build, bugs = planting.arguments(BUGS, __doc__)
    missed = 0
    with tempfile.TemporaryDirectory() as work:
        for bug in bugs:
            found = findings(bug, build, work)
            print(f"{bug.name}: {bug.what}")
            for layer, what in found.items():
                expected = layer in bug.layers
                missed += expected and not what
                mark = ""
                if bool(what) != expected:
                    mark = "MISSED" if expected else "UNEXPECTED"
                print(f"  {layer:10} {mark} {what or 'nothing'}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
