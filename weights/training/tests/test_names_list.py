"""The list of names: every old name and every thing of COCO once, and `weights/names.json` as the program reads it."""

import json
from pathlib import Path

from sightline_training.data.kinds import COCO_NAMES
from sightline_training.data.names_list import NO_THINGS, build, often_answered
from sightline_training.names import NAMES

FILE = Path(__file__).resolve().parents[2] / "names.json"


def words(entries: list[dict]) -> set[str]:
    return {w for e in entries for w in (e["name"], *e["synonyms"])}


def test_every_name_is_there_once():
    entries = build(["tree", "dogs", "man", "couch"])
    names = [e["name"] for e in entries]
    assert len(names) == len(set(names)) and names == sorted(names, key=str.lower)
    assert set(NAMES) | set(COCO_NAMES) | {"tree", "man"} <= words(entries)
    of = {e["name"]: e for e in entries}
    assert "dogs" not in of and of["dog"]["from"] == ["coco", "vqa"]
    assert of["golden retriever"]["kind_of"] == ["dog", "animal"] and of["man"]["kind_of"] == ["person"]
    assert of["remote"]["synonyms"] == ["remote control"] and of["remote"]["from"] == ["tiny", "coco"]
    assert of["couch"]["synonyms"] == ["sofa"]
    assert all(e["name"] not in e["kind_of"] and e["name"] not in e["synonyms"] for e in entries)


def test_answers_are_names_if_people_agree_and_boxes_exist():
    def asked(answers):
        return {"kind": "other", "normal": answers}

    box = {"attributes": []}
    texts = [
        {"vqa": [asked(["tree"] * 4 + ["red"] * 3 + ["idea"] * 3)] * 12},
        {"objects": [box | {"name": "tree"}] * 3},
    ]
    texts[1]["objects"] += [{"name": "red", "attributes": ["red"] * 5}] * 2
    assert often_answered(texts, [0, 1]) == ["tree"]  # nobody drew an idea; red is more of an attribute
    assert often_answered(texts, [1]) == []


def test_the_file_in_the_repository_holds_all_names():
    entries = json.loads(FILE.read_text())["names"]
    assert [e["name"] for e in entries] == sorted((e["name"] for e in entries), key=str.lower)
    assert set(NAMES) | set(COCO_NAMES) <= words(entries)
    assert all(set(e) == {"name", "synonyms", "kind_of", "from"} for e in entries)
    assert not NO_THINGS & {e["name"] for e in entries}
    assert sum("vqa" in e["from"] for e in entries) > 100
