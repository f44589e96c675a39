"""generate_images: time and memory of `generate` into a folder, of one or two builds in turn.

    generate_images.py RUN AFTER [BEFORE] [--images 10000] [--rounds 3]

AFTER and BEFORE are programs. Prints seconds and peak memory of each, for a tenth of the images and
for all, and whether both wrote the same bytes, except the text that names the program. Each writes
into a new folder and nothing is removed before the end, since ext4 makes files more slowly for
minutes after others were removed.
"""
import argparse
import os
import pathlib
import statistics
import struct
import tempfile
import time


def measure(program, run, images, folder):
    """-> seconds, peak memory in MiB"""
    start = time.monotonic()
    pid = os.posix_spawn(program, [program, 'generate', '--from', run, '--seeds',
                                   f'0-{images - 1}', '--out', str(folder), '--device', 'cpu'],
                         os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, '/dev/null',
                                                    os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    assert status == 0, f'{program} failed'
    return time.monotonic() - start, usage.ru_maxrss / 1024


def without_text(file):
    """-> the bytes of a PNG file without its tEXt chunks"""
    data = file.read_bytes()
    kept, at = data[:8], 8
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        if kind != b'tEXt':
            kept += data[at:at + 12 + length]
        at += 12 + length
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('run')
    parser.add_argument('programs', nargs='+')
    parser.add_argument('--images', type=int, default=10000)
    parser.add_argument('--rounds', type=int, default=3)
    options = parser.parse_args()
    programs = options.programs
    with tempfile.TemporaryDirectory(dir='.') as name:
        for images in (options.images // 10, options.images):
            seconds, folders = [[] for _ in programs], [None for _ in programs]
            for k in range(options.rounds):
                for i, program in enumerate(programs):
                    folders[i] = pathlib.Path(name) / f'{images}-{k}-{i}'
                    elapsed, memory = measure(program, options.run, images, folders[i])
                    seconds[i].append(elapsed)
                    print(f'{images:6} images, round {k + 1}: {elapsed:7.2f} s {memory:6.0f} MiB  '
                          f'{program}', flush=True)
            if len(programs) == 2:
                ratios = [before / after for after, before in zip(*seconds)]
                print(f'{images:6} images: {statistics.median(ratios):.2f} times as fast')
        if len(programs) == 2:
            files = sorted(p.name for p in folders[0].iterdir())
            different = sum(without_text(folders[0] / f) != without_text(folders[1] / f)
                            for f in files)
            print('same bytes' if len(files) == options.images and not different
                  else f'{different} of {len(files)} files differ')


main()
