"""Targets of photographs follow the window that is shown; labels of one kind of picture say nothing about the other's classes."""

import math

import pytest
import torch

from sightline_training import detector
from sightline_training.data.bank import Bank
from sightline_training.data.kinds import COCO_INDEX, DENSE_NAMES, DENSE_OF_COCO
from sightline_training.data.photo_shard import SET
from sightline_training.data.questions import mirrored
from sightline_training.heads import DenseHead
from sightline_training.optim import step_generator
from sightline_training.photo_targets import BACKGROUND, Labels, Targets, caption_words, countable, lemmas, presence
from sightline_training.photo_tune import average_precision, draw_photos, masked_classes

WIDTH, HEIGHT = 224, 160
TOP = (224 - HEIGHT) / 2  # where the picture starts on the letterboxed canvas
RECIPE = {"aspect_jitter": 0.1, "area_min": 0.4, "share_letterboxed": 0.75}


class FakePhotos:
    def __init__(self, texts):
        self.texts = texts

    def rows(self, _split):
        return list(range(len(self.texts)))


@pytest.fixture
def bank(tmp_path):
    """Eight pictures whose red channel is 0 but for a bright rectangle, x 60..120 and y 40..100."""
    pixels = torch.zeros(8, HEIGHT, WIDTH, dtype=torch.int32)
    pixels[:, 40:100, 60:120] = 255
    none = torch.full((8,), -1)
    shard = {
        "pixels": pixels.flatten(), "height": torch.full((8,), HEIGHT, dtype=torch.int32),
        "width": torch.full((8,), WIDTH, dtype=torch.int32), "imagenet": none, "caltech": none, "tiny": none, "name": none,
        "box": torch.zeros(8, 4),
    }  # fmt: skip
    torch.save(shard, tmp_path / f"{SET}.pt")
    return Bank(tmp_path, [SET])


def found(count: int = 8) -> dict:
    """The detector saw a dog on the rectangle."""
    out = {
        "box": torch.zeros(count, 16, 4), "label": torch.full((count, 16), -1, dtype=torch.int16),
        "score": torch.zeros(count, 16),
    }  # fmt: skip
    out["box"][:, 0] = torch.tensor([60.0, 40 + TOP, 120.0, 100 + TOP])
    out["label"][:, 0], out["score"][:, 0] = COCO_INDEX["dog"], 0.9
    return out


def test_boxes_stay_on_what_they_hold_whatever_window_is_shown(bank):
    photos = FakePhotos([{"present": ["dog"], "captions": ["A dog."]}] * 8)
    targets = Targets(photos, found(), bank, "cpu")
    targets.maps = torch.zeros(8, 1000, 9, 9)
    checked = 0
    for step in range(6):
        canvas = draw_photos(bank, torch.arange(8), RECIPE, step_generator("cpu", 1, step))
        pixels = bank.render(canvas, dtype=torch.float32)
        t = targets.on(bank, canvas, torch.arange(8), pixels)
        red = (pixels[..., 0] * 128 + 127) > 127
        for i in range(8):
            on = t.on_object[i]
            if not on.any():
                continue
            box = (t.box[i, on][0] * 224).tolist()
            ys, xs = red[i].nonzero(as_tuple=True)
            seen = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
            assert all(abs(float(a) - b) <= 2.0 for a, b in zip(seen, box, strict=True))
            assert (t.label[i, on] == DENSE_OF_COCO[COCO_INDEX["dog"]]).all()
            assert t.count[i, COCO_INDEX["dog"]] == 1
            checked += 1
    assert checked > 30


def test_the_teachers_map_moves_with_the_window(bank):
    targets = Targets(FakePhotos([{}] * 8), found(), bank, "cpu")
    across = torch.arange(9).float()
    targets.maps = torch.zeros(8, 1000, 9, 9)
    targets.maps[:, 0] = across[None, None]  # grows to the right
    targets.maps[:, 1] = across[None, :, None]  # and downwards
    canvas = bank.full(torch.arange(8), letterboxed=True)
    pixels = bank.render(canvas, dtype=torch.float32)
    seen = targets.on(bank, canvas, torch.arange(8), pixels).teacher.view(8, 7, 7, 1000)
    place = (torch.arange(7) + 0.5) * 32 * 9 / 224 - 0.5  # the same places in cells of the old map
    assert torch.allclose(seen[0, 3, :, 0], place.clamp(0, 8), atol=0.02)
    assert torch.allclose(seen[0, :, 3, 1], place.clamp(0, 8), atol=0.02)
    canvas.flip = torch.ones_like(canvas.flip)
    turned = targets.on(bank, canvas, torch.arange(8), pixels).teacher.view(8, 7, 7, 1000)
    assert torch.allclose(turned[..., 0], seen[..., 0].flip(2), atol=0.02)


def test_a_thing_outside_the_window_is_not_known_to_be_there(bank):
    targets = Targets(FakePhotos([{"present": ["dog"]}] * 8), found(), bank, "cpu")
    targets.maps = torch.zeros(8, 1000, 9, 9)
    canvas = bank.full(torch.arange(8), letterboxed=True)
    canvas.window = canvas.window.clone()
    canvas.window[4:] = torch.tensor([150.0, 110.0, 70.0, 50.0])  # the corner without the dog
    t = targets.on(bank, canvas, torch.arange(8), bank.render(canvas, dtype=torch.float32))
    dog = COCO_INDEX["dog"]
    assert t.present[:, dog].tolist() == [1] * 4 + [-1] * 4
    assert not t.on_object[4:].any()


def test_classes_without_labels_are_left_out_of_the_loss():
    labels = Labels("cpu")
    retriever, dog = DENSE_NAMES.index("golden retriever"), DENSE_OF_COCO[COCO_INDEX["dog"]]
    teapot, person = DENSE_NAMES.index("teapot"), DENSE_OF_COCO[COCO_INDEX["person"]]
    # A box that says "dog" may hold a retriever and no teapot; a retriever's picture says nothing
    # against "dog".
    assert not labels.photo[dog, retriever] and labels.photo[dog, teapot] and labels.photo[dog, dog]
    assert not labels.old[retriever, dog] and labels.old[retriever, teapot]
    # Around COCO's boxes a teapot may stand, around a teapot a person.
    assert not labels.photo[BACKGROUND, teapot] and labels.photo[BACKGROUND, person]
    assert labels.old[BACKGROUND, teapot] and not labels.old[BACKGROUND, person]


def test_the_masked_loss_is_cross_entropy_where_everything_counts():
    logits, label = torch.randn(5, 7), torch.tensor([0, 3, 6, 2, 2])
    allowed = torch.ones(7, 7, dtype=torch.bool)
    expected = torch.nn.functional.cross_entropy(logits, label, reduction="none", label_smoothing=0.1)
    assert torch.allclose(masked_classes(logits, label, allowed, 0.1), expected, atol=1e-6)
    allowed[3, 1] = False
    changed = logits.clone()
    changed[1, 1] += 9
    one = slice(1, 2)
    assert torch.equal(
        masked_classes(logits[one], label[one], allowed, 0.1), masked_classes(changed[one], label[one], allowed, 0.1)
    )


def test_a_widened_head_keeps_its_classes_and_boxes():
    head, tokens = DenseHead(), torch.randn(2, 196, 384)
    wide = head.widened(len(DENSE_NAMES))
    old, new = head(tokens), wide(tokens)
    assert torch.equal(new[0][..., :200], old[0][..., :200]) and torch.equal(new[0][..., -1], old[0][..., -1])
    assert torch.equal(new[1], old[1]) and torch.equal(new[2], old[2])
    again = DenseHead.of(wide.state_dict())
    assert torch.equal(again(tokens)[0], new[0])


def test_presence_and_counts_come_from_what_is_sure():
    seen = found(3)
    seen["score"][1, 0] = 0.2
    gold = presence([{"present": ["dog"]}, {"present": ["dog"]}, {"present": []}], seen)
    dog, cat = COCO_INDEX["dog"], COCO_INDEX["cat"]
    assert gold[:, dog].tolist() == [1, 1, -1] and gold[:, cat].tolist() == [0, 0, 0]
    sure = countable(seen, gold)
    assert sure[:, dog].tolist() == [True, False, False] and sure[:, cat].all()


def test_caption_words_are_weighted_by_rarity():
    assert lemmas("Two dogs run across the glass") == {"dog", "run", "across", "glass"}
    table = caption_words([{"captions": ["a dog runs"]}, {"captions": ["a dog"]}, {}], [0, 1, 2])
    assert table.shape[0] == 3 and float(table[2].sum()) == 0 and math.isclose(float(table[0].sum()), 1, abs_tol=1e-3)
    assert (table[0] > 0).sum() == 1  # "dog" stands in every caption


def test_average_precision_of_a_perfect_and_of_a_reversed_order():
    gold = torch.tensor([[1], [1], [0], [0], [-1]])
    order = torch.tensor([[4.0], [3.0], [2.0], [1.0], [9.0]])
    assert average_precision(order, gold, least=1) == 100
    assert average_precision(-order, gold, least=1) == pytest.approx(100 * (1 / 3 + 2 / 4) / 2)


def test_a_mirrored_question_names_the_other_side_and_the_other_box():
    assert mirrored("Left of the dog, on the right") == "Right of the dog, on the left"
    assert mirrored("[0.10, 0.20, 0.40, 0.90]") == "[0.60, 0.20, 0.90, 0.90]"


def test_the_best_of_overlapping_boxes_of_a_class_stays():
    box = torch.tensor([[[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10], [50, 50, 60, 60]]]).float()
    kind, score = torch.tensor([[2, 2, 5, 2]]), torch.tensor([[0.9, 0.8, 0.7, 0.1]])
    assert detector.suppress(box, kind, score).tolist() == [[True, False, True, False]]


def test_a_detection_lands_on_its_cell():
    cells, strides = detector.anchors("cpu")
    out = torch.zeros(1, len(cells), 85)
    out[0, 5, :4] = torch.tensor([0.5, 0.5, math.log(4), math.log(2)])  # sixth cell of the first row, stride 8
    out[0, 5, 4] = out[0, 5, 5 + 16] = 1.0
    box, kind, score = detector.decode(out, cells, strides)
    scale = 224 / 416
    assert kind[0, 0] == 16 and score[0, 0] == 1
    assert torch.allclose(box[0, 0] / scale, torch.tensor([44.0 - 16, 4 - 8, 44 + 16, 4 + 8]))
