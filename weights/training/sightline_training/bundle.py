"""Shipped bundles: written from the checkpoints of both arms, and read back as networks for scoring."""

import json
from pathlib import Path

import torch

from .classes import TINY_NAMES
from .context import Context
from .data.kinds import DENSE_NAMES
from .encoders import PAIR, make_encoder
from .export import bundle_tensors, part, read_bundle, write_bundle
from .heads import Connector, DenseHead, add_positions
from .join import BLIND
from .manifest import BLIND_ID, MODEL_IDS


def bundle_path(ctx: Context, arm: str) -> Path:
    return ctx.work / "bundle" / MODEL_IDS[arm] / "model.safetensors"


def export(ctx: Context) -> None:
    """Writes the int8 bundles of both arms from `<arm>_dense.pt` and `<arm>_join.pt`, and `classes.json`."""
    for arm in PAIR:
        dense, join = ctx.load(f"{arm}_dense"), ctx.load(f"{arm}_join")
        tensors = bundle_tensors(
            dense["encoder"], join["connector"], join["row"], join["col"], join["adapters"], dense["dense"]
        )
        size = write_bundle(bundle_path(ctx, arm), tensors)
        ctx.log("export").write(show=True, arm=arm, bytes=size)
    (ctx.work / "bundle" / "classes.json").write_text(json.dumps(TINY_NAMES) + "\n")


def export_blind(ctx: Context) -> None:
    """Writes the int8 adapters of the blind run from `blind_join.pt`, for `sightline eval --control blind`."""
    adapters = ctx.load(f"{BLIND}_join")["adapters"]
    path = ctx.work / "bundle" / BLIND_ID / "model.safetensors"
    size = write_bundle(path, {f"adapters.{k}": v for k, v in adapters.items()})
    ctx.log("export").write(show=True, arm=BLIND, bytes=size)


def export_photos(ctx: Context, run: str) -> None:
    """Writes the int8 bundle of one run on photographs (an arm or "blind"), and `classes.json` of its dense head."""
    join = ctx.load(f"{run}_photo_join")
    if run == BLIND:
        path = ctx.work / "bundle" / BLIND_ID / "model.safetensors"
        tensors = {f"adapters.{k}": v for k, v in join["adapters"].items()}
    else:
        photo, path = ctx.load(f"{run}_photo"), bundle_path(ctx, run)
        parts = (join["connector"], join["row"], join["col"], join["adapters"], photo["dense"])
        tensors = bundle_tensors(photo["encoder"], *parts)
    ctx.log("export").write(show=True, run=run, bytes=write_bundle(path, tensors))
    (ctx.work / "bundle" / "classes.json").write_text(json.dumps(DENSE_NAMES) + "\n")


class ShippedArm:
    """Encoder, connector, positions, adapters and dense head of one bundle, de-quantised."""

    def __init__(self, path: Path, arm: str, device, dtype, toy: bool = False):
        tensors = read_bundle(path)
        self.dtype = dtype
        self.encoder = make_encoder(arm, toy=toy)
        self.connector, self.dense = Connector(), DenseHead.of(part(tensors, "dense", "net."))
        self.encoder.load_state_dict(part(tensors, "encoder"))
        projector = part(tensors, "projector", "net.")
        self.row, self.col = (projector.pop(f"net.{k}").to(device, dtype) for k in ("row", "col"))
        self.connector.load_state_dict(projector)
        for module in (self.encoder, self.connector, self.dense):
            module.to(device, dtype).requires_grad_(False).eval()
        self.adapters = {k: v.to(device, dtype) for k, v in part(tensors, "adapters").items()}

    @torch.no_grad()
    def visual_tokens(self, features: torch.Tensor) -> torch.Tensor:
        """Encoder tokens `[batch, 196, 384]` -> visual tokens with positions `[batch, 196, 576]`."""
        return add_positions(self.connector(features), self.row, self.col)
