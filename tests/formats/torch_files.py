"""torch_files: the files of the PyTorch implementations, in the zip format and in the older one."""
import collections

import torch

from pickles import instance, stand_in


def state_dict(p, prefix='', aliases=None):
    """Like Module.state_dict: float32 tensors in an OrderedDict with versions of modules.
    An alias is the same tensor under another name."""
    tensors = {prefix + name: w.to(torch.float32).contiguous() for name, w in p.items()}
    for alias, name in (aliases or {}).items():
        tensors[prefix + alias] = tensors[prefix + name]
    state, modules = collections.OrderedDict(sorted(tensors.items())), {''}
    for name in tensors:
        parts = name.split('.')
        modules.update('.'.join(parts[:i]) for i in range(1, len(parts)))
    versions = ((module, {'version': 1}) for module in sorted(modules))
    state._metadata = collections.OrderedDict(versions)
    return state


def optimizer(p):
    """Of two parameters after a step: enough to have what a reader must skip."""
    leaves = [w.to(torch.float32).requires_grad_() for w in list(p.values())[:2]]
    adam = torch.optim.Adam(leaves, lr=1e-3, betas=(0.0, 0.99))
    for w in leaves:
        w.grad = torch.ones_like(w)
    adam.step()
    return adam.state_dict()


def save(path, content, is_zip):
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)


def zoo_content(s, networks):
    config = instance(stand_in('models.utils.config', 'BaseConfig'), {
        'depthScale0': s.width(4), 'depthOtherScales': [s.width(r) for r in s.grown()],
        'alpha': 0, 'latentVectorDim': s.latent, 'categoryVectorDim': 0, 'attribKeysOrder': None,
        'dimOutput': s.channels, 'leakyness': 0.2, 'initBiasToZero': True, 'equalizedlR': True,
        'perChannelNormalization': True, 'miniBatchStdDev': True, 'lossMode': 'WGANGP',
        'lambdaGP': 10.0, 'epsilonD': 0.001, 'baseLearningRate': 0.001, 'GDPP': False})
    return {'config': config, 'netG': state_dict(networks['G']), 'netD': state_dict(networks['D']),
            'avgG': state_dict(networks['Gs'])}


def write_zoo_legacy(folder, s, networks):
    save(folder / 'pgan.pth', zoo_content(s, networks), False)
    return ['pgan.pth']


def write_zoo_zip(folder, s, networks):
    save(folder / 'pgan.pt', zoo_content(s, networks), True)
    return ['pgan.pt']


def write_akanimax(folder, s, networks):
    conf = {'depth': s.log2, 'num_channels': s.channels, 'latent_size': s.latent, 'use_eql': True}

    def info(name, **more):
        return {'conf': {**conf, **more}, 'state_dict': state_dict(networks[name])}

    name = f'depth_{s.log2}_epoch_1.bin'
    save(folder / name, {
        'generator': info('G'), 'discriminator': info('D', num_classes=None),
        'gen_optim': optimizer(networks['G']), 'dis_optim': optimizer(networks['D']),
        'shadow_generator': info('Gs')}, True)
    return [name]


def write_akanimax_pre3(folder, s, networks):
    names = [f'GAN_{net}_{s.log2 - 2}.pth' for net in ('GEN_SHADOW', 'GEN', 'DIS')]
    for name, net in zip(names, ('Gs', 'G', 'D')):
        save(folder / name, state_dict(networks[net]), False)
    return names


def write_tutorial(folder, s, networks, variant):
    aliases = {'G': variant.generator_aliases(s), 'D': variant.critic_aliases(s)}
    for name, net in (('generator.pth', 'G'), ('critic.pth', 'D')):
        p = networks[net]
        save(folder / name, {'state_dict': state_dict(p, aliases=aliases[net]),
                             'optimizer': optimizer(p)}, True)
    return ['generator.pth', 'critic.pth']


def write_exercise(folder, s, networks):
    save(folder / 'generator.pth', state_dict(networks['G']), True)
    return ['generator.pth']


def write_mmgeneration(folder, s, networks):
    state = state_dict(networks['G'], 'generator.')
    state.update(state_dict(networks['Gs'], 'generator_ema.'))
    meta = {'mmgen_version': '0.1.0', 'iter': 1, 'config': "raise SystemExit('config was run')"}
    save(folder / 'pggan.pth', {'meta': meta, 'state_dict': state,
                                'optimizer': {'generator': optimizer(networks['G'])}}, False)
    return ['pggan.pth']
