"""Texts of the photographs: parsing of each source's files, on small invented pieces."""

import pytest

from sightline_training.data.photos_texts import (
    coco_captions,
    counts,
    flickr_captions,
    kind,
    normal,
    v7w_entries,
    vg_objects,
    vqa_entry,
)


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        ("The Dog.", "dog"),
        ("two", "2"),
        ("3.5", "3.5"),
        ("a red, blue kite!", "red blue kite"),
        ("Yes\n", "yes"),
        ("an", ""),
    ],
)
def test_normal(answer, plain):
    assert normal(answer) == plain


def test_kind_goes_by_the_most_frequent_answer():
    assert kind("Is it on?", ["yes", "yes", "maybe"]) == "yes/no"
    assert kind("How many are there?", ["lots"]) == "number"
    assert kind("What bus is it?", ["7", "7", "red"]) == "number"
    assert kind("What is it?", ["cat", "cat", "2"]) == "other"


def test_captions_with_commas_quotes_and_line_breaks():
    train = 'ImageID,Labels,Caption\n0.jpg,1 2,"A man, a dog\nand a ""cat""."\n1.jpg,3,Plain, with comma\n'
    test = "ImageID,Caption\n30000.jpg,One, two.\n"
    found = coco_captions(train, test)
    assert found == {"0.jpg": "A man, a dog and a cat .", "1.jpg": "Plain, with comma", "30000.jpg": "One, two."}


def test_flickr_captions_are_grouped():
    found = flickr_captions("image,caption\na.jpg,One .\nb.jpg,Two\na.jpg,Three\n")
    assert found == {"a.jpg": ["One .", "Three"], "b.jpg": ["Two"]}


def test_v7w_lines_without_four_options_are_left_out():
    text = "v7w_1.jpg\tWho is it?\tA. | B. | C. | D.\nv7w_2.jpg\tWhy?\tA. | B.\n"
    found = list(v7w_entries(text, "Dev"))
    assert found == [("v7w_1.jpg", {"question": "Who is it?", "options": ["A.", "B.", "C.", "D."], "part": "Dev"})]


def test_vqa_entry_keeps_raw_answers():
    given = {"question_id": 7, "question": "What?", "answers": ["The cat"] * 10, "question_type": "what"}
    entry = vqa_entry(given)
    assert entry["answers"] == ["The cat"] * 10 and entry["normal"] == ["cat"] * 10
    assert (entry["id"], entry["kind"], entry["type"]) == (7, "other", "what")


def test_vg_boxes_are_scaled_cut_and_joined_with_attributes():
    objects = [
        {"object_id": 1, "names": ["Red Car "], "x": 100, "y": 50, "w": 100, "h": 50},
        {"object_id": 2, "names": ["sky"], "x": -10, "y": 0, "w": 500, "h": 20},
        {"object_id": 3, "names": [" "], "x": 0, "y": 0, "w": 9, "h": 9},
        {"object_id": 4, "names": ["gone"], "x": 450, "y": 0, "w": 9, "h": 9},
    ]
    attributes = [{"object_id": 1, "attributes": ["Red ", "red", "parked"]}]
    found = vg_objects(objects, attributes, (400, 200), (200, 100))
    assert found == [
        {"name": "red car", "box": [50.0, 25.0, 100.0, 50.0], "attributes": ["red", "parked"]},
        {"name": "sky", "box": [0, 0.0, 200, 10.0], "attributes": []},
    ]


def test_counts():
    texts = [{"captions": ["a", "b"], "present": []}, {"vqa": [{}]}, {}]
    found = counts(texts)
    assert found["captions"] == 2 and found["pictures with present"] == 1 and found["vqa"] == 1
