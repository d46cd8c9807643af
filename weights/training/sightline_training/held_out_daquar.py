"""DAQUAR questions about training pictures that are kept out of training, to choose between recipes."""

import torch

from .data.bank import Bank
from .data.questions import tidy_daquar
from .data.scenes import QUESTIONS, Question, pack
from .encoders import TOKENS
from .optim import step_generator


class HeldOutDaquar:
    """Questions about the last `count` pictures of DAQUAR's training split, which `daquar_held_out` keeps out of training:
    recipes are compared and their course is watched by these, never by the test split."""

    def __init__(self, bank: Bank, prompter, count: int, size: int = 64):
        self.bank, self.batches = bank, []
        first, end = bank.sets["daquar_train"]
        rows = []
        for row, pairs in list(enumerate(bank.texts("daquar_train")))[end - first - count :]:
            asked = [Question("daquar", *tidy_daquar(q, a)) for q, a in pairs]
            rows += [(first + row, pack(prompter, asked[i : i + QUESTIONS])) for i in range(0, len(asked), QUESTIONS)]
        for part in (rows[i : i + size] for i in range(0, len(rows), size)):
            batch = {k: torch.tensor([packed[k] for _, packed in part], device=bank.device) for k in part[0][1]}
            batch["names"] = torch.full((len(part), TOKENS), -1, device=bank.device)
            batch["oracle"] = torch.zeros(len(part), dtype=torch.bool, device=bank.device)
            self.batches.append((torch.tensor([p for p, _ in part], device=bank.device), batch))

    @torch.no_grad()
    def score(self, visual) -> dict:
        """Exact answers and mean cross-entropy, with the pictures and with those of other questions; visual: join's `Visual`."""
        out = {}
        for name, shift in (("seeing", 0), ("permuted", QUESTIONS * 3)):
            rows = []
            for i, (pictures, batch) in enumerate(self.batches):
                canvas = self.bank.full(pictures.roll(shift), letterboxed=True)
                tokens = visual(batch, canvas, step_generator(pictures.device, 23, i))
                rows += visual.interface.forced_answers(tokens, batch)
            out[f"{name}_exact"] = sum(a.exact for a in rows) / len(rows)
            out[f"{name}_loss"] = sum(a.cost for a in rows) / len(rows)
        return out | {"n": len(rows)}
