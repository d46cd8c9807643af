"""Presence questions about DAQUAR's training pictures, from what its people asked and answered about them: 6,795 free questions
about 794 pictures are soon known by heart, what stands in a picture less so."""

import random
import re
from collections import Counter

from ..names import with_article
from .questions import word

OFTEN = 8  # answers less frequent than this are not asked for
COLOURS = frozenset(
    ["white", "red", "blue", "black", "brown", "green", "pink", "yellow", "gray", "purple", "orange", "cream"]
)


def _plain(text: str) -> str:
    return " " + " ".join(re.findall(r"[a-z0-9]+", text.lower())) + " "


class MentionedObjects:
    """`texts`: for each picture its (question, answers) as published."""

    def __init__(self, texts: list[list[tuple[str, list[str]]]]):
        given = Counter(_plain(a).strip() for pairs in texts for _, answers in pairs for a in answers)
        names = [n for n, count in given.items() if count >= OFTEN and not n.isdigit() and n not in COLOURS]
        self.of_picture = []
        for pairs in texts:
            text = _plain(" . ".join(" . ".join([q, *answers]) for q, answers in pairs))
            self.of_picture.append([n for n in names if f" {n} " in text or f" {n}s " in text])
        # As often as they are mentioned, so that "no" follows the frequency of "yes".
        self.pool = [n for listed in self.of_picture for n in listed]

    def ask(self, rng: random.Random, wording: random.Random | None, row: int) -> list[tuple[str, str]]:
        """One (question, answer) with "yes" and one with "no" about a picture; none where nothing is mentioned."""
        listed = self.of_picture[row]
        absent = [n for n in rng.sample(self.pool, min(40, len(self.pool))) if n not in listed]
        if not listed or not absent:
            return []
        asked = ((rng.choice(listed), "yes"), (absent[0], "no"))
        return [(word(wording, "presence", _counted(name)), answer) for name, answer in asked]


def _counted(name: str) -> str:
    """With an article, unless it looks like a plural."""
    return name if name.endswith("s") and not name.endswith("ss") else with_article(name)
