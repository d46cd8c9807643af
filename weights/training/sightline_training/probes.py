"""How much the mean token knows: linear probe and 20-NN on Tiny ImageNet, Imagenette and Caltech-101.

Three views of the held-out pictures: squashed, letterboxed by the bilinear renderer, letterboxed as the product does it
(Pillow, antialiased bicubic). Letterboxed features average the tokens whose centre lies on the picture.
"""

import time

import numpy as np
import torch
import torch.nn.functional as F

from .context import Context
from .data.bank import Bank
from .data.sources import SETS
from .encoders import make_encoder

TASKS = {"tiny": ("tiny", 200), "imagenette": ("name", 311), "caltech": ("caltech", 101)}  # set -> (column, classes)

VIEWS = [("squash", ["squash"]), ("letterbox", ["letterbox", "pillow"])]  # probe fitted on -> scored on


def _chunks(count: int, size: int):
    return [(i, min(count, i + size)) for i in range(0, count, size)]


@torch.no_grad()
def features(encoder, bank: Bank, name: str, view: str, dtype, size: int = 512, ids=None) -> torch.Tensor:
    """Mean content token of every picture of a set, or of those with `ids`, `[n, 384]`; view: squash, letterbox or pillow."""
    pillow = bank.canvases(name) if view == "pillow" else None
    ids = torch.arange(*bank.sets[name], device=bank.device) if ids is None else ids
    out = []
    for i, j in _chunks(len(ids), size):
        canvas = bank.full(ids[i:j], view != "squash")
        pixels = bank.render(canvas, dtype=dtype) if pillow is None else to_pixels(pillow[i:j], bank.device, dtype)
        content = bank.token_slots(canvas)[1].float()[..., None]
        out.append((encoder(pixels).float() * content).sum(1) / content.sum(1))
    return torch.cat(out)


def to_pixels(canvases: np.ndarray, device, dtype) -> torch.Tensor:
    """uint8 canvases `[n, 224, 224, 3]` -> `(p - 127) / 128`."""
    return ((torch.from_numpy(np.array(canvases)).to(device).float() - 127) / 128).to(dtype)


def fit_probe(x, y, classes: int, steps: int = 300):
    """Softmax regression on standardised features by Adam; returns a function from features to logits."""
    mean, std = x.mean(0), x.std(0) + 1e-6
    x = (x - mean) / std
    weight = torch.zeros(x.shape[1], classes, device=x.device, requires_grad=True)
    bias = torch.zeros(classes, device=x.device, requires_grad=True)
    adam = torch.optim.Adam([weight, bias], lr=0.02)
    for step in range(steps):
        adam.param_groups[0]["lr"] = 0.02 * (1 - step / steps)
        loss = F.cross_entropy(x @ weight + bias, y) + 1e-4 * weight.pow(2).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return lambda z: ((z - mean) / std) @ weight.detach() + bias.detach()


@torch.no_grad()
def knn_accuracy(x, y, x_val, y_val, classes: int, k: int = 20) -> float:
    """Cosine 20-NN with weights exp(similarity / 0.07)."""
    x, x_val, right = F.normalize(x, dim=1), F.normalize(x_val, dim=1), 0
    for i, j in _chunks(len(x_val), 500):
        value, index = (x_val[i:j] @ x.t()).topk(min(k, len(x)), 1)
        votes = torch.zeros(j - i, classes, device=x.device).scatter_add_(1, y[index], (value / 0.07).exp())
        right += (votes.argmax(1) == y_val[i:j]).sum().item()
    return right / len(x_val)


def run(ctx: Context, arm: str, stage: str = "pretrain") -> None:
    """Scores the encoder of `<arm>_<stage>.pt`. The letterboxed probe is fitted on bilinear letterboxed training pictures
    and scored on both letterboxed views."""
    bank = ctx.bank(list(SETS))
    encoder = make_encoder(arm, toy=ctx.toy).to(ctx.device, ctx.dtype)
    encoder.load_state_dict(ctx.load(f"{arm}_{stage}")["encoder"])
    encoder.requires_grad_(False)
    log, start, scores = ctx.log(f"probes_{stage}_{arm}"), time.time(), {}
    for task, (column, classes) in TASKS.items():
        labels = getattr(bank, column)
        y, y_val = (labels[slice(*bank.sets[f"{task}_{split}"])] for split in ("train", "val"))
        ids = torch.arange(*bank.sets[f"{task}_val"], device=ctx.device)
        keep = ~torch.isin(ids, torch.tensor(ctx.excluded(bank), device=ctx.device, dtype=torch.long))
        y_val, row = y_val[keep], {"n": int(keep.sum())}
        # Tiny ImageNet's pictures are square: squashed and letterboxed are the same canvas.
        square = [("squash", ["squash", "pillow"])]
        for fitted, views in square if task == "tiny" else VIEWS:
            x = features(encoder, bank, f"{task}_train", fitted, ctx.dtype)
            probe = fit_probe(x, y, classes)
            for view in views:
                x_val = features(encoder, bank, f"{task}_val", view, ctx.dtype)[keep]
                row[f"probe_{view}"] = (probe(x_val).argmax(1) == y_val).float().mean().item()
                if view == "squash":
                    row["knn20_squash"] = knn_accuracy(x, y, x_val, y_val, classes)
        scores[task] = row
        log.write(show=True, set=f"{task}_val", **row)
    log.write(what="done", seconds=time.time() - start)
    ctx.result(f"probes_{stage}_{arm}", scores)
