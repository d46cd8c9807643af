"""ConvNeXt up to its third stage under timm's parameter names: patch stem, 7x7 depthwise convolutions, no layer scale.

All activations are channels last, `[batch, height, width, channels]`. The output is the last block of stage 3 through
`norm_pre`, flattened row-major.
"""

import torch.nn as nn

from ..norm import LayerNorm
from .vit import Mlp

LAYER_NORM_EPS = 1e-6
KERNEL = 7


class Patches(nn.Conv2d):
    """Non-overlapping patches of channels-last activations through one linear map."""

    def __init__(self, inputs: int, outputs: int, side: int):
        super().__init__(inputs, outputs, side, side)

    def forward(self, x):
        return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Block(nn.Module):
    """What a block adds: a depthwise convolution, a norm, an MLP."""

    def __init__(self, dim: int):
        super().__init__()
        self.conv_dw = nn.Conv2d(dim, dim, KERNEL, padding=KERNEL // 2, groups=dim)
        self.norm = LayerNorm(dim, eps=LAYER_NORM_EPS)
        self.mlp = Mlp(dim)

    def forward(self, x):
        seen = self.conv_dw(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return x + self.mlp(self.norm(seen.contiguous()))


class Stage(nn.Module):
    """The step down from the stage before, but for the first, and blocks of one resolution."""

    def __init__(self, before: int | None, dim: int, depth: int):
        super().__init__()
        self.downsample = nn.Sequential()
        if before is not None:
            self.downsample = nn.Sequential(LayerNorm(before, eps=LAYER_NORM_EPS), Patches(before, dim, 2))
        self.blocks = nn.Sequential(*(Block(dim) for _ in range(depth)))

    def forward(self, x):
        return self.blocks(self.downsample(x))


class ConvNext(nn.Module):
    """`[batch, height, width, 3]` pixels -> `[batch, height/16 * width/16, dims[-1]]` tokens."""

    def __init__(self, dims=(96, 192, 384), depths=(3, 3, 11)):
        super().__init__()
        self.stem = nn.Sequential(Patches(3, dims[0], 4), LayerNorm(dims[0], eps=LAYER_NORM_EPS))
        before = [None, *dims[:-1]]
        self.stages = nn.Sequential(*(Stage(*spec) for spec in zip(before, dims, depths, strict=True)))
        self.norm_pre = LayerNorm(dims[-1], eps=LAYER_NORM_EPS)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, pixels):
        return self.norm_pre(self.stages(self.stem(pixels)).contiguous()).flatten(1, 2)


build = ConvNext
