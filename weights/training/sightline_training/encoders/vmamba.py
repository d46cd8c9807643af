"""VMamba (v05_noz, patch-embed v2, downsample v3, d_state 1) up to its third stage, under the published key names.

All activations are channels last, `[batch, height, width, channels]`. The output is the last block of stage 3 through
`outnorm2`, flattened row-major.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from ..norm import LayerNorm
from ..scan import selective_scan_2d
from .vit import Mlp

LAYER_NORM_EPS = 1e-5


class Conv3x3(nn.Conv2d):
    """3x3 convolution with padding 1 on channels-last activations."""

    def __init__(self, inputs: int, outputs: int, stride: int = 2, groups: int = 1, bias: bool = True):
        super().__init__(inputs, outputs, 3, stride, 1, groups=groups, bias=bias)

    def forward(self, x):
        return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class SS2D(nn.Module):
    """Four-direction selective scan with its projections; d_state 1, ssm_ratio 1.

    The low-rank dt projection is multiplied out before it meets the activations: one dense `D -> 4D` product is faster on
    a GPU than two thin ones and gives the same result.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim
        self.rank = rank = math.ceil(dim / 16)
        self.in_proj = nn.Linear(dim, dim, bias=False)
        self.conv2d = Conv3x3(dim, dim, stride=1, groups=dim, bias=False)
        self.x_proj_weight = nn.Parameter(torch.empty(4, rank + 2, dim).uniform_(-1, 1) / math.sqrt(dim))
        self.dt_projs_weight = nn.Parameter(torch.empty(4, dim, rank).uniform_(-1, 1) * rank**-0.5)
        dt = torch.exp(torch.rand(4, dim) * (math.log(0.1) - math.log(1e-3)) + math.log(1e-3)).clamp(min=1e-4)
        self.dt_projs_bias = nn.Parameter(dt + torch.log(-torch.expm1(-dt)))  # inverse softplus
        self.A_logs = nn.Parameter(torch.zeros(4 * dim, 1))
        self.Ds = nn.Parameter(torch.ones(4 * dim))
        self.out_norm = LayerNorm(dim, eps=LAYER_NORM_EPS)
        self.out_proj = nn.Linear(dim, dim, bias=False)

    def forward(self, x):
        batch, height, width, dim = x.shape
        u = F.silu(self.conv2d(self.in_proj(x))).reshape(batch, height * width, dim)
        dt_weight = torch.bmm(self.dt_projs_weight, self.x_proj_weight[:, : self.rank]).view(4 * dim, dim)
        dt = F.linear(u, dt_weight).view(batch, -1, 4, dim)
        bc = F.linear(u, self.x_proj_weight[:, self.rank :].reshape(8, dim)).view(batch, -1, 4, 2)
        y = selective_scan_2d(
            u, dt, bc, self.A_logs.view(4, dim), self.Ds.view(4, dim), self.dt_projs_bias, height, width
        )
        return self.out_proj(self.out_norm(y)).view(batch, height, width, dim)


class VSSBlock(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.norm = LayerNorm(dim, eps=LAYER_NORM_EPS)
        self.op = SS2D(dim)
        self.norm2 = LayerNorm(dim, eps=LAYER_NORM_EPS)
        self.mlp = Mlp(dim)

    def forward(self, x):
        x = x + self.op(self.norm(x))
        return x + self.mlp(self.norm2(x))


def _norm(dim: int) -> LayerNorm:
    return LayerNorm(dim, eps=LAYER_NORM_EPS)


class Stage(nn.Module):
    """Blocks of one resolution and, but for the last stage, the stride-2 step to the next."""

    def __init__(self, dim: int, depth: int, next_dim: int | None):
        super().__init__()
        self.blocks = nn.ModuleList([VSSBlock(dim) for _ in range(depth)])
        if next_dim is not None:
            # Indices 1 and 3: the published Sequential holds permutations at 0 and 2.
            self.downsample = nn.ModuleDict({"1": Conv3x3(dim, next_dim), "3": _norm(next_dim)})
        else:
            self.downsample = None

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        if self.downsample is not None:
            x = self.downsample["3"](self.downsample["1"](x))
        return x


class VMamba(nn.Module):
    """`[batch, height, width, 3]` pixels -> `[batch, ceil(height/16) * ceil(width/16), dims[-1]]` tokens."""

    def __init__(self, dims=(96, 192, 384), depths=(2, 2, 8)):
        super().__init__()
        stem = dims[0] // 2
        # Indices 0, 2, 5, 7: the published Sequential holds permutations and GELU between.
        self.patch_embed = nn.ModuleDict(
            {"0": Conv3x3(3, stem), "2": _norm(stem), "5": Conv3x3(stem, dims[0]), "7": _norm(dims[0])}
        )
        following = list(dims[1:]) + [None]
        self.layers = nn.ModuleList([Stage(*spec) for spec in zip(dims, depths, following, strict=True)])
        self.outnorm2 = _norm(dims[-1])
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, pixels):
        x = self.patch_embed["2"](self.patch_embed["0"](pixels))
        x = self.patch_embed["7"](self.patch_embed["5"](F.gelu(x)))
        for stage in self.layers:
            x = stage(x)
        return self.outnorm2(x).flatten(1, 2)


build = VMamba
