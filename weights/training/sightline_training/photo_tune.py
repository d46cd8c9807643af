"""Stage 4: an encoder of the first pair is tuned on photographs (`recipes/photo_tune.yaml`).

Three quarters of a batch are photographs: words of their captions, the ImageNet teacher's class map, presence, counts and boxes
of COCO's classes, mean colours. One quarter are the canvases of the earlier stages, so that what was learned there stays. No
question or answer is shown: tokens of training pictures must not know answers that held-out pictures lack.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .bundle import ShippedArm
from .context import Context
from .data.bank import Bank, Canvas, letterbox_rect
from .data.kinds import COCO_NAMES, DENSE_NAMES
from .data.layouts import SLOTS
from .data.photo_shard import SET
from .data.photo_texts import Photos
from .dense import box_iou, draw_canvases
from .encoders import ARMS, CANVAS, WIDTH
from .names import NAMES
from .optim import MasterAdamW, batch_hash, cosine, step_generator, synchronize
from .photo_targets import Labels, PhotoTargets, Targets, dense_labels, teacher_maps
from .resume import Progress

OLD_SETS = ["tiny_train", "imagenette_train", "caltech_train"]


class TuningHeads(nn.Module):
    """What the encoder is asked for besides the dense head, per token or on the mean token."""

    def __init__(self, words: int, seed: int = 3):
        super().__init__()
        torch.manual_seed(seed)
        self.mix = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU())
        self.words = nn.Linear(2 * WIDTH, words)
        self.teacher, self.teacher_map = nn.Linear(WIDTH, 1000), nn.Linear(WIDTH, 1000)
        self.presence, self.count = nn.Linear(WIDTH, len(COCO_NAMES)), nn.Linear(WIDTH, len(COCO_NAMES))
        self.presence_bias = nn.Parameter(torch.full((len(COCO_NAMES),), -3.0))
        self.colour = nn.Linear(WIDTH, 3)
        self.names = nn.Linear(WIDTH, len(NAMES))
        nn.init.constant_(self.count.bias, -5.0)

    def present(self, tokens, content):
        """Logits of the picture's classes: log-mean-exp over the tokens on it. `[b, 80]`"""
        logits = self.presence(tokens).float().masked_fill(~content[..., None], -1e4)
        return logits.logsumexp(1) - content.sum(1, keepdim=True).float().log() + self.presence_bias


def draw_photos(bank: Bank, ids: torch.Tensor, recipe: dict, generator) -> Canvas:
    """Random windows of photographs, most letterboxed and some squashed, mirrored or not."""
    rand = lambda *shape: torch.rand(*shape, device=bank.device, generator=generator)  # noqa: E731
    count = len(ids)
    picture = (bank.sets[SET][0] + ids)[:, None].expand(-1, SLOTS)
    aspect = bank.width[picture].float() / bank.height[picture].float()
    rect = letterbox_rect(aspect * torch.exp((rand(count, 1) * 2 - 1) * recipe["aspect_jitter"]))
    window = bank.windows(picture[:, :1], rect[:, :1], recipe["area_min"], 0.0, generator).expand(-1, SLOTS, -1)
    square = torch.tensor([0.0, 0.0, CANVAS, CANVAS], device=bank.device)
    squashed = rand(count) < 1 - recipe["share_letterboxed"]
    rect = torch.where(squashed[:, None, None], square, rect)
    layout = torch.zeros(count, dtype=torch.long, device=bank.device)
    return Canvas(layout, picture, rect, window.contiguous(), (rand(count, 1) < 0.5).expand(-1, SLOTS))


def draw_singles(bank: Bank, recipe: dict, count: int, generator) -> Canvas:
    """Letterboxed crops of single labelled pictures of the earlier sets."""
    rand = lambda *shape: torch.rand(*shape, device=bank.device, generator=generator)  # noqa: E731
    picture = bank.pick(recipe["singles"], (count, 1), generator).expand(-1, SLOTS)
    aspect = bank.width[picture].float() / bank.height[picture].float()
    rect = letterbox_rect(aspect * torch.exp((rand(count, 1) * 2 - 1) * recipe["aspect_jitter"]))
    window = bank.windows(picture, rect, recipe["old_area_min"], 0.15, generator, keep_box=True)
    layout = torch.zeros(count, dtype=torch.long, device=bank.device)
    return Canvas(layout, picture, rect, window, (rand(count, 1) < 0.5).expand(-1, SLOTS))


def masked_classes(logits, label, allowed, smoothing: float):
    """Cross-entropy per token over the classes that count for its label. logits `[n, c]`, allowed `[labels, c]`"""
    seen = logits.masked_fill(~allowed[label], -1e4)
    choices = allowed[label].sum(1).float()
    log = F.log_softmax(seen, -1)
    hit = log.gather(1, label[:, None])[:, 0]
    spread = log.masked_fill(~allowed[label], 0.0).sum(1) / choices
    return -(1 - smoothing) * hit - smoothing * spread


def photo_losses(tokens, dense, heads: TuningHeads, t: PhotoTargets, labels: Labels, recipe: dict) -> dict:
    """Losses of the photographs of a batch. tokens `[b, 196, 384]`; dense: the dense head's outputs on them."""
    content = t.content
    weight = content.to(tokens.dtype)[..., None]
    mean = lambda x: (x * weight).sum(1) / weight.sum(1).clamp(min=1)  # noqa: E731
    out = {}
    has = t.words.sum(1) > 0
    words = F.log_softmax(heads.words(mean(heads.mix(tokens))).float(), -1)
    out["words"] = -(t.words * words)[has].sum(1).mean()
    pooled = F.avg_pool2d(tokens.transpose(1, 2).unflatten(2, (14, 14)), 2).flatten(2).transpose(1, 2)
    cells = F.avg_pool2d(content.float().unflatten(1, (14, 14))[:, None], 2).flatten(1) > 0.5
    taught = F.log_softmax(heads.teacher_map(pooled).float(), -1)
    kl = F.kl_div(taught, F.softmax(t.teacher, -1), reduction="none").sum(-1)
    out["teacher_map"] = kl[cells].mean()
    whole = (t.teacher * cells[..., None]).sum(1) / cells.sum(1, keepdim=True).clamp(min=1)
    given = F.log_softmax(heads.teacher(mean(tokens)).float(), -1)
    out["teacher"] = F.kl_div(given, F.softmax(whole, -1), reduction="batchmean")
    known = t.present >= 0
    bce = F.binary_cross_entropy_with_logits(heads.present(tokens, content), (t.present == 1).float(), reduction="none")
    out["presence"] = 20 * (bce * known).sum() / known.sum().clamp(min=1)
    counted = (F.softplus(heads.count(tokens).float()) * content[..., None]).sum(1)
    sure = t.count >= 0
    off = F.smooth_l1_loss(counted.log1p(), t.count.clamp(min=0).log1p(), reduction="none")
    out["count"] = (off * sure * torch.where(t.count > 0, 1.0, 0.02)).sum() / ((t.count > 0) & sure).sum().clamp(min=1)
    colour = F.smooth_l1_loss(heads.colour(tokens).float(), t.colour, reduction="none").mean(-1)
    out["colour"] = colour[content].mean()
    logits, near, absolute = dense
    used = content & t.counted
    out["tokens"] = masked_classes(logits[used], t.label[used], labels.photo, recipe["label_smoothing"]).mean()
    on = t.on_object & content
    amount = on.float() / on.sum().clamp(min=1)
    out["boxes"] = ((1 - box_iou(near, t.box)[1]) * amount).sum()
    out["absolute"] = ((2 * (absolute - t.box).abs().sum(-1) + 1 - box_iou(absolute, t.box)[1]) * amount).sum()
    return out


def old_losses(
    tokens, dense, heads: TuningHeads, bank: Bank, canvas: Canvas, mosaics: int, labels: Labels, smoothing
) -> dict:
    """Losses of the earlier stages' canvases: classes and boxes of the mosaics, names of the single pictures behind them."""
    logits, near, absolute = (x[:mosaics] for x in dense)
    label, box, inside = dense_labels(bank, canvas[:mosaics])
    amount = inside.float() / inside.sum().clamp(min=1)
    out = {"old_tokens": masked_classes(logits.flatten(0, 1), label.flatten(), labels.old, smoothing).mean()}
    out["old_boxes"] = ((1 - box_iou(near, box)[1]) * amount).sum()
    out["old_absolute"] = ((2 * (absolute - box).abs().sum(-1) + 1 - box_iou(absolute, box)[1]) * amount).sum()
    content = bank.token_slots(canvas[mosaics:])[1].to(tokens.dtype)[..., None]
    pooled = (tokens[mosaics:] * content).sum(1) / content.sum(1)
    name = bank.name[canvas.picture[mosaics:, 0]]
    out["old_names"] = F.cross_entropy(heads.names(pooled).float(), name, label_smoothing=smoothing)
    return out


def average_precision(score: torch.Tensor, gold: torch.Tensor, least: int = 5) -> float:
    """Mean over classes with at least `least` positives; gold 1, 0, or -1 (left out)."""
    out = []
    for c in range(gold.shape[1]):
        known = gold[:, c] >= 0
        hit = (gold[known, c] == 1)[score[known, c].argsort(descending=True)].double()
        if hit.sum() >= least:
            precision = hit.cumsum(0) / torch.arange(1, len(hit) + 1, device=hit.device)
            out.append((precision * hit).sum().item() / hit.sum().item())
    return 100 * sum(out) / max(1, len(out))


@torch.no_grad()
def watch(encoder, heads: TuningHeads, bank: Bank, photos: Photos, targets, ctx: Context) -> dict:
    """Presence of COCO's classes on the pictures kept for watching, whole and letterboxed."""
    rows = torch.tensor(photos.rows("vqa_dev"), device=ctx.device)
    scores = []
    for ids in rows.split(128):
        canvas = bank.full(bank.sets[SET][0] + ids, letterboxed=True)
        content = bank.token_slots(canvas)[1]
        scores.append(heads.present(encoder(bank.render(canvas, dtype=ctx.dtype)), content))
    return {"map": average_precision(torch.cat(scores), targets.present[rows]), "n": len(rows)}


def find_targets(ctx: Context, photos: Photos, bank: Bank) -> Targets:
    """What all photographs teach, from the detector's boxes and the teacher's maps."""
    found = {k: v.cpu().float() if v.is_floating_point() else v.cpu() for k, v in ctx.load("boxes").items()}
    targets = Targets(photos, found, bank, ctx.device)
    targets.maps = teacher_maps(ctx, bank)
    return targets


def run(ctx: Context, arm: str) -> None:
    """Tunes one arm from its bundle in `RUN/start` and writes `<arm>_photo.pt`: encoder and dense head."""
    recipe = ctx.recipe("photo_tune")
    photos = Photos(ctx.work, ctx.limit)
    bank = ctx.bank([SET, *OLD_SETS])
    start = ShippedArm(ctx.start(ARMS[arm].model), arm, ctx.device, ctx.dtype, ctx.toy)
    torch.manual_seed(recipe["seed"])
    dense = start.dense.float().cpu().widened(len(DENSE_NAMES)).to(ctx.device, ctx.dtype)
    targets = find_targets(ctx, photos, bank)
    heads = TuningHeads(targets.words.shape[1]).to(ctx.device, ctx.dtype)
    state = {"encoder": start.encoder, "heads": heads, "dense": dense}
    tune(ctx, f"photo_tune_{arm}", f"{arm}_photo", state, photos, targets, recipe)


def tune(ctx: Context, name: str, output: str, state: dict, photos: Photos, targets: Targets, recipe: dict) -> None:
    """Tunes the modules `encoder`, `dense` and `heads` of `state` and writes them as checkpoint `output`; `name` is that of the
    log and of what is kept on the way."""
    encoder, heads, dense = state["encoder"].requires_grad_(True).train(), state["heads"], state["dense"]
    bank, labels = ctx.bank([SET, *OLD_SETS]), Labels(ctx.device)
    groups = [(encoder.parameters(), recipe["lr"], recipe["weight_decay"])]
    groups += [(module.parameters(), recipe["lr_head"], recipe["weight_decay"]) for module in (heads, dense)]
    optimizer = MasterAdamW(groups, group=ctx.group)
    progress = Progress(ctx, name, state, optimizer, recipe["keep_every"])
    log, steps, weight = ctx.log(name), recipe["steps"], recipe["weights"]
    train = torch.tensor(photos.rows("train"), device=ctx.device)
    photo, mosaics, singles = (recipe["batch"][k] for k in ("photos", "mosaics", "singles"))
    step = progress.start - 1
    for step in range(progress.start, steps):
        generator = step_generator(ctx.device, recipe["seed"], step)
        ids = train[torch.randint(len(train), (photo,), device=ctx.device, generator=generator)]
        seen = draw_photos(bank, ids, recipe, generator)
        old = draw_canvases(bank, "tiny_train", mosaics, generator, recipe)
        old = Canvas.cat([old, draw_singles(bank, recipe, singles, generator)])
        jitter, channel = recipe["color_jitter"], recipe["channel_jitter"]
        pixels = bank.render(Canvas.cat([seen, old]), jitter, generator, ctx.dtype, channel)
        tokens = encoder(pixels)
        outputs = dense(tokens)
        t = targets.on(bank, seen, ids, pixels[:photo])
        parts = photo_losses(tokens[:photo], [x[:photo] for x in outputs], heads, t, labels, recipe)
        rest = [x[photo:] for x in outputs]
        parts |= old_losses(tokens[photo:], rest, heads, bank, old, mosaics, labels, recipe["label_smoothing"])
        loss = sum(weight[k] * v for k, v in parts.items())
        loss.backward()
        norm = optimizer.step(cosine(step, steps, recipe["warmup"]))
        if step % 100 == 0:
            log.write(step=step, batch=batch_hash(pixels, t.label, t.box))
        if step % 20 == 0 or step == steps - 1:
            values = {k: v.item() for k, v in parts.items()}
            log.write(show=step % 200 == 0, step=step, loss=loss.item(), gn=norm.item(), **values)
        if (step + 1) % recipe["watch_every"] == 0:
            log.write(show=True, what="watched", step=step, **watch(encoder.eval(), heads, bank, photos, targets, ctx))
            encoder.train()
        progress.after(step)
    synchronize(ctx.device)
    log.write(show=True, what="done", steps=step + 1, seconds=progress.seconds)
    ctx.save(output, encoder=encoder.state_dict(), dense=dense.state_dict(), presence=heads.state_dict())
    progress.finish()
