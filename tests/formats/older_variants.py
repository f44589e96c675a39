"""older_variants: implementations known only by files: akanimax before 3.0 and mmgeneration."""
import torch.nn.functional as F

from layers import (SQRT2, Variant, append_stddev, conv, fan_in, he, leaky, per_channel,
                    shifted_sum, up2)
from ports import Akanimax


class AkanimaxBefore3(Akanimax):
    """Other names, blocks of D from 8x8 up, latents not normalised, no activation after from_rgb,
    one deviation for the whole minibatch, and widths by the official rule."""
    name = 'akanimax-pre3'

    def old_generator_name(self, name):
        block, index, rest = name.split('.', 2)
        if block == 'rgb_converters':
            return f'module.{name}'
        return f'module.initial_block.{rest}' if index == '0' else \
            f'module.layers.{int(index) - 1}.{rest}'

    def old_critic_name(self, s, name):
        block, index, rest = name.split('.', 2)
        up = s.log2 - 2 - int(index)
        if block == 'from_rgb':
            return f'module.rgb_to_features.{up}.{rest[len("0."):]}'
        return f'module.final_block.{rest}' if up == 0 else f'module.layers.{up - 1}.{rest}'

    def generator_specs(self, s):
        specs = super().generator_specs(s)
        return {self.old_generator_name(name): spec for name, spec in specs.items()}

    def critic_specs(self, s):
        specs = super().critic_specs(s)
        return {self.old_critic_name(s, name): spec for name, spec in specs.items()}

    def latent(self, z):
        return z

    def from_rgb(self, p, index, image):
        return self.apply(p, f'from_rgb.{index}.0', image)

    def stddev(self, x):
        return append_stddev(x, group=0, order='strided', unbiased=False, eps=1e-8)

    def generate(self, s, p, z, resolution, alpha, labels=None):
        names = super().generator_specs(s)
        p = {name: p[self.old_generator_name(name)] for name in names}
        return super().generate(s, p, z, resolution, alpha)

    def criticize(self, s, p, image, resolution, alpha):
        names = super().critic_specs(s)
        p = {name: p[self.old_critic_name(s, name)] for name in names}
        return super().criticize(s, p, image, resolution, alpha)


class MmGeneration(Variant):
    """The generator of mmgeneration: fused up-convolutions whose weights are ConvTranspose
    [I, O, 3, 3] with fan 9 O, and x / (rms + 1e-6) as pixel norm. D is not imported."""
    name = 'mmgeneration'

    def generator_specs(self, s):
        specs, base = {}, s.width(4)
        specs['noise2feat.bias'] = ((1, base, 1, 1), 0.5)
        specs['noise2feat.linear.weight_orig'] = ((16 * base, s.latent), 1.0)

        def layer(path, shape, biases):
            specs[path + '.conv.bias'] = ((biases,), 0.5)
            specs[path + '.conv.weight_orig'] = (shape, 1.0)

        for j, r in enumerate([4] + s.grown()):
            layer(f'torgb_layers.{j}', (s.channels, s.width(r), 1, 1), s.channels)
        layer('conv_blocks.0', (base, base, 3, 3), base)
        for k, r in enumerate(s.grown()):
            wide, narrow = s.width(r // 2), s.width(r)
            layer(f'conv_blocks.{2 * k + 1}', (wide, narrow, 3, 3), narrow)
            layer(f'conv_blocks.{2 * k + 2}', (narrow, narrow, 3, 3), narrow)
        return specs

    def norm(self, x):
        return x / (x.square().mean(1, keepdim=True).sqrt() + 1e-6)

    def apply(self, p, path, x, gain=SQRT2):
        weight = p[path + '.conv.weight_orig']
        return conv(x, weight, p[path + '.conv.bias'], he(fan_in(weight), gain))

    def up(self, p, path, x):
        weight = p[path + '.conv.weight_orig']
        weight = shifted_sum(weight * he(fan_in(weight)))
        return F.conv_transpose2d(x, weight, p[path + '.conv.bias'], stride=2, padding=1)

    def generate(self, s, p, z, resolution, alpha, labels=None):
        weight = p['noise2feat.linear.weight_orig'] * he(s.latent, SQRT2 / 4)
        x = F.linear(self.norm(z), weight).reshape(len(z), -1, 4, 4)
        x = self.norm(leaky(x + per_channel(p['noise2feat.bias'])))
        x = self.norm(leaky(self.apply(p, 'conv_blocks.0', x)))
        last = len(s.grown(resolution))
        for k in range(last):
            before = x
            x = self.norm(leaky(self.up(p, f'conv_blocks.{2 * k + 1}', x)))
            x = self.norm(leaky(self.apply(p, f'conv_blocks.{2 * k + 2}', x)))
        new = self.apply(p, f'torgb_layers.{last}', x, 1.0)
        if last == 0:
            return new
        old = up2(self.apply(p, f'torgb_layers.{last - 1}', before, 1.0))
        return old + alpha * (new - old)
