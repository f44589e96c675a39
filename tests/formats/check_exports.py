"""check_exports: exported networks give the same images as progan_cuda.

    check_exports.py onnx FOLDER     compares every NAME/R.onnx in it with NAME/R.npy, by NumPy and,
                                     if installed, by onnxruntime
    check_exports.py torch FOLDER    NAME.pth and NAME.LAYOUT.safetensors, read by PyTorch and
                                     computed by the independent versions in tests/goldens
    check_exports.py module FOLDER   NAME/own.pth by PyTorch and the exported module NAME/model.py

Latents are in z.npy; images are [N, R, R, C], of class 2 if there are classes.
"""
import dataclasses
import json
import pathlib
import re
import sys

import numpy as np

import onnx_eval

CLASS = 2
# Relative errors of f32 with Winograd's convolution: about 1e-6 in the root mean square, and more
# at a pixel whose features happen to be near zero before a pixel norm.
ROOT_MEAN_SQUARE, LARGEST = 3e-5, 1e-3


def compare(what, got, want):
    assert got.shape == want.shape, f'{what}: {got.shape}, not {want.shape}'
    error = np.sqrt(np.square(got - want).mean() / np.square(want).mean())
    largest = np.abs(got - want).max() / np.abs(want).max()
    print(f'{what}: {error:.1e}, at most {largest:.1e}')
    assert error <= ROOT_MEAN_SQUARE and largest <= LARGEST, f'{what} differs from progan_cuda'


def images(path):
    return np.load(path).astype(np.float64).transpose(0, 3, 1, 2)


def one_hot(count, classes):
    return np.eye(classes, dtype=np.float32)[[CLASS] * count]


def onnx(root):
    try:
        import onnxruntime
    except ImportError:
        onnxruntime = None
        print('onnxruntime is not installed: NumPy alone computes the models')
    models = sorted(root.glob('*/*.onnx'))
    assert models, f'no models in {root}'
    for path in models:
        name = f'{path.parent.name}/{path.stem}'
        model = onnx_eval.Model(path)
        feeds = {'z': np.load(path.parent / 'z.npy')}
        if 'labels' in model.inputs:
            feeds['labels'] = one_hot(len(feeds['z']), model.inputs['labels'][1])
        want = images(path.with_suffix('.npy'))
        for tensors, arrays in ((model.inputs, feeds), (model.outputs, {'image': want})):
            assert tensors == {k: ['N', *v.shape[1:]] for k, v in arrays.items()}, tensors
        compare(f'{name} by NumPy', model.run(feeds)['image'], want)
        if onnxruntime:
            session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
            for count in (len(want), 1):  # any number of images
                got, = session.run(None, {k: v[:count] for k, v in feeds.items()})
                compare(f'{name} by onnxruntime, N={count}', got, want[:count])


def read_safetensors(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], 'little')
    header = json.loads(data[8:8 + size])
    metadata = header.pop('__metadata__')
    arrays = {}
    for name, t in header.items():
        begin, end = (8 + size + offset for offset in t['data_offsets'])
        assert t['dtype'] == 'F32'
        arrays[name] = np.frombuffer(data[begin:end], np.float32).reshape(t['shape'])
    return arrays, metadata


def integer(config, key):
    return int(re.search(rf'^{key} = (\d+)$', config, re.MULTILINE)[1])


class TorchChecks:
    """Parameters as tensors under a version's own names -> images by that version."""

    def __init__(self, root):
        sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'goldens'))
        import karras
        import layers
        import ports
        import torch
        import tutorials
        self.root, self.torch, self.layers = root, torch, layers
        self.versions = {'official-tf': karras.OfficialTf(), 'gan-zoo': ports.GanZoo(),
                         'akanimax': ports.Akanimax(), 'tutorial': tutorials.Tutorial(),
                         'readme-hq': tutorials.ReadmeHq(), 'exercise': tutorials.Exercise()}

    def settings(self, folder):
        config = (folder / 'run/config.toml').read_text()
        labelled = 'conditioning = "none"' not in config
        return self.layers.Settings(
            resolution=integer(config, 'resolution'), fmap_base=integer(config, 'fmap_base'),
            fmap_max=integer(config, 'fmap_max'), latent=integer(config, 'latent_size'),
            channels=integer(config, 'channels'),
            labels=integer(config, 'label_size') if labelled else 0)

    def specs(self, version, s, network):
        if version.name == 'akanimax' and network == 'D':
            s = dataclasses.replace(s, latent=s.fmaps(0))  # an argument of that class
        specs = version.critic_specs(s) if network == 'D' else version.generator_specs(s)
        return {name: tuple(shape) for name, (shape, _) in specs.items()}

    def same_names(self, what, version, s, network, state, aliases):
        want = self.specs(version, s, network)
        got = {name: tuple(t.shape) for name, t in state.items()}
        assert got == {**want, **{a: want[n] for a, n in aliases.items()}}, f'{what}: {got}'
        for alias, name in aliases.items():
            assert self.torch.equal(state[alias], state[name]), f'{what}: {alias}'

    def same_images(self, what, version, s, folder, state):
        torch = self.torch
        z = torch.from_numpy(np.load(folder / 'z.npy')).double()
        labels = torch.from_numpy(one_hot(len(z), s.labels)).double() if s.labels else None
        state = {name: t.double() for name, t in state.items()}
        for path in sorted(folder.glob('[0-9]*.npy')):
            with torch.no_grad():
                got = version.generate(s, state, z, int(path.stem), 1.0, labels)
            compare(f'{what} at {path.stem}', got.numpy(), images(path))

    def safetensors(self, path):
        network, layout = path.name.split('.')[:2]
        name = path.parent.name
        arrays, metadata = read_safetensors(path)
        version = self.versions[name if name == 'readme-hq' else layout]
        what, s = f'{name} {path.name}', self.settings(path.parent)
        assert metadata['layout'] == layout and metadata['network'] == network
        state = {k: self.torch.from_numpy(v.copy()) for k, v in arrays.items()}
        if version.name == 'official-tf':  # the version without fusion has other names
            state = {k.replace('/Conv0/', '/Conv0_up/') if network != 'D' else k: v
                     for k, v in state.items()}
            if name == 'paper':
                # In it Conv0 is [k, k, I, O] and not flipped.
                state = {k: v.flip(0, 1).permute(0, 1, 3, 2) if k.endswith('Conv0_up/weight') else v
                         for k, v in state.items()}
        self.same_names(what, version, s, network, state, {})
        if network != 'D':
            self.same_images(what, version, s, path.parent, state)

    def pth(self, path):
        name, s = path.parent.name, self.settings(path.parent)
        version, what = self.versions[name], f'{name} {path.name}'
        loaded = self.torch.load(path)
        if name != 'akanimax':
            assert set(loaded) == {'state_dict', 'optimizer'} and loaded['optimizer'] == {}
            network = path.stem
            aliases = version.critic_aliases(s) if network == 'D' else version.generator_aliases(s)
            self.same_names(what, version, s, network, loaded['state_dict'], aliases)
            if network != 'D':
                self.same_images(what, version, s, path.parent, loaded['state_dict'])
            return
        conf = {'depth': s.log2, 'num_channels': s.channels, 'latent_size': s.latent,
                'use_eql': True}
        parts = {'generator': ('G', conf), 'shadow_generator': ('Gs', conf),
                 'discriminator': ('D', {**conf, 'latent_size': s.fmaps(0), 'num_classes': None})}
        assert set(loaded) == set(parts)
        for part, (network, want) in parts.items():
            assert loaded[part]['conf'] == want, loaded[part]['conf']
            self.same_names(f'{what} {part}', version, s, network, loaded[part]['state_dict'], {})
        state = loaded['shadow_generator']['state_dict']
        self.same_images(what, version, s, path.parent, state)

    def run(self):
        paths = sorted(self.root.glob('*/*.*.safetensors'))
        assert paths, f'no safetensors in {self.root}'
        for path in paths:
            self.safetensors(path)
        paths = sorted(p for p in self.root.glob('*/*.pth') if p.name != 'own.pth')
        assert paths, f'no .pth in {self.root}'
        for path in paths:
            self.pth(path)


def module(root):
    import torch
    paths = sorted(root.glob('*/own.pth'))
    assert paths, f'no own.pth in {root}'
    for path in paths:
        text = (path.parent / 'model.py').read_text()
        names = {'__name__': 'model'}
        exec(compile(text, str(path.parent / 'model.py'), 'exec'), names)
        generator = names['Generator'].load(path)
        z = torch.from_numpy(np.load(path.parent / 'z.npy'))
        labels = torch.full((len(z),), CLASS) if generator.label_size else None
        with torch.no_grad():
            for images_path in sorted(path.parent.glob('[0-9]*.npy'), key=lambda p: int(p.stem)):
                want = images(images_path)
                got = generator(z, labels, int(images_path.stem)).double().numpy()
                compare(f'{path.parent.name} at {images_path.stem}', got, want)
            assert torch.equal(generator(z, labels), generator(z, labels, want.shape[2]))


if __name__ == '__main__':
    folder = pathlib.Path(sys.argv[2])
    checks = {'onnx': onnx, 'torch': lambda root: TorchChecks(root).run(), 'module': module}
    checks[sys.argv[1]](folder)
