"""Golden canvases of the paper's transforms, made by the code of its release.

    python tests/goldens/transforms/make.py --release-checkout DIR

DIR is a checkout of github.com/raykuo18/vlm-ssm-vision-encoders, commit 97852ce. Writes `transforms.json`: for every
manifest row and picture the canvas's size, the sha256 of its bytes, and some normalised values.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import timm.data
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

# (height, width): photographs upright and across, a square, smaller than any canvas, strips; (448,
# 25) and (1024, 1025) shrink to a half pixel.
SOURCES = [
    (480, 640),
    (500, 333),
    (224, 224),
    (97, 131),
    (301, 160),
    (720, 1280),
    (448, 25),
    (1024, 1025),
    (30, 900),
]
PROBES = 8


def rows(release) -> list[tuple[dict, Compose]]:
    """Manifest rows, each with the transform of the release that it stands for."""
    vmamba = release.VMambaBackbone

    def built(preprocess: dict, strategy: str) -> Compose:
        # The builders read two attributes; the backbone itself would fetch weights.
        asked = SimpleNamespace(preprocess=preprocess, image_resize_strategy=strategy)
        builder = getattr(vmamba, f"_build_{preprocess['type']}_transform")
        return builder(asked)

    def row(policy: str, size: tuple[int, int], preprocess: dict, strategy: str) -> tuple[dict, Compose]:
        transform = built(preprocess, strategy)
        mean = preprocess["mean"]
        described = {
            "policy": policy,
            "size": list(size),
            "pad": [int(value * 255) for value in mean],
            "filter": preprocess["interpolation"].value,
            "mean": list(mean),
            "std": list(preprocess["std"]),
        }
        return described, transform

    cls, det, seg = release.CLASSIFICATION_PREPROCESS, release.DETECTION_PREPROCESS, release.SEGMENTATION_PREPROCESS
    out = [
        row("letterbox", (224, 224), cls, "letterbox"),
        row("resize-naive", (224, 224), cls, "resize-naive"),
        row("vmamba-classification", (224, 224), cls, "vmamba-classification"),
        row("letterbox-corner", (800, 1333), det, "letterbox"),
        row("letterbox-corner", (512, 512), seg, "letterbox"),
        row("vmamba-detection", (800, 1333), det, "vmamba-detection"),
        row("vmamba-segmentation", (512, 2048), seg, "vmamba-segmentation"),
    ]
    for side in (224, 256, 512, 1024):
        out.append(row("letterbox-corner", (side, side), det, f"letterbox-square-{side}"))
    out.append(row("letterbox-corner", (256, 256), cls, "letterbox-square-256"))
    out.append(cropped())
    return out


def cropped() -> tuple[dict, Compose]:
    """`resize-crop` of the release's timm backbones: timm's own transform, its first step replaced as there."""
    half = (0.5, 0.5, 0.5)
    default = timm.data.create_transform(
        input_size=(3, 224, 224), is_training=False, interpolation="bicubic", mean=half, std=half, crop_pct=0.9
    )
    first, *rest = default.transforms
    assert isinstance(first, Resize) and isinstance(rest[0], CenterCrop)
    described = {
        "policy": "resize-crop",
        "size": [224, 224],
        "pad": [int(value * 255) for value in half],
        "filter": "bicubic",
        "mean": list(half),
        "std": list(half),
    }
    return described, Compose([Resize(224, interpolation=first.interpolation), *rest])


def applied(transform: Compose, picture: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """The canvas [height, width, 3], uint8, and the normalised values [height, width, 3], f32."""
    steps = transform.transforms
    kinds = [type(step).__name__ for step in steps[-2:]]
    assert kinds[1] == Normalize.__name__ and kinds[0] in (ToTensor.__name__, "MaybeToTensor"), kinds
    canvas = picture
    for step in steps[:-2]:
        canvas = step(canvas)
    return np.asarray(canvas), transform(picture).permute(1, 2, 0).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release-checkout", type=Path, required=True)
    sys.path.insert(0, str(parser.parse_args().release_checkout / "src"))
    from vlm_backbones.models.backbones.vision import vmamba as release

    pictures = {source: Image.fromarray(common.picture("picture.a", *source)) for source in SOURCES}
    lines = []
    for described, transform in rows(release):
        cases = []
        for source, picture in pictures.items():
            canvas, values = applied(transform, picture)
            flat = values.ravel()
            probes = [(2 * k + 1) * flat.size // (2 * PROBES) for k in range(PROBES)]
            cases.append(
                {
                    "source": source,
                    "canvas": canvas.shape[:2],
                    "sha256": hashlib.sha256(np.ascontiguousarray(canvas).tobytes()).hexdigest(),
                    "probes": [[at, round(float(flat[at]), 6)] for at in probes],
                }
            )
        lines.append(json.dumps({"row": described, "cases": cases}))
    (HERE / "transforms.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
