"""Kinds of runs: what a row of the plan does. Each takes the shared context and the row, and returns its record."""

import time

import torch
import torch.nn.functional as F

from .. import photo_join, photo_tune
from ..bundle import ShippedArm
from ..data.kinds import DENSE_NAMES
from ..encoders import ARMS, make_encoder
from ..heads import DenseHead
from ..join import BLIND
from ..optim import MasterAdamW, cosine
from ..resume import OutOfTime
from ..vlm import Interface
from .plan import BEFORE, needed
from .records import DONE, Record
from .score import Judge, probe
from .shared import Study, seeded

SCRATCH = "scratch"
KEEP = 100  # steps
FIT = {"pictures": 4096, "steps": 300, "batch": 64, "rate": 1e-3}
TOY_FIT = {"pictures": 8, "steps": 2, "batch": 4, "rate": 1e-3}
SCORING = 40  # seconds that must be left to begin with the scores


def shipped(ctx: Study, arm: str) -> ShippedArm:
    return ShippedArm(ctx.start(ARMS[arm].model), arm, ctx.device, ctx.dtype, ctx.toy)


def tune(ctx: Study, row: dict) -> Record:
    """Tunes an encoder of the first pair, or a fresh one (`start: scratch`), on photographs."""
    settings = {"keep_every": KEEP, "watch_every": row["steps"]}
    recipe, arm, seed = ctx.overridden("photo_tune", row, settings), row["arm"], row["seed"]
    targets, dense_classes = ctx.targets, len(DENSE_NAMES)
    ctx.keep_maps(ctx.device)
    if row["start"] == SCRATCH:
        encoder, dense = make_encoder(arm, seed, ctx.toy), seeded(DenseHead, seed, dense_classes)
    else:
        before = shipped(ctx, arm)
        torch.manual_seed(seed)
        encoder, dense = before.encoder, before.dense.float().cpu().widened(dense_classes)
    heads = photo_tune.TuningHeads(targets.words.shape[1], seed)
    modules = {"encoder": encoder, "heads": heads, "dense": dense}
    state = {name: module.to(ctx.device, ctx.dtype) for name, module in modules.items()}
    photo_tune.tune(ctx, row["name"], row["name"], state, ctx.photos, targets, recipe)
    return Record(row, DONE, ctx.history(row["name"]))


def encoder_of(ctx: Study, row: dict) -> torch.nn.Module | None:
    """The encoder that a row names, frozen."""
    if row["arm"] == BLIND:
        return None
    if row["encoder"] == BEFORE:
        return shipped(ctx, row["arm"]).encoder
    encoder = make_encoder(row["arm"], toy=ctx.toy)
    encoder.load_state_dict({k: v.cpu() for k, v in ctx.load(needed(row))["encoder"].items()})
    return encoder.to(ctx.device, ctx.dtype).requires_grad_(False).eval()


def fit_connector(ctx: Study, row: dict, visual: photo_join.Visual) -> float:
    """Teaches the connector to say of training photographs what the first pair's encoder and connector say of them, so that no
    run starts with a connector that was made for another encoder. Returns the last loss, in variances of the target."""
    settings, interface = TOY_FIT if ctx.toy else FIT, visual.interface
    before, generator = shipped(ctx, row["language"]), torch.Generator().manual_seed(row["seed"])
    train = torch.tensor(ctx.photos.rows("train"))
    rows = train[torch.randperm(len(train), generator=generator)[: settings["pictures"]]].to(ctx.device)
    bank, size = ctx.bank(), 256 if ctx.device.type == "cuda" else 8
    first = bank.sets[photo_join.SET][0]
    with torch.no_grad():
        canvases = [bank.full(first + ids, letterboxed=True) for ids in rows.split(size)]
        target = torch.cat([before.connector(before.encoder(bank.render(c, dtype=ctx.dtype))) for c in canvases])
        spread = target.float().var()
    parameters = [p.requires_grad_(True) for p in interface.connector.parameters()]
    optimizer = MasterAdamW([(parameters, settings["rate"], 0.0)])
    for step in range(settings["steps"]):
        chosen = torch.randint(len(rows), (settings["batch"],), generator=generator).to(ctx.device)
        given = interface.connector(visual.tokens[0, rows[chosen]].to(ctx.dtype))
        loss = F.mse_loss(given.float(), target[chosen].float()) / spread
        loss.backward()
        optimizer.step(cosine(step, settings["steps"], 10))
    return loss.item()


def join(ctx: Study, row: dict) -> Record:
    """Joins an encoder, or nothing, to the language model; scores the answers, and the encoder by linear probes."""
    name, begun = row["name"], time.time()
    ctx.keep_maps("cpu")
    recipe = ctx.overridden("photo_join", row, {"keep_every": KEEP, "watch_every": row["steps"]})
    recipe["workers"] = min(recipe["workers"], row.get("workers", recipe["workers"]))
    language = BLIND if row["arm"] == BLIND else row["language"]
    interface, prompter = photo_join.build(ctx, language, ctx.language)
    visual = photo_join.Visual(ctx, encoder_of(ctx, row), interface, recipe)
    content, trained = {}, ctx.checkpoints / f"{name}.pt"
    if not trained.exists():
        if row.get("encoder", BEFORE) != BEFORE and not (ctx.work / "progress" / f"{name}.pt").exists():
            content["fit"] = fit_connector(ctx, row, visual)
        photo_join.join(ctx, name, name, visual, ctx.photos, ctx.asker, prompter, recipe)
    if ctx.deadline is not None and time.time() > ctx.deadline - SCORING:
        raise OutOfTime
    load_state(interface, ctx.load(name))
    interface.lm.adapter_dropout = 0.0
    start = time.time()
    rows = Judge(ctx, visual, prompter).all()
    if visual.encoder is not None:
        rows |= probe(ctx, visual.encoder)
    content |= {"scoring_seconds": time.time() - start, "join_seconds": start - begun}
    return Record(row, DONE, content | ctx.history(name), rows)


@torch.no_grad()
def load_state(interface: Interface, state: dict) -> None:
    """The trained language side, in the precision that it is used in."""
    for key, value in state["adapters"].items():
        interface.adapters[key].data.copy_(value)
    for key in ("row", "col"):
        getattr(interface, key).data.copy_(state[key])
    interface.connector.load_state_dict(state["connector"])
    for tensor in (*interface.adapters.values(), interface.row, interface.col, *interface.connector.parameters()):
        tensor.requires_grad_(False)


KINDS = {"tune": tune, "join": join}
