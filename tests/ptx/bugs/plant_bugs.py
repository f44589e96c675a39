#!/usr/bin/env python3
"""plant_bugs.py BUILD [NAME...]: shows what the PTX tests find.

Plants each bug of planted.py (or those named) in a copy of the kernels, compiles the one source with
nvcc, links test_cuda_ptx again and prints what its unchanged tests report. BUILD is a release build
that has test_cuda_ptx. Exit status 1: a bug that must be found is not, or the reverse. It takes
about half a minute for each bug."""
import os
import re
import subprocess
import sys
import tempfile
import time

from planted import BUGS

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import planting

LIMIT = 600  # seconds for the tests of one bug


def nvcc(build):
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as f:
        return re.search(r"^PG_NVCC:\w+=(.*)$", f.read(), re.M).group(1)


def build_and_run(bug, build, work):
    """The verdict in words."""
    root = planting.fresh_copy(["kernels/cuda"], work)
    for file, begin, old, new in bug.changes:
        planting.change(root, file, old, new, begin)
    source, tests = bug.where
    planted = os.path.join(work, "planted.o")
    compiled = subprocess.run(
        [nvcc(build), "-std=c++20", "-O3", "-DNDEBUG", "-gencode", "arch=compute_90,code=compute_90",
         "-I" + root, "-I" + planting.SOURCE, "-c", "-o", planted, os.path.join(root, source)],
        capture_output=True, text=True, check=False)
    if compiled.returncode != 0:
        return "NVCC: " + (compiled.stdout + compiled.stderr).strip().splitlines()[-1]
    program = os.path.join(work, "test_cuda_ptx")
    planting.link(build, "test_cuda_ptx", planted, program)
    command = [program, "--gtest_brief=1", "--gtest_filter=" + tests]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False,
                             env=dict(os.environ, PTX_STRICT_TF32="0"))
    except subprocess.TimeoutExpired:
        return f"TIMEOUT of {LIMIT} s"
    if ran.returncode == 0:
        return "not found"
    output = ran.stdout + ran.stderr
    fault = re.search(r"^ptx: (.*(?:\n  by thread.*)?)", output, re.M)
    if fault:
        return "FAULT " + re.sub(r"\s+", " ", fault.group(1))[:260]
    wrong = re.search(r"^.*(?:Failure|differs|instead of).*\n.*", output, re.M)
    return "WRONG RESULT " + (re.sub(r"\s+", " ", wrong.group(0))[:120] if wrong else "")


def main():
    build, bugs = planting.arguments(BUGS, __doc__)
    surprises = 0
    with tempfile.TemporaryDirectory() as work:
        for bug in bugs:
            begin = time.time()
            verdict = build_and_run(bug, build, work)
            surprise = (verdict != "not found") != bug.found
            surprises += surprise
            print(f"{bug.name:22} {bug.what}\n{'UNEXPECTED' if surprise else '':22} {verdict} "
                  f"({time.time() - begin:.0f} s)", flush=True)
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
