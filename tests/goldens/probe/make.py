"""scikit-learn's accuracies on frozen features, which `sightline probe` is compared with.

    python tests/goldens/probe/make.py                     # sklearn.json anew, from features.safetensors
    python tests/goldens/probe/make.py --features FILE     # features.safetensors anew, too: some rows of an export
    python tests/goldens/probe/make.py --measure FILE...   # prints the accuracies on whole exports, writes nothing

FILE is written by `sightline probe --features-out FILE`.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).resolve().parent
FEATURES = HERE / "features.safetensors"
# Rows of each class that the golden keeps of an export.
TRAIN, VAL = 30, 40
# Inverse strengths of the L2 penalty that are tried; a fifth of the training part is held out, as
# in ours.
STRENGTHS = [10.0 ** (half / 2) for half in range(-8, 4)]
SEEDS = 5
NEIGHBOURS = 20


def unpacked(tensors: dict[str, np.ndarray], part: str) -> tuple[np.ndarray, np.ndarray]:
    """Features and classes of a part; int8 features have a scale for each row."""
    features = tensors[f"{part}.features"].astype(np.float32)
    scale = tensors.get(f"{part}.features.scale")
    if scale is not None:
        features = features * scale[:, None]
    return features, tensors[f"{part}.labels"].astype(np.int64)


def linear(train, val, seed: int) -> int:
    """Right answers of softmax regression whose penalty has the lowest loss on a held-out fifth."""
    (values, labels), (asked, gold) = train, val
    scaler = StandardScaler().fit(values.astype(np.float64))
    values, asked = (scaler.transform(part.astype(np.float64)) for part in (values, asked))
    fitted, held = next(StratifiedShuffleSplit(1, test_size=0.2, random_state=seed).split(values, labels))

    def model(strength: float, rows) -> LogisticRegression:
        return LogisticRegression(C=strength, max_iter=5000, tol=1e-5).fit(values[rows], labels[rows])

    def loss(strength: float) -> float:
        return log_loss(labels[held], model(strength, fitted).predict_proba(values[held]))

    best = min(STRENGTHS, key=loss)
    return int((model(best, np.arange(len(labels))).predict(asked) == gold).sum())


def neighbours(train, val) -> int:
    """Right answers of the nearest neighbours by cosine distance, weighted with one over it."""
    vote = KNeighborsClassifier(NEIGHBOURS, weights="distance", metric="cosine").fit(*train)
    return int((vote.predict(val[0]) == val[1]).sum())


def measure(file: Path) -> dict:
    tensors = load_file(file)
    train, val = unpacked(tensors, "train"), unpacked(tensors, "val")
    return {
        "train": len(train[1]),
        "val": len(val[1]),
        "linear_right": [linear(train, val, seed) for seed in range(SEEDS)],
        "neighbours": NEIGHBOURS,
        "neighbours_right": neighbours(train, val),
    }


def draw(file: Path) -> None:
    """Keeps some rows of an export, as int8 with a scale for each row."""
    tensors, rng, out = load_file(file), np.random.default_rng(0), {}
    for part, count in (("train", TRAIN), ("val", VAL)):
        features, labels = unpacked(tensors, part)
        rows = [rng.permutation(np.flatnonzero(labels == label))[:count] for label in np.unique(labels)]
        rows = np.sort(np.concatenate(rows))
        kept = features[rows]
        scale = np.abs(kept).max(axis=1) / 127
        out[f"{part}.features"] = np.rint(kept / scale[:, None]).astype(np.int8)
        out[f"{part}.features.scale"] = scale.astype(np.float32)
        out[f"{part}.labels"] = labels[rows].astype(np.float32)
    save_file(out, FEATURES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, help="an export to draw the golden's rows from")
    parser.add_argument("--measure", type=Path, nargs="+", help="exports to print the accuracies of")
    args = parser.parse_args()
    for file in args.measure or []:
        found = measure(file)
        shares = [right / found["val"] * 100 for right in found["linear_right"]]
        print(
            f"{file.name}: {found['train']} to train on, {found['val']} to test; linear, mean of {SEEDS} seeds "
            f"{np.mean(shares):.2f} % ({min(shares):.1f} to {max(shares):.1f}), "
            f"{NEIGHBOURS} neighbours {found['neighbours_right'] / found['val'] * 100:.2f} %"
        )
    if args.measure:
        return
    if args.features:
        draw(args.features)
    (HERE / "sklearn.json").write_text(json.dumps(measure(FEATURES), indent=2) + "\n")


if __name__ == "__main__":
    main()
