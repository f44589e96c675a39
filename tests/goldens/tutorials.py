"""tutorials: tutorial, readme-hq (its derivative) and exercise (a generator alone)."""
import math

import torch
import torch.nn.functional as F

from layers import (Training, Variant, append_stddev, box2, conv, equalized, fan_in, he, leaky,
                    pixel_norm, up2)


class Tutorial(Variant):
    """First layer without equalized learning rate and without pixel norm after it; tanh of the
    blend, but not at 4x4; D narrows in its first convolution; reals do not fade."""
    name = 'tutorial'
    training = Training(
        step='D step (latents z_d); G step (the same latents and so the same images, D updated). No'
        ' average. Fresh minibatch each step.',
        g_latents='same')

    def layer(self, specs, path, shape):
        specs[path + '.conv.weight'] = (shape, 1.0)
        specs[path + '.bias'] = ((shape[0],), 0.5)

    def generator_specs(self, s):
        specs, base = {}, s.width(4)
        specs['initial.1.weight'] = ((s.latent, base, 4, 4), 1.0 / math.sqrt(s.latent))
        specs['initial.1.bias'] = ((base,), 0.5)
        self.layer(specs, 'initial.3', (base, base, 3, 3))
        for k, r in enumerate(s.grown()):
            self.layer(specs, f'prog_blocks.{k}.conv1', (s.width(r), s.width(r // 2), 3, 3))
            self.layer(specs, f'prog_blocks.{k}.conv2', (s.width(r), s.width(r), 3, 3))
        for k, r in enumerate([4] + s.grown()):
            self.layer(specs, f'rgb_layers.{k}', (s.channels, s.width(r), 1, 1))
        return specs

    def generator_aliases(self, s):
        return {f'initial_rgb.{x}': f'rgb_layers.0.{x}' for x in ('conv.weight', 'bias')}

    def critic_specs(self, s):
        specs = {}
        for k, r in enumerate(reversed(s.grown())):
            self.layer(specs, f'prog_blocks.{k}.conv1', (s.width(r // 2), s.width(r), 3, 3))
            self.layer(specs, f'prog_blocks.{k}.conv2', (s.width(r // 2), s.width(r // 2), 3, 3))
        for k, r in enumerate(reversed([4] + s.grown())):
            self.layer(specs, f'rgb_layers.{k}', (s.width(r), s.channels, 1, 1))
        base = s.width(4)
        self.layer(specs, 'final_block.0', (base, base + 1, 3, 3))
        self.layer(specs, 'final_block.2', (base, base, 4, 4))
        self.last_specs(specs, base)
        return specs

    def last_specs(self, specs, base):
        self.layer(specs, 'final_block.4', (1, base, 1, 1))

    def critic_aliases(self, s):
        last = s.log2 - 2
        return {f'initial_rgb.{x}': f'rgb_layers.{last}.{x}' for x in ('conv.weight', 'bias')}

    def apply(self, p, path, x):
        return equalized(x, p[path + '.conv.weight'], p[path + '.bias'])

    def finish(self, x):
        return pixel_norm(leaky(x))

    def generate(self, s, p, z, resolution, alpha, labels=None):
        x = pixel_norm(z)[:, :, None, None]
        x = leaky(F.conv_transpose2d(x, p['initial.1.weight'], p['initial.1.bias']))
        x = self.finish(self.apply(p, 'initial.3', x))
        last = len(s.grown(resolution))
        for k in range(last):
            before = up2(x)
            x = self.finish(self.apply(p, f'prog_blocks.{k}.conv1', before))
            x = self.finish(self.apply(p, f'prog_blocks.{k}.conv2', x))
        new = self.apply(p, f'rgb_layers.{last}', x)
        if last == 0:
            return new
        old = self.apply(p, f'rgb_layers.{last - 1}', before)
        return torch.tanh(alpha * new + (1 - alpha) * old)

    def criticize(self, s, p, image, resolution, alpha):
        blocks = s.log2 - 2
        first = blocks - len(s.grown(resolution))
        x = leaky(self.apply(p, f'rgb_layers.{first}', image))
        for k in range(first, blocks):
            x = leaky(self.apply(p, f'prog_blocks.{k}.conv1', x))
            x = box2(leaky(self.apply(p, f'prog_blocks.{k}.conv2', x)))
            if k == first:
                old = leaky(self.apply(p, f'rgb_layers.{k + 1}', box2(image)))
                x = alpha * x + (1 - alpha) * old
        x = append_stddev(x, group=0, order='strided', unbiased=True, eps=0.0)
        x = leaky(self.apply(p, 'final_block.0', x))
        weight, bias = p['final_block.2.conv.weight'], p['final_block.2.bias']
        x = leaky(F.conv2d(x, weight * he(fan_in(weight)), bias))
        return self.last(p, x)

    def last(self, p, x):
        return torch.flatten(self.apply(p, 'final_block.4', x), 1)


class ReadmeHq(Tutorial):
    """As in its text: pixel norm before the activation, and D ends in Flatten and a Linear
    layer without equalized learning rate. 4x4 images are as in tutorial: no blend, no tanh."""
    name = 'readme-hq'
    training = Training(
        step='D step (latents z_d); G step (fresh latents z_g). No average. Fresh minibatch each'
        ' step.')

    def last_specs(self, specs, base):
        specs['final_block.5.weight'] = ((1, base), 1.0 / math.sqrt(base))
        specs['final_block.5.bias'] = ((1,), 0.5)

    def finish(self, x):
        return leaky(pixel_norm(x))

    def last(self, p, x):
        return F.linear(x.flatten(1), p['final_block.5.weight'], p['final_block.5.bias'])


class Exercise(Variant):
    """A generator without normalisation, equalized learning rate or output activation."""
    name = 'exercise'
    has_critic = False
    training = Training(
        step='There is no critic and no step. The loss whose gradients are stored is the mean over'
        ' the minibatch of sum(G(z_g) * image), with the stored image of that resolution.')

    def generator_specs(self, s):
        specs = {}

        def layer(path, shape, biases, fan):
            specs[path + '.weight'] = (shape, math.sqrt(2.0 / fan))
            specs[path + '.bias'] = ((biases,), 0.5)

        base = s.width(4)
        layer('blocks.0.conv0', (s.latent, base, 4, 4), base, s.latent)
        layer('blocks.0.conv1', (base, base, 3, 3), base, 9 * base)
        for i, r in enumerate(s.grown(), 1):
            wide, narrow = s.width(r // 2), s.width(r)
            layer(f'blocks.{i}.conv1', (narrow, wide, 3, 3), narrow, 9 * wide)
            layer(f'blocks.{i}.conv2', (narrow, narrow, 3, 3), narrow, 9 * narrow)
        for j, r in enumerate([4] + s.grown()):
            layer(f'to_rgb.{j}', (s.channels, s.width(r), 1, 1), s.channels, s.width(r))
        return specs

    def critic_specs(self, s):
        return {}

    def apply(self, p, path, x):
        return conv(x, p[path + '.weight'], p[path + '.bias'])

    def generate(self, s, p, z, resolution, alpha, labels=None):
        x = z[:, :, None, None]
        x = leaky(F.conv_transpose2d(x, p['blocks.0.conv0.weight'], p['blocks.0.conv0.bias']))
        x = leaky(self.apply(p, 'blocks.0.conv1', x))
        last = len(s.grown(resolution))
        for i in range(1, last + 1):
            before = x
            x = leaky(self.apply(p, f'blocks.{i}.conv1', up2(x)))
            x = leaky(self.apply(p, f'blocks.{i}.conv2', x))
        new = self.apply(p, f'to_rgb.{last}', x)
        if last == 0:
            return new
        return new * alpha + (1 - alpha) * up2(self.apply(p, f'to_rgb.{last - 1}', before))
