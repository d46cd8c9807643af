"""No scored or shown picture was trained on: perceptual hashes of all sets, where the data is at hand (`SIGHTLINE_DATA`)."""

import os
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pytest

from sightline_training.context import load_recipe
from sightline_training.data.duplicates import difference_hash, find, hash_set, near_pairs
from sightline_training.data.sources import TRAIN_SETS

ROOT = Path(__file__).resolve().parents[3]
# Fixtures, the sample that the program is shown with, the page's gallery.
SHOWN = [ROOT / folder for folder in ("tests/goldens/pair", "tests/pictures", "www/pictures")]


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
    files = [file for folder in SHOWN for file in sorted(folder.glob("*.png"))]
    assert len(files) > 20, "the folders of shown pictures have moved"
    shown = np.stack([difference_hash(file.read_bytes()) for file in files])
    with Pool(2) as pool:
        for name in TRAIN_SETS:
            near = near_pairs(shown, hash_set(name, data, pool))
            assert not near, (name, near, [file.name for file in files])
