"""The masked training pass and cached greedy decoding are the same computation."""

from types import SimpleNamespace

import torch

from sightline_training import oracle
from sightline_training.names import NEUTRAL
from sightline_training.smollm import WIDTH
from sightline_training.vlm import TEXT_START, ForcedAnswer, Interface


class Plain(Interface):
    """Interface without files: only what `text_hidden` uses."""

    def __init__(self, lm, adapters):
        self.lm, self.adapters, self.device, self.dtype = lm, adapters, torch.device("cpu"), torch.float32
        self.text_start = TEXT_START


def packed(prompts, length):
    ids, segment, position = [], [], []
    for number, prompt in enumerate(prompts, 1):
        ids += prompt
        segment += [number] * len(prompt)
        position += range(len(prompt))
    pad = length - len(ids)
    row = lambda v, fill: torch.tensor([v + [fill] * pad])  # noqa: E731
    return {"ids": row(ids, 2), "segment": row(segment, 0), "position": row(position, 0)}


def greedy_by_forcing(interface, visual, prompt, count):
    """Reference: the whole pass again for every new token."""
    out = []
    for _ in range(count):
        hidden = interface.text_hidden(visual, packed([prompt + out], len(prompt) + count + 1), fast=False)
        out.append(int(interface.lm.logits(hidden[0, len(prompt) + len(out) - 1]).argmax()))
    return out


def test_greedy_equals_repeated_full_passes(tiny_lm, adapters):
    interface = Plain(tiny_lm, adapters)
    torch.manual_seed(3)
    prompts = [[1, 50, 60, 70], [1, 80, 90, 100, 110, 120]]
    for visual in (torch.randn(2, 196, 576) * 0.2, None):
        prefix = interface.prefix(visual, 2)
        fast = tiny_lm.greedy(prefix, prompts, adapters, 4, stop=-1, offset=TEXT_START)
        for i, prompt in enumerate(prompts):
            own = None if visual is None else visual[i : i + 1]
            assert greedy_by_forcing(interface, own, prompt, 4) == fast[i]


def test_segments_do_not_see_each_other(tiny_lm, adapters):
    interface = Plain(tiny_lm, adapters)
    visual = torch.randn(1, 196, 576) * 0.2
    first, second = [1, 50, 60], [1, 80, 90, 100]
    both = interface.text_hidden(visual, packed([first, second], 12), fast=False)
    alone = interface.text_hidden(visual, packed([second], 12), fast=False)
    torch.testing.assert_close(both[0, 3:7], alone[0, :4], atol=1e-4, rtol=1e-4)


def test_adapters_are_dropped_in_training_only(tiny_lm, adapters):
    x, positions = torch.randn(1, 6, WIDTH), torch.arange(6)[None]
    plain = tiny_lm(x, positions, None, adapters)
    tiny_lm.adapter_dropout = 0.5
    try:
        torch.manual_seed(1)
        first, second = (tiny_lm(x, positions, None, adapters, fast=True) for _ in range(2))
        torch.manual_seed(1)
        again = tiny_lm(x, positions, None, adapters, fast=True)
        scored = tiny_lm(x, positions, None, adapters)
    finally:
        tiny_lm.adapter_dropout = 0.0
    assert torch.equal(first, again) and not torch.allclose(first, second)
    assert torch.equal(scored, plain)


def test_names_that_hardly_stand_in_the_grid_are_scored_apart():
    """Rows 0 and 1 show their object on three tokens and on two."""
    names = torch.full((2, 196), NEUTRAL)
    names[0, :3], names[1, :2] = 5, 7
    answers = [
        ForcedAnswer("name", True, 0.1, 0),
        ForcedAnswer("name", False, 3.0, 1),
        ForcedAnswer("count", True, 0.2, 1),
    ]
    identity = lambda x: x  # noqa: E731
    interface = SimpleNamespace(
        device="cpu", names=torch.randn(NEUTRAL + 1, 4), from_names=identity, place=identity,
        forced_answers=lambda tokens, batch: answers,
    )  # fmt: skip
    scores = oracle.evaluate(interface, [{"names": names}], 0.0)
    assert scores == {"count": 1.0, "n_count": 1, "name": 0.5, "n_name": 2, "name_shown": 1.0, "n_name_shown": 1}


def test_forced_answers_are_those_of_greedy_decoding(tiny_lm, adapters):
    """The reference answer is the one that decoding gives, or that with its last token changed."""
    interface = Plain(tiny_lm, adapters)
    visual, prompt = torch.randn(1, 196, 576, generator=torch.Generator().manual_seed(3)) * 0.2, [1, 50, 60, 70]
    given = greedy_by_forcing(interface, visual, prompt, 3)
    for reference, exact in ((given, True), ([*given[:2], given[2] + 1], False)):
        batch = packed([[1, 80], prompt + reference], 12)
        batch["target"] = torch.full((1, 12), -100)
        batch["target"][0, 5:8] = torch.tensor(reference)  # the place before a token predicts it
        batch["task"] = torch.zeros(1, 12, dtype=torch.long)
        (answer,) = interface.forced_answers(visual, batch)
        assert (answer.task, answer.exact, answer.row) == ("name", exact, 0) and answer.cost > 0
