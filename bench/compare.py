#!/usr/bin/env python3
"""Markdown tables of the JSON output of the benchmarks.

compare.py OURS PYTORCH     bench_step --json and pytorch_step.py: for each resolution and precision the
                            fastest variant of each, and their ratio
compare.py --kernels LINES  bench_kernels --json: the kernels of all backends side by side"""
import json
import sys


def lines_of(path):
    """The JSON objects in a file; other lines (warnings) are skipped."""
    found = []
    with open(path, encoding='utf-8') as file:
        for line in file:
            if line.startswith('{'):
                found.append(json.loads(line))
    return found


def best(lines, resolution, precision):
    those = [line for line in lines if line.get('images_per_second') and
             line['resolution'] == resolution and line['precision'] == precision]
    return max(those, key=lambda line: line['images_per_second'], default=None)


def cells(line, name):
    if line is None:
        return ['-', '-', '-', '-']
    rate, batch = line['images_per_second'], line['batch']
    return [f'{rate:.4g}', f'{1e3 * batch / rate:.4g}', str(line['peak_memory_mb']), line[name]]


def row(cells):
    return '| ' + ' | '.join(cells) + ' |'


def table(ours, theirs):
    heads = ['resolution', 'batch', 'precision', 'ours, img/s', 'ms', 'MB', 'kernels', 'of the floor',
             'PyTorch, img/s', 'ms', 'MB', 'variant', 'ratio']
    rows = [row(heads), '|' + '---|' * len(heads)]
    both = ours + theirs
    for precision in ('fp32', 'tf32', 'bf16'):
        for resolution in sorted({line['resolution'] for line in both}):
            a, b = best(ours, resolution, precision), best(theirs, resolution, precision)
            if a is None and b is None:
                continue
            share = f"{100 * a['share_of_floor']:.0f} %" if a and 'share_of_floor' in a else '-'
            ratio = '-'
            if a and b:
                same = a['batch'] == b['batch']
                ratio = f"{a['images_per_second'] / b['images_per_second']:.2f}"
                ratio += '' if same else ' (different minibatch)'
            rows.append(row([str(resolution), str((a or b)['batch']), precision,
                             *cells(a, 'kernels'), share, *cells(b, 'variant'), ratio]))
    return rows


def kernel_cells(line):
    if line is None:
        return ['-'] * 5
    if 'ms' not in line:
        return ['-', '-', '-', '-', line['check']]
    spread = (line['ms_max'] - line['ms_min']) / line['ms']
    return [f"{line['ms']:.4f} ({100 * spread:.0f} %)", f"{line['tflops']:.1f}",
            f"{line['gb_per_second']:.0f}", f"{100 * line['share_of_peak']:.0f} %",
            f"{line['check']} ({line['error']:.0e})" if line['error'] is not None else 'wrong']


def kernel_table(lines):
    peaks = [line for line in lines if 'peak' in line]
    found = [line for line in lines if 'case' in line]
    names = list(dict.fromkeys(line['kernels'] for line in found))
    rows = [f"- {p['precision']}, {p['peak']}: copy {p['copy_gb_per_second']:.0f} GB/s, matrix product "
            f"{p['matrix_product_tflops']:.1f} TFLOP/s ({p['device']})" for p in peaks]
    heads = ['case', 'shape', 'precision']
    for name in names:
        heads += [f'{name}, ms (spread)', 'TFLOP/s', 'GB/s', 'of the peak', 'check']
    if len(names) == 2:
        heads.append(f'{names[0]} / {names[1]}, time')
    rows += ['', row(heads), '|' + '---|' * len(heads)]
    by_case = {}
    for line in found:
        by_case.setdefault((line['precision'], line['case'], line['shape']), {})[
            line['kernels']] = line
    for (precision, case, shape), lines_by_name in by_case.items():
        pair = [lines_by_name.get(name) for name in names]
        cells_of_row = [case, shape, precision]
        for line in pair:
            cells_of_row += kernel_cells(line)
        if len(names) == 2:
            both = all(line is not None and 'ms' in line for line in pair)
            cells_of_row.append(f"{pair[0]['ms'] / pair[1]['ms']:.2f}" if both else '-')
        rows.append(row(cells_of_row))
    return rows


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    if sys.argv[1] == '--kernels':
        print('\n'.join(kernel_table(lines_of(sys.argv[2]))))
        return 0
    ours, theirs = lines_of(sys.argv[1]), lines_of(sys.argv[2])
    print('\n'.join(table(ours, theirs)))
    for line in theirs:
        if 'failed' in line:
            print(f"\nPyTorch {line['variant']} at {line['resolution']}: {line['failed']}")
    return 0


if __name__ == '__main__':
    sys.exit(main())
