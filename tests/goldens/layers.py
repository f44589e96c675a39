"""layers: formulas shared by several variants (NCHW, cross-correlation), and the type Variant."""
import contextlib
import dataclasses
import math

import torch
import torch.nn.functional as F

SQRT2 = math.sqrt(2.0)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Sizes of a pair of networks. Stage s works at resolution 2^(s+1), so 4x4 is stage 1."""
    resolution: int
    fmap_base: int
    fmap_max: int
    latent: int
    labels: int = 0
    channels: int = 3

    @property
    def log2(self):
        return self.resolution.bit_length() - 1

    def fmaps(self, stage):
        return max(1, min(self.fmap_base // 2 ** stage, self.fmap_max))

    def width(self, resolution):
        return self.fmaps(resolution.bit_length() - 2)

    def grown(self, last=None):
        """Resolutions 8, 16, ... up to `last` (the final one without it)."""
        last = last or self.resolution
        return [2 ** i for i in range(3, last.bit_length())]


@dataclasses.dataclass(frozen=True)
class Training:
    """The training step of a variant; see training.py and docs/parity.md."""
    step: str                      # one iteration in words
    reduction: str = 'mean'        # of the losses over the minibatch: mean, sum
    gp_space: str = 'current'      # where the penalty's gradient norm is measured: full, current
    mix_weight_of: str = 'real'    # whose share in the mixed image t is: real, fake
    adam: str = 'torch'            # place of epsilon: tensorflow, torch
    learning_rate: float = 1e-3
    rampup_kimg: float = 0.0
    average: str = 'none'          # of G: before_g_step, after_g_step, none
    g_latents: str = 'fresh'       # of the G step: fresh, same (as the D step's)
    minibatches: str = 'fresh'     # of consecutive steps: fresh, same (images and latents)
    fade_reals: str = 'none'       # float, uint8 (truncated), none


class Variant:
    """One published implementation. Parameters are dictionaries by original name and layout;
    specs give name -> (shape, standard deviation of the random values that goldens use)."""
    name = ''
    training = Training('')
    has_critic = True

    def generator_specs(self, s):
        raise NotImplementedError

    def critic_specs(self, s):
        raise NotImplementedError

    def generator_aliases(self, s):
        """Second names of parameters: alias -> name."""
        return {}

    def critic_aliases(self, s):
        return {}

    def trainable(self, name):
        return True

    def generate(self, s, p, z, resolution, alpha, labels=None):
        """Images at `resolution`; `alpha` is always the weight of the newest branch."""
        raise NotImplementedError

    def criticize(self, s, p, image, resolution, alpha):
        """[N, 1 + labels]: score, logits."""
        raise NotImplementedError


_distances = None


@contextlib.contextmanager
def distances_to_kinks():
    """A list that receives the smallest |x| of every leaky ReLU evaluated in the meantime."""
    global _distances
    _distances = []
    yield _distances
    _distances = None


def leaky(x):
    if _distances is not None:
        _distances.append(float(x.detach().abs().min()))
    return F.leaky_relu(x, 0.2)


def pixel_norm(x, eps=1e-8):
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + eps)


def up2(x):
    n, c, h, w = x.shape
    return x[:, :, :, None, :, None].expand(n, c, h, 2, w, 2).reshape(n, c, 2 * h, 2 * w)


def box2(x):
    return F.avg_pool2d(x, 2)


def he(fan_in, gain=SQRT2):
    return gain / math.sqrt(fan_in)


def fan_in(weight):
    """Of a filter [O, I, k, k] or a matrix [O, I]."""
    return weight[0].numel()


def per_channel(bias):
    return bias.reshape(1, -1, 1, 1)


def conv(x, weight, bias, scale=1.0):
    """conv(x, scale * w) + b with zero padding that keeps the size of odd filters."""
    return F.conv2d(x, weight * scale, bias, padding=(weight.shape[-1] - 1) // 2)


def equalized(x, weight, bias, gain=SQRT2):
    """The equalized learning rate of the PyTorch ports: conv(x, gain / sqrt(fan_in) * w) + b."""
    return conv(x, weight, bias, he(fan_in(weight), gain))


def shifted_sum(weight):
    """4x4 sums of a 3x3 filter [O, I, 3, 3] over the four shifts by 0 or 1: a filter that
    resamples by 2 and convolves at once."""
    w = F.pad(weight, (1, 1, 1, 1))
    return w[:, :, 1:, 1:] + w[:, :, :-1, 1:] + w[:, :, 1:, :-1] + w[:, :, :-1, :-1]


def append_stddev(x, group, order, unbiased, eps):
    """Appends minibatch standard deviation as the last channel: per group of samples the mean over
    channels and pixels of sqrt(variance over the group + eps). `group` 0 is the whole minibatch.
    Sample n is in group n mod (N / group) where order is 'strided', in group n div group where it
    is 'contiguous'."""
    n, c, h, w = x.shape
    group = min(group, n) or n
    shape = (group, n // group) if order == 'strided' else (n // group, group)
    y = x.reshape(*shape, c, h, w)
    y = (y.var(0 if order == 'strided' else 1, unbiased=unbiased) + eps).sqrt().mean((1, 2, 3))
    y = y.repeat(group) if order == 'strided' else y[:, None].expand(-1, group)
    return torch.cat([x, y.reshape(n, 1, 1, 1).expand(n, 1, h, w)], 1)
