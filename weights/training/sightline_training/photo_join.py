"""Stage 5: a tuned encoder is joined to the frozen language model on photographs (`recipes/photo_join.yaml`): human questions,
captions and the question writer's, beside the canvases of the earlier stages. The blind run has the same batches and steps, and
no visual tokens."""

import random

import torch

from .bundle import ShippedArm
from .context import Context
from .data.photo_questions import PhotoAsker
from .data.photo_shard import SET
from .data.photo_texts import Photos
from .data.questions import mirrored
from .data.scenes import Question, Scenes, loader, pack
from .encoders import ARMS, PAIR, TOKENS, WIDTH
from .export import part, read_bundle
from .join import BLIND
from .manifest import BLIND_ID
from .optim import MasterAdamW, batch_hash, cosine, step_generator, synchronize
from .oracle import metadata_bank
from .prompt import TEXT_START, Prompter
from .resume import Progress
from .vlm import Interface, load_language_model, task_means, to_device

OLD_SETS = ["tiny_train", "imagenette_train", "caltech_train", "daquar_train"]
MOST = 7  # questions per picture; a batch tells them apart by row * 8 + number


class PhotoBatches(torch.utils.data.Dataset):
    """`[step]` -> packed batch, a pure function of seed and step: photographs first (`rows`, `turned`), then earlier canvases."""

    def __init__(self, photos: Photos, asker: PhotoAsker, bank, prompter, recipe: dict):
        self.asker, self.prompter, self.recipe = asker, prompter, recipe
        self.scenes = Scenes(bank, "train", recipe)
        kind = {"coco": 0, "flickr": 1, "v7w": 2, "vg": 3}
        train, texts, sets = photos.rows("train"), photos.texts, photos.set_of
        groups = {"vqa": [r for r in train if texts[r].get("vqa")]}
        groups["coco"] = [r for r in train if sets[r] == kind["coco"] and not texts[r].get("vqa")]
        groups |= {name: [r for r in train if sets[r] == kind[name]] for name in ("flickr", "v7w", "vg")}
        self.groups = {name: rows for name, rows in groups.items() if rows}

    def __len__(self) -> int:
        return self.recipe["steps"]

    def __getitem__(self, step: int) -> dict:
        seed = self.recipe["seed"] * 1_000_003 + step
        rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
        mix, old_mix, batch = self.recipe["mix"], self.recipe["old_mix"], self.recipe["batch"]
        kinds = rng.choices(list(self.groups), [mix[k] for k in self.groups], k=batch["photos"])
        rows = [rng.choice(self.groups[k]) for k in kinds]
        turned = [rng.random() < 0.5 for _ in rows]
        asked = [self._ask(rng, row, turn) for row, turn in zip(rows, turned, strict=True)]
        old = rng.choices(list(old_mix), list(old_mix.values()), k=batch["old"])
        canvas, questions, _ = self.scenes.draw(rng, generator, old)
        packed = [pack(self.prompter, q, self.recipe["text"], MOST) for q in (*asked, *questions)]
        out = {k: torch.tensor([p[k] for p in packed]) for k in packed[0]}
        return out | {"rows": torch.tensor(rows), "turned": torch.tensor(turned).long(), "canvas": canvas}

    def _ask(self, rng: random.Random, row: int, turn: bool) -> list[Question]:
        asked = self.asker.ask(rng, row)[:MOST]
        change = mirrored if turn else str
        return [Question(task, change(question), change(answer)) for task, question, answer in asked]


class Visual:
    """Visual tokens of a batch, or None for the blind run. Tokens of photographs, as they are and mirrored, are computed once."""

    def __init__(self, ctx: Context, encoder: torch.nn.Module | None, interface: Interface, recipe: dict):
        self.interface, self.recipe, self.dtype = interface, recipe, ctx.dtype
        self.encoder, self.bank = encoder, None
        if encoder is None:
            return
        self.tokens = self._tokens(ctx.bank([SET]), ctx.device)
        ctx.drop_bank()
        self.bank = ctx.bank(OLD_SETS)

    @torch.no_grad()
    def _tokens(self, bank, device) -> torch.Tensor:
        """Of every photograph and of its mirror image, `[2, n, 196, 384]` f16."""
        first, end = bank.sets[SET]
        out = torch.empty(2, end - first, TOKENS, WIDTH, dtype=torch.float16, device=device)
        size = 256 if device.type == "cuda" else 8
        for i in range(first, end, size):
            canvas = bank.full(torch.arange(i, min(end, i + size), device=device), letterboxed=True)
            for turn in (False, True):
                canvas.flip = torch.full_like(canvas.flip, turn)
                tokens = self.encoder(bank.render(canvas, dtype=self.dtype))
                out[int(turn), i - first : i - first + len(tokens)] = tokens.half()
        return out

    def of_photos(self, rows, turned=0) -> torch.Tensor | None:
        """With positions `[b, 196, 576]`."""
        if self.encoder is None:
            return None
        return self.interface.place(self.interface.connector(self.tokens[turned, rows].to(self.dtype)))

    def __call__(self, batch: dict, generator) -> torch.Tensor | None:
        """Training: with some of the photographs' tokens left blank."""
        if self.encoder is None:
            return None
        with torch.no_grad():
            pixels = self.bank.render(batch["canvas"], self.recipe["color_jitter"], generator, self.dtype)
            old = self.encoder(pixels)
        tokens = torch.cat([self.tokens[batch["turned"], batch["rows"]].to(self.dtype), old])
        visual = self.interface.connector(tokens)
        photos = torch.arange(len(visual), device=visual.device)[:, None] < len(batch["rows"])
        random_ = torch.rand(visual.shape[:2], device=visual.device, generator=generator)
        blank = (random_ < self.recipe["token_dropout"]) & photos
        return self.interface.place(visual.masked_fill(blank[..., None], 0.0))


class Watched:
    """Human questions about pictures kept for watching: loss and exact answers under forcing; free answers at the end."""

    def __init__(self, photos: Photos, prompter, recipe: dict, split: str = "vqa_dev"):
        self.prompter = prompter
        self.items = [(r, q) for r in photos.rows(split) for q in photos.texts[r].get("vqa", [])]
        self.items = self.items[: recipe["watched"]]
        packed = []
        for _, q in self.items:
            best = max(sorted(set(q["normal"])), key=q["normal"].count)
            packed.append(pack(prompter, [Question("vqa", q["question"], best)], recipe["text"], 1))
        self.batches, size = [], recipe["watch_batch"]
        for i in range(0, len(packed), size):
            chunk = packed[i : i + size]
            batch = {k: torch.tensor([p[k] for p in chunk]) for k in chunk[0]}
            self.batches.append(batch | {"rows": torch.tensor([r for r, _ in self.items[i : i + size]])})

    @torch.no_grad()
    def score(self, visual: Visual) -> dict:
        answers = []
        for batch in self.batches:
            batch = to_device(batch, visual.interface.device)
            answers += visual.interface.forced_answers(visual.of_photos(batch["rows"]), batch)
        n = len(answers)
        return {"n": n, "cost": sum(a.cost for a in answers) / n, "exact": sum(a.exact for a in answers) / n}

    @torch.no_grad()
    def free(self, visual: Visual, most: int = 6) -> dict:
        """VQAv2's soft accuracy of greedy answers, three of ten people or more being right, and per kind of answer."""
        lm, interface, hits = visual.interface.lm, visual.interface, {}
        size = 256 if interface.device.type == "cuda" else 4
        for i in range(0, len(self.items), size):
            chunk = self.items[i : i + size]
            rows = torch.tensor([r for r, _ in chunk], device=interface.device)
            prefix = interface.prefix(visual.of_photos(rows), len(chunk))
            prompts = [self.prompter.prompt(q["question"]) for _, q in chunk]
            ids = lm.greedy(prefix, prompts, interface.adapters, most, offset=TEXT_START)
            for (_, q), row in zip(chunk, ids, strict=True):
                right = min(1.0, q["normal"].count(self.prompter.decode(row).lower().rstrip(". ")) / 3)
                for kind in ("all", q["kind"]):
                    hits.setdefault(kind, []).append(right)
        return {kind: round(100 * sum(h) / len(h), 2) for kind, h in sorted(hits.items())}


def build(ctx: Context, arm: str, language: tuple | None = None) -> tuple[Interface, Prompter]:
    """The language side as the start bundle of the arm has it; `language`: decoder and prompter that are there already."""
    lm, prompter = language or load_language_model(ctx)
    interface = Interface(ctx, lm, prompter)
    tensors = read_bundle(ctx.start(BLIND_ID if arm == BLIND else ARMS[arm].model))
    with torch.no_grad():
        for key, value in part(tensors, "adapters").items():
            if key in interface.adapters:
                interface.adapters[key].copy_(value)
        if arm != BLIND:
            projector = part(tensors, "projector", "net.")
            for key in ("row", "col"):
                getattr(interface, key).copy_(projector.pop(f"net.{key}"))
            interface.connector.load_state_dict(projector)
    return interface, prompter


def run(ctx: Context, arm: str) -> None:
    """Joins one arm (or "blind") and writes `<arm>_photo_join.pt`."""
    recipe = ctx.recipe("photo_join")
    photos = Photos(ctx.work, ctx.limit)
    interface, prompter = build(ctx, arm)
    encoder = None
    if arm != BLIND:
        encoder = ShippedArm(ctx.start(ARMS[arm].model), arm, ctx.device, ctx.dtype, ctx.toy).encoder
        encoder.load_state_dict(ctx.load(f"{arm}_photo")["encoder"])
    visual = Visual(ctx, encoder, interface, recipe)
    asker = PhotoAsker(photos.texts, ctx.load("boxes"), photos.rows("train"))
    join(ctx, f"photo_join_{arm}", f"{arm}_photo_join", visual, photos, asker, prompter, recipe)


def join(
    ctx: Context,
    name: str,
    output: str,
    visual: Visual,
    photos: Photos,
    asker: PhotoAsker,
    prompter: Prompter,
    recipe: dict,
) -> None:
    """Trains connector and adapters behind `visual` and writes them as checkpoint `output`; `name` is that of the log and of
    what is kept on the way."""
    interface = visual.interface
    interface.lm.adapter_dropout = recipe["adapter_dropout"]
    if recipe["compile"]:
        interface.lm.compile_layers()
    maps, adapters = interface.parameters(connector=True)
    optimizer = MasterAdamW([(maps, recipe["lr_interface"], 0.01), (adapters, recipe["lr_adapters"], 0.01)])
    progress = Progress(ctx, name, interface.trained(connector=True), optimizer, recipe["keep_every"])
    log, steps = ctx.log(name), recipe["steps"]
    dataset = PhotoBatches(photos, asker, metadata_bank(ctx, OLD_SETS), prompter, recipe)
    watched = Watched(photos, prompter, recipe)
    step = progress.start - 1
    if progress.start == 0:
        log.write(show=True, what="watched", step=-1, **watched.score(visual))
    for step, batch in enumerate(loader(dataset, recipe["workers"], progress.start), progress.start):
        batch = to_device(batch, ctx.device)
        generator = step_generator(ctx.device, recipe["seed"], step)
        torch.manual_seed(recipe["seed"] * 1_000_003 + step)  # of the adapters' dropout
        loss, parts = interface.question_losses(visual(batch, generator), batch)
        loss.backward()
        optimizer.step(cosine(step, steps, recipe["warmup"]))
        if step % 100 == 0:
            log.write(
                step=step, batch=batch_hash(batch["ids"], batch["target"], batch["rows"], batch["canvas"].picture)
            )
        if step % 20 == 0 or step == steps - 1:
            log.write(show=step % 100 == 0, step=step, loss=loss.item(), **task_means(parts))
        if (step + 1) % recipe["watch_every"] == 0:
            log.write(show=True, what="watched", step=step, **watched.score(visual))
        progress.after(step)
    synchronize(ctx.device)
    seconds = progress.seconds
    ctx.save(output, **interface.state())
    progress.finish()
    interface.lm.adapter_dropout = 0.0
    log.write(show=True, what="free answers", steps=step + 1, seconds=seconds, **watched.free(visual))


RUNS = (*PAIR, BLIND)
