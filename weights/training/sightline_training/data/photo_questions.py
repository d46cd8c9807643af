"""Questions and answers about photographs: what people asked, and what captions, published lists and a detector allow to ask.

`PhotoAsker.ask` draws for one picture: human questions first, then generated ones in random order. Answers are short and lower
case without a full stop; captions and refusals are sentences. Nothing is asked about a thing that only the detector believes in:
a box is used where the published list of things has its class, and a thing counts as absent only if no caption, question,
answer, list or box speaks of it.
"""

import random
import re
from collections import Counter

from ..names import with_article
from .kinds import COCO_INDEX, COCO_NAMES, GROUPS
from .names_table import Mentions, exact_words, plural
from .questions import box_text
from .wordings import refusal, word

SIDE = 224  # px of the canvas that boxes are given in
SURE, COUNTED = 0.5, 0.35  # detector scores: of a box that is spoken of, of the weakest box in a count
MOST_COUNTED = 10
APART = 0.18  # of the canvas, between the centres of two things whose place is compared
DOMINANT, ONLY = 0.2, 0.06  # share of the canvas of a thing that "What is this?" means; where nothing else is listed
SMALL, LARGE = 0.02, 0.8  # share of the canvas under and over which a box is not asked for
UNLISTED, WEAK = (
    0.6,
    0.3,
)  # to tell where two things lie: score of a thing that no list names; of a second box that is believed
REFUSED = 0.06  # share of pictures with a question that is refused
COLOURS = ("red", "blue", "green", "yellow", "orange", "white", "black", "brown", "gray", "grey", "pink", "purple", "silver",
           "gold", "tan", "beige")  # fmt: skip
WORN = ("shirt", "hat", "jacket", "dress", "shorts", "pants", "coat", "cap", "helmet", "uniform", "suit", "sweater", "jersey",
        "building", "house", "wall", "sign", "fence", "flower", "rug", "towel", "pillow", "curtain", "ball", "box", "plate",
        "shoes", "wetsuit", "swimsuit", "vest", "blanket", "tile", "door", "roof", "jeans", "bucket", "wagon",
        "hair")  # fmt: skip
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
           "pair of": 2}  # fmt: skip
SEVERAL = ("several", "many", "some", "group of", "bunch of", "few", "lots of", "herd of", "flock of", "row of", "rows of",
           "crowd of", "multiple", "various", "couple", "couple of", "lot of", "pile of", "stack of", "number of")  # fmt: skip
SUPPORT = tuple(
    COCO_INDEX[c] for c in ("dining table", "chair", "bed", "couch", "bench")
)  # under or behind what is shown
PERSONS = 0.35  # share of the pictures of a person in which that is asked for: there are very many
FOODS = frozenset(GROUPS["food"])
SIDES = {"left": "to the left of", "right": "to the right of", "above": "above", "below": "below"}
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


def short(answer: str) -> str:
    return answer.strip().rstrip(".").strip().lower()


def tidy(caption: str) -> str:
    """A caption as a sentence."""
    caption = caption.strip().replace(" .", ".").replace(" ,", ",")
    caption = caption[:1].upper() + caption[1:]
    return caption if caption.endswith(".") else caption + "."


class Absent:
    """Things to ask for that are not there, drawn as POPE does: evenly, by frequency, or by what is often seen together."""

    def __init__(self, present: list[list[int]]):
        self.frequent = sorted(c for things in present for c in things)
        self.together: dict[int, list[int]] = {c: [] for c in range(len(COCO_NAMES))}
        for things in present:
            for c in things:
                self.together[c] += [other for other in things if other != c]

    def draw(self, rng: random.Random, there: list[int], spoken_of: set[int]) -> int | None:
        """A thing not in `spoken_of`; `there` are things that are present for sure."""
        for _ in range(40):
            how = rng.randrange(3)
            if how == 2 and there and (near := self.together[rng.choice(there)]):
                c = rng.choice(near)
            elif how == 1 and self.frequent:
                c = rng.choice(self.frequent)
            else:
                c = rng.randrange(len(COCO_NAMES))
            if c not in spoken_of:
                return c
        return None


class Colours:
    """Colours of named things: from attributes of named boxes, and from "a red bus" in captions."""

    def __init__(self):
        nouns = {w for name in COCO_NAMES for w in exact_words(name)} | set(WORN)
        nouns |= {plural(n) for n in nouns if not n.endswith("s")}
        shade = "|".join(COLOURS)
        noun = "|".join(sorted(map(re.escape, nouns), key=len, reverse=True))
        shades = rf"(?:{shade})(?:(?: and |,? )(?:{shade}))*"
        self.pattern = re.compile(rf"\b({shades}) ({noun})\b(?! (?:and|or|with)? ?(?:{shade}))")
        self.noun = re.compile(rf"\b({noun})\b")

    @staticmethod
    def plain(shade: str) -> str:
        return re.sub(r",? (?!and )", " and ", re.sub(r" and |, ", " ", shade.replace("grey", "gray")))

    def of_captions(self, captions: list[str]) -> dict[str, str]:
        """Thing -> colour, where all captions that name a colour of the thing agree and none has the thing twice."""
        told: dict[str, set[str]] = {}
        twice = set()
        for caption in captions:
            caption = caption.lower()
            twice |= {n for n, count in Counter(self.noun.findall(caption)).items() if count > 1}
            for shade, noun in self.pattern.findall(caption):
                told.setdefault(noun, set()).add(self.plain(shade))
        return {n: next(iter(shades)) for n, shades in told.items() if len(shades) == 1 and n not in twice}

    def of_objects(self, objects: list[dict], area: float) -> dict[str, str]:
        """Thing -> colour, where every box of that name in which a colour is named has the same one; `area` of the picture."""
        told: dict[str, list] = {}
        for o in objects:
            (x0, y0, x1, y1), shades = o["box"], [a for a in o["attributes"] if a in COLOURS]
            told.setdefault(o["name"], []).append((shades, (x1 - x0) * (y1 - y0) / area))
        out = {}
        for name, boxes in told.items():
            shades = {s for found, _ in boxes for s in found}
            if len(shades) == 1 and all(found for found, _ in boxes) and max(size for _, size in boxes) > SMALL / 2:
                out[name] = self.plain(shades.pop())
        return out


class PhotoAsker:
    """Asks about the photographs; a pure function of the random generator and the row.

    texts: entries of `photos_texts`; boxes: a detector's `label` and `score` `[n, 16]` (-1: no box) and `box` `[n, 16, 4]` in px
    of the 224-px canvas; train: rows whose lists say how frequent things are.
    """

    def __init__(self, texts: list[dict], boxes: dict, train: list[int]):
        self.texts = texts
        self.label, self.score, self.box = (boxes[k].tolist() for k in ("label", "score", "box"))
        present = [[COCO_INDEX[c] for c in texts[r]["present"]] for r in train if texts[r].get("present")]
        self.absent, self.mentions, self.colours = Absent(present), Mentions(), Colours()
        no_thing = "picture|photo|image|top|edge|side|part|front|back|bottom|end|left|right|area|portion|section"
        self.nameable = re.compile(rf"(?!(?:{no_thing})\b)[a-z]{{2,}}(?: [a-z]{{2,}}){{0,3}}")
        self.named = re.compile(
            r"where(?: is|'s) (?:the|a|an) ("
            + "|".join(sorted({w for n in COCO_NAMES for w in exact_words(n)}))
            + r")\s*\??"
        )

    # ---- what is known of a picture
    # -------------------------------------------------------------------------------

    def seen(self, row: int, least: float = 0.0) -> dict[int, list[int]]:
        """Class -> places of the detector's boxes with at least this score."""
        out: dict[int, list[int]] = {}
        for k, (c, s) in enumerate(zip(self.label[row], self.score[row], strict=True)):
            if c >= 0 and s >= least:
                out.setdefault(c, []).append(k)
        return out

    def sure(self, row: int) -> list[int]:
        """Things that are there for sure: listed, named as an object, or seen by the detector and told by several captions."""
        t = self.texts[row]
        if "present" in t:
            return [COCO_INDEX[c] for c in t["present"]]
        if "objects" in t:
            named = {o["name"] for o in t["objects"]}
            return [i for i, c in enumerate(COCO_NAMES) if named & set(exact_words(c))]
        told = Counter(c for text in t.get("captions", []) for c in self.exactly(text))
        return [c for c in self.seen(row, SURE) if told[c] >= 2]

    def exactly(self, text: str) -> set[int]:
        words = f" {' '.join(re.findall(r'[a-z]+', text.lower()))} "
        return {
            i
            for i, c in enumerate(COCO_NAMES)
            if any(f" {w} " in words or f" {plural(w)} " in words for w in exact_words(c))
        }

    def spoken_of(self, row: int) -> set[int]:
        """Things that anything known of the picture mentions."""
        t = self.texts[row]
        lines = list(t.get("captions", [])) + [o["name"] for o in t.get("objects", [])]
        lines += [w for q in t.get("vqa", []) for w in (q["question"], *q["normal"])]
        lines += [w for q in t.get("v7w", []) for w in (q["question"], q["options"][0])]
        lines += [w for pair in t.get("vg", []) for w in pair]
        return self.mentions(*lines) | set(self.sure(row)) | set(self.seen(row))

    def single(self, row: int, unlisted: float = 2.0, least: float = 0.0) -> dict[int, list[float]]:
        """Things with one box of some size, and no caption that speaks of more: class -> box, 0..1 of the canvas.

        They are listed and the detector is sure of them, or their score is above `unlisted`. Boxes under `least` do not count.
        """
        listed, out = {COCO_INDEX[c] for c in self.texts[row].get("present", [])}, {}
        text = " ".join(self.texts[row].get("captions", [])).lower()
        for c, places in self.seen(row, least).items():
            if len(places) == 1 and self.score[row][places[0]] > (SURE if c in listed else unlisted):
                x0, y0, x1, y1 = (v / SIDE for v in self.box[row][places[0]])
                plurals = [plural(w) for w in exact_words(COCO_NAMES[c]) if plural(w) != w]
                many = any(re.search(rf"\b{re.escape(w)}\b", text) for w in plurals)
                if (x1 - x0) * (y1 - y0) > SMALL and not many:
                    out[c] = [x0, y0, x1, y1]
        return out

    # ---- kinds of questions; each returns a list of (task, question, answer)
    # --------------------------------------

    def human(self, rng: random.Random, t: dict) -> list[tuple[str, str, str]]:
        out = []
        for q in t.get("vqa", []):
            given = q["normal"]
            best = max(given.count(a) for a in given)
            answer = rng.choice([a for a in given if given.count(a) >= min(3, best)])
            out.append(("vqa", q["question"], answer))
        out += [("v7w", q["question"], short(q["options"][0])) for q in t.get("v7w", [])]
        pairs = t.get("vg", [])
        out += [("vg", q, short(a)) for q, a in rng.sample(pairs, min(4, len(pairs)))]
        # "Where is the dog?" asks for a box here, as the program answers it.
        out = [q for q in out if q[2] and not self.named.fullmatch(q[1].strip().lower())]
        rng.shuffle(out)
        return out

    def caption(self, rng, row):
        captions = self.texts[row].get("captions", [])
        chosen = rng.sample(captions, min(2, len(captions)))
        return [[("caption", word(rng, "caption"), tidy(c))] for c in chosen]

    def presence(self, rng, row):
        """Pairs of a thing that is there and one that is not, in one wording, so that no wording leans to an answer."""
        there, spoken_of = self.sure(row), self.spoken_of(row)
        chosen = rng.sample(there, min(2, len(there)))
        return [pair for c in chosen if (pair := self._pair(rng, c, self.absent.draw(rng, there, spoken_of)))]

    def _pair(self, rng, there: int, absent: int | None) -> list[tuple[str, str, str]]:
        seed, out = rng.random(), []
        for c, answer in ((there, "yes"), (absent, "no")) if absent is not None else ():
            name = COCO_NAMES[c]
            bare = name if name in FOODS else with_article(name)
            asked = word(random.Random(seed), "presence", with_article(name), plural=plural(name), bare=bare)
            out.append(("presence", asked[:1].upper() + asked[1:] if seed < 0.5 else asked, answer))
        return out

    def count(self, rng, row):
        """Listed things whose boxes are all sure; sometimes a thing that is not there."""
        t, found = self.texts[row], []
        if "present" not in t or all(c >= 0 for c in self.label[row]):
            return []
        text = " ".join(t.get("captions", [])).lower()
        for name in t["present"]:
            places = self.seen(row).get(COCO_INDEX[name], [])
            if not places or len(places) > MOST_COUNTED or min(self.score[row][k] for k in places) < COUNTED:
                continue
            if agrees(text, name, len(places)):
                found.append((name, len(places)))
        if not found or rng.random() < 0.1:
            absent = self.absent.draw(rng, self.sure(row), self.spoken_of(row))
            found = [] if absent is None or (not found and rng.random() < 0.8) else [(COCO_NAMES[absent], 0)]
        if not found:
            return []
        # Large counts are rare: they are drawn more often than single things.
        chosen = sorted(found, key=lambda f: -(rng.random() ** (1 / (1 + f[1]))))[:2]
        return [[("count", word(rng, "count", plural(name)), str(n))] for name, n in chosen]

    def ground(self, rng, row):
        found = [(COCO_NAMES[c], box) for c, box in self.single(row).items()]
        found += self.named_boxes(row)
        chosen = rng.sample(found, min(2, len(found)))
        return [[("ground", word(rng, "ground", name), box_text(box))] for name, box in chosen]

    def named_boxes(self, row) -> list[tuple[str, list[float]]]:
        """Named objects that occur once in their picture, boxes in 0..1 of the canvas."""
        t = self.texts[row]
        if "objects" not in t:
            return []
        often, (width, height) = Counter(o["name"] for o in t["objects"]), t["size"]
        left, top, out = (SIDE - width) / 2, (SIDE - height) / 2, []
        for o in t["objects"]:
            x0, y0, x1, y1 = o["box"]
            share = (x1 - x0) * (y1 - y0) / SIDE**2
            if often[o["name"]] == 1 and SMALL < share < LARGE and self.nameable.fullmatch(o["name"]):
                out.append((o["name"], [(x0 + left) / SIDE, (y0 + top) / SIDE, (x1 + left) / SIDE, (y1 + top) / SIDE]))
        return out

    def relation(self, rng, row):
        """Two things of which there is one each, well apart."""
        found = [(COCO_NAMES[c], box) for c, box in self.single(row, UNLISTED, WEAK).items()] or self.named_boxes(row)
        found = [(name, box) for name, box in found if not looks_plural(name)]
        pairs = [(a, b, side) for a in found for b in found if a is not b and (side := where(a[1], b[1]))]
        if not pairs:
            return []
        (a, _), (b, _), side = rng.choice(pairs)
        names = a, b
        if rng.random() < 0.5:
            kind = "relation_x" if side in ("left", "right") else "relation_y"
            return [[("relation", word(rng, kind, *names), side)]]
        asked, answer = (side, "yes") if rng.random() < 0.5 else (OPPOSITE[side], "no")
        return [[("relation", word(rng, "relation_yes", *names, side=SIDES[asked], a=with_article(names[0])), answer)]]

    def colour(self, rng, row):
        t = self.texts[row]
        told = self.colours.of_captions(t.get("captions", []))
        if "objects" in t:
            told |= self.colours.of_objects(t["objects"], t["size"][0] * t["size"][1])
        if not told:
            return []
        name = rng.choice(sorted(told))
        many = looks_plural(name)
        if many or rng.random() < 0.65:
            return [[("colour", word(rng, "colours" if many else "colour", name), told[name])]]
        other = rng.choice([c for c in COLOURS if c not in told[name] and c != "grey"])
        asked, answer = (told[name], "yes") if rng.random() < 0.5 else (other, "no")
        return [[("colour", word(rng, "colour_yes", name, colour=asked), answer)]]

    def name(self, rng, row):
        """What a picture shows: the one thing that is listed, or the one that fills most of it."""
        sizes = [(x1 - x0) * (y1 - y0) / SIDE**2 for x0, y0, x1, y1 in self.box[row]]
        sure, listed = self.seen(row, SURE), [COCO_INDEX[c] for c in self.texts[row].get("present", [])]
        for c in listed:
            largest = max((sizes[k] for k in sure.get(c, [])), default=0)
            rivals = [sizes[k] for k, other in enumerate(self.label[row]) if other not in (c, -1, *SUPPORT)]
            alone = len(listed) == 1 and largest > ONLY and all(s < largest for s in rivals)
            filling = largest > DOMINANT and all(s < largest / 2 for s in rivals)
            if c == COCO_INDEX["person"] and rng.random() > PERSONS:
                continue
            if c not in SUPPORT and (alone or filling):
                return [[("name", word(rng, "name"), self.called(row, c))]]
        return []

    def called(self, row, c: int) -> str:
        """A person goes by the caption's word, all else by the list's."""
        name = COCO_NAMES[c]
        if name != "person":
            return name
        words = re.findall(r"[a-z]+", " ".join(self.texts[row].get("captions", [])).lower())
        return next((w for w in words if w in exact_words("person")), "person")

    def ask(self, rng: random.Random, row: int) -> list[tuple[str, str, str]]:
        """(task, question, answer), the more important ones first. Yes and its no are kept or dropped with equal chance."""
        human = self.human(rng, self.texts[row])
        groups = []
        for kind, weight in WEIGHTS.items():
            for k, group in enumerate(getattr(self, kind)(rng, row)):
                often = weight * AGAIN**k
                groups += [(rng.random() ** (1 / often), q) for q in rng.sample(group, len(group))]
        more = [q for _, q in sorted(groups, key=lambda g: -g[0])]
        out = human + more
        if rng.random() < REFUSED:
            out.insert(rng.randint(0, min(3, len(out))), ("refusal", *refusal(rng)))
        return out


# The rarer a kind can be asked, the surer it is.
WEIGHTS = {"caption": 1.5, "presence": 1.2, "count": 1.5, "ground": 1.5, "relation": 3.0, "colour": 3.0, "name": 2.0}
AGAIN = 0.4  # weight of a second question of a kind, of the first's


def looks_plural(name: str) -> bool:
    return name.endswith("s") and not name.endswith("ss") and name.split()[-1] != "bus"


def where(a: list[float], b: list[float]) -> str | None:
    """Where box `a` lies as seen from `b`, None where it is not clear."""
    dx, dy = (a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2
    wide, high = (a[2] - a[0] + b[2] - b[0]) / 2, (a[3] - a[1] + b[3] - b[1]) / 2
    if abs(dx) >= max(APART, 0.6 * wide) and abs(dx) >= 1.3 * abs(dy):
        return "left" if dx < 0 else "right"
    if abs(dy) >= max(APART, 0.6 * high) and abs(dy) >= 1.3 * abs(dx):
        return "above" if dy < 0 else "below"
    return None


def agrees(caption: str, name: str, n: int) -> bool:
    """Whether what a caption says of the number of a thing goes with `n`."""
    for w in exact_words(name):
        many = re.escape(plural(w))
        for number, value in NUMBERS.items():
            if re.search(rf"\b{number} (?:\w+ )?{many}\b", caption) and value != n:
                return False
        for several in SEVERAL:
            if re.search(rf"\b{several} (?:\w+ )?{many}\b", caption) and n < (2 if several.startswith("couple") else 3):
                return False
        if n == 1 and plural(w) != w and re.search(rf"\b{many}\b", caption):
            return False
    return True
