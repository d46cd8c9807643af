"""Wordings: enough of them, all fillable, short enough for the program's text room; refusals kept out of training stay out."""

import os
import random
import re
from collections import Counter

import pytest

from sightline_training.data.kinds import COCO_NAMES
from sightline_training.data.names_table import plural
from sightline_training.data.wordings import (
    ANSWERABLE,
    FIRST,
    REFUSALS,
    WORDINGS,
    abstention,
    is_refusal,
    refusal,
    word,
)
from sightline_training.names import with_article

ROOM = 123  # places for questions and answers behind one picture in stage 5
LONGEST = max(COCO_NAMES, key=len)


def filled(kind: str) -> list[str]:
    """Every wording of a kind with the longest name."""
    values = {
        "presence": (with_article(LONGEST),), "count": (plural(LONGEST),), "relation_x": (LONGEST, LONGEST),
        "relation_y": (LONGEST, LONGEST), "relation_yes": (LONGEST, LONGEST),
    }.get(kind, (LONGEST,))  # fmt: skip
    more = {
        "plural": plural(LONGEST),
        "bare": LONGEST,
        "colour": "white",
        "side": "to the right of",
        "a": with_article(LONGEST),
    }
    return [template.format(*values, **more) for template in WORDINGS[kind]]


def plain(question: str) -> str:
    return re.sub(r"[^a-z0-9+*/ -]", "", question.lower()).strip()


@pytest.mark.parametrize("kind", WORDINGS)
def test_six_wordings_or_more_all_different(kind):
    assert len(WORDINGS[kind]) >= 6
    assert len({w.strip() for w in WORDINGS[kind]}) == len(WORDINGS[kind])
    questions = filled(kind)
    assert all(q and "{" not in q and len(q) < 140 for q in questions)


def test_people_s_short_forms_are_there():
    asked = {plain(q) for kind in WORDINGS for q in filled(kind)}
    name, many = LONGEST, plural(LONGEST)
    for wanted in (
        f"a {name}",
        f"is there a {name}",
        "whats this",
        f"how many {many}",
        f"where is the {name}",
        f"colour of the {name}",
    ):
        assert wanted in asked, wanted


def test_the_first_wording_is_drawn_most():
    drawn = Counter(word(random.Random(i), "name") for i in range(2000))
    assert set(drawn) == set(WORDINGS["name"])
    assert drawn[WORDINGS["name"][0]] / 2000 == pytest.approx(FIRST, abs=0.05)
    assert word(None, "ground", "dog") == "Where is the dog?"


def test_refusals_have_one_sentence_and_no_question_twice():
    train = [plain(q) for r in REFUSALS.values() for q in r.train]
    test = [plain(q) for r in REFUSALS.values() for q in r.test]
    assert len(set(train)) == len(train) and len(set(test)) == len(test)
    assert not set(train) & set(test)
    assert not {plain(q) for q in ANSWERABLE} & set(train + test)
    for r in REFUSALS.values():
        assert r.answer.startswith("I ") and r.answer.endswith(".") and r.answer.count(".") == 1
        assert len(r.train) >= 8 and len(r.test) >= 3
    assert len({r.answer for r in REFUSALS.values()}) == len(REFUSALS)


def test_training_draws_training_refusals_only():
    known = {q: r.answer for r in REFUSALS.values() for q in r.train}
    for i in range(500):
        question, answer = refusal(random.Random(i))
        assert known[question] == answer


def test_both_errors_are_measured_on_kept_out_questions():
    items = abstention(list(range(100, 130)), each=2)
    wanted = {q: a for _, q, a in items}
    assert {q for q, a in wanted.items() if a} == {q for r in REFUSALS.values() for q in r.test}
    assert {q for q, a in wanted.items() if a is None} == set(ANSWERABLE)
    assert {row for row, *_ in items} == set(range(100, 130)) and len(items) == 2 * len(wanted)
    assert all(is_refusal(a) for a in wanted.values() if a)
    assert is_refusal("i can't translate") and not is_refusal("no") and not is_refusal("I can't see it.")


def test_every_wording_fits_the_text_room():
    gguf = os.environ.get("SIGHTLINE_GGUF")
    if not gguf:
        pytest.skip("SIGHTLINE_GGUF not set")
    from sightline_training.gguf_weights import build_tokenizer
    from sightline_training.prompt import Prompter

    prompter = Prompter(build_tokenizer(gguf))
    for kind in WORDINGS:
        for question in filled(kind):
            assert len(prompter.prompt(question)) + 24 <= ROOM, question  # 24: the answer
    for r in REFUSALS.values():
        for question in (*r.train, *r.test):
            assert len(prompter.prompt(question)) + len(prompter.answer(r.answer)) <= ROOM / 2, question
