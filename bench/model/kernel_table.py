#!/usr/bin/env python3
"""Writes kernels_sm_80.inc and kernels_sm_90a.inc from the machine code of a release build.

    bench/model/kernel_table.py build/release

needs a build with nvcc, and cuobjdump and nvdisasm of the CUDA Toolkit on the PATH (also in the
packages nvidia-cuda-cuobjdump and nvidia-cuda-nvdisasm of PyPI). One line for each kernel:

    name       as in kernel_name.h
    registers  of a thread
    main loop  the innermost loop with instructions of the tensor core: all its instructions, those
               of the tensor core (HMMA) and ldmatrix (LDSM); if it also has loops of copies, its
               part from the commit of those (LDGDEPBAR) to the last HMMA
    copy       instructions around each cp.async (LDGSTS) outside of the main loop, in a loop that
               contains it, on its shortest path with the most copies (inside of an image), without
               those that round to tf32; 0 if the main loop has all of them

Zeros: the kernel has no such loop. See kernel_table.h.
"""
import collections
import re
import subprocess
import sys
from pathlib import Path

ARCHITECTURES = ("sm_80", "sm_90a")


def lines_of(*command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield from process.stdout
    if process.wait() != 0:
        sys.exit(f"{command[0]} failed")


def short_names(mangled):
    """As bench/model/kernel_name.h."""
    text = subprocess.run(["c++filt"], input="\n".join(mangled), capture_output=True, text=True, check=True)
    names = {}
    for before, name in zip(mangled, text.stdout.split("\n")):
        for part in ("void ", "(anonymous namespace)::", "pg::cuda::", "pg::simt::"):
            name = name.replace(part, "")
        depth = 0
        for i, c in enumerate(name):
            depth += (c == "<") - (c == ">")
            if c == "(" and depth == 0:
                name = name[:i]
                break
        names[before] = name
    return names


def registers_of(library, architecture):
    found, name = {}, None
    for line in lines_of("cuobjdump", "-arch", architecture, "-res-usage", library):
        if match := re.match(r" Function (\S+):", line):
            name = match.group(1)
        elif match := re.match(r"\s+REG:(\d+)", line):
            found[name] = int(match.group(1))
    return found


def functions_of(library, architecture):
    """Yields (mangled name, [(address, instruction)])."""
    name, body = None, []
    for line in lines_of("cuobjdump", "-arch", architecture, "-sass", library):
        if match := re.match(r"\s*Function : (\S+)", line):
            if name:
                yield name, body
            name, body = match.group(1), []
        elif match := re.match(r"\s+/\*([0-9a-f]{4,})\*/\s+(.*?);", line):
            body.append((int(match.group(1), 16), match.group(2).strip()))
    if name:
        yield name, body


def opcode(instruction):
    return re.sub(r"^@!?U?P\w+\s+", "", instruction).split()[0].split(".")[0]


def loops_of(body):
    """[(first, last)] of the backward branches, positions in the body."""
    at = {address: i for i, (address, _) in enumerate(body)}
    loops = set()
    for i, (_, instruction) in enumerate(body):
        if match := re.search(r"BRA(?:\.\w+)*\s.*?(0x[0-9a-f]+)", instruction):
            to = at.get(int(match.group(1), 16), len(body))
            if to < i:
                loops.add((to, i))
    return loops


def inside(inner, outer):
    return outer[0] <= inner[0] and inner[1] <= outer[1] and inner != outer


def loop_numbers(body):
    """(instructions, mma, ldmatrix, copy) of the main loop."""
    codes = [opcode(instruction) for _, instruction in body]

    def count(loop):
        return collections.Counter(codes[loop[0]:loop[1] + 1])

    loops = {loop: count(loop) for loop in loops_of(body)}
    products = [loop for loop in loops if loops[loop]["HMMA"]]
    innermost = [a for a in products if not any(inside(b, a) for b in products)]
    if not innermost:
        return 0, 0, 0, 0
    main = max(innermost, key=lambda loop: loops[loop]["HMMA"])
    copying = [a for a in loops if not loops[a]["HMMA"] and loops[a]["LDGSTS"]]
    if any(inside(copy, main) for copy in copying):  # its steps are unrolled
        products = [i for i in range(*main) if codes[i] == "HMMA"]
        committed = [i for i in range(main[0], products[0]) if codes[i] == "LDGDEPBAR"]
        outer, main = main, (committed[-1] if committed else products[0], products[-1])
        loops[main] = count(main)
    else:
        outer = min((a for a in products if inside(main, a)), key=lambda a: a[1] - a[0], default=None)
    n = loops[main]
    return main[1] - main[0] + 1, n["HMMA"], n["LDSM"], copy_instructions(body, loops, copying, main, outer)


def copying_path(body, loop):
    """The shortest way through a round of the loop among those with the most copies: that of a patch
    inside of the image, in the same row of patches as the next one. [position]"""
    at = {address: i for i, (address, _) in enumerate(body)}
    first, last = loop
    best = {last: (0, 1, None)}  # by position: copies to come, negated; instructions; next one
    for i in range(last - 1, first - 1, -1):
        instruction = body[i][1]
        following = [i + 1]
        if match := re.search(r"BRA(?:\.\w+)*\s.*?(0x[0-9a-f]+)", instruction):
            if not instruction.startswith("@"):
                following = []
            following.append(at.get(int(match.group(1), 16), -1))
        ways = [best[n][:2] + (n,) for n in following if n > i and n in best]
        if ways:
            copies, instructions, n = min(ways)
            best[i] = (copies - (opcode(instruction) == "LDGSTS"), instructions + 1, n)
    path = [first]
    while path[-1] != last:
        path.append(best[path[-1]][2])
    return path


def rounded_in_line(body, path):
    """(first, last) of the packs that are rounded to tf32 outside of a loop."""
    moves = [i for i in path if re.search(r"\b(LDS|STS)\.128", body[i][1])]
    return (moves[0], moves[-1]) if moves else (0, -1)


def copy_instructions(body, loops, copying, main, outer):
    """Of a loop that stores results as well: only those of its loops of copies."""
    while outer and not loops[outer]["LDGSTS"]:
        outer = min((a for a in loops if inside(outer, a)), key=lambda a: a[1] - a[0], default=None)
    if not outer:
        return 0
    if loops[outer]["STG"]:
        chosen = [a for a in copying if inside(a, outer) and not any(inside(b, a) for b in copying)]
        instructions = sum(a[1] - a[0] + 1 for a in chosen)
        copies = sum(loops[a]["LDGSTS"] for a in chosen)
    else:
        rounding = [a for a in loops if inside(a, outer) and loops[a]["STS"] and not loops[a]["LDGSTS"]
                    and not loops[a]["HMMA"]]
        path = copying_path(body, outer)
        parts = [main] + rounding + [rounded_in_line(body, path)]
        instructions = sum(not any(a[0] <= i <= a[1] for a in parts) for i in path)
        copies = sum(opcode(body[i][1]) == "LDGSTS" for i in path)
    return round(instructions / copies) if copies else 0


def main():
    library = str(Path(sys.argv[1]) / "libpg_cuda.a")
    for architecture in ARCHITECTURES:
        registers = registers_of(library, architecture)
        bodies = dict(functions_of(library, architecture))
        names = short_names(sorted(registers))
        rows = {}
        for mangled, name in names.items():
            if "double" in name:  # training never uses them
                continue
            numbers = ", ".join(map(str, loop_numbers(bodies[mangled])))
            rows[name] = f'{{"{name}", {registers[mangled]}, {numbers}}},'
        file = Path(__file__).with_name(f"kernels_{architecture}.inc")
        head = f"// Kernels in machine code for {architecture}; written by kernel_table.py."
        file.write_text("\n".join([head] + [rows[name] for name in sorted(rows)]) + "\n")
        print(f"{file}: {len(rows)} kernels")


if __name__ == "__main__":
    main()
