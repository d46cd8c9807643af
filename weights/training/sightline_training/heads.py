"""Small networks on top of the encoders: the connector to the language model, the dense head, the pretraining head."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .encoders import GRID, WIDTH
from .smollm import WIDTH as LM_WIDTH

CLASSES = 200
BACKGROUND = CLASSES


def add_positions(tokens, row, col):
    """Adds `row[r] + col[c]` to token (r, c). tokens `[batch, rows * cols, width]`, row `[rows, width]`, col `[cols, width]`."""
    grid = (row[:, None] + col[None]).flatten(0, 1)[None]
    return tokens + grid.to(tokens.dtype)


class Connector(nn.Module):
    """Encoder tokens `[batch, 196, 384]` -> name space `[batch, 196, 576]`, before positions are added.

    Keys as exported behind `projector.`: `0`, `2` and, added later by `add_positions`, `row` and `col`.
    """

    def __init__(self, hidden: int = LM_WIDTH, seed: int = 384):
        super().__init__()
        torch.manual_seed(seed)
        self.net = nn.Sequential(nn.Linear(WIDTH, hidden), nn.GELU(), nn.Linear(hidden, LM_WIDTH))

    def forward(self, tokens):
        return self.net(tokens)


def token_centres(device) -> torch.Tensor:
    """Centres (x, y) of the tokens as fractions of the canvas, row-major `[196, 2]`."""
    centre = (torch.arange(GRID, device=device).float() + 0.5) / GRID
    return torch.stack([centre.repeat(GRID), centre.repeat_interleave(GRID)], -1)


class DenseHead(nn.Module):
    """Per token: classes and background, box by distances from the token's centre, and a second, absolute box."""

    def __init__(self, classes: int = CLASSES):
        super().__init__()
        self.classes = classes
        self.net = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, classes + 1 + 4 + 4))
        nn.init.zeros_(self.net[2].bias)

    @staticmethod
    def of(tensors: dict) -> "DenseHead":
        """A head with the weights `net.0...` and `net.2...` of a bundle or checkpoint, whatever its number of classes."""
        head = DenseHead(len(tensors["net.2.bias"]) - 9)
        head.load_state_dict(tensors)
        return head

    def widened(self, classes: int) -> "DenseHead":
        """This head with further classes behind its own; background and boxes keep their weights."""
        head, old = DenseHead(classes), self.net[2]
        head.net[0].load_state_dict(self.net[0].state_dict())
        with torch.no_grad():
            weight, bias = head.net[2].weight, head.net[2].bias
            weight[: self.classes], bias[: self.classes] = old.weight[: self.classes], old.bias[: self.classes]
            weight[classes:], bias[classes:] = old.weight[self.classes :], old.bias[self.classes :]
        return head

    def forward(self, tokens):
        """`[batch, 196, 384]` -> logits `[batch, 196, classes + 1]`, box and absolute box `[batch, 196, 4]` in 0..1."""
        out = self.net(tokens).float()
        logits, distances, absolute = out.split([self.classes + 1, 4, 4], -1)
        distances = F.softplus(distances) * 0.25
        centre = token_centres(out.device)[None]
        box = torch.cat([centre - distances[..., :2], centre + distances[..., 2:]], -1)
        return logits, box, absolute.sigmoid()


class PretrainHead(nn.Module):
    """Linear heads of stage 1: 1,000 ImageNet classes and 101 Caltech classes."""

    def __init__(self):
        super().__init__()
        self.imagenet = nn.Linear(WIDTH, 1000)
        self.caltech = nn.Linear(WIDTH, 101)

    def forward(self, x):
        return self.imagenet(x).float(), self.caltech(x).float()
