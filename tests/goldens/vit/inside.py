"""Golden attention rows of timm's VisionTransformer: what 16 patches take from every patch.

python tests/goldens/vit/inside.py
"""

import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))
import make  # noqa: E402

import common  # noqa: E402

SIDE = 224
HEAD = 2  # the head that is stored beside the mean of all
BLOCKS = {"ours": (0, 7), "s": (10,)}


def attention(name: str, block: int) -> np.ndarray:
    """[heads, patches, patches] after the softmax, columns of the class token left out, in f64."""
    config = make.CONFIGS[name]
    model = make.build(config, (SIDE, SIDE)).double()
    layer, seen = model.blocks[block].attn, []
    # timm's own path without the fused kernel; the dropout's input is the softmax's output
    layer.fused_attn = False
    layer.attn_drop.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    make.features(model, config, common.picture(common.PICTURES[0], SIDE, SIDE))
    first = int(config["class_token"])
    return seen[0][0, :, first:, first:].numpy()


def main() -> None:
    tensors = {}
    for name, blocks in BLOCKS.items():
        for block in blocks:
            weights = attention(name, block)
            kept = common.kept_tokens(weights.shape[1])
            tensors[f"{name}.{block}.mean"] = weights.mean(axis=0)[kept].astype(np.float32)
            tensors[f"{name}.{block}.head"] = weights[HEAD][kept].astype(np.float32)
            print(
                f"{name} block {block}: largest weight {weights.max():.3f}, rows sum to {weights.sum(axis=2).min():.3f}"
            )
    about = {"case": "vit/inside", "head": HEAD, "picture": common.PICTURES[0], "timm": "1.0.31"}
    common.save(HERE / "inside.safetensors", tensors, about)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
