"""Stage 3a: the language side learns to read name tokens, without pictures first (`recipes/oracle.yaml`).

Visual tokens are name embeddings on the 14x14 grid of training mosaics. First the true names with random errors, then a
rising share of canvases whose tokens are the expected name under the posterior of the real encoders' dense heads, the two
arms in turn: the same adapters serve both.
"""

from dataclasses import replace

import torch

from .context import Context
from .data.bank import Bank
from .data.scenes import SceneBatches, loader
from .data.sources import SETS, TRAIN_SETS
from .dense import load_dense
from .encoders import PAIR
from .names import NEUTRAL
from .optim import MasterAdamW, batch_hash, cosine, step_generator, synchronize
from .resume import Progress
from .vlm import ForcedAnswer, Interface, corrupt, load_language_model, soft_names, task_means, to_device

SHOWN = 3  # tokens with its name from which an object counts as shown


def metadata_bank(ctx: Context, sets: list[str]) -> Bank:
    return Bank(ctx.shards, sets, "cpu", pixels=False)


@torch.no_grad()
def posterior_tokens(bank: Bank, canvas, arm_networks, interface: Interface, recipe: dict, generator, dtype):
    """Expected names `[batch, 196, 576]` under one arm's dense head, on rendered pictures."""
    encoder, head = arm_networks
    logits, _, _ = head(encoder(bank.render(canvas, recipe["color_jitter"], generator, dtype)))
    return soft_names(logits.softmax(-1), interface.names)


def grid_tokens(interface: Interface, names, rate: float, generator) -> torch.Tensor:
    """Name embeddings of the grid with a share of random errors; unknown places are neutral."""
    known = torch.where(names >= 0, names, NEUTRAL)
    return interface.names[corrupt(known, rate, 200, generator)]


def held_out_batches(ctx: Context, prompter, recipe: dict, count: int) -> list[dict]:
    """A few packed held-out batches for quick exact-match scores."""
    sets = [s for s in SETS if not s.endswith("_train")]
    dataset = SceneBatches(metadata_bank(ctx, sets), prompter, recipe | {"seed": 99}, count, "val")
    return [dataset[i] for i in range(count)]


def quick_scores(answers: list[ForcedAnswer]) -> dict:
    """Share of exact answers per task, and how many were asked."""
    out = {}
    for task in sorted({a.task for a in answers}):
        hits = [a.exact for a in answers if a.task == task]
        out[task] = round(sum(hits) / len(hits), 3)
        out[f"n_{task}"] = len(hits)
    return out


def evaluate(interface: Interface, batches: list[dict], rate: float) -> dict:
    """Exact answers on oracle grids of held-out canvases (generated boxes are scored in `evaluate.py`).

    `name_shown` leaves out names that hardly stand in the grid: an object whose box holds the centres of fewer than three tokens
    cannot be read from it once some of these carry errors, and not at all where it holds none.
    """
    answers, shown = [], []
    for i, batch in enumerate(batches):
        batch = to_device(batch, interface.device)
        generator = step_generator(interface.device, 13, i)
        tokens = grid_tokens(interface, batch["names"], rate, generator)
        given = interface.forced_answers(interface.place(interface.from_names(tokens)), batch)
        area = (batch["names"] != NEUTRAL).sum(1).tolist()
        answers += given
        shown += [replace(a, task="name_shown") for a in given if a.task == "name" and area[a.row] >= SHOWN]
    return quick_scores(answers + shown)


def run(ctx: Context) -> None:
    """Writes `oracle.pt`: adapters, row and column vectors, the oracle's map."""
    recipe = ctx.recipe("oracle")
    lm, prompter = load_language_model(ctx)
    interface = Interface(ctx, lm, prompter)
    bank = ctx.bank(list(SETS))
    arms = [load_dense(ctx, arm) for arm in PAIR]
    if recipe["compile"]:
        lm.compile_layers()
    maps, adapters = interface.parameters(connector=False)
    optimizer = MasterAdamW([(maps, recipe["lr_interface"], 0.01), (adapters, recipe["lr_adapters"], 0.01)])
    progress = Progress(ctx, "oracle", interface.trained(connector=False), optimizer, recipe["keep_every"])
    steps, log = recipe["steps"], ctx.log("oracle")
    dataset = SceneBatches(metadata_bank(ctx, TRAIN_SETS), prompter, recipe, steps)
    held_out = held_out_batches(ctx, prompter, recipe, recipe["eval_batches"])
    step = progress.start - 1
    for step, batch in enumerate(loader(dataset, recipe["workers"], progress.start), progress.start):
        batch = to_device(batch, ctx.device)
        reached, generator = step / steps, step_generator(ctx.device, recipe["seed"], step)
        tokens = grid_tokens(interface, batch["names"], recipe["error_rate"], generator)
        share = recipe["posterior_share"] * min(1.0, max(0.0, (reached - 0.3) / 0.4))
        if share > 0:
            real = posterior_tokens(bank, batch["canvas"], arms[step % 2], interface, recipe, generator, ctx.dtype)
            # Dense classes are Tiny's: pictures of other sets keep their grid.
            names = batch["names"]
            tiny = (((names >= 0) & (names < 200)) | (names == NEUTRAL)).all(1)
            chosen = tiny & (torch.rand(len(tiny), device=ctx.device, generator=generator) < share)
            tokens = torch.where(chosen[:, None, None], real, tokens)
        loss, parts = interface.question_losses(interface.place(interface.from_names(tokens)), batch)
        loss.backward()
        optimizer.step(cosine(step, steps, recipe["warmup"]))
        if step % 100 == 0:
            log.write(step=step, batch=batch_hash(batch["ids"], batch["target"], batch["names"]))
        if step % 10 == 0 or step == steps - 1:
            log.write(show=step % 50 == 0, step=step, loss=loss.item(), posterior=share, **task_means(parts))
        if progress.seconds > recipe["max_seconds"]:
            log.write(show=True, step=step, what="stopped at max_seconds")
            break
        progress.after(step)
    synchronize(ctx.device)
    seconds = progress.seconds
    ctx.save("oracle", **interface.state())
    progress.finish()
    scores = evaluate(interface, held_out, recipe["error_rate"])
    log.write(show=True, what="held_out", steps=step + 1, seconds=seconds, **scores)
    ctx.result("oracle", scores | {"steps": step + 1, "seconds": seconds})
