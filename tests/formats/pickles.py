"""pickles: the pickles of the two published originals, written through stand-in classes with the
same names."""
import os
import pickle
import struct
import sys
import types

import numpy as np


def stand_in(module, name):
    """A class that pickles as module.name."""
    parts = module.split('.')
    for i in range(len(parts)):
        sys.modules.setdefault('.'.join(parts[:i + 1]), types.ModuleType('.'.join(parts[:i + 1])))
    made = type(name, (), {'__module__': module, '__qualname__': name})
    setattr(sys.modules[module], name, made)
    return made


def instance(made, state):
    x = made()
    x.__dict__.update(state)
    return x


class Python2Pickler(pickle._Pickler):
    """Protocol 2 as Python 2 wrote it: texts and bytes alike are byte strings."""
    dispatch = dict(pickle._Pickler.dispatch)

    def __init__(self, file):
        super().__init__(file, protocol=2)

    def save_string(self, x):
        data = x.encode('latin1') if isinstance(x, str) else x
        if len(data) < 256:
            self.write(pickle.SHORT_BINSTRING + struct.pack('<B', len(data)) + data)
        else:
            self.write(pickle.BINSTRING + struct.pack('<i', len(data)) + data)
        self.memoize(x)

    dispatch[str] = save_string
    dispatch[bytes] = save_string


def arrays(p):
    return {name: w.numpy().astype(np.float32) for name, w in p.items()}


def write_official(folder, s, networks):
    """`networks`: 'G', 'D', 'Gs' -> parameters. A reader must not run build_module_src."""
    made = stand_in('tfutil', 'Network')

    def network(name, p):
        lod = np.float32(os.environ.get('PG_LOD', 0.0))  # above 0: networks that still grow
        variables = [('lod', lod)] + list(arrays(p).items())
        return instance(made, {
            'version': 2, 'name': name,
            'static_kwargs': {'num_channels': s.channels, 'resolution': s.resolution,
                              'label_size': s.labels, 'fmap_base': s.fmap_base,
                              'fmap_max': s.fmap_max, 'latent_size': s.latent},
            'build_module_src': "raise SystemExit('the source of a network was run')\n",
            'build_func_name': 'D_paper' if name == 'D' else 'G_paper',
            'variables': variables})

    nets = tuple(network(name, networks[name]) for name in ('G', 'D', 'Gs'))
    with open(folder / 'network-final.pkl', 'wb') as file:
        pickle.dump(nets, file, protocol=4)
    return ['network-final.pkl']


def write_theano(folder, s, networks):
    made = stand_in('network', 'Network')

    def network(name, p):
        spec = {'func': 'D_paper' if name == 'D' else 'G_paper', 'num_channels': s.channels,
                'resolution': s.resolution, 'label_size': s.labels, 'fmap_base': s.fmap_base,
                'fmap_decay': 1.0, 'fmap_max': s.fmap_max, 'use_wscale': True}
        if name != 'D':
            spec.update(latent_size=s.latent, normalize_latents=True, use_pixelnorm=True)
        return instance(made, {
            'build_func_spec': spec, 'param_values': list(arrays(p).values()),
            'toplevel_params': {'cur_lod': np.float32(0.0)}})

    nets = tuple(network(name, networks[name]) for name in ('G', 'D', 'Gs'))
    with open(folder / 'network-final.pkl', 'wb') as file:
        Python2Pickler(file).dump(nets)
    return ['network-final.pkl']
