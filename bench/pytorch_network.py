"""The generator and discriminator of bench_step in PyTorch, as functions of dictionaries of tensors:
official feature maps, equalized learning rate, pixel norm, minibatch stddev."""
import math

import torch
import torch.nn.functional as F

SLOPE, GROUP, EPSILON = 0.2, 4, 1e-8
FMAP_BASE, FMAP_MAX = 8192, 512


def fmaps(resolution):
    return min(FMAP_BASE // (resolution // 2), FMAP_MAX)


def latent_size():
    return fmaps(2)


class Parameters:
    """Named tensors and the run-time constants of their layers (equalized learning rate)."""

    def __init__(self, options):
        self.tensors, self.scales, self.options = {}, {}, options

    def layer(self, name, shape, gain=math.sqrt(2), biases=None):
        o = self.options
        weight = torch.randn(shape, device=o.device, dtype=o.dtype)
        if len(shape) == 4:
            weight = weight.contiguous(memory_format=o.memory_format)
        bias = torch.zeros(shape[0] if biases is None else biases, device=o.device, dtype=o.dtype)
        self.tensors[name + '/weight'] = weight.requires_grad_()
        self.tensors[name + '/bias'] = bias.requires_grad_()
        self.scales[name] = gain / math.sqrt(math.prod(shape[1:]))

    def list(self):
        return list(self.tensors.values())


def generator_parameters(resolution, options):
    p, base = Parameters(options), fmaps(4)
    p.layer('4/Dense', (base * 16, latent_size()), math.sqrt(2) / 4, base)
    p.layer('4/Conv', (base, base, 3, 3))
    for r in (2 ** i for i in range(3, resolution.bit_length())):
        p.layer(f'{r}/Conv0_up', (fmaps(r), fmaps(r // 2), 3, 3))
        p.layer(f'{r}/Conv1', (fmaps(r), fmaps(r), 3, 3))
    p.layer('ToRGB', (3, fmaps(resolution), 1, 1), 1)
    return p


def discriminator_parameters(resolution, options):
    p, base = Parameters(options), fmaps(4)
    p.layer('FromRGB', (fmaps(resolution), 3, 1, 1))
    for r in (2 ** i for i in range(3, resolution.bit_length())):
        p.layer(f'{r}/Conv0', (fmaps(r), fmaps(r), 3, 3))
        p.layer(f'{r}/Conv1_down', (fmaps(r // 2), fmaps(r), 3, 3))
    p.layer('4/Conv', (base, base + 1, 3, 3))
    p.layer('4/Dense0', (latent_size(), base * 16))
    p.layer('4/Dense1', (1, latent_size()), 1)
    return p


def pixel_norm(x):
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + EPSILON)


def minibatch_stddev(x, batches):
    """Appends one channel; groups are strided within each of the `batches` minibatches."""
    n, c, h, w = x.shape
    group = min(GROUP, n // batches)
    y = x.float().reshape(batches, group, -1, c, h, w)
    y = (y.var(1, unbiased=False) + EPSILON).sqrt().mean((2, 3, 4))
    y = y.reshape(batches, 1, -1).expand(-1, group, -1).reshape(n, 1, 1, 1)
    return torch.cat([x, y.to(x.dtype).expand(n, 1, h, w)], 1)


def spread(w):
    """The 4x4 sum of a 3x3 filter over its 2x2 shifts."""
    w = F.pad(w, (1, 1, 1, 1))
    return w[:, :, 1:, 1:] + w[:, :, :-1, 1:] + w[:, :, 1:, :-1] + w[:, :, :-1, :-1]


class Network:
    """Forward passes over a dictionary of tensors."""

    def __init__(self, resolution, scales, options):
        self.resolution, self.scales, self.folded = resolution, scales, options.folded

    def conv(self, p, name, x, mode='same'):
        w = p[name + '/weight'] * self.scales[name]
        if mode == 'up' and self.folded:
            y = F.conv_transpose2d(x, spread(w.flip(2, 3)).transpose(0, 1), stride=2, padding=1)
        elif mode == 'down' and self.folded:
            y = F.conv2d(x, spread(w) / 4, stride=2, padding=1)
        else:
            if mode == 'up':
                x = F.interpolate(x, scale_factor=2, mode='nearest')
            y = F.conv2d(x, w, padding=w.shape[-1] // 2)
            if mode == 'down':
                y = F.avg_pool2d(y, 2)
        return y + p[name + '/bias'].to(y.dtype).reshape(1, -1, 1, 1)

    def dense(self, p, name, x):
        return F.linear(x, p[name + '/weight'] * self.scales[name])

    def generator(self, p, z):
        act = lambda x: pixel_norm(F.leaky_relu(x, SLOPE))
        x = self.dense(p, '4/Dense', pixel_norm(z)).reshape(z.shape[0], -1, 4, 4)
        x = act(x + p['4/Dense/bias'].to(x.dtype).reshape(1, -1, 1, 1))
        x = act(self.conv(p, '4/Conv', x))
        for r in (2 ** i for i in range(3, self.resolution.bit_length())):
            x = act(self.conv(p, f'{r}/Conv0_up', x, 'up'))
            x = act(self.conv(p, f'{r}/Conv1', x))
        return self.conv(p, 'ToRGB', x)

    def discriminator(self, p, images, batches):
        act = lambda x: F.leaky_relu(x, SLOPE)
        x = act(self.conv(p, 'FromRGB', images))
        for r in (2 ** i for i in range(self.resolution.bit_length() - 1, 2, -1)):
            x = act(self.conv(p, f'{r}/Conv0', x))
            x = act(self.conv(p, f'{r}/Conv1_down', x, 'down'))
        x = act(self.conv(p, '4/Conv', minibatch_stddev(x, batches)))
        x = self.dense(p, '4/Dense0', x.flatten(1))
        x = act(x + p['4/Dense0/bias'].to(x.dtype))
        return (self.dense(p, '4/Dense1', x) + p['4/Dense1/bias']).float()[:, 0]
