"""checks: tests that the reference implementations behave like their variants.

Each function is a claim; `run` tries them all. The traps of docs/parity.md are among them.
"""
import math
import pathlib

import numpy as np
import torch

import safetensors_file
from karras import OfficialTf, Paper
from layers import SQRT2, Settings, append_stddev, box2, conv, he, leaky, up2
from ports import Akanimax, GanZoo
from training import (Adam, Networks, Stage, discriminator_loss, generator_loss, gradients,
                      learning_rate, normalized_reals, penalty_norms)
from tutorials import ReadmeHq, Tutorial

# Full size at 1024: (variant, fmap_base, fmap_max, latent, parameters of G, parameters of D).
PUBLISHED = [
    (OfficialTf(), 8192, 512, 512, 23079115, 23087249),
    (Paper(), 8192, 512, 512, 23079115, 23087249),
    (GanZoo(), 8192, 512, 512, 23086795, 23087249),
    (Akanimax(), 16384, 512, 512, 27793275, 27801889),
    (Tutorial(), 4096, 256, 256, 5772979, 6366529),
    (ReadmeHq(), 4096, 256, 256, 5772979, 6366529),
]


def close(a, b, tolerance=1e-12):
    a, b = torch.as_tensor(a), torch.as_tensor(b)
    return a.shape == b.shape and float((a - b).abs().max() / (b.abs().max() + 1e-300)) < tolerance


def differ(a, b):
    return not close(a, b, 1e-6)


def full_size_networks_have_the_published_numbers_of_parameters(_):
    for v, base, most, latent, of_g, of_d in PUBLISHED:
        s = Settings(resolution=1024, fmap_base=base, fmap_max=most, latent=latent)
        for specs, count in ((v.generator_specs(s), of_g), (v.critic_specs(s), of_d)):
            sizes = [math.prod(shape) for name, (shape, _) in specs.items() if v.trainable(name)]
            assert sum(sizes) == count, (v.name, sum(sizes), count)


def full_size_networks_run(_):
    for v, base, most, latent, *_ in PUBLISHED:
        s = Settings(resolution=1024, fmap_base=base, fmap_max=most, latent=latent)
        g, d = ({name: torch.empty(shape, device='meta') for name, (shape, _) in specs.items()}
                for specs in (v.generator_specs(s), v.critic_specs(s)))
        for r in (4, 8, 512, 1024):
            image = v.generate(s, g, torch.empty(4, latent, device='meta'), r, 0.5)
            assert image.shape == (4, 3, r, r)
            assert v.criticize(s, d, image, r, 0.5).shape == (4, 1)


def fused_layers_equal_their_compositions(_):
    v, x = OfficialTf(), torch.randn(2, 5, 8, 8)
    w, b = torch.randn(3, 3, 4, 5), torch.randn(4)  # [k, k, O, I]
    plain = w.flip(0, 1).permute(2, 3, 0, 1)
    assert close(v.up((w, b), x), conv(up2(x), plain, b, he(45)))
    w = torch.randn(3, 3, 5, 4)
    pooled = box2(conv(x, w.permute(3, 2, 0, 1), None, he(45))) + b.reshape(1, -1, 1, 1)
    assert close(v.down((w, b), x), leaky(pooled))
    assert differ(v.down((w, b), x), box2(leaky(conv(x, w.permute(3, 2, 0, 1), b, he(45)))))


def generators_of_official_and_paper_agree(goldens):
    """Converts layouts; D differs by the order of pooling, so only its head is compared."""
    golden, paper = goldens['official-tf'], Paper()
    s, v = golden.settings, golden.variant
    for net, p in (('G', golden.g), ('D', golden.d)):
        layers, q = v.view(s, net, p), {}
        for i, (path, (shape, _, _)) in enumerate(paper.layer_shapes(s, net).items()):
            w = layers[path][0]
            if path == '4x4/Dense':
                w = w.reshape(s.latent, shape[0], 4, 4).transpose(0, 1)
            elif path == '4x4/Dense0':
                w = w.t().reshape(shape).flip(2, 3)
            elif path.endswith('/Conv0') and net == 'G':
                w = w.permute(2, 3, 0, 1)
            elif len(shape) == 4:
                w = w.permute(3, 2, 0, 1).flip(2, 3)
            else:
                w = w.reshape(shape)
            q[f'{3 * i:03}'], q[f'{3 * i + 2:03}'] = w, layers[path][1]
            q[f'{3 * i + 1:03}'] = torch.tensor(paper.scales(s, net)[f'{3 * i + 1:03}'])
        if net == 'G':
            assert close(paper.generate(s, q, golden.z, 16, 0.7),
                         v.generate(s, p, golden.z, 16, 0.7))
        else:
            image = golden.image[4][:4]
            assert close(paper.criticize(s, q, image, 4, 1.0), v.criticize(s, p, image, 4, 1.0))


def groups_of_the_deviation_are_as_said(_):
    x = torch.randn(8, 3, 2, 2)

    def expected(samples, unbiased, eps):
        return (x[samples].var(0, unbiased=unbiased) + eps).sqrt().mean()

    strided = append_stddev(x, 4, 'strided', False, 1e-8)
    assert strided.shape[1] == 4 and close(strided[:, :3], x)
    assert close(strided[1, 3, 0, 0], expected([1, 3, 5, 7], False, 1e-8))
    contiguous = append_stddev(x, 4, 'contiguous', True, 1e-8)
    assert close(contiguous[1, 3, 0, 0], expected([0, 1, 2, 3], True, 1e-8))
    whole = append_stddev(x, 0, 'strided', True, 0.0)
    assert close(whole[:, 3].unique(), torch.std(x, 0).mean().reshape(1))


def penalty_of_enlarged_images_has_a_smaller_norm(goldens):
    """D of the final resolution box-filters enlarged images, so scores are unchanged and the norm
    falls by the ratio of the resolutions."""
    golden = goldens['official-tf']
    n, stage = golden.networks(), Stage(8, 0.3)
    real, fake = golden.image[8], golden.image[8].flip(0)
    mixed = real + (fake - real) * golden.t.reshape(-1, 1, 1, 1)
    large = up2(mixed).requires_grad_()
    scores = n.variant.criticize(n.settings, n.d, box2(large), 8, 0.3)
    gradient, = torch.autograd.grad(scores.sum(), large)
    norms = penalty_norms(n, stage, real, fake, golden.t)
    assert close(gradient.square().sum((1, 2, 3)).sqrt(), norms)


def gradients_match_differences(goldens):
    """Along random directions, for the D loss with its penalty and for the G loss."""
    for golden in goldens.values():
        for stage in (Stage(8, 0.3), Stage(16, 1.0)):
            batch = golden.batch_at(stage)
            if golden.variant.has_critic:
                check_direction(golden, 'd', lambda n: discriminator_loss(n, stage, batch)['total'])
            check_direction(golden, 'g', lambda n: generator_loss(n, stage, batch)['g_total'])


def check_direction(golden, net, loss):
    n = golden.networks()
    found = gradients(n, net, loss(n))
    # Along its own gradient: a random direction would mostly measure rounding.
    length = math.sqrt(sum(float(g.square().sum()) for g in found.values()))
    step, values = 1e-6, []
    for sign in (1, -1):
        m = golden.networks()
        for name, g in found.items():
            moved = getattr(m, net)[name].detach() + sign * step * g / length
            getattr(m, net)[name] = moved.requires_grad_()
        values.append(float(loss(m)))
    slope = (values[0] - values[1]) / (2 * step)
    assert abs(slope - length) < 1e-5 * length, (golden.name, net, slope, length)


def adam_forms_are_those_of_tensorflow_and_torch(_):
    w = {'w': torch.randn(5)}
    leaf = w['w'].clone().requires_grad_()
    theirs = torch.optim.Adam([leaf], lr=1e-3, betas=(0.0, 0.99), eps=1e-2)
    ours, other, x = Adam('torch', 0.99, 1e-2), Adam('tensorflow', 0.99, 1e-2), dict(w)
    for _ in range(3):
        g = torch.randn(5)
        leaf.grad = g.clone()
        theirs.step()
        ours.step(w, {'w': g}, 1e-3)
        other.step(x, {'w': g}, 1e-3)
    assert close(w['w'], leaf) and differ(x['w'], leaf)


def first_layers_have_their_scale_bias_and_norm(goldens):
    full = Settings(resolution=1024, fmap_base=8192, fmap_max=512, latent=512)
    assert he(512, SQRT2 / 4) == 0.015625 and he(512) == 0.0625
    assert GanZoo().generator_specs(full)['formatLayer.module.bias'][0] == (8192,)
    assert OfficialTf().generator_specs(full)['4x4/Dense/bias'][0] == (512,)
    zoo, s = goldens['gan-zoo'].variant, goldens['gan-zoo'].settings
    p = {'a.module.weight': torch.zeros(1, 512), 'a.module.bias': torch.ones(1)}
    assert close(zoo.apply(p, 'a', torch.zeros(1, 512)), torch.tensor([[0.0625]]))
    # Without pixel norm after the first layer its scale is visible in the image at 4x4.
    for name, layer, shows in (('official-tf', '4x4/Dense/', False),
                               ('tutorial', 'initial.1.', True),
                               ('akanimax', 'layers.0.conv_1.', True)):
        golden = goldens[name]
        doubled = dict(golden.g)
        for part in ('weight', 'bias'):
            doubled[layer + part] = 2 * doubled[layer + part]
        images = [golden.variant.generate(s, q, golden.z, 4, 1.0) for q in (golden.g, doubled)]
        assert shows == (not close(*images, tolerance=1e-6)), name


def the_zoo_has_no_fade_at_8x8_and_alpha_of_the_old_branch(goldens):
    golden = goldens['gan-zoo']
    v, s = golden.variant, golden.settings
    at8 = [v.criticize(s, golden.d, golden.image[8], 8, a) for a in (0.3, 1.0)]
    at16 = [v.criticize(s, golden.d, golden.image[16], 16, a) for a in (0.3, 1.0)]
    assert close(*at8) and differ(*at16)
    old = v.generate(s, golden.g, golden.z, 8, 0.0)
    assert close(old, up2(v.generate(s, golden.g, golden.z, 4, 1.0)))


def images_of_the_tutorial_pass_tanh_but_not_at_4x4(goldens):
    golden = goldens['tutorial']
    v, s = golden.variant, golden.settings
    big = {name: 10 * w if name.startswith('rgb') else w for name, w in golden.g.items()}
    assert v.generate(s, big, golden.z, 4, 1.0).abs().max() > 1
    assert v.generate(s, big, golden.z, 8, 1.0).abs().max() <= 1
    specs = v.critic_specs(Settings(resolution=64, fmap_base=4096, fmap_max=256, latent=256))
    assert specs['prog_blocks.0.conv1.conv.weight'][0] == (256, 128, 3, 3)


def labels_stand_inside_or_outside_the_norm(goldens):
    z, labels = goldens['official-tf-labels'].z, goldens['official-tf-labels'].label
    inside, outside = OfficialTf().latent(z, labels), Paper().latent(z, labels)
    assert inside.shape == outside.shape and differ(inside, outside)
    assert close(inside.square().mean(1), torch.ones(len(z)), 1e-6)
    assert close(outside[:, -labels.shape[1]:], labels)


def the_average_takes_g_before_or_after_its_step(goldens):
    before, after = goldens['official-tf'].tensors, goldens['gan-zoo'].tensors
    assert goldens['official-tf'].variant.training.average == 'before_g_step'
    for tensors, name in ((before, '4x4/Conv/bias'), (after, 'groupScale0.0.module.bias')):
        assert not (tensors[f'step3/Gs/{name}'] == tensors[f'step3/G/{name}']).all()


def reals_fade_in_floats_or_truncated(_):
    image = torch.tensor([[0, 0], [0, 255]], dtype=torch.uint8).reshape(1, 1, 2, 2)
    faded = normalized_reals('uint8', image, 0.3)
    assert close((faded + 1) * 127.5, torch.tensor([44.0, 44, 44, 121]).reshape(1, 1, 2, 2))
    assert close(normalized_reals('none', image, 0.3).max(), torch.tensor(1.0))
    assert math.isclose(learning_rate(Paper.training, 0), 1e-3 * math.exp(-5))


def penalties_see_the_second_derivative_of_the_deviation(goldens):
    """With a constant deviation the gradient of the penalty differs."""
    golden, stage = goldens['official-tf'], Stage(8, 0.3)

    class Held(OfficialTf):
        def stddev(self, x):
            return torch.cat([x, super().stddev(x)[:, -1:].detach()], 1)

    found = []
    for v in (golden.variant, Held()):
        n = golden.networks()
        n = Networks(v, n.settings, n.g, n.d)
        parts = discriminator_loss(n, stage, golden.batch_at(stage))
        found.append(gradients(n, 'd', parts['penalty'])['8x8/Conv0/weight'])
    assert differ(*found)


def no_activation_stands_at_its_kink(goldens):
    assert all(golden.distance >= 1e-5 for golden in goldens.values())


def goldens_are_not_degenerate(goldens):
    """At the final resolution all except the colour layers of lower ones have a gradient,
    and scores and norms differ between samples."""
    for golden in goldens.values():
        for net in 'GD':
            zeros = [key for key, value in golden.tensors.items()
                     if key.startswith(f'grad/{net}/16/1/') and abs(value).max() < 1e-9]
            assert len(zeros) <= 6, zeros
        for key, value in golden.tensors.items():
            if key.endswith('gradient_norm') or key.startswith('out/D'):
                assert value.reshape(len(value), -1)[:, 0].std() > 1e-3, key


def the_files_hold_these_numbers(goldens):
    for name, golden in goldens.items():
        path = pathlib.Path(__file__).parent / f'{name}.safetensors'
        stored = safetensors_file.read(path)
        assert stored.keys() == golden.tensors.keys(), name
        for key, value in golden.tensors.items():
            assert np.allclose(stored[key], value, rtol=1e-9, atol=1e-11), (name, key)


def run(goldens):
    by_name = {golden.name: golden for golden in goldens}
    torch.manual_seed(1)
    claims = [f for f in globals().values() if callable(f) and getattr(f, '__module__', '') ==
              __name__ and f.__name__ not in ('run', 'close', 'differ', 'check_direction')]
    for claim in claims:
        claim(by_name)
        print('holds:', claim.__name__.replace('_', ' '))
