"""Signs of localisation collapse in a run's answers: does it answer in boxes at all, is it one box, does it follow the picture?

The paper names the collapse and does not say how it is measured. These are the signs that its scorer could have shown: the
answers that are no box, the share of the most frequent box, and accuracy at IoU 0.5; beside them what an answer that does not
look at the picture would give away.
"""

import math
from collections import Counter

import numpy as np

COARSE = 10  # steps per side in which two boxes are called the same box
BINS = 5  # steps per coordinate in which the entropy of the answers is counted
WHOLE = 0.8  # IoU with the whole picture from which an answer is the whole picture
CENTRE = 0.05  # of the frame, distance from the picture's centre on both axes

# A run is called collapsed by these, which were written down before any run.
PARSED, SAME, FOLLOWS = 0.5, 0.25, 0.3


def iou(a, b) -> float:
    """Overlap of two boxes over their union."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    size = lambda t: max(0.0, t[2] - t[0]) * max(0.0, t[3] - t[1])  # noqa: E731
    union = size(a) + size(b) - width * height
    return width * height / union if union > 0 else 0.0


def centres(boxes) -> np.ndarray:
    boxes = np.asarray(boxes, np.float64)
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def entropy(boxes, steps: int = BINS) -> float:
    """Bits of the boxes' distribution, each coordinate in one of `steps` bins."""
    cells = Counter(tuple(min(steps - 1, int(v * steps)) for v in box) for box in boxes)
    n = sum(cells.values())
    return sum(c / n * math.log2(n / c) for c in cells.values())


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, 0 where one side does not vary."""
    if len(a) < 2 or a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def signals(answers: list, gold: list, whole: list) -> dict[str, float]:
    """Of the answers (a box or None), the gold boxes and the extents of the pictures, all in fractions of one frame.

    parsed: share of answers that are a box. Of all questions: same: share of the most frequent box, to a tenth; same_exact: the
    same to the written digit; whole: share that is the whole picture; centre: share in the picture's middle. Of the boxes:
    entropy in bits; spread: deviation of their centres over that of the gold ones; follows: correlation of the centres with the
    gold ones, mean of the axes.
    """
    n = len(answers)
    kept = [i for i, box in enumerate(answers) if box is not None]
    boxes, right = [answers[i] for i in kept], [gold[i] for i in kept]
    out = {"n": n, "parsed": len(kept) / n}
    if not kept:
        return out | dict.fromkeys(("same", "same_exact", "whole", "centre", "entropy", "spread", "follows"), 0.0)
    rough = Counter(tuple(round(v * COARSE) for v in box) for box in boxes)
    exact = Counter(tuple(round(v * 100) for v in box) for box in boxes)
    given, true, middle = centres(boxes), centres(right), centres([whole[i] for i in kept])
    deviation = true.std(0).mean()
    return out | {
        "same": rough.most_common(1)[0][1] / n,
        "same_exact": exact.most_common(1)[0][1] / n,
        "whole": sum(iou(box, whole[i]) >= WHOLE for i, box in zip(kept, boxes, strict=True)) / n,
        "centre": float((np.abs(given - middle) <= CENTRE).all(1).sum()) / n,
        "entropy": entropy(boxes),
        "spread": float(given.std(0).mean() / deviation) if deviation > 0 else 0.0,
        "follows": (correlation(given[:, 0], true[:, 0]) + correlation(given[:, 1], true[:, 1])) / 2,
    }


def collapsed(found: dict[str, float]) -> bool:
    """Whether a run is called collapsed: few boxes, or one box for many questions, or boxes that do not follow the picture."""
    return found["parsed"] < PARSED or found["same"] > SAME or found["follows"] < FOLLOWS
