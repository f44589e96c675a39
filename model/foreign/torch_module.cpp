// torch_module.cpp: the forward pass of networks/generator.cpp in PyTorch.
#include "model/foreign/torch_module.h"

namespace pg {

// Its first line is the mark of own_file.h.
std::string_view torch_module() {
  return R"python("""Generator of a progressive GAN, written by progan_cuda.

    generator = Generator.load('generator.pth')
    images = generator(torch.randn(16, generator.latent_size))   # [N, C, H, W], about -1 to 1
    images = generator(z, labels=torch.full((16,), 3))           # networks with classes
    images = generator(z, resolution=32)                         # smaller, from the same latents

Licence: MIT, as that of progan_cuda. Needs only torch.
"""
import json

import torch
from torch import nn
from torch.nn import functional as F


class Generator(nn.Module):
    def __init__(self, file):
        super().__init__()
        self.scales = file['scales']  # run-time constants of the equalized learning rate
        self.class_names = json.loads(file.get('classes', '[]'))
        for name, value in file['settings'].items():
            setattr(self, name, value)
        for name, value in file['state_dict'].items():  # '8x8/Conv1/weight', ...
            self.register_parameter(name, nn.Parameter(value.clone()))

    @classmethod
    def load(cls, path):
        return cls(torch.load(path, map_location='cpu')).eval()

    def scaled(self, name):
        return self.get_parameter(name) * self.scales[name]

    def norm(self, x):
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + self.epsilon)

    def leaky(self, x):
        return F.leaky_relu(x, self.slope)

    def conv(self, x, name):
        weight = self.scaled(name + '/weight')
        return F.conv2d(x, weight, self.scaled(name + '/bias'), padding=weight.shape[-1] // 2)

    def layer(self, x, name):
        x = self.conv(x, name)
        if not self.use_pixelnorm:
            return self.leaky(x)
        return self.norm(self.leaky(x)) if self.activation_first else self.leaky(self.norm(x))

    def base(self, z):
        bias = self.scaled('4x4/Dense/bias')
        x = F.linear(z, self.scaled('4x4/Dense/weight')).view(len(z), len(bias), 4, 4)
        x = self.leaky(x + (bias if bias.dim() == 3 else bias[:, None, None]))
        return self.layer(self.norm(x) if self.first_pixelnorm else x, '4x4/Conv')

    def latents(self, z, labels):
        norm = self.norm if self.normalize_latents else lambda x: x
        if self.label_size == 0:
            return norm(z)
        one_hot = F.one_hot(labels.to(z.device).long(), self.label_size).to(z.dtype)
        if self.normalize_labels:
            return norm(torch.cat([z, one_hot], 1))
        return torch.cat([norm(z), one_hot], 1)

    def forward(self, z, labels=None, resolution=None):
        trained = resolution in (None, self.trained_resolution)
        resolution = self.trained_resolution if trained else resolution
        x, r = self.base(self.latents(z, labels)), 4
        while r < resolution:
            before, r = x, 2 * r
            x = F.interpolate(x, scale_factor=2.0, mode='nearest')
            x = self.layer(self.layer(x, f'{r}x{r}/Conv0_up'), f'{r}x{r}/Conv1')
        image = self.conv(x, f'{r}x{r}/ToRGB')
        if trained and self.alpha < 1 and r > 4:  # the weight of a resolution that fades in
            smaller = self.conv(before, f'{r // 2}x{r // 2}/ToRGB')
            image = torch.lerp(F.interpolate(smaller, scale_factor=2.0), image, self.alpha)
        return torch.tanh(image) if r >= self.tanh_from else image
)python";
}

}  // namespace pg
