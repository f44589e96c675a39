"""training: losses with gradient penalty, two forms of Adam, and one step of each variant."""
import dataclasses
import math

import torch
import torch.nn.functional as F

from layers import box2, up2

LAMBDA, TARGET, DRIFT = 10.0, 1.0, 1e-3


@dataclasses.dataclass
class Networks:
    """A variant at one size, with dictionaries of its parameters."""
    variant: object
    settings: object
    g: dict
    d: dict

    def trainable(self, net):
        return [name for name in getattr(self, net) if self.variant.trainable(name)]


@dataclasses.dataclass(frozen=True)
class Stage:
    resolution: int
    alpha: float

    @property
    def name(self):
        return f'{self.resolution}/{self.alpha:g}'


@dataclasses.dataclass
class Batch:
    """Inputs of one step; labels are one-hot or None."""
    real: torch.Tensor
    t: torch.Tensor
    z_d: torch.Tensor
    z_g: torch.Tensor
    labels: torch.Tensor = None
    labels_g: torch.Tensor = None


def normalized_reals(rule, images, alpha):
    """uint8 [N, C, R, R] -> [-1, 1], faded towards the lower resolution as in the variant."""
    x = images.to(torch.float64)
    if rule == 'uint8':
        x = torch.floor(x + (up2(box2(x)) - x) * (1.0 - alpha))
    x = x * (2.0 / 255.0) - 1.0
    if rule == 'float':
        x = x + (up2(box2(x)) - x) * (1.0 - alpha)
    return x


def cross_entropy(logits, one_hot):
    return -(one_hot * F.log_softmax(logits, 1)).sum(1)


def penalty_norms(n, stage, real, fake, t):
    """Per sample the norm of the gradient of sum(scores) by the mixed image, and at the final
    resolution the norm an image enlarged by nearest neighbours would have there."""
    rule, t = n.variant.training, t.reshape(-1, 1, 1, 1)
    mixed = fake * t + real * (1 - t) if rule.mix_weight_of == 'fake' else real * t + fake * (1 - t)
    mixed.requires_grad_()
    scores = n.variant.criticize(n.settings, n.d, mixed, stage.resolution, stage.alpha)[:, 0]
    gradient, = torch.autograd.grad(scores.sum(), mixed, create_graph=True)
    norm = gradient.square().sum((1, 2, 3)).sqrt()
    full = rule.gp_space == 'full'
    return norm * (stage.resolution / n.settings.resolution if full else 1.0)


def discriminator_loss(n, stage, batch):
    """Parts of the D loss; penalty, drift, labels and total are reduced as the variant does."""
    v, s = n.variant, n.settings
    reduce = torch.sum if v.training.reduction == 'sum' else torch.mean
    at = (stage.resolution, stage.alpha)
    with torch.no_grad():
        fake = v.generate(s, n.g, batch.z_d, *at, labels=batch.labels)
    of_real = v.criticize(s, n.d, batch.real, *at)
    of_fake = v.criticize(s, n.d, fake, *at)
    r, f = of_real[:, 0], of_fake[:, 0]
    norm = penalty_norms(n, stage, batch.real, fake, batch.t)
    parts = {
        'real_score': r.mean(),
        'fake_score': f.mean(),
        'gradient_norm': norm,
        'penalty': reduce((norm - TARGET).square()) * LAMBDA / TARGET ** 2,
        'drift': reduce(r.square()) * DRIFT,
    }
    parts['total'] = reduce(f) - reduce(r) + parts['penalty'] + parts['drift']
    if s.labels:
        parts['label_real'] = reduce(cross_entropy(of_real[:, 1:], batch.labels))
        parts['label_fake'] = reduce(cross_entropy(of_fake[:, 1:], batch.labels))
        parts['total'] = parts['total'] + parts['label_real'] + parts['label_fake']
    return parts


def generator_loss(n, stage, batch):
    v, s = n.variant, n.settings
    reduce = torch.sum if v.training.reduction == 'sum' else torch.mean
    at = (stage.resolution, stage.alpha)
    fake = v.generate(s, n.g, batch.z_g, *at, labels=batch.labels_g)
    if not v.has_critic:
        total = (fake * batch.real).sum((1, 2, 3)).mean()
        return {'g_total': total}
    scores = v.criticize(s, n.d, fake, *at)
    parts = {'g_total': -reduce(scores[:, 0])}
    if s.labels:
        parts['g_label'] = reduce(cross_entropy(scores[:, 1:], batch.labels_g))
        parts['g_total'] = parts['g_total'] + parts['g_label']
    return parts


def gradients(n, net, loss):
    """By name; zeros for parameters that the loss does not depend on."""
    names = n.trainable(net)
    p = getattr(n, net)
    found = torch.autograd.grad(loss, [p[name] for name in names], allow_unused=True)
    return {name: torch.zeros_like(p[name]) if g is None else g for name, g in zip(names, found)}


class Adam:
    """beta1 = 0. Both forms divide by sqrt of the second moment; 'torch' corrects its bias before
    epsilon is added, 'tensorflow' (and lasagne) puts the correction into the rate."""

    def __init__(self, form, beta2, epsilon):
        self.form, self.beta2, self.epsilon = form, beta2, epsilon
        self.t, self.v = 0, {}

    def step(self, p, grads, rate):
        self.t += 1
        correction = math.sqrt(1.0 - self.beta2 ** self.t)
        for name, g in grads.items():
            old = self.v.get(name, torch.zeros_like(g))
            v = self.v[name] = self.beta2 * old + (1.0 - self.beta2) * g.square()
            if self.form == 'tensorflow':
                change = rate * correction * g / (v.sqrt() + self.epsilon)
            else:
                change = rate * g / (v.sqrt() / correction + self.epsilon)
            p[name] = (p[name].detach() - change).requires_grad_()


class Trainer:
    """Steps of a variant, with optimizers and the EMA of G."""

    def __init__(self, networks, beta2, epsilon, decay):
        self.n, self.decay = networks, decay
        form = networks.variant.training.adam
        self.g_adam, self.d_adam = Adam(form, beta2, epsilon), Adam(form, beta2, epsilon)
        self.average = {name: w.detach().clone() for name, w in networks.g.items()}

    def update_average(self):
        for name, w in self.n.g.items():
            self.average[name] = self.decay * self.average[name] + (1 - self.decay) * w.detach()

    def step(self, stage, batch, rate):
        rule = self.n.variant.training
        loss = discriminator_loss(self.n, stage, batch)['total']
        self.d_adam.step(self.n.d, gradients(self.n, 'd', loss), rate)
        if rule.average == 'before_g_step':
            self.update_average()
        loss = generator_loss(self.n, stage, batch)['g_total']
        self.g_adam.step(self.n.g, gradients(self.n, 'g', loss), rate)
        if rule.average == 'after_g_step':
            self.update_average()


def learning_rate(rule, kimg):
    if kimg >= rule.rampup_kimg:
        return rule.learning_rate
    return rule.learning_rate * math.exp(-5.0 * (1.0 - kimg / rule.rampup_kimg) ** 2)
