"""ports: gan-zoo and akanimax, two PyTorch ports with their own formulas."""
import torch
import torch.nn.functional as F

from layers import (Training, Variant, append_stddev, box2, conv, equalized, fan_in, he, leaky,
                    pixel_norm, up2)


def add_layer(specs, path, shape, biases=None):
    specs[path + '.weight'] = (shape, 1.0)
    specs[path + '.bias'] = ((biases or shape[0],), 0.5)


class GanZoo(Variant):
    """Every layer is (w x + b) * sqrt(2 / fan_in); the original's alpha is the weight of the old
    branch; D has no fade at 8x8; losses are sums."""
    name = 'gan-zoo'
    training = Training(
        step='D step (latents z_d); G step (fresh latents z_g); average = decay * average +'
        ' (1 - decay) * G of the updated G. Fresh minibatch each step. Losses are sums.',
        reduction='sum', average='after_g_step', fade_reals='float')

    def generator_specs(self, s):
        specs, base = {}, s.width(4)
        add_layer(specs, 'formatLayer.module', (16 * base, s.latent))
        add_layer(specs, 'groupScale0.0.module', (base, base, 3, 3))
        add_layer(specs, 'toRGBLayers.0.module', (s.channels, base, 1, 1))
        for k, r in enumerate(s.grown()):
            wide, narrow = s.width(r // 2), s.width(r)
            add_layer(specs, f'scaleLayers.{k}.0.module', (narrow, wide, 3, 3))
            add_layer(specs, f'scaleLayers.{k}.1.module', (narrow, narrow, 3, 3))
            add_layer(specs, f'toRGBLayers.{k + 1}.module', (s.channels, narrow, 1, 1))
        return specs

    def critic_specs(self, s):
        specs, base = {}, s.width(4)
        add_layer(specs, 'fromRGBLayers.0.module', (base, s.channels, 1, 1))
        for k, r in enumerate(s.grown()):
            here, next_ = s.width(r), s.width(r // 2)
            add_layer(specs, f'scaleLayers.{k}.0.module', (here, here, 3, 3))
            add_layer(specs, f'scaleLayers.{k}.1.module', (next_, here, 3, 3))
            add_layer(specs, f'fromRGBLayers.{k + 1}.module', (here, s.channels, 1, 1))
        add_layer(specs, 'groupScaleZero.0.module', (base, base + 1, 3, 3))
        add_layer(specs, 'groupScaleZero.1.module', (base, 16 * base))
        add_layer(specs, 'decisionLayer.module', (1 + s.labels, base))
        return specs

    def apply(self, p, path, x):
        weight, bias = p[path + '.module.weight'], p[path + '.module.bias']
        scale = he(fan_in(weight))
        if weight.dim() == 2:
            return F.linear(x, weight, bias) * scale
        return conv(x, weight, bias) * scale

    def generate(self, s, p, z, resolution, alpha, labels=None):
        old_weight = 1.0 - alpha
        x = leaky(self.apply(p, 'formatLayer', pixel_norm(z)))
        x = pixel_norm(x.reshape(len(z), -1, 4, 4))
        x = pixel_norm(leaky(self.apply(p, 'groupScale0.0', x)))
        last = len(s.grown(resolution))
        for k in range(last):
            before = x
            x = pixel_norm(leaky(self.apply(p, f'scaleLayers.{k}.0', up2(x))))
            x = pixel_norm(leaky(self.apply(p, f'scaleLayers.{k}.1', x)))
        new = self.apply(p, f'toRGBLayers.{last}', x)
        if last == 0 or old_weight == 0:
            return new
        old = up2(self.apply(p, f'toRGBLayers.{last - 1}', before))
        return old_weight * old + (1.0 - old_weight) * new

    def criticize(self, s, p, image, resolution, alpha):
        old_weight, last = 1.0 - alpha, len(s.grown(resolution))
        x = leaky(self.apply(p, f'fromRGBLayers.{last}', image))
        for k in reversed(range(last)):
            x = leaky(self.apply(p, f'scaleLayers.{k}.0', x))
            x = box2(leaky(self.apply(p, f'scaleLayers.{k}.1', x)))
            if k == last - 1 and old_weight > 0 and last > 1:
                y = leaky(self.apply(p, f'fromRGBLayers.{last - 1}', box2(image)))
                x = old_weight * y + (1.0 - old_weight) * x
        group = 4 if len(x) % min(4, len(x)) == 0 else 0
        x = append_stddev(x, group=group, order='contiguous', unbiased=True, eps=1e-8)
        x = leaky(self.apply(p, 'groupScaleZero.0', x))
        x = leaky(self.apply(p, 'groupScaleZero.1', x.flatten(1)))
        return self.apply(p, 'decisionLayer', x)


class Akanimax(Variant):
    """Twice the official fmap_base, no pixel norm after the first layer, gain sqrt(2) everywhere,
    layers of D from the highest resolution down."""
    name = 'akanimax'
    training = Training(
        step='D step (latents z_d); average of the G before its step; G step (the same latents).'
        ' The three steps repeat one minibatch: images and latents are the same, t is not.',
        learning_rate=3e-3, average='before_g_step', g_latents='same', minibatches='same',
        fade_reals='float')

    def generator_specs(self, s):
        specs, base = {}, s.width(4)
        add_layer(specs, 'layers.0.conv_1', (s.latent, base, 4, 4), base)
        add_layer(specs, 'layers.0.conv_2', (base, base, 3, 3))
        for k, r in enumerate(s.grown(), 1):
            add_layer(specs, f'layers.{k}.conv_1', (s.width(r), s.width(r // 2), 3, 3))
            add_layer(specs, f'layers.{k}.conv_2', (s.width(r), s.width(r), 3, 3))
        for j, r in enumerate([4] + s.grown()):
            add_layer(specs, f'rgb_converters.{j}', (s.channels, s.width(r), 1, 1))
        return specs

    def critic_specs(self, s):
        specs, base = {}, s.width(4)
        for j, r in enumerate(reversed(s.grown())):
            add_layer(specs, f'layers.{j}.conv_1', (s.width(r), s.width(r), 3, 3))
            add_layer(specs, f'layers.{j}.conv_2', (s.width(r // 2), s.width(r), 3, 3))
        last = f'layers.{s.log2 - 2}'
        add_layer(specs, last + '.conv_1', (base, base + 1, 3, 3))
        add_layer(specs, last + '.conv_2', (s.latent, base, 4, 4))
        add_layer(specs, last + '.conv_3', (1, s.latent, 1, 1))
        for j, r in enumerate(reversed([4] + s.grown())):
            add_layer(specs, f'from_rgb.{j}.0', (s.width(r), s.channels, 1, 1))
        return specs

    def apply(self, p, path, x):
        return equalized(x, p[path + '.weight'], p[path + '.bias'])

    def latent(self, z):
        return pixel_norm(z)

    def from_rgb(self, p, index, image):
        return leaky(self.apply(p, f'from_rgb.{index}.0', image))

    def stddev(self, x):
        return append_stddev(x, group=4, order='strided', unbiased=False, eps=1e-8)

    def generate(self, s, p, z, resolution, alpha, labels=None):
        x, weight = self.latent(z)[:, :, None, None], p['layers.0.conv_1.weight']
        x = F.conv_transpose2d(x, weight * he(s.latent), p['layers.0.conv_1.bias'])
        x = pixel_norm(leaky(self.apply(p, 'layers.0.conv_2', leaky(x))))
        last = len(s.grown(resolution))
        for k in range(1, last + 1):
            before = x
            x = pixel_norm(leaky(self.apply(p, f'layers.{k}.conv_1', up2(x))))
            x = pixel_norm(leaky(self.apply(p, f'layers.{k}.conv_2', x)))
        new = self.apply(p, f'rgb_converters.{last}', x)
        if last == 0:
            return new
        return alpha * new + (1 - alpha) * up2(self.apply(p, f'rgb_converters.{last - 1}', before))

    def criticize(self, s, p, image, resolution, alpha):
        head = s.log2 - 2
        first = head - len(s.grown(resolution))
        x = self.from_rgb(p, first, image)
        for j in range(first, head):
            x = leaky(self.apply(p, f'layers.{j}.conv_1', x))
            x = box2(leaky(self.apply(p, f'layers.{j}.conv_2', x)))
            if j == first:
                old = self.from_rgb(p, j + 1, box2(image))
                x = alpha * x + (1 - alpha) * old
        x = leaky(self.apply(p, f'layers.{head}.conv_1', self.stddev(x)))
        weight = p[f'layers.{head}.conv_2.weight']
        bias = p[f'layers.{head}.conv_2.bias']
        x = leaky(F.conv2d(x, weight * he(fan_in(weight)), bias))
        return torch.flatten(self.apply(p, f'layers.{head}.conv_3', x), 1)
