"""make_layout_files: writes weight files with the names and shapes that published code writes, and
the images that an import must reproduce.

    make_layout_files.py --out FOLDER --resolution 8 [--shrink 32] [--formats NAME...]

FOLDER/<format>/ holds the files of the implementation, with the widths of its full model divided by
--shrink, and reference.safetensors:
    z       F32 [2, L]         latents
    images  F32 [2, 3, R, R]   of the EMA of G if the files have one, at alpha 1
    scores  F64 [2, 1]         D(images), the two as one minibatch, if the files have a D
with the metadata `files` (a JSON list, the one to import first), `network` (the key of the
generator that made the images), `variant` and `settings` (JSON). Weights are random; G, D and the
averaged G differ.
"""
import argparse
import dataclasses
import functools
import json
import pathlib
import sys
import zlib

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'goldens'))

import pickles  # noqa: E402
import safetensors_file  # noqa: E402
import torch_files  # noqa: E402
from karras import OfficialTf, Paper  # noqa: E402
from layers import Settings, Variant  # noqa: E402
from older_variants import AkanimaxBefore3, MmGeneration  # noqa: E402
from ports import Akanimax, GanZoo  # noqa: E402
from tutorials import Exercise, ReadmeHq, Tutorial  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Format:
    variant: Variant
    write: object           # (folder, settings, parameters by network) -> names of files
    network: str            # key of the generator to import
    fmap_base: int = 8192
    fmap_max: int = 512
    latent: int = 512
    has_critic: bool = True
    averaged: bool = True

    def settings(self, resolution, shrink):
        return Settings(resolution, self.fmap_base // shrink, self.fmap_max // shrink,
                        self.latent // shrink)


def tutorial(variant):
    write = functools.partial(torch_files.write_tutorial, variant=variant)
    return Format(variant, write, 'state_dict', 4096, 256, 256, averaged=False)


FORMATS = {
    'official-tf': Format(OfficialTf(), pickles.write_official, 'Gs'),
    'theano': Format(Paper(), pickles.write_theano, 'Gs'),
    'gan-zoo-legacy': Format(GanZoo(), torch_files.write_zoo_legacy, 'avgG'),
    'gan-zoo-zip': Format(GanZoo(), torch_files.write_zoo_zip, 'avgG'),
    'akanimax': Format(Akanimax(), torch_files.write_akanimax, 'shadow_generator', 16384),
    'akanimax-pre3': Format(AkanimaxBefore3(), torch_files.write_akanimax_pre3, ''),
    'tutorial': tutorial(Tutorial()),
    'readme-hq': tutorial(ReadmeHq()),
    'exercise': Format(Exercise(), torch_files.write_exercise, '', latent=128, has_critic=False,
                       averaged=False),
    'mmgeneration': Format(MmGeneration(), torch_files.write_mmgeneration, 'generator_ema',
                           has_critic=False),
}


def random_parameters(random, specs, scales):
    def values(name, shape, std):
        if std == 'scale':
            return np.asarray(scales[name] * random.uniform(0.8, 1.25))
        return std * random.standard_normal(shape)
    return {name: torch.from_numpy(values(name, *spec).astype(np.float32).astype(np.float64))
            for name, spec in specs.items()}


def make(name, folder, resolution, shrink):
    form, random = FORMATS[name], np.random.RandomState(zlib.crc32(name.encode()))
    s, v = form.settings(resolution, shrink), form.variant
    folder.mkdir(parents=True, exist_ok=True)
    g_scales, d_scales = (v.scales(s, net) if v.name == 'paper' else {} for net in 'GD')
    networks = {'G': random_parameters(random, v.generator_specs(s), g_scales)}
    if form.averaged:
        networks['Gs'] = random_parameters(random, v.generator_specs(s), g_scales)
    if form.has_critic:
        networks['D'] = random_parameters(random, v.critic_specs(s), d_scales)
    files = form.write(folder, s, networks)

    z = torch.from_numpy(random.standard_normal((2, s.latent)).astype(np.float32))
    best = networks['Gs' if form.averaged else 'G']
    images = v.generate(s, best, z.double(), resolution, 1.0).float()
    tensors = {'z': z.numpy(), 'images': images.numpy()}
    if form.has_critic:
        scores = v.criticize(s, networks['D'], images.double(), resolution, 1.0)
        tensors['scores'] = scores.numpy()
    metadata = {'files': json.dumps(files), 'network': form.network, 'variant': v.name,
                'settings': json.dumps(dataclasses.asdict(s))}
    safetensors_file.write(folder / 'reference.safetensors', tensors, metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=pathlib.Path, required=True)
    parser.add_argument('--resolution', type=int, default=16,
                        choices=[2 ** i for i in range(3, 11)])
    parser.add_argument('--shrink', type=int, default=1, help='divides widths and latent size')
    parser.add_argument('--formats', nargs='+', choices=FORMATS, default=list(FORMATS))
    options = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    with torch.no_grad():
        for name in options.formats:
            make(name, options.out / name, options.resolution, options.shrink)


if __name__ == '__main__':
    main()
