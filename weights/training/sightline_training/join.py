"""Stage 3c: real pictures, connector and adapters together, part of the canvases still oracle grids; in the last part more
captions and DAQUAR (`recipes/join.yaml`). The blind run has the same batches and steps, and no visual tokens."""

import torch

from .context import Context
from .data.scenes import SceneBatches, loader
from .data.sources import SETS, TRAIN_SETS
from .dense import load_dense
from .held_out_daquar import HeldOutDaquar
from .names import NEUTRAL
from .optim import MasterAdamW, batch_hash, cosine, step_generator, synchronize
from .oracle import grid_tokens, held_out_batches, metadata_bank, quick_scores
from .resume import Progress
from .vlm import Interface, load_language_model, task_means, to_device

BLIND = "blind"


class Visual:
    """Visual tokens of a batch for one arm, or None for the blind run."""

    def __init__(self, ctx: Context, arm: str, interface: Interface, recipe: dict):
        self.bank, self.interface, self.recipe, self.dtype = ctx.bank(list(SETS)), interface, recipe, ctx.dtype
        self.encoder = None if arm == BLIND else load_dense(ctx, arm)[0]

    def __call__(self, batch: dict, canvas, generator, training: bool = False):
        if self.encoder is None:
            return None
        with torch.no_grad():
            jitter = self.recipe["color_jitter"] if training else 0.0
            features = self.encoder(self.bank.render(canvas, jitter, generator, self.dtype))
            grid = grid_tokens(self.interface, batch["names"], self.recipe["error_rate"], generator)
        tokens = self.interface.connector(features)
        if training:
            tokens = self._drop(tokens, batch["names"][:, :1] < 0, generator)
        oracle = self.interface.from_names(grid)
        return self.interface.place(torch.where(batch["oracle"][:, None, None], oracle, tokens))

    def _drop(self, tokens, free, generator):
        """Neutral tokens in place of a share of those of canvases with free questions (`free` `[batch, 1]`), and in place of all
        tokens of a share of these canvases: so that a picture is harder to know by heart."""
        some, whole = (self.recipe.get(key, 0.0) for key in ("token_dropout", "picture_dropout"))
        if not some and not whole:
            return tokens
        rand = lambda *shape: torch.rand(*shape, device=tokens.device, generator=generator)  # noqa: E731
        gone = free & ((rand(*tokens.shape[:2]) < some) | (rand(len(tokens), 1) < whole))
        return torch.where(gone[..., None], self.interface.from_names(self.interface.names[NEUTRAL]), tokens)


def evaluate(visual: Visual, batches: list[dict], offset: int) -> dict:
    """Quick exact-match scores on held-out canvases."""
    answers = []
    for i, batch in enumerate(batches):
        batch = to_device(batch, visual.interface.device)
        batch["oracle"] = torch.zeros_like(batch["oracle"])
        canvas = batch["canvas"]
        canvas.picture = canvas.picture + offset
        with torch.no_grad():
            tokens = visual(batch, canvas, step_generator(visual.interface.device, 17, i))
        answers += visual.interface.forced_answers(tokens, batch)
        canvas.picture = canvas.picture - offset
    return quick_scores(answers)


def run(ctx: Context, arm: str) -> None:
    """Trains one arm (or "blind") from the oracle and align stages and writes `<arm>_join.pt`."""
    recipe = ctx.recipe("join")
    lm, prompter = load_language_model(ctx)
    interface = Interface(ctx, lm, prompter)
    interface.load(ctx.load("oracle"), connector=False)
    if arm != BLIND:
        interface.connector.load_state_dict(ctx.load(f"{arm}_align")["connector"])
    visual = Visual(ctx, arm, interface, recipe)
    lm.adapter_dropout = recipe.get("adapter_dropout", 0.0)
    if recipe["compile"]:
        lm.compile_layers()
    maps, adapters = interface.parameters(connector=True)
    optimizer = MasterAdamW([(maps, recipe["lr_interface"], 0.01), (adapters, recipe["lr_adapters"], 0.01)])
    progress = Progress(ctx, f"join_{arm}", interface.trained(connector=True), optimizer, recipe["keep_every"])
    steps, log = recipe["steps"], ctx.log(f"join_{arm}")
    dataset = SceneBatches(metadata_bank(ctx, TRAIN_SETS), prompter, recipe, steps)
    held_out = held_out_batches(ctx, prompter, recipe, recipe["eval_batches"])
    kept_out = recipe.get("daquar_held_out", 0)
    watched = HeldOutDaquar(visual.bank, prompter, kept_out) if kept_out else None
    offset = visual.bank.sets["tiny_val"][0]  # held-out ids in the bank of all sets
    step = progress.start - 1
    for step, batch in enumerate(loader(dataset, recipe["workers"], progress.start), progress.start):
        batch = to_device(batch, ctx.device)
        generator = step_generator(ctx.device, recipe["seed"], step)
        torch.manual_seed(recipe["seed"] * 1_000_003 + step)  # of the adapters' dropout
        tokens = visual(batch, batch["canvas"], generator, training=True)
        loss, parts = interface.question_losses(tokens, batch)
        loss.backward()
        optimizer.step(cosine(step, steps, recipe["warmup"]))
        if step % 100 == 0:
            canvas = batch["canvas"]
            digest = batch_hash(batch["ids"], batch["target"], canvas.picture, canvas.window, batch["names"])
            log.write(step=step, batch=digest)
        if step % 10 == 0 or step == steps - 1:
            log.write(show=step % 100 == 0, step=step, loss=loss.item(), **task_means(parts))
        if step == recipe["gate_step"]:
            log.write(show=True, what="gate", step=step, **evaluate(visual, held_out, offset))
        if watched is not None and (step + 1) % recipe["watch_every"] == 0:
            log.write(show=True, what="daquar", step=step, **watched.score(visual))
        if progress.seconds > recipe["max_seconds"]:
            log.write(show=True, step=step, what="stopped at max_seconds")
            break
        progress.after(step)
    synchronize(ctx.device)
    seconds = progress.seconds
    ctx.save(f"{arm}_join", **interface.state())
    progress.finish()
    scores = evaluate(visual, held_out, offset)
    log.write(show=True, what="held_out", steps=step + 1, seconds=seconds, **scores)
    ctx.result(f"join_{arm}", scores | {"steps": step + 1, "seconds": seconds})
