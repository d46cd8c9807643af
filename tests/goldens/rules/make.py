"""Check values of the rules themselves (weights and pictures), so that a wrong rule is found before a wrong network.

python tests/goldens/rules/make.py
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

TENSORS = {
    "encoder.patch_embed.0.weight": (48, 3, 3, 3),
    "encoder.patch_embed.0.bias": (48,),
    "encoder.patch_embed.2.weight": (48,),
    "encoder.layers.0.blocks.0.op.in_proj.weight": (96, 96),
    "encoder.layers.0.blocks.0.op.conv2d.weight": (96, 1, 3, 3),
    "encoder.layers.0.blocks.0.op.x_proj_weight": (4, 8, 96),
    "encoder.layers.0.blocks.0.op.dt_projs_weight": (4, 96, 6),
    "encoder.layers.0.blocks.0.op.dt_projs_bias": (4, 96),
    "encoder.layers.0.blocks.0.op.A_logs": (256, 16),
    "encoder.layers.0.blocks.0.op.Ds": (384,),
    "encoder.cls_token": (1, 1, 384),
    "encoder.pos_embed": (1, 196, 384),
    "encoder.patch_embed.proj.weight": (384, 3, 16, 16),
}
PICTURES = [(224, 224), (203, 157), (208, 176)]


def main() -> None:
    rows = []
    for key, shape in TENSORS.items():
        value = common.weight(key, shape).astype("<f4")
        rows.append(
            {
                "key": key,
                "shape": shape,
                "seed": common.fnv1a(key),
                "first_bits": [int(bits) for bits in value.ravel()[:4].view("<u4")],
                "sha256": hashlib.sha256(value.tobytes()).hexdigest(),
            }
        )
    for name in common.PICTURES:
        for height, width in PICTURES:
            pixels = common.picture(name, height, width)
            rows.append(
                {
                    "picture": name,
                    "shape": [height, width, 3],
                    "seed": common.fnv1a(name),
                    "first": pixels[0, :2].ravel().tolist(),
                    "sha256": hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest(),
                }
            )
    lines = ",\n".join(json.dumps(row) for row in rows)
    (HERE / "rules.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
