"""Question wordings. The first of each type is the manifest's example and is drawn half of the time."""

import random
import re

TASKS = (
    "name", "region", "presence", "count", "relation", "ground", "caption", "daquar", "coco",
    # of photographs (`data/photo_questions.py`)
    "vqa", "v7w", "vg", "colour", "refusal",
)  # fmt: skip

WORDINGS = {
    "name": [
        "What is the main object in the image?", "What is shown in the image?", "What is this?",
        "Name the main object in this picture.", "Which object does the image show?", "What can be seen in the picture?",
    ],
    "region": [
        "What is the object in the region {}?", "What is in the region {}?", "Name the object in the box {}.",
        "Which object lies in the region {}?", "What does the region {} show?", "What can be seen in the box {}?",
    ],
    "presence": [
        "Is there {} in the image?", "Does the image show {}?", "Can you see {} in the picture?",
        "Is {} in this picture?", "Does the picture contain {}?", "Is {} visible in the image?",
    ],
    "count": [
        "How many pictures of {} are in the image?", "How many times does {} appear in the image?",
        "Count the pictures of {}.", "How many of the pictures show {}?", "In how many parts of the image is {}?",
        "What is the number of pictures of {}?",
    ],
    "relation_x": [
        "Is the {} to the left or to the right of the {}?", "Is the {} left or right of the {}?",
        "Does the {} lie to the left or to the right of the {}?", "On which side of the {1} is the {0}, left or right?",
        "Left or right: where is the {} relative to the {}?", "Seen from the {1}, is the {0} on the left or on the right?",
    ],
    "relation_y": [
        "Is the {} above or below the {}?", "Does the {} lie above or below the {}?",
        "Above or below: where is the {} relative to the {}?", "Is the {} over or under the {}, above or below?",
        "Relative to the {1}, is the {0} above or below?", "Where is the {}, above or below the {}?",
    ],
    "ground": [
        "Please provide the bounding box coordinate of the region this sentence describes: {}",
        "Where is the {}?", "Give the bounding box of the {}.", "Locate the {}.", "What is the box of the {}?",
        "Find the {} and give its bounding box.",
    ],
    "caption": [
        "Describe the image in one sentence.", "What is happening in the picture?", "Write a caption for this image.",
        "Describe this picture.", "What does the image show, in one sentence?", "Give a short description of the image.",
    ],
}  # fmt: skip


def word(rng: random.Random | None, kind: str, *values: str) -> str:
    """A question of `kind`; without `rng` the first wording (held-out scoring asks what the manifest shows)."""
    options = WORDINGS[kind]
    template = options[0] if rng is None or rng.random() < 0.5 else rng.choice(options[1:])
    return template.format(*values)


def box_text(box) -> str:
    """`[x1, y1, x2, y2]` with two decimals, kept ordered after rounding."""
    x0, y0, x1, y1 = (min(100, max(0, round(float(v) * 100))) for v in box)
    if x1 <= x0:
        x0, x1 = (x0, x0 + 1) if x0 < 100 else (99, 100)
    if y1 <= y0:
        y0, y1 = (y0, y0 + 1) if y0 < 100 else (99, 100)
    return "[" + ", ".join(f"{v / 100:.2f}" for v in (x0, y0, x1, y1)) + "]"


_SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)
_BOX = re.compile(r"\[([01]\.\d\d), ([01]\.\d\d), ([01]\.\d\d), ([01]\.\d\d)\]")


def mirrored(text: str) -> str:
    """A question or an answer about the mirrored picture: "left" and "right" change places, boxes too."""

    def side(found: re.Match) -> str:
        other = "right" if found[0].lower() == "left" else "left"
        return other.capitalize() if found[0][0].isupper() else other

    def box(found: re.Match) -> str:
        x0, y0, x1, y1 = (float(v) for v in found.groups())
        return box_text((1 - x1, y0, 1 - x0, y1))

    return _BOX.sub(box, _SIDE.sub(side, text))


def tidy_daquar(question: str, answers: list[str]) -> tuple[str, str]:
    return question.replace(" ?", "?").replace("_", " ").strip().capitalize(), ", ".join(answers).replace("_", " ")
