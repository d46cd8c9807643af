"""Narrower encoders of the other files, with one linear map to the width that connector and heads take."""

import importlib

import torch.nn as nn

from . import WIDTH


class Narrow(nn.Module):
    """`[batch, height, width, 3]` pixels -> `[batch, tokens, 384]`: an encoder of `width` channels, mapped."""

    def __init__(self, module: str, width: int, build: dict):
        super().__init__()
        self.encoder = importlib.import_module(f"{__package__}.{module}").build(**build)
        self.widen = nn.Linear(width, WIDTH)

    def forward(self, pixels):
        return self.widen(self.encoder(pixels))


build = Narrow
