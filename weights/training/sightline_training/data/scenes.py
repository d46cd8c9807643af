"""Stage 3 data: canvases with questions. Batch number -> batch, a pure function of seed and step, so both arms and every
worker see the same and a run resumes anywhere."""

import os
import random
from dataclasses import dataclass

import torch

from ..encoders import CANVAS
from ..names import NAMES, NEUTRAL, with_article
from ..prompt import STOP, Prompter
from .bank import Bank, Canvas, letterbox_rect
from .layouts import FREE, SLOTS
from .mentioned import MentionedObjects
from .questions import TASKS, box_text, mirrored, tidy_daquar, word

TEXT_TOKENS = 187  # with BOS and 196 visual tokens 384 in all
QUESTIONS = 5
MOSAIC_PLAN = ("presence", "presence", "region", "ground", "ground", "relation", "relation", "count")  # five are asked


@dataclass
class Question:
    task: str
    question: str
    answer: str
    box: tuple | None = None  # 0..1, for grounding


class Scenes:
    """Draws canvases of one split and asks about them; metadata only, no pixels."""

    def __init__(self, bank: Bank, split: str, recipe: dict):
        self.bank, self.split, self.recipe = bank, split, recipe
        self.train = split == "train"
        self.set_of = {
            "tiny": f"tiny_{split}", "imagenette": f"imagenette_{split}", "caltech": f"caltech_{split}",
            "coco": f"coco_{split}", "flickr": f"flickr_{split}", "daquar": "daquar_train" if self.train else "daquar_test",
        }  # fmt: skip
        self.text = {k: bank.texts(self.set_of[k]) for k in ("coco", "flickr", "daquar") if self.set_of[k] in bank.sets}
        first, end = bank.sets[self.set_of["tiny"]]
        labels = bank.tiny[first:end]
        self.by_class = [((labels == c).nonzero().view(-1) + first).tolist() for c in range(200)]
        self.classes = [c for c in range(200) if self.by_class[c]]
        # The last pictures of DAQUAR's training split can be kept out, to compare recipes without
        # its test split.
        self.daquar_held_out = recipe.get("daquar_held_out", 0) if self.train else 0
        self.mentioned = MentionedObjects(self.text["daquar"]) if recipe.get("daquar_presence") and self.train else None
        self.excluded = set(recipe.get("excluded", {}).get(self.set_of["tiny"], []))
        categories = [c for t in self.text.get("coco", []) for c, _ in t["objects"]]
        self.coco_pool = sorted(categories)  # repeated as often as they occur: "no" follows the frequency of "yes"

    # ---- canvases -------------------------------------------------------------------------------

    def draw(
        self, rng: random.Random, generator, kinds: list[str]
    ) -> tuple[Canvas, list[list[Question]], torch.Tensor]:
        """Canvases of the given kinds, questions for each, and name ids of the tokens `[batch, 196]` (-1 unknown)."""
        layout, pictures = [], []
        for kind in kinds:
            chosen = self._mosaic(rng) if kind == "mosaic" else (0, [self._single(rng, kind)])
            layout.append(chosen[0])
            pictures.append((chosen[1] + [chosen[1][0]] * SLOTS)[:SLOTS])
        canvas = self.place(torch.tensor(layout), torch.tensor(pictures), kinds, generator)
        boxes = (self.bank.boxes(canvas) / CANVAS).tolist()
        ask = {"mosaic": self._ask_mosaic, "tiny": self._ask_tiny}
        questions = [ask.get(kind, self._ask_picture)(rng, kind, canvas, i, boxes[i]) for i, kind in enumerate(kinds)]
        return canvas, questions, self.token_names(canvas, kinds)

    def _mosaic(self, rng) -> tuple[int, list[int]]:
        layout = rng.randrange(*self.bank.layouts.ranges[FREE])
        count = int(self.bank.layouts.count[layout])
        classes = rng.sample(self.classes, count)
        if count > 1 and rng.random() < 0.4:  # repeat one class, for counting
            for slot in rng.sample(range(1, count), rng.randint(1, min(4, count - 1))):
                classes[slot] = classes[0]
            rng.shuffle(classes)
        return layout, [self._of_class(rng, c) for c in classes]

    def _of_class(self, rng, c: int) -> int:
        while True:
            picture = rng.choice(self.by_class[c])
            if picture not in self.excluded:
                return picture

    def _single(self, rng, kind: str) -> int:
        if kind == "tiny":
            return self._of_class(rng, rng.choice(self.classes))
        first, end = self.bank.sets[self.set_of[kind]]
        return rng.randrange(first, end - (self.daquar_held_out if kind == "daquar" else 0))

    def place(self, layout, picture, kinds: list[str], generator) -> Canvas:
        """Windows and flips: crops in training where the question allows them, whole letterboxed pictures else."""
        bank, augment = self.bank, self.train
        single = torch.tensor([k != "mosaic" for k in kinds])
        cropped = torch.tensor([k in ("tiny", "imagenette", "caltech") for k in kinds])
        rand = lambda *shape: torch.rand(*shape, generator=generator)  # noqa: E731
        width, height = bank.width[picture].float(), bank.height[picture].float()
        stretch = torch.exp((rand(len(kinds), 1) * 2 - 1) * (0.15 if augment else 0.0))
        boxed = letterbox_rect(width / height * torch.where(cropped[:, None], stretch, 1.0))
        rect = torch.where(single[:, None, None], boxed, bank.layouts.rect[layout])
        area, jitter = (0.6, 0.2) if augment else (0.99, 0.0)
        window = bank.windows(picture, rect, area, jitter, generator, keep_box=True)
        zero = torch.zeros_like(width)
        whole = single & ~(cropped & augment)
        window = torch.where(whole[:, None, None], torch.stack([zero, zero, width, height], -1), window)
        kept = ("flickr",) if self.recipe.get("flip_daquar") else ("daquar", "flickr")
        flippable = torch.tensor([k not in kept for k in kinds])
        flip = (rand(*picture.shape) < 0.5) & flippable[:, None] & augment
        return Canvas(layout, picture, rect, window, flip)

    def token_names(self, canvas: Canvas, kinds: list[str]) -> torch.Tensor:
        """Name under every token: inside the object's box (Tiny) or on the picture; neutral else; -1 without labels."""
        slot, content = self.bank.token_slots(canvas)
        _, in_box = self.bank.token_boxes(canvas)
        name = self.bank.name[canvas.picture].gather(1, slot)
        boxed = torch.tensor([k in ("mosaic", "tiny") for k in kinds])[:, None]
        labelled = torch.where(torch.where(boxed, in_box, content), name, NEUTRAL)
        known = torch.tensor([k in ("mosaic", "tiny", "imagenette", "caltech") for k in kinds])[:, None]
        return torch.where(known, labelled, -1)

    # ---- questions ------------------------------------------------------------------------------

    def _rng(self, rng):
        return rng if self.train else None

    def _ask_mosaic(self, rng, kind, canvas, i, boxes) -> list[Question]:
        classes = self.bank.tiny[canvas.picture[i]].tolist()[: int(self.bank.layouts.count[canvas.layout[i]])]
        plan = list(self.recipe.get("mosaic_plan", MOSAIC_PLAN))
        rng.shuffle(plan)
        asked = [self.mosaic_question(rng, task, classes, boxes) for task in plan]
        return [q for q in asked if q]

    def mosaic_question(self, rng, task: str, classes: list[int], boxes) -> Question | None:
        """One question of a type about a mosaic, or None where it does not apply."""
        wording, unique = self._rng(rng), [s for s, c in enumerate(classes) if classes.count(c) == 1]
        if task == "presence":
            return self._presence(rng, wording, classes)
        if task == "region":
            slot = rng.randrange(len(classes))
            return Question(task, word(wording, task, box_text(boxes[slot])), NAMES[classes[slot]])
        if task == "count":
            repeated = [c for c in classes if classes.count(c) > 1]
            c = rng.choice(repeated) if repeated and rng.random() < 0.75 else rng.choice(classes)
            return Question(task, word(wording, task, with_article(NAMES[c])), str(classes.count(c)))
        if task == "ground" and unique:
            slot = rng.choice(unique)
            box = tuple(boxes[slot])
            return Question(task, word(wording, task, NAMES[classes[slot]]), box_text(box), box)
        if task == "relation" and len(unique) > 1:
            return self._relation(rng, wording, *rng.sample(unique, 2), classes, boxes)
        return None

    def _presence(self, rng, wording, classes: list[int]) -> Question:
        """Classes are drawn evenly for yes and for no, so that no category leans to an answer."""
        if rng.random() < 0.5:
            return Question("presence", word(wording, "presence", with_article(NAMES[rng.choice(classes)])), "yes")
        absent = rng.choice(self.classes)
        while absent in classes:
            absent = rng.choice(self.classes)
        return Question("presence", word(wording, "presence", with_article(NAMES[absent])), "no")

    def _relation(self, rng, wording, a: int, b: int, classes, boxes) -> Question | None:
        dx = (boxes[a][0] + boxes[a][2] - boxes[b][0] - boxes[b][2]) / 2
        dy = (boxes[a][1] + boxes[a][3] - boxes[b][1] - boxes[b][3]) / 2
        if max(abs(dx), abs(dy)) < 0.18:
            return None
        names = NAMES[classes[a]], NAMES[classes[b]]
        if abs(dx) >= abs(dy):
            return Question("relation", word(wording, "relation_x", *names), "left" if dx < 0 else "right")
        return Question("relation", word(wording, "relation_y", *names), "above" if dy < 0 else "below")

    def _ask_tiny(self, rng, kind, canvas, i, boxes) -> list[Question]:
        classes = [int(self.bank.tiny[canvas.picture[i, 0]])]
        wording = self._rng(rng)
        questions = [
            Question("name", word(wording, "name"), NAMES[classes[0]]),
            *(self._presence(rng, wording, classes) for _ in range(2)),
            self.mosaic_question(rng, "ground", classes, boxes),
        ]
        rng.shuffle(questions)
        return questions

    def _ask_picture(self, rng, kind, canvas, i, boxes) -> list[Question]:
        wording, set_name = self._rng(rng), self.set_of[kind]
        row = int(canvas.picture[i, 0]) - self.bank.sets[set_name][0]
        if kind in ("imagenette", "caltech"):
            return self._ask_labelled(rng, wording, set_name, int(self.bank.name[canvas.picture[i, 0]]))
        if kind == "flickr":
            caption = rng.choice(self.text[kind][row]).replace(" .", ".").strip()
            return [Question("caption", word(wording, "caption"), caption)]
        if kind == "daquar":
            return self._ask_daquar(rng, wording, row, bool(canvas.flip[i, 0]))
        return self._ask_coco(rng, wording, self.text[kind][row], bool(canvas.flip[i, 0]), canvas.rect[i, 0])

    def _ask_daquar(self, rng, wording, row: int, flipped: bool) -> list[Question]:
        presence = self.mentioned.ask(rng, wording, row) if self.mentioned else []
        pairs = self.text["daquar"][row]
        chosen = [tidy_daquar(q, a) for q, a in rng.sample(pairs, min(len(pairs), QUESTIONS - len(presence)))]
        if flipped:
            chosen = [(mirrored(q), mirrored(a)) for q, a in chosen]
        asked = [Question("daquar", *pair) for pair in chosen] + [Question("presence", *pair) for pair in presence]
        if presence:
            rng.shuffle(asked)
        return asked

    def _ask_labelled(self, rng, wording, set_name: str, name: int) -> list[Question]:
        other = int(self.bank.name[rng.randrange(*self.bank.sets[set_name])])
        questions = [
            Question("name", word(wording, "name"), NAMES[name]),
            Question("presence", word(wording, "presence", with_article(NAMES[name])), "yes"),
        ]
        if other != name:
            questions.append(Question("presence", word(wording, "presence", with_article(NAMES[other])), "no"))
        return questions

    def _ask_coco(self, rng, wording, text: dict, flipped: bool, rect) -> list[Question]:
        """Presence and grounding on COCO pictures; boxes go into the padded frame."""
        categories = [c for c, _ in text["objects"]]
        if not categories:
            return []
        questions = [Question("coco", word(wording, "presence", with_article(rng.choice(categories))), "yes")]
        absent = [c for c in rng.sample(self.coco_pool, 40) if c not in categories]
        if absent:
            questions.append(Question("coco", word(wording, "presence", with_article(absent[0])), "no"))
        x0, y0, x1, y1 = (float(v) / CANVAS for v in rect)
        for category, (x, y, w, h) in text["objects"]:
            if categories.count(category) == 1 and w * h > 0.03 * text["w"] * text["h"]:
                left, right = x / text["w"], (x + w) / text["w"]
                left, right = (1 - right, 1 - left) if flipped else (left, right)
                top, bottom = y / text["h"], (y + h) / text["h"]
                box = (x0 + left * (x1 - x0), y0 + top * (y1 - y0), x0 + right * (x1 - x0), y0 + bottom * (y1 - y0))
                questions.append(Question("coco", word(wording, "ground", category), box_text(box), box))
        rng.shuffle(questions)
        return questions


def pack(
    prompter: Prompter, questions: list[Question], limit: int = TEXT_TOKENS, most: int = QUESTIONS
) -> dict[str, list[int]]:
    """Several independent questions behind one picture: token ids, segment (1.., 0 padding), position inside the segment,
    target (the id to predict at this place, -100 none) and task per token."""
    ids, segment, position, target, task = [], [], [], [], []
    for number, q in enumerate(questions[:most], 1):
        prompt, answer = prompter.prompt(q.question), prompter.answer(q.answer)
        size = len(prompt) + len(answer)
        if len(ids) + size > limit:
            continue
        ids += prompt + answer
        segment += [number] * size
        position += range(size)
        # Shifted by one: the place before a token predicts it; the last place predicts nothing.
        target += [-100] * (len(prompt) - 1) + answer + [-100]
        task += [TASKS.index(q.task)] * size
    pad = limit - len(ids)
    return {
        "ids": ids + [STOP] * pad, "segment": segment + [0] * pad, "position": position + [0] * pad,
        "target": target + [-100] * pad, "task": task + [0] * pad,
    }  # fmt: skip


class SceneBatches(torch.utils.data.Dataset):
    """`[step]` -> packed batch: canvas, names `[batch, 196]`, oracle `[batch]`, and the text columns `[batch, 187]`."""

    def __init__(self, bank: Bank, prompter: Prompter, recipe: dict, steps: int, split: str = "train"):
        self.scenes = Scenes(bank, split, recipe)
        self.prompter, self.recipe, self.steps = prompter, recipe, steps

    def __len__(self) -> int:
        return self.steps

    def mix(self, step: int) -> dict[str, float]:
        """Kinds of canvases at this step: `mix`, and `mix_last` in the last part of the run."""
        late = step >= self.steps * (1 - self.recipe.get("last_share", 0.0))
        return self.recipe["mix_last" if late else "mix"]

    def __getitem__(self, step: int) -> dict:
        seed = self.recipe["seed"] * 1_000_003 + step
        rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
        mix = self.mix(step)
        kinds = rng.choices(list(mix), list(mix.values()), k=self.recipe["batch"])
        canvas, questions, names = self.scenes.draw(rng, generator, kinds)
        packed = [pack(self.prompter, q) for q in questions]
        batch = {k: torch.tensor([p[k] for p in packed]) for k in packed[0]}
        share = self.recipe.get("share_oracle", 0.0)
        oracle = torch.tensor([rng.random() < share for _ in kinds]) & (names[:, 0] >= 0)
        return batch | {"canvas": canvas, "names": names, "oracle": oracle}


def loader(dataset: SceneBatches, workers: int, start: int = 0):
    """Batches from `start` on, in order, whatever the number of workers."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the workers fork
    return torch.utils.data.DataLoader(
        dataset, batch_size=None, sampler=range(start, len(dataset)), num_workers=workers,
        prefetch_factor=3 if workers else None, worker_init_fn=_single_thread if workers else None,
    )  # fmt: skip


def _single_thread(_worker: int) -> None:
    torch.set_num_threads(1)
