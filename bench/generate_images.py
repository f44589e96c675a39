"""generate_images: time and memory of `generate` into a folder, of one or two builds in turn.

    generate_images.py RUN AFTER [BEFORE] [--images 10000] [--rounds 3]

AFTER and BEFORE are programs. Prints seconds and peak memory of each, for a tenth of the images and
for all, and whether both wrote the same bytes.
"""
import argparse
import filecmp
import os
import pathlib
import shutil
import tempfile
import time


def measure(program, run, images, folder):
    """-> seconds, peak memory in MiB"""
    shutil.rmtree(folder, ignore_errors=True)
    start = time.monotonic()
    pid = os.posix_spawn(program, [program, 'generate', '--from', run, '--seeds',
                                   f'0-{images - 1}', '--out', str(folder), '--device', 'cpu'],
                         os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, '/dev/null',
                                                    os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    assert status == 0, f'{program} failed'
    return time.monotonic() - start, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('run')
    parser.add_argument('programs', nargs='+')
    parser.add_argument('--images', type=int, default=10000)
    parser.add_argument('--rounds', type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folders = [pathlib.Path(name) / str(i) for i in range(len(options.programs))]
        for images in (options.images // 10, options.images):
            for k in range(options.rounds):
                for program, folder in zip(options.programs, folders):
                    seconds, memory = measure(program, options.run, images, folder)
                    print(f'{images:6} images, round {k + 1}: {seconds:7.2f} s {memory:6.0f} MiB  '
                          f'{program}', flush=True)
        if len(folders) == 2:
            files = sorted(p.name for p in folders[0].iterdir())
            _, different, errors = filecmp.cmpfiles(*folders, files, shallow=False)
            print('same bytes' if len(files) == options.images and not different + errors
                  else f'{len(different + errors)} files differ')


main()
