"""The table between COCO's things and the older names."""

import pytest
import torch

from sightline_training.classes import TINY_NAMES
from sightline_training.data.kinds import (
    COCO_INDEX,
    COCO_NAMES,
    DENSE_NAMES,
    DENSE_OF_COCO,
    KINDS,
    SAME,
    UNSURE,
    coco_label,
    coco_of,
    relation,
)
from sightline_training.names import NAMES


def test_coco_names_are_the_80_in_the_official_order():
    assert len(COCO_NAMES) == len(set(COCO_NAMES)) == 80
    official = {
        "person": 0,
        "bird": 14,
        "zebra": 22,
        "backpack": 24,
        "bottle": 39,
        "pizza": 53,
        "tv": 62,
        "toothbrush": 79,
    }
    assert {n: COCO_INDEX[n] for n in official} == official


def test_the_table_speaks_of_known_names_only():
    assert set(SAME) <= set(NAMES) and set(SAME.values()) <= set(COCO_NAMES)
    for table in (KINDS, UNSURE):
        assert set(table) <= set(COCO_NAMES)
        assert {n for names in table.values() for n in names} <= set(NAMES)
    listed = [n for names in KINDS.values() for n in names]
    assert len(listed) == len(set(listed)) and not set(listed) & set(SAME)


@pytest.mark.parametrize(
    ("name", "coco"),
    [
        ("Egyptian cat", "cat"),
        ("golden retriever", "dog"),
        ("school bus", "bus"),
        ("teddy", "teddy bear"),
        ("dog", "dog"),
        ("alp", None),
    ],
)
def test_kind_of(name, coco):
    assert coco_of(name) == coco


def test_dense_classes_hold_every_thing_once():
    assert DENSE_NAMES[:200] == TINY_NAMES
    assert len(set(DENSE_NAMES)) == len(DENSE_NAMES) == 269
    assert len(set(DENSE_OF_COCO)) == 80
    assert DENSE_NAMES[DENSE_OF_COCO[COCO_INDEX["remote"]]] == "remote control"
    assert DENSE_NAMES[DENSE_OF_COCO[COCO_INDEX["dog"]]] == "dog"


def test_relation_marks_kinds_and_doubts():
    table = relation()
    assert table.shape == (80, 269)
    dog = table[COCO_INDEX["dog"]]
    assert dog[DENSE_NAMES.index("golden retriever")] == 1 and dog[DENSE_NAMES.index("dog")] == 1
    assert dog[DENSE_NAMES.index("tabby")] == 0
    assert table[COCO_INDEX["cat"], DENSE_NAMES.index("lion")] == -1
    rows = torch.arange(80)
    assert (table[rows, torch.tensor(DENSE_OF_COCO)] == 1).all()
    assert ((table == 1).sum(0) <= 1).all()
    label = coco_label(DENSE_NAMES)
    assert (table[label[label >= 0], (label >= 0).nonzero()[:, 0]] == 1).all()
