#!/usr/bin/env python3
"""The training iteration of bench_step in PyTorch: the same network (official feature maps, equalized
learning rate, pixel norm, minibatch stddev in groups of 4), the same loss (WGAN-GP with drift), Adam,
EMA and minibatches. Prints one JSON object per line for each variant.

A variant is MODE-PRECISION[-nchw][-folded], for example graph-bf16-folded:
  eager    op by op            compile  torch.compile where it supports double backward
  graph    the whole iteration captured once as a CUDA graph and replayed
  func     penalty by torch.func.grad, which lets torch.compile compile the whole loss
  fp32, tf32, bf16             bf16 is autocast; weights, optimizer and losses stay fp32
  nchw     memory format NCHW instead of channels_last
  folded   upsampling and pooling folded into 4x4 filters of stride 2, as the official code does
"""
import argparse
import contextlib
import json
import math
import resource
import statistics
import sys
import time

import torch

import pytorch_network
from pytorch_network import (EPSILON, Network, discriminator_parameters, fmaps,
                             generator_parameters, latent_size)

VARIANTS = ['eager-fp32-nchw', 'eager-tf32', 'eager-bf16', 'graph-fp32', 'graph-tf32',
            'graph-tf32-folded', 'graph-bf16', 'graph-bf16-folded']
MORE_VARIANTS = ['compile-tf32', 'compile-bf16', 'func-tf32', 'func-bf16']
CPU_VARIANTS = ['eager-fp32', 'eager-fp32-nchw', 'eager-fp32-folded']
MORE_CPU_VARIANTS = ['compile-fp32', 'func-fp32', 'func-fp32-folded']
OFFICIAL_BATCH = {4: 128, 8: 128, 16: 128, 32: 64, 64: 32, 128: 16, 256: 8, 512: 4, 1024: 4}
LAMBDA, DRIFT, AVERAGE_DECAY = 10.0, 1e-3, 0.999


def batch_of(resolution, cuda):
    if cuda:
        return OFFICIAL_BATCH[resolution]
    return 16 if resolution <= 64 else max(1, 1024 // resolution)


class Options:
    """The settings in a variant name."""

    def __init__(self, variant, device, dtype=torch.float32):
        mode, precision, *flags = variant.split('-')
        if (mode not in ('eager', 'graph', 'compile', 'func') or
                precision not in ('fp32', 'tf32', 'bf16') or set(flags) - {'nchw', 'folded'}):
            raise SystemExit(f"pytorch_step.py: unknown variant '{variant}'; see --help")
        self.mode, self.precision, self.device, self.dtype = mode, precision, device, dtype
        self.folded = 'folded' in flags
        self.memory_format = (torch.contiguous_format if 'nchw' in flags else torch.channels_last)

    def autocast(self):
        if self.precision != 'bf16':
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


class Training:
    """Both networks, their optimizers and the EMA, and one iteration."""

    def __init__(self, resolution, batch, options):
        torch.manual_seed(1)
        self.o, self.batch, cuda = options, batch, options.device.type == 'cuda'
        g, d = generator_parameters(resolution, options), discriminator_parameters(resolution, options)
        self.g, self.d = g.tensors, d.tensors
        self.average = [t.detach().clone() for t in g.list()]
        adam = dict(lr=1e-3, betas=(0.0, 0.99), eps=EPSILON)
        if cuda:
            adam.update(fused=True, capturable=options.mode == 'graph')
        self.g_adam = torch.optim.Adam(g.list(), **adam)
        self.d_adam = torch.optim.Adam(d.list(), **adam)
        self.generate = Network(resolution, g.scales, options).generator
        self.score = self.penalty_score = Network(resolution, d.scales, options).discriminator
        self.penalty = self.penalty_by_autograd
        if options.mode == 'compile':  # cannot differentiate twice
            self.generate, self.score = torch.compile(self.generate), torch.compile(self.score)
        if options.mode == 'func':
            self.penalty, self.d_loss = self.penalty_by_func, torch.compile(self.d_loss)
            self.generate, self.score = torch.compile(self.generate), torch.compile(self.score)
        shape = (batch, 3, resolution, resolution)
        self.host = torch.randint(0, 256, shape, dtype=torch.uint8)
        self.bytes = torch.empty(shape, dtype=torch.uint8, device=options.device)
        self.bytes = self.bytes.contiguous(memory_format=options.memory_format)
        self.host = self.host.contiguous(memory_format=options.memory_format)
        if cuda:
            self.host = self.host.pin_memory()
        self.losses = None

    def latents(self):
        return torch.randn(self.batch, latent_size(), device=self.o.device, dtype=self.o.dtype)

    def penalty_by_autograd(self, d, mixed):
        mixed = mixed.requires_grad_()
        score = self.penalty_score(d, mixed, 1).sum()
        g, = torch.autograd.grad(score, mixed, create_graph=True)
        return self.excess(g)

    def penalty_by_func(self, d, mixed):
        return self.excess(torch.func.grad(lambda x: self.penalty_score(d, x, 1).sum())(mixed))

    @staticmethod
    def excess(g):
        norm = g.to(torch.promote_types(g.dtype, torch.float32)).square().sum((1, 2, 3)).sqrt()
        return (norm - 1).square().mean() * LAMBDA

    def d_loss(self, d, real, fake, mix):
        with self.o.autocast():
            r, f = self.score(d, torch.cat([real, fake]), 2).chunk(2)
            mixed = real + (fake - real) * mix
            return (f - r + DRIFT * r.square()).mean() + self.penalty(d, mixed)

    def d_step(self):
        real = self.bytes.to(self.o.dtype) * (2 / 255) - 1
        with torch.no_grad(), self.o.autocast():
            fake = self.generate(self.g, self.latents()).to(self.o.dtype)
        mix = torch.rand(self.batch, 1, 1, 1, device=self.o.device, dtype=self.o.dtype)
        loss = self.d_loss(self.d, real, fake, mix)
        self.apply(self.d_adam, self.d, loss)
        return loss.detach()

    def g_step(self):
        torch._foreach_mul_(self.average, AVERAGE_DECAY)
        torch._foreach_add_(self.average, [t.detach() for t in self.g.values()],
                            alpha=1 - AVERAGE_DECAY)
        with self.o.autocast():
            loss = -self.score(self.d, self.generate(self.g, self.latents()), 1).mean()
        self.apply(self.g_adam, self.g, loss)
        return loss.detach()

    @staticmethod
    def apply(adam, parameters, loss):
        tensors = list(parameters.values())
        for t, g in zip(tensors, torch.autograd.grad(loss, tensors)):
            t.grad = g
        adam.step()

    def compute(self):
        self.losses = torch.stack([self.d_step(), self.g_step()])

    def capture(self):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.compute()
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.compute()

    def iterate(self):
        self.bytes.copy_(self.host, non_blocking=True)
        if self.o.mode == 'graph':
            self.graph.replay()
        else:
            self.compute()


def synchronize(device):
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def sample(training, iterations):
    """Seconds per iteration, with all iterations queued at once."""
    synchronize(training.o.device)
    start = time.perf_counter()
    for _ in range(iterations):
        training.iterate()
    synchronize(training.o.device)
    return (time.perf_counter() - start) / iterations


def measure(resolution, batch, options, seconds):
    cuda = options.device.type == 'cuda'
    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(options.device)
    training = Training(resolution, batch, options)
    training.bytes.copy_(training.host)
    if options.mode == 'graph':
        training.capture()
    once = [sample(training, 1) for _ in range(5 if cuda else 2)][-1]
    each, times, start, count = (max(1, math.ceil(0.2 / once)) if cuda else 1), [], time.time(), 0
    while time.time() - start < seconds or len(times) < 3:
        times.append(sample(training, each))
        count += each
    if not torch.isfinite(training.losses).all():
        raise RuntimeError(f'the losses are not finite: {training.losses.tolist()}')
    times.sort()
    median = statistics.median(times)
    peak = (torch.cuda.max_memory_allocated(options.device) / 1e6 if cuda else
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return dict(images_per_second=batch / median, ms=1e3 * median, ms_min=1e3 * times[0],
                ms_max=1e3 * times[-1], iterations=count, peak_memory_mb=round(peak))


def run_variant(resolution, variant, args, device):
    precise = '-fp32' in variant
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not precise
    torch.backends.cudnn.benchmark = True
    batch = args.batch or batch_of(resolution, device.type == 'cuda')
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else 'CPU'
    line = dict(program='pytorch', version=torch.__version__, device=name, resolution=resolution,
                batch=batch, variant=variant, precision=variant.split('-')[1])
    options = Options(variant, device)
    try:
        if options.mode == 'graph' and device.type != 'cuda':
            raise RuntimeError('CUDA graphs need a GPU')
        line.update(measure(resolution, batch, options, args.seconds))
    except Exception as error:  # a failure is a result as well
        line['failed'] = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return line


def best_of(lines):
    """The fastest line of each precision."""
    best = {}
    for line in lines:
        rate = line.get('images_per_second', 0)
        if rate > best.get(line['precision'], {}).get('images_per_second', 0):
            best[line['precision']] = line
    return list(best.values())


def gradients(variant, penalty):
    """Gradients of both networks at 8x8 in f64, equal for all variants."""
    options = Options(variant, torch.device('cpu'), torch.float64)
    training = Training(8, 4, options)
    training.penalty = getattr(training, penalty)
    real, fake = torch.randn(2, 4, 3, 8, 8, dtype=torch.float64).unbind()
    mix = torch.rand(4, 1, 1, 1, dtype=torch.float64)
    loss = training.d_loss(training.d, real, fake, mix)
    g = training.generate(training.g, training.latents()).square().mean()
    return [*torch.autograd.grad(loss, list(training.d.values())),
            *torch.autograd.grad(g, list(training.g.values()))]


def check():
    """All variants compute the same, and the networks have the published numbers of parameters."""
    options = Options('eager-fp32', torch.device('cpu'))
    counts = [sum(t.numel() for t in f(1024, options).list())
              for f in (generator_parameters, discriminator_parameters)]
    # The published numbers include the RGB layers of every resolution: 3 c + 3 for G, 4 c for D.
    others = [fmaps(2 ** i) for i in range(2, 10)]
    counts = [counts[0] + sum(3 * c + 3 for c in others), counts[1] + sum(4 * c for c in others)]
    if counts != [23079115, 23087249]:
        raise SystemExit(f'pytorch_step.py: wrong numbers of parameters: {counts}')
    pytorch_network.FMAP_MAX = 24  # narrow layers show differences as well, and faster
    want = gradients('eager-fp32', 'penalty_by_autograd')
    others = [('eager-fp32-nchw-folded', 'penalty_by_autograd'), ('eager-fp32', 'penalty_by_func')]
    for variant, penalty in others[:2 if hasattr(torch, 'func') else 1]:
        for a, b in zip(gradients(variant, penalty), want):
            if not torch.allclose(a, b, rtol=1e-8, atol=1e-10):
                raise SystemExit(f'pytorch_step.py: {variant} with {penalty} differs by '
                                 f'{(a - b).abs().max().item():.1e}')
    print('ok')


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    number_list = lambda text: [int(part) for part in text.split(',')]
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:I')
    parser.add_argument('--resolution', type=number_list, help='for example 4,8,16 (default: all)')
    parser.add_argument('--variants', help='comma-separated; "all" adds torch.compile '
                        f'(default: {",".join(VARIANTS)}; on the CPU {",".join(CPU_VARIANTS)})')
    parser.add_argument('--batch', type=int, default=0, help='images per minibatch (default: as bench_step)')
    parser.add_argument('--fmap-base', type=int, default=8192,
                        help='channels at resolution R: min(2 * fmap_base / R, fmap_max) (default: 8192)')
    parser.add_argument('--fmap-max', type=int, default=512, help='see --fmap-base (default: 512)')
    parser.add_argument('--seconds', type=float, default=3.0, help='minimum measuring time per variant (default: 3)')
    parser.add_argument('--threads', type=int, default=0, help='CPU threads (default: chosen by PyTorch)')
    parser.add_argument('--best', action='store_true',
                        help='print only the fastest variant of each resolution and precision')
    parser.add_argument('--check', action='store_true', help='compare the variants in f64 and exit')
    args = parser.parse_args()
    if args.check:
        return check()
    pytorch_network.FMAP_BASE, pytorch_network.FMAP_MAX = args.fmap_base, args.fmap_max
    if args.threads:
        torch.set_num_threads(args.threads)
    name = args.device
    if name == 'auto':
        name = 'cuda' if torch.cuda.is_available() else 'cpu'
    device = torch.device(name)
    if device.type == 'cuda' and not torch.cuda.is_available():
        raise SystemExit('pytorch_step.py: no GPU available to PyTorch; use --device cpu')
    cuda = device.type == 'cuda'
    variants = VARIANTS if cuda else CPU_VARIANTS
    if args.variants == 'all':
        variants = variants + (MORE_VARIANTS if cuda else MORE_CPU_VARIANTS)
    elif args.variants:
        variants = args.variants.split(',')
    for resolution in args.resolution or [2 ** i for i in range(2, 11 if cuda else 9)]:
        lines = []
        for variant in variants:
            lines.append(run_variant(resolution, variant, args, device))
            if not args.best:
                print(json.dumps(lines[-1]), flush=True)
        for line in best_of(lines) if args.best else []:
            print(json.dumps(line), flush=True)


if __name__ == '__main__':
    sys.exit(main())
