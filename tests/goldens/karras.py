"""karras: the two published originals, official-tf (TensorFlow) and paper (Theano)."""
import torch
import torch.nn.functional as F

from layers import (SQRT2, Training, Variant, append_stddev, box2, conv, fan_in, he, leaky,
                    per_channel, pixel_norm, shifted_sum, up2)


class Karras(Variant):
    """Common to both: the order of layers, the fade, and the place of pixel norm.

    A subclass turns parameters into layers (`view`: path -> tensors) and says what one does.
    """

    def view(self, s, net, p):
        raise NotImplementedError

    def latent(self, z, labels):
        raise NotImplementedError

    def generate(self, s, p, z, resolution, alpha, labels=None):
        layers = self.view(s, 'G', p)

        def finish(x):
            return pixel_norm(leaky(x))

        def to_rgb(x, at):
            return self.rgb(layers[f'ToRGB_lod{s.log2 - at.bit_length() + 1}'], x, 1.0)

        x = finish(self.first(layers['4x4/Dense'], self.latent(z, labels)))
        x = finish(self.conv(layers['4x4/Conv'], x))
        for r in s.grown(resolution):
            before = x
            x = finish(self.up(layers[f'{r}x{r}/Conv0'], x))
            x = finish(self.conv(layers[f'{r}x{r}/Conv1'], x))
        new = to_rgb(x, resolution)
        if resolution == 4:
            return new
        return new + (up2(to_rgb(before, resolution // 2)) - new) * (1.0 - alpha)

    def criticize(self, s, p, image, resolution, alpha):
        layers = self.view(s, 'D', p)

        def from_rgb(x, at):
            path = f'FromRGB_lod{s.log2 - at.bit_length() + 1}'
            return leaky(self.rgb(layers[path], x, SQRT2))

        x = from_rgb(image, resolution)
        for r in reversed(s.grown(resolution)):
            x = leaky(self.conv(layers[f'{r}x{r}/Conv0'], x))
            x = self.down(layers[f'{r}x{r}/Conv1'], x)
            if r == resolution:
                x = x + (from_rgb(box2(image), r // 2) - x) * (1.0 - alpha)
        x = leaky(self.conv(layers['4x4/Conv'], self.stddev(x)))
        x = leaky(self.dense0(layers['4x4/Dense0'], x))
        return self.dense1(layers['4x4/Dense1'], x)


class OfficialTf(Karras):
    """Fused resampling, pooling before bias and activation, groups of four for the deviation.

    Layouts: filters [k, k, I, O], of Conv0_up [k, k, O, I] and turned by half a turn, dense [I, O].
    """
    name = 'official-tf'
    training = Training(
        step='D step (latents z_d, labels of the reals); Gs += (G - Gs) * (1 - decay) of the G'
        ' before its step; G step (fresh latents z_g, labels labels_g). Fresh minibatch each step.',
        gp_space='full', mix_weight_of='fake', adam='tensorflow', average='before_g_step',
        fade_reals='float')

    def generator_specs(self, s):
        specs = {}

        def layer(path, shape, biases):
            specs[path + '/weight'] = (shape, 1.0)
            specs[path + '/bias'] = ((biases,), 0.5)

        base = s.width(4)
        layer('4x4/Dense', (s.latent + s.labels, base * 16), base)
        layer('4x4/Conv', (3, 3, base, base), base)
        layer(f'ToRGB_lod{s.log2 - 2}', (1, 1, base, s.channels), s.channels)
        for r in s.grown():
            wide, narrow = s.width(r // 2), s.width(r)
            layer(f'{r}x{r}/Conv0_up', (3, 3, narrow, wide), narrow)
            layer(f'{r}x{r}/Conv1', (3, 3, narrow, narrow), narrow)
            layer(f'ToRGB_lod{s.log2 - r.bit_length() + 1}', (1, 1, narrow, s.channels), s.channels)
        return specs

    def critic_specs(self, s):
        specs = {}

        def layer(path, shape):
            specs[path + '/weight'] = (shape, 1.0)
            specs[path + '/bias'] = ((shape[-1],), 0.5)

        layer('FromRGB_lod0', (1, 1, s.channels, s.width(s.resolution)))
        for r in reversed(s.grown()):
            here, next_ = s.width(r), s.width(r // 2)
            layer(f'{r}x{r}/Conv0', (3, 3, here, here))
            layer(f'{r}x{r}/Conv1_down', (3, 3, here, next_))
            layer(f'FromRGB_lod{s.log2 - r.bit_length() + 2}', (1, 1, s.channels, next_))
        base = s.width(4)
        layer('4x4/Conv', (3, 3, base + 1, base))
        layer('4x4/Dense0', (base * 16, s.fmaps(0)))
        layer('4x4/Dense1', (s.fmaps(0), 1 + s.labels))
        return specs

    def view(self, s, net, p):
        paths = [name[:-len('/weight')] for name in p if name.endswith('/weight')]
        return {path.replace('_up', '').replace('_down', ''):
                (p[path + '/weight'], p[path + '/bias']) for path in paths}

    def latent(self, z, labels):
        return pixel_norm(z if labels is None else torch.cat([z, labels], 1))

    def first(self, t, x):
        weight, bias = t
        y = x @ (weight * he(weight.shape[0], SQRT2 / 4))
        return y.reshape(len(x), -1, 4, 4) + per_channel(bias)

    def conv(self, t, x, gain=SQRT2):
        weight = t[0].permute(3, 2, 0, 1)
        return conv(x, weight, t[1], he(fan_in(weight), gain))

    def up(self, t, x):
        scale = he(9 * t[0].shape[3])
        weight = shifted_sum(t[0].permute(3, 2, 0, 1) * scale)
        return F.conv_transpose2d(x, weight, t[1], stride=2, padding=1)

    def down(self, t, x):
        weight = t[0].permute(3, 2, 0, 1)
        weight = shifted_sum(weight * he(fan_in(weight))) * 0.25
        return leaky(F.conv2d(x, weight, t[1], stride=2, padding=1))

    def rgb(self, t, x, gain):
        return self.conv(t, x, gain)

    def stddev(self, x):
        return append_stddev(x, group=4, order='strided', unbiased=False, eps=1e-8)

    def dense0(self, t, x):
        return x.flatten(1) @ (t[0] * he(t[0].shape[0])) + t[1]

    def dense1(self, t, x):
        return x @ (t[0] * he(t[0].shape[0], 1.0)) + t[1]


class Paper(Karras):
    """Scales stored beside each weight, true convolutions, activation before pooling, one
    deviation for the whole minibatch, labels behind the latent norm.

    Parameters are named by their place in param_values: weight, scale, bias of each layer.
    """
    name = 'paper'
    training = Training(
        step='D step (latents z_d); Gs += (G - Gs) * (1 - decay) of the G before its step; G step'
        ' (fresh latents z_g). Fresh minibatch each step. Learning rate times'
        ' exp(-5 (1 - kimg / 40)^2) while kimg < 40. Scales are constants.',
        gp_space='full', mix_weight_of='fake', adam='tensorflow', average='before_g_step',
        rampup_kimg=40.0, fade_reals='uint8')

    def layer_shapes(self, s, net):
        """Path -> (shape of the weight, number of biases, gain), in the order of param_values."""
        base, layers = s.width(4), {}
        if net == 'G':
            inputs = s.latent + s.labels
            layers['4x4/Dense'] = ((base, inputs, 4, 4), base, SQRT2 / 4)
            layers['4x4/Conv'] = ((base, base, 3, 3), base, SQRT2)
            for r in s.grown():
                wide, narrow = s.width(r // 2), s.width(r)
                layers[f'{r}x{r}/Conv0'] = ((narrow, wide, 3, 3), narrow, SQRT2)
                layers[f'{r}x{r}/Conv1'] = ((narrow, narrow, 3, 3), narrow, SQRT2)
            for lod in range(s.log2 - 1):
                width = s.width(s.resolution >> lod)
                layers[f'ToRGB_lod{lod}'] = ((width, s.channels), s.channels, 1.0)
            return layers
        here = s.width(s.resolution)
        layers['FromRGB_lod0'] = ((s.channels, here), here, SQRT2)
        for r in reversed(s.grown()):
            here, next_ = s.width(r), s.width(r // 2)
            layers[f'{r}x{r}/Conv0'] = ((here, here, 3, 3), here, SQRT2)
            layers[f'{r}x{r}/Conv1'] = ((next_, here, 3, 3), next_, SQRT2)
            lod = s.log2 - r.bit_length() + 2
            layers[f'FromRGB_lod{lod}'] = ((s.channels, next_), next_, SQRT2)
        layers['4x4/Conv'] = ((base, base + 1, 3, 3), base, SQRT2)
        layers['4x4/Dense0'] = ((s.fmaps(0), base, 4, 4), s.fmaps(0), SQRT2)
        layers['4x4/Dense1'] = ((s.fmaps(0), 1 + s.labels), 1 + s.labels, 1.0)
        return layers

    def specs(self, s, net):
        specs = {}
        for i, (shape, biases, _) in enumerate(self.layer_shapes(s, net).values()):
            specs[f'{3 * i:03}'] = (shape, 1.0)
            specs[f'{3 * i + 1:03}'] = ((), 'scale')
            specs[f'{3 * i + 2:03}'] = ((biases,), 0.5)
        return specs

    def generator_specs(self, s):
        return self.specs(s, 'G')

    def critic_specs(self, s):
        return self.specs(s, 'D')

    def trainable(self, name):
        return int(name) % 3 != 1

    def scales(self, s, net):
        """He constants by parameter name; a real file has sqrt(mean(w^2)) of the initial
        weights, which is close to them."""
        constants = {}
        for i, (path, (shape, _, gain)) in enumerate(self.layer_shapes(s, net).items()):
            fan = shape[0] if len(shape) == 2 else shape[1] * shape[2] * shape[3]
            fan = shape[1] if path == '4x4/Dense' else fan
            constants[f'{3 * i + 1:03}'] = he(fan, gain)
        return constants

    def view(self, s, net, p):
        return {path: (p[f'{3 * i:03}'], p[f'{3 * i + 1:03}'], p[f'{3 * i + 2:03}'])
                for i, path in enumerate(self.layer_shapes(s, net))}

    def latent(self, z, labels):
        z = pixel_norm(z)
        return z if labels is None else torch.cat([z, labels], 1)

    def first(self, t, x):
        weight, scale, bias = t
        return torch.einsum('ni,oiyx->noyx', x, weight * scale) + per_channel(bias)

    def conv(self, t, x):
        weight, scale, bias = t
        return conv(x, weight.flip(2, 3), bias, scale)

    def up(self, t, x):
        return self.conv(t, up2(x))

    def down(self, t, x):
        return box2(leaky(self.conv(t, x)))

    def rgb(self, t, x, gain):
        weight, scale, bias = t
        return conv(x, weight.t()[:, :, None, None], bias, scale)

    def stddev(self, x):
        return append_stddev(x, group=0, order='strided', unbiased=False, eps=1e-8)

    def dense0(self, t, x):
        weight, scale, bias = t
        return F.conv2d(x, weight.flip(2, 3) * scale, bias).flatten(1)

    def dense1(self, t, x):
        weight, scale, bias = t
        return x @ (weight * scale) + bias
