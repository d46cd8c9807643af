"""The stages on photographs at toy size, on invented pictures: they resume, both runs see equal batches, bundles read back."""

import gzip
import json
import random

import pytest
import timm
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from sightline_training import photo_join, photo_tune
from sightline_training.bundle import ShippedArm, bundle_path, export_photos
from sightline_training.context import Context
from sightline_training.data import photo_texts
from sightline_training.data.kinds import DENSE_NAMES
from sightline_training.data.photo_shard import SET
from sightline_training.encoders import ARMS
from sightline_training.export import write_bundle
from sightline_training.manifest import BLIND_ID
from sightline_training.optim import MasterAdamW
from sightline_training.random_bundle import random_tensors
from sightline_training.smollm import LINEARS, WIDTH, adapter_shapes

COUNT, SIDE = 16, 64
ARM = "vit"


def shard(name: str, folder, rng: torch.Generator) -> None:
    side = SIDE if name != SET else 224
    none = torch.full((COUNT,), -1)
    label = torch.arange(COUNT)
    columns = {"imagenet": none, "caltech": none, "tiny": label if name.startswith("tiny") else none, "name": none}
    if name.startswith(("tiny", "imagenette", "caltech")):
        columns["name"] = label
    pixels = torch.randint(0, 1 << 24, (COUNT * side * side,), dtype=torch.int32, generator=rng)
    size = torch.full((COUNT,), side, dtype=torch.int32)
    box = torch.tensor([[8.0, 8.0, 40.0, 40.0]]).repeat(COUNT, 1) if name.startswith("tiny") else torch.zeros(COUNT, 4)
    torch.save({"pixels": pixels, "height": size, "width": size, "box": box, **columns}, folder / f"{name}.pt")


@pytest.fixture(scope="session")
def start(tmp_path_factory):
    """What the stages start from: shards, texts, boxes, a language model of two layers, bundles, the teacher."""
    work = tmp_path_factory.mktemp("start")
    (work / "shards").mkdir()
    (work / "checkpoints").mkdir()
    rng = torch.Generator().manual_seed(1)
    for name in (SET, *photo_tune.OLD_SETS, "daquar_train"):
        shard(name, work / "shards", rng)
    questions = json.dumps([[["What is on the table?", ["cup"]]]] * COUNT)
    (work / "shards" / "daquar_train_texts.json").write_text(questions)
    vqa = {
        "id": 1,
        "question": "Is it red?",
        "answers": ["yes"] * 10,
        "normal": ["yes"] * 10,
        "kind": "yes/no",
        "type": "is it",
    }
    texts = [{"captions": ["A red dog runs."], "present": ["dog"], "vqa": [vqa], "size": [224, 224]}] * COUNT
    with gzip.open(work / "photos_texts.json.gz", "wt") as file:
        json.dump({"texts": texts, "set": [0] * COUNT, "names": [str(i) for i in range(COUNT)]}, file)
    boxes = {"box": torch.zeros(COUNT, 16, 4), "label": torch.full((COUNT, 16), -1, dtype=torch.int16)}
    boxes["score"] = torch.zeros(COUNT, 16)
    boxes["box"][:, 0] = torch.tensor([30.0, 30.0, 150.0, 170.0])
    boxes["label"][:, 0], boxes["score"][:, 0] = 16, 0.9
    torch.save(boxes, work / "checkpoints" / "boxes.pt")
    letters = [chr(c) for c in range(32, 127)]
    words = {"<unk>": 0, "<a>": 1, "<b>": 2} | {c: i + 3 for i, c in enumerate([*letters, "\n"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.save(str(work / "tokenizer.json"))
    draw = lambda *shape: torch.randn(*shape, generator=rng)  # noqa: E731
    lm = {"token_embd.weight": draw(len(words), WIDTH) * 0.2, "output_norm.weight": torch.ones(WIDTH)}
    for i in range(2):
        lm |= {f"blk.{i}.{n}.weight": draw(*shape) * shape[1] ** -0.5 for n, shape in LINEARS.items()}
        lm |= {f"blk.{i}.{n}.weight": torch.ones(WIDTH) for n in ("attn_norm", "ffn_norm")}
    torch.save(lm, work / "smollm.pt")
    write_bundle(work / "start" / ARMS[ARM].model / "model.safetensors", random_tensors(ARM, 1, toy=True))
    adapters = {f"adapters.{k}": draw(*s) * 0.02 for k, s in adapter_shapes().items()}
    write_bundle(work / "start" / BLIND_ID / "model.safetensors", adapters)
    torch.save(timm.create_model("tf_efficientnet_lite2", pretrained=False).state_dict(), work / "teacher_f16.pth")
    return work


@pytest.fixture
def context(start, tmp_path, monkeypatch):
    """A run of its own on the same start, with splits for so few pictures."""
    splits = tmp_path / "splits.json"
    splits.write_text(json.dumps({"train": list(range(12)), "vqa_dev": [12, 13, 14, 15]}))
    monkeypatch.setattr(photo_texts, "SPLITS", splits)

    def make(name: str, repeat: int = 0) -> Context:
        work = tmp_path / name
        (work / "checkpoints").mkdir(parents=True, exist_ok=True)
        for path in start.rglob("*"):
            place = work / path.relative_to(start)
            if path.is_file() and not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(path)
        return Context(work, toy=True, device="cpu", repeat=repeat)

    return make


def logged(ctx: Context, name: str, key: str) -> list:
    lines = (ctx.logs / f"{name}.jsonl").read_text().splitlines()
    return [row[key] for row in map(json.loads, lines) if key in row]


class CutOffError(Exception):
    pass


def test_a_cut_off_tuning_ends_with_the_same_weights(context, monkeypatch):
    whole, cut = context("whole"), context("cut")
    photo_tune.run(whole, ARM)
    step, taken = MasterAdamW.step, []

    def failing(self, factor, clip=1.0):
        taken.append(1)
        if len(taken) == 2:
            raise CutOffError
        return step(self, factor, clip)

    monkeypatch.setattr(MasterAdamW, "step", failing)
    with pytest.raises(CutOffError):
        photo_tune.run(cut, ARM)
    photo_tune.run(cut, ARM)
    a, b = (ctx.load(f"{ARM}_photo") for ctx in (whole, cut))
    assert a["encoder"].keys() == b["encoder"].keys()
    assert all(torch.equal(a["encoder"][k], b["encoder"][k]) for k in a["encoder"])
    assert all(torch.equal(a["dense"][k], b["dense"][k]) for k in a["dense"])


def test_seeing_and_blind_runs_join_on_equal_batches(context):
    ctx = context("run")
    photo_tune.run(ctx, ARM)
    for run in (ARM, photo_join.BLIND):
        photo_join.run(ctx, run)
        export_photos(ctx, run)
    seeing, blind = (logged(ctx, f"photo_join_{run}", "batch") for run in (ARM, photo_join.BLIND))
    assert seeing == blind and seeing
    shipped = ShippedArm(bundle_path(ctx, ARM), ARM, "cpu", torch.float32, toy=True)
    assert shipped.dense.classes == len(DENSE_NAMES)
    trained = ctx.load(f"{ARM}_photo_join")["connector"]["net.0.weight"].float()
    stored = shipped.connector.state_dict()["net.0.weight"]
    assert (stored - trained).abs().max() <= trained.abs().max() / 127
    start = ShippedArm(ctx.start(ARMS[ARM].model), ARM, "cpu", torch.float32, toy=True)
    assert not torch.equal(start.connector.state_dict()["net.0.weight"], stored)


def test_a_repeat_draws_other_batches(context):
    first, second = context("first"), context("second", repeat=1)
    for ctx in (first, second):
        photo_tune.run(ctx, ARM)
    assert logged(first, f"photo_tune_{ARM}", "batch") != logged(second, f"photo_tune_{ARM}", "batch")


def test_a_mirrored_picture_is_asked_about_its_mirror_image():
    class Asker:
        def ask(self, _rng, _row):
            return [
                ("ground", "Where is the dog?", "[0.10, 0.20, 0.40, 0.90]"),
                ("relation", "Is it left of it?", "left"),
            ]

    batches = photo_join.PhotoBatches.__new__(photo_join.PhotoBatches)
    batches.asker = Asker()
    plain, turned = (batches._ask(random.Random(1), 0, turn) for turn in (False, True))
    assert [q.answer for q in plain] == ["[0.10, 0.20, 0.40, 0.90]", "left"]
    assert [(q.question, q.answer) for q in turned][1] == ("Is it right of it?", "right")
    assert turned[0].answer == "[0.60, 0.20, 0.90, 0.90]"
