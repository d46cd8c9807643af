"""What keeps DAQUAR's few pictures from being known by heart, and the probe of what pictures could give there."""

import random
from types import SimpleNamespace

import torch

from sightline_training.daquar_probe import Questions, train_and_test
from sightline_training.data.mentioned import OFTEN, MentionedObjects
from sightline_training.data.questions import mirrored
from sightline_training.join import Visual
from sightline_training.names import NEUTRAL


def test_mirrored_words_change_sides():
    assert mirrored("What is left of the bed, right of the lamp?") == "What is right of the bed, left of the lamp?"
    assert mirrored("What is on the copyright sign?") == "What is on the copyright sign?"
    assert mirrored(mirrored("right left right")) == "right left right"


def test_mentioned_objects_are_asked_for_and_absent_ones_denied():
    with_lamp = [("what is on the table ?", ["lamp"]), ("what colour is it ?", ["red"]), ("how many lamps ?", ["2"])]
    with_bed = [("what is there ?", ["bed"])]
    objects = MentionedObjects([with_lamp] * OFTEN + [with_bed] * OFTEN + [[("what ?", ["rare_thing"])]])
    assert objects.of_picture[0] == ["lamp"] and objects.of_picture[OFTEN] == ["bed"] and objects.of_picture[-1] == []
    assert set(objects.pool) == {"lamp", "bed"}  # no colours, no numbers, nothing rare
    asked = dict(reversed(pair) for pair in objects.ask(random.Random(1), None, 0))
    assert asked == {"yes": "Is there a lamp in the image?", "no": "Is there a bed in the image?"}
    assert objects.ask(random.Random(1), None, len(objects.of_picture) - 1) == []


def drop(recipe: dict, free: list[bool]) -> torch.Tensor:
    """Which of 2 x 400 tokens were replaced."""
    names = torch.ones(NEUTRAL + 1, 4)
    interface = SimpleNamespace(names=names, from_names=lambda x: -x)
    tokens = torch.ones(2, 400, 4)
    generator = torch.Generator().manual_seed(5)
    given = Visual._drop(
        SimpleNamespace(recipe=recipe, interface=interface), tokens, torch.tensor(free)[:, None], generator
    )
    assert ((given == 1) | (given == -1)).all()
    return given[..., 0] == -1


def test_tokens_are_dropped_where_questions_are_free():
    gone = drop({"token_dropout": 0.3}, [True, False])
    assert 0.2 < gone[0].float().mean() < 0.4 and not gone[1].any()
    assert not drop({}, [True, True]).any()
    assert drop({"picture_dropout": 1.0}, [True, False]).all(1).tolist() == [True, False]


def test_the_probe_sees_what_only_the_picture_tells():
    colours = ["red", "green", "blue", "grey"]
    rng, generator = random.Random(0), torch.Generator().manual_seed(0)
    truth = {split: [rng.randrange(4) for _ in range(n)] for split, n in (("train", 96), ("test", 64))}
    texts = {k: [[("what colour is the wall ?", [colours[c]])] for c in v] for k, v in truth.items()}
    table = torch.randn(4, 8, generator=generator)
    given = {k: table[torch.tensor(v)][:, None].expand(-1, 49, -1) for k, v in truth.items()}
    given["mirrored"] = given["train"]
    train = Questions(texts["train"])
    test, mentioned = Questions(texts["test"], train), torch.zeros(96, 1)
    seeing, blind = (train_and_test(train, test, g, mentioned, 0).float().mean() for g in (given, None))
    assert seeing > 0.95 and blind < 0.5
