"""Boxes of YOLOX-nano (80 COCO classes) on every photograph: what the encoders learn presence, places and counts from.

Writes `boxes.pt`: box `[n, 16, 4]` px of the letterboxed 224-px canvas, label `[n, 16]` (-1 none), score `[n, 16]`.
"""

import time

import torch
import torch.nn.functional as F

from .context import Context
from .data.photo_shard import SET
from .encoders import CANVAS
from .onnx_graph import OnnxGraph

INPUT = 416
MOST = 16  # boxes kept per picture
CANDIDATES = 96  # before boxes of one object are reduced to the best
LOWEST = 0.15  # score
OVERLAP = 0.5  # IoU from which two boxes of one class are one object
CLASSES = 80


def anchors(device) -> tuple[torch.Tensor, torch.Tensor]:
    """Cell (x, y) and stride of every row of the network's output, `[3549, 2]` and `[3549, 1]`."""
    cells, strides = [], []
    for stride in (8, 16, 32):
        n = INPUT // stride
        y, x = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
        cells.append(torch.stack([x, y], -1).view(-1, 2))
        strides.append(torch.full((n * n, 1), stride))
    return torch.cat(cells).to(device).float(), torch.cat(strides).to(device).float()


def decode(out: torch.Tensor, cells, strides) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Network output `[b, 3549, 85]` -> boxes `[b, n, 4]` px of the canvas, classes and scores `[b, n]`, best first."""
    centre = (out[..., :2] + cells) * strides
    size = out[..., 2:4].clamp(max=6).exp() * strides
    box = torch.cat([centre - size / 2, centre + size / 2], -1) * (CANVAS / INPUT)
    best, kind = (out[..., 4:5] * out[..., 5:]).max(-1)
    score, order = best.topk(CANDIDATES, 1)
    return box.gather(1, order[..., None].expand(-1, -1, 4)), kind.gather(1, order), score


def suppress(box, kind, score) -> torch.Tensor:
    """Which candidates stay: of overlapping boxes of one class the best. `[b, n]` bool"""
    low = torch.maximum(box[:, :, None, :2], box[:, None, :, :2])
    high = torch.minimum(box[:, :, None, 2:], box[:, None, :, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    area = (box[..., 2:] - box[..., :2]).clamp(min=0).prod(-1)
    iou = shared / (area[:, :, None] + area[:, None, :] - shared + 1e-6)
    rival = (iou > OVERLAP) & (kind[:, :, None] == kind[:, None, :])
    alive = score > LOWEST
    for k in range(box.shape[1]):
        gone = rival[:, k] & alive[:, k : k + 1]
        gone[:, : k + 1] = False
        alive &= ~gone
    return alive


@torch.no_grad()
def detect(network, bank, ids: torch.Tensor, batch: int, dtype) -> dict[str, torch.Tensor]:
    """The boxes of whole letterboxed pictures."""
    count, device = len(ids), bank.device
    cells, strides = anchors(device)
    found = {
        "box": torch.zeros(count, MOST, 4, device=device),
        "label": torch.full((count, MOST), -1, dtype=torch.int16, device=device),
        "score": torch.zeros(count, MOST, device=device),
    }
    for i in range(0, count, batch):
        pixels = bank.render(bank.full(ids[i : i + batch], letterboxed=True), dtype=torch.float32)
        x = (pixels * 128 + 127).permute(0, 3, 1, 2).flip(1)  # blue, green, red, 0..255
        x = F.interpolate(x, size=(INPUT, INPUT), mode="bilinear", align_corners=False)
        box, kind, score = decode(network(x.to(dtype)).float(), cells, strides)
        alive = suppress(box, kind, score)
        place = (alive.cumsum(1) - 1).masked_fill(~alive, MOST)
        row = i + torch.arange(len(box), device=device)[:, None].expand_as(place)
        kept = place < MOST
        at = row[kept], place[kept]
        found["box"][at], found["label"][at], found["score"][at] = box[kept], kind[kept].short(), score[kept]
    return {k: v.cpu() for k, v in found.items()}


def run(ctx: Context) -> None:
    """Writes `boxes.pt` of all photographs."""
    bank = ctx.bank([SET])
    network = OnnxGraph(ctx.wait_for(ctx.work / "yolox_nano.onnx"), ctx.device, ctx.dtype)
    ids = torch.arange(*bank.sets[SET], device=ctx.device)
    start = time.time()
    found = detect(network, bank, ids, 128 if ctx.device.type == "cuda" else 8, ctx.dtype)
    sure = int((found["score"] > 0.3).sum())
    ctx.log("boxes").write(show=True, pictures=len(ids), boxes_over_30=sure, seconds=time.time() - start)
    ctx.save("boxes", **{k: v if k == "label" else v.float() for k, v in found.items()})
