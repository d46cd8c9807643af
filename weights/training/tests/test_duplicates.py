"""No scored or shown picture was trained on: perceptual hashes of all sets, where the data is at hand (`SIGHTLINE_DATA`)."""

import os
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pytest

from sightline_training.context import load_recipe
from sightline_training.data.duplicates import difference_hash, find, hash_set, near_pairs
from sightline_training.data.sources import TRAIN_SETS

SHOWN = Path(__file__).resolve().parents[3] / "tests/goldens/pair"


@pytest.fixture(scope="module")
def data():
    folder = os.environ.get("SIGHTLINE_DATA")
    if not folder:
        pytest.skip("SIGHTLINE_DATA not set: the pictures are not part of the repository")
    return Path(folder)


def test_every_near_duplicate_is_left_out(data):
    excluded = load_recipe("evaluate")["excluded"]
    for name, pairs in find(data).items():
        assert {p[0] for p in pairs} <= set(excluded.get(name, [])), name


def test_shown_pictures_were_not_trained_on(data):
    shown = np.stack([difference_hash(p.read_bytes()) for p in sorted(SHOWN.glob("*.png"))])
    with Pool(2) as pool:
        for name in TRAIN_SETS:
            assert not near_pairs(shown, hash_set(name, data, pool)), name
