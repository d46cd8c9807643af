"""The question writer, on invented pictures."""

import random
from collections import Counter

import pytest
import torch

from sightline_training.data.kinds import COCO_INDEX, COCO_NAMES
from sightline_training.data.names_table import Mentions, plural
from sightline_training.data.photo_questions import Absent, Colours, PhotoAsker, agrees, where
from sightline_training.data.questions import TASKS as OLDER_TASKS
from sightline_training.data.wordings import REFUSALS

TASKS = {"vqa", "v7w", "vg", "caption", "presence", "count", "ground", "relation", "colour", "name", "refusal"}


def boxes(*pictures: list[tuple[str, float, tuple]]) -> dict:
    n = len(pictures)
    out = {
        "label": torch.full((n, 16), -1, dtype=torch.int16),
        "score": torch.zeros(n, 16),
        "box": torch.zeros(n, 16, 4),
    }
    for i, found in enumerate(pictures):
        for k, (name, score, box) in enumerate(found):
            out["label"][i, k], out["score"][i, k], out["box"][i, k] = (
                COCO_INDEX[name],
                score,
                torch.tensor(box).float(),
            )
    return out


def vqa(question: str, answers: list[str]) -> dict:
    return {"id": 1, "question": question, "answers": answers, "normal": answers, "kind": "other", "type": None}


TEXTS = [
    {  # 0: a dog left of a cat
        "captions": ["A black dog looks at a white and brown cat."], "present": ["dog", "cat"],
        "vqa": [vqa("What is it?", ["dog"] * 6 + ["cat"] * 3 + ["pet"]), vqa("Where is the dog?", ["on floor"] * 10)],
    },
    {"captions": ["Three zebras in a field."], "present": ["zebra"]},  # 1
    {"captions": ["A man rides."] * 5},  # 2: no list
    {  # 3: Visual Genome
        "size": [224, 112], "vg": [["What is there?", "A Tree."], ["Where is the bus?", "On the road."]],
        "objects": [
            {"name": "tree", "box": [0, 0, 56, 56], "attributes": ["green", "tall"]},
            {"name": "bus", "box": [112, 0, 224, 112], "attributes": ["red"]},
            {"name": "window", "box": [120, 10, 140, 30], "attributes": ["black"]},
            {"name": "window", "box": [150, 10, 170, 30], "attributes": ["white"]},
        ],
    },
    {"v7w": [{"question": "Who is this?", "options": ["A Man.", "x", "y", "z"], "part": "Train"}]},  # 4
    {"captions": ["A pizza on a table."], "present": ["pizza"]},  # 5
    {"captions": ["An empty street."], "present": []},  # 6
]  # fmt: skip
BOXES = boxes(
    [("dog", 0.9, (10, 60, 90, 160)), ("cat", 0.8, (130, 60, 220, 170)), ("bird", 0.2, (0, 0, 9, 9))],
    [("zebra", 0.9, (10, 60, 60, 160)), ("zebra", 0.8, (80, 60, 130, 160)), ("zebra", 0.6, (150, 60, 200, 160))],
    [("person", 0.9, (10, 10, 100, 200))],
    [],
    [],
    [("pizza", 0.9, (20, 20, 200, 200)), ("dining table", 0.7, (0, 0, 224, 224))],
    [],
)


@pytest.fixture(scope="module")
def asker():
    return PhotoAsker(TEXTS, BOXES, list(range(len(TEXTS))))


def all_asked(asker, row: int, count: int = 300) -> list[tuple[str, str, str]]:
    return [q for seed in range(count) for q in asker.ask(random.Random(seed), row)]


def test_the_same_generator_asks_the_same(asker):
    for row in range(len(TEXTS)):
        assert asker.ask(random.Random(5), row) == asker.ask(random.Random(5), row)
    assert PhotoAsker(TEXTS, BOXES, list(range(7))).ask(random.Random(9), 0) == asker.ask(random.Random(9), 0)
    assert len({tuple(asker.ask(random.Random(s), 0)) for s in range(20)}) > 10


def test_tasks_and_human_questions_first(asker):
    asked = [q for row in range(len(TEXTS)) for q in all_asked(asker, row, 60)]
    assert {task for task, *_ in asked} == TASKS
    assert {"presence", "count", "relation", "ground", "caption", "name"} <= set(OLDER_TASKS)
    for seed in range(40):
        tasks = [t for t, *_ in asker.ask(random.Random(seed), 0) if t != "refusal"]
        assert tasks[0] == "vqa" and "vqa" not in tasks[1:]


def test_human_answers_are_those_of_three_people_or_more(asker):
    given = Counter(a for task, _, a in all_asked(asker, 0) if task == "vqa")
    assert set(given) == {"dog", "cat"} and given["dog"] > given["cat"]
    assert {a for task, _, a in all_asked(asker, 4) if task == "v7w"} == {"a man"}
    assert {a for task, _, a in all_asked(asker, 3) if task == "vg"} == {"a tree"}


def test_a_where_question_about_a_thing_wants_its_box(asker):
    asked = [q for row in (0, 3) for q in all_asked(asker, row)]
    answers = {a for _, question, a in asked if question.lower() in ("where is the dog?", "where is the bus?")}
    assert answers == {"[0.04, 0.27, 0.40, 0.71]", "[0.50, 0.25, 1.00, 0.75]"}


def test_presence_is_balanced_for_every_wording_and_name_free_of_doubt(asker):
    asked = [(q, a) for task, q, a in all_asked(asker, 0, 400) if task == "presence"]
    shapes = Counter()
    for question, answer in asked:
        found = [n for n in COCO_NAMES if n in question.lower() or plural(n) in question.lower()]
        name = max(found, key=len)
        assert (name in ("dog", "cat")) == (answer == "yes"), question
        assert answer == "yes" or name != "bird"  # the detector sees one, weakly
        shape = question.lower().replace(plural(name), "#").replace(name, "#").replace("an #", "a #")
        shapes[shape.replace("there #?", "there a #?"), answer] += 1  # "Is there pizza?"
    for shape, _ in list(shapes):
        assert shapes[shape, "yes"] == shapes[shape, "no"], shape
    assert not [q for q in all_asked(asker, 6, 50) if q[0] == "presence"]  # nothing to say yes to
    assert [q for q in all_asked(asker, 3, 50) if q[0] == "presence" and q[2] == "yes" and "bus" in q[1].lower()]


def test_absent_things_are_drawn_in_three_ways():
    absent = Absent([[0, 1]] * 50 + [[2]] * 10 + [[0]] * 20)
    drawn = Counter(absent.draw(random.Random(i), [0], {0}) for i in range(3000))
    assert drawn[0] == 0
    assert drawn[1] > drawn[2] > drawn[30] > 0  # seen together with 0 and frequent; frequent; any
    assert absent.draw(random.Random(1), [0], set(range(80))) is None


def test_counts_are_those_of_sure_boxes(asker):
    counts = {(q.lower().split("zebras")[0] != q.lower(), a) for task, q, a in all_asked(asker, 1) if task == "count"}
    assert (True, "3") in counts and all(a == "0" for zebras, a in counts if not zebras)
    assert all(a == "0" for zebras, a in counts if not zebras)
    assert not [a for task, q, a in all_asked(asker, 2, 50) if task == "count" and a != "0"]


def test_a_caption_can_contradict_a_count():
    assert agrees("two dogs run", "dog", 2) and not agrees("two dogs run", "dog", 3)
    assert not agrees("several black dogs", "dog", 2) and agrees("several black dogs", "dog", 4)
    assert not agrees("dogs on a beach", "dog", 1) and agrees("a dog on a beach", "dog", 1)
    assert not agrees("a couple of men", "person", 1)


def test_relations_say_where_things_lie(asker):
    asked = [(q, a) for task, q, a in all_asked(asker, 0, 600) if task == "relation"]
    assert {a for _, a in asked} == {"left", "right", "yes", "no"}
    for question, answer in asked:
        question = question.lower()
        dog_first = question.rfind("dog") < question.rfind("cat")
        if question.startswith(("on which side of", "which side of")):
            dog_first = not dog_first
        if answer in ("left", "right"):
            assert answer == ("left" if dog_first else "right"), question
        else:
            said_left = "to the left of" in question
            assert answer == ("yes" if said_left == dog_first and "to the" in question else "no"), question


def test_where_needs_distance():
    left, right = (0.0, 0.3, 0.2, 0.6), (0.6, 0.3, 0.9, 0.6)
    assert where(left, right) == "left" and where(right, left) == "right"
    assert where((0.3, 0.0, 0.5, 0.2), (0.3, 0.6, 0.5, 0.9)) == "above"
    assert where(left, (0.1, 0.3, 0.3, 0.6)) is None
    assert where((0.0, 0.0, 0.2, 0.2), (0.5, 0.5, 0.7, 0.7)) is None  # diagonal


def test_colours_of_captions_and_attributes(asker):
    colours = Colours()
    assert colours.of_captions(["A red bus and a black and white cat."]) == {"bus": "red", "cat": "black and white"}
    assert colours.of_captions(["A red bus.", "A blue bus."]) == {}
    assert colours.of_captions(["A red bus passes a bus."]) == {}
    assert colours.of_captions(["A grey, orange cat."]) == {"cat": "gray and orange"}
    assert colours.of_objects(TEXTS[3]["objects"], 224 * 112) == {"tree": "green", "bus": "red"}
    told = [(q, a) for task, q, a in all_asked(asker, 3) if task == "colour"]
    for question, answer in told:
        right = "green" if "tree" in question else "red"
        assert answer in (right, "yes", "no")
        if answer in ("yes", "no"):
            assert (right in question.lower().split()[-1] or f" {right} " in question) == (answer == "yes")


def test_names(asker):
    assert {a for task, _, a in all_asked(asker, 5) if task == "name"} == {"pizza"}  # not the table under it
    assert {a for task, _, a in all_asked(asker, 1) if task == "name"} == {"zebra"}
    assert not [q for q in all_asked(asker, 0) if q[0] == "name"]  # two things of one size


def test_answers_are_short_and_lower_case(asker):
    sentences = {r.answer for r in REFUSALS.values()}
    for row in range(len(TEXTS)):
        for task, question, answer in all_asked(asker, row, 60):
            assert question.strip() and answer.strip()
            if task == "refusal":
                assert answer in sentences
            elif task == "caption":
                assert answer[0].isupper() and answer.endswith(".")
            else:
                assert answer == answer.lower() and not answer.endswith("."), (task, answer)


def test_refusals_are_rare(asker):
    share = sum(any(t == "refusal" for t, *_ in asker.ask(random.Random(s), 1)) for s in range(2000)) / 2000
    assert 0.04 < share < 0.08


def test_mentions_find_other_words_and_plurals():
    found = {COCO_NAMES[c] for c in Mentions()("Two women ride motor bikes past a fire plug; the kittens' sofa.")}
    assert {"person", "motorcycle", "fire hydrant", "cat", "couch"} <= found
    assert "dog" not in found and "pizza" not in found
