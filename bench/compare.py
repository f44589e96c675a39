#!/usr/bin/env python3
"""compare.py OURS PYTORCH: lines of bench_step --json beside those of pytorch_step.py, as one Markdown
table: for each resolution and precision the fastest variant of either side and their ratio."""
import json
import sys


def lines_of(path):
    """The JSON objects in a file; other lines (warnings) are left out."""
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
                ratio += '' if same else ' (other minibatch)'
            rows.append(row([str(resolution), str((a or b)['batch']), precision,
                             *cells(a, 'kernels'), share, *cells(b, 'variant'), ratio]))
    return rows


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    ours, theirs = lines_of(sys.argv[1]), lines_of(sys.argv[2])
    print('\n'.join(table(ours, theirs)))
    for line in theirs:
        if 'failed' in line:
            print(f"\nPyTorch {line['variant']} at {line['resolution']}: {line['failed']}")
    return 0


if __name__ == '__main__':
    sys.exit(main())
