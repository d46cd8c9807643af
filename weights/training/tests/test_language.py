"""The masked training pass and cached greedy decoding are the same computation."""

import torch

from sightline_training.prompt import TEXT_START
from sightline_training.smollm import WIDTH
from sightline_training.vlm import Interface


class Plain(Interface):
    """Interface without files: only what `text_hidden` uses."""

    def __init__(self, lm, adapters):
        self.lm, self.adapters, self.device, self.dtype = lm, adapters, torch.device("cpu"), torch.float32


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
