"""Scores of the study against the official code's golden and against cases worked by hand."""

import gzip
import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from sightline_training.data.scenes import Question, pack
from sightline_training.study import score
from sightline_training.study.score import Asked, Judge, elsewhere, first_is_least
from sightline_training.study.vqa_rule import normalise, soft_accuracy

GOLDEN = Path(__file__).resolve().parents[3] / "tests" / "goldens" / "score" / "vqav2.jsonl.gz"


def test_soft_accuracy_equals_the_official_code():
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.strip()]
    # Lines with `i` repeat the ids of answers, which ours never do; lines without a score stop the
    # official code.
    cases = [c for c in lines if "p" in c and c["s"] is not None and "i" not in c]
    assert len(cases) > 2000
    wrong = [c for c in cases if abs(soft_accuracy(c["p"], c["a"]) - float(c["s"])) > 1e-9]
    assert not wrong


@pytest.mark.parametrize("given, value", [(10, 1.0), (4, 1.0), (3, 0.9), (2, 0.6), (1, 0.3), (0, 0.0)])
def test_soft_accuracy_by_hand(given, value):
    assert soft_accuracy("A cat.", ["cat"] * given + ["dog"] * (10 - given)) == pytest.approx(value)


def test_normal_form_by_hand():
    assert normalise("The two dogs, dont run!") == "2 dogs don't run"


def test_every_picture_gets_another_one():
    moved = elsewhere([5, 5, 1, 9, 3])
    assert sorted(moved) == sorted(moved.values()) == [1, 3, 5, 9]
    assert all(a != b for a, b in moved.items())


class Prompter:
    """One token per character."""

    def prompt(self, text: str) -> list[int]:
        return [ord(c) for c in text]

    answer = prompt

    def decode(self, ids: list[int]) -> str:
        return "".join(map(chr, ids))


class Interface:
    """A language model that expects every next token to be 97 ("a")."""

    class lm:
        @staticmethod
        def logits(hidden):
            return 2.0 * F.one_hot(torch.full((len(hidden),), 97), 128).float()

    def text_hidden(self, _visual, batch, fast):
        return torch.zeros(*batch["ids"].shape, 4)


def judge() -> Judge:
    out = Judge.__new__(Judge)
    out.interface, out.prompter, out.size = Interface(), Prompter(), 3
    return out


def test_costs_are_means_per_option():
    packed = [
        pack(Prompter(), [Question("v7w", "q", o) for o in options], most=4) for options in (["b", "aa", "ab"], ["a"])
    ]
    batch = {k: torch.tensor([p[k] for p in packed]) for k in packed[0]}
    costs = judge().costs(None, batch)
    a, b = (-F.log_softmax(2.0 * F.one_hot(torch.tensor(97), 128).float(), 0)[ord(c)].item() for c in "ab")
    inf = float("inf")
    expected = torch.tensor([[b, a, (a + b) / 2, inf], [a, inf, inf, inf]])
    assert torch.allclose(costs, expected, atol=1e-5)


def test_an_option_without_a_cost_is_never_right():
    nan, inf = float("nan"), float("inf")
    costs = torch.tensor([[1.0, 2.0, 3.0, inf], [2.0, 1.0, 3.0, 4.0], [nan] * 4, [inf] * 4])
    assert first_is_least(costs).tolist() == [True, False, False, False]


def test_answers_come_back_in_their_order(monkeypatch):
    class LM:
        def greedy(self, prefix, prompts, _adapters, _most, offset):
            assert prefix == len(prompts) and offset == 3
            return prompts

    out = judge()
    out.interface.lm, out.interface.adapters, out.interface.text_start = LM(), None, 3
    out.interface.prefix = lambda visual, count: count
    seen = []
    questions = ["long one", "b", "ccc", "dd", "eeee"]
    assert out.answers(questions, seen.append, 5) == questions
    assert sorted(i for part in seen for i in part) == [0, 1, 2, 3, 4]


def test_boxes_and_presence_by_hand(monkeypatch):
    gold = [0.0, 0.0, 0.5, 0.5]
    items = [Asked(k, k, "q", gold) for k in range(4)]
    texts = ["[0.00, 0.00, 0.50, 0.50]", "[0.00, 0.00, 0.50, 0.24]", "a box", "[0.00, 0.00, 0.50, 0.26]"]
    out = judge()
    out.ctx = None
    monkeypatch.setattr(score, "asked_ground", lambda _ctx: items)
    monkeypatch.setattr(out, "asked", lambda *_: texts)
    rows = out.ground()
    assert rows["ground"].score.tolist() == [1.0, 0.0, 0.0, 1.0]
    assert rows["ground_iou"].score.tolist() == pytest.approx([1.0, 0.48, 0.0, 0.52], abs=1e-3)
    monkeypatch.setattr(
        score, "asked_presence", lambda _ctx: [Asked(k, k, "q", g) for k, g in enumerate(["yes", "no", "yes"])]
    )
    monkeypatch.setattr(out, "asked", lambda *_: ["Yes.", "yes", ""])
    assert out.presence()["presence"].score.tolist() == [1.0, 0.0, 0.0]
