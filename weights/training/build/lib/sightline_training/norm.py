"""LayerNorm with PyTorch's parameters; on CUDA the Triton kernels where `kernels.check` found them right."""

import os

import torch.nn as nn
import torch.nn.functional as F

try:
    from . import norm_triton
except ImportError:  # triton is optional
    norm_triton = None

use_triton = norm_triton is not None and os.environ.get("SIGHTLINE_TORCH_NORM") is None


class LayerNorm(nn.LayerNorm):
    """Over the last axis of channels-last activations."""

    def forward(self, x):
        if use_triton and (x.is_cuda or os.environ.get("TRITON_INTERPRET") == "1"):
            return norm_triton.LayerNorm.apply(x, self.weight, self.bias, self.eps)
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
