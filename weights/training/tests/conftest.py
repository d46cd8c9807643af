"""Small random models and an invented start of the stages on photographs; nothing here needs a GPU, the data or the language
model's file."""

import gzip
import json

import pytest
import timm
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from sightline_training import photo_tune, smollm
from sightline_training.context import Context
from sightline_training.data import photo_texts
from sightline_training.data.kinds import COCO_INDEX
from sightline_training.data.photo_shard import SET
from sightline_training.encoders import ARMS, PAIR
from sightline_training.export import write_bundle
from sightline_training.manifest import BLIND_ID
from sightline_training.random_bundle import random_tensors
from sightline_training.smollm import LINEARS, WIDTH, adapter_shapes

COUNT, SIDE = 16, 64


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
    for name in (SET, *photo_tune.OLD_SETS, "daquar_train", "imagenette_val", "tiny_val"):
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
    v7w = {"question": "What runs?", "options": ["Dog.", "A car.", "The rain.", "A person."]}
    things = ["cat" if i % 2 else "dog" for i in range(COUNT)]
    known = {"vqa": [vqa], "v7w": [v7w], "size": [224, 224]}
    texts = [{"captions": [f"A red {thing} runs."], "present": [thing], **known} for thing in things]
    with gzip.open(work / "photos_texts.json.gz", "wt") as file:
        json.dump({"texts": texts, "set": [0] * COUNT, "names": [str(i) for i in range(COUNT)]}, file)
    boxes = {"box": torch.zeros(COUNT, 16, 4), "label": torch.full((COUNT, 16), -1, dtype=torch.int16)}
    boxes["score"] = torch.zeros(COUNT, 16)
    boxes["box"][:, 0] = torch.tensor([30.0, 30.0, 150.0, 170.0])
    boxes["label"][:, 0] = torch.tensor([COCO_INDEX[thing] for thing in things])
    boxes["score"][:, 0] = 0.9
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
    for arm in PAIR:
        write_bundle(work / "start" / ARMS[arm].model / "model.safetensors", random_tensors(arm, 1, toy=True))
    adapters = {f"adapters.{k}": draw(*s) * 0.02 for k, s in adapter_shapes().items()}
    write_bundle(work / "start" / BLIND_ID / "model.safetensors", adapters)
    torch.save(timm.create_model("tf_efficientnet_lite2", pretrained=False).state_dict(), work / "teacher_f16.pth")
    return work


@pytest.fixture
def context(start, tmp_path, monkeypatch):
    """A run of its own on the same start, with splits for so few pictures."""
    splits = tmp_path / "splits.json"
    splits.write_text(
        json.dumps({"train": list(range(12)), **dict.fromkeys(("vqa_dev", "vqa_test", "v7w_test"), [12, 13, 14, 15])})
    )
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


@pytest.fixture(scope="session")
def tiny_lm():
    """Two decoder layers with random weights and a full vocabulary."""
    torch.manual_seed(0)
    tensors = {
        "token_embd.weight": torch.randn(49152, smollm.WIDTH) * 0.2,
        "output_norm.weight": torch.ones(smollm.WIDTH),
    }
    for i in range(2):
        for name, (outputs, inputs) in smollm.LINEARS.items():
            tensors[f"blk.{i}.{name}.weight"] = torch.randn(outputs, inputs) * inputs**-0.5
        for name in ("attn_norm", "ffn_norm"):
            tensors[f"blk.{i}.{name}.weight"] = torch.ones(smollm.WIDTH)
    return smollm.SmolLM(tensors, torch.float32, layers=2)


@pytest.fixture(scope="session")
def adapters():
    values = smollm.init_adapters(2)
    return {k: v + 0.02 * torch.randn_like(v) for k, v in values.items()}
