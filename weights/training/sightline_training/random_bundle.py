"""Both arms' bundles with random, well-scaled weights in the exact layout, so that readers can be built before training.

python -m sightline_training.random_bundle --out DIR
"""

import argparse
import json
from pathlib import Path

import torch

from .classes import TINY_NAMES
from .encoders import PAIR, make_encoder
from .export import bundle_tensors, write_bundle
from .heads import Connector, DenseHead
from .manifest import MODEL_IDS, write_manifest
from .smollm import WIDTH, adapter_shapes


def random_tensors(arm: str, seed: int, toy: bool = False) -> dict[str, torch.Tensor]:
    """Weights large enough that every path matters: no zero bias, no zero adapter, linear gain near one."""
    encoder, connector, dense = make_encoder(arm, seed, toy), Connector(), DenseHead()
    generator = torch.Generator().manual_seed(seed)
    for module in (encoder, connector, dense):
        for name, value in module.named_parameters():
            noise = torch.randn(value.shape, generator=generator)
            with torch.no_grad():
                if name.endswith("bias") and "dt_projs" not in name:
                    value.copy_(noise * 0.1)
                elif value.dim() == 1 or "A_logs" in name:
                    value.copy_((0.0 if "A_logs" in name else 1.0) + noise * 0.2)
                elif "dt_projs" not in name and "x_proj" not in name and "pos_embed" not in name:
                    value.copy_(noise * value[0].numel() ** -0.5)
    adapters = {
        k: torch.randn(s, generator=generator) * (s[1] ** -0.5 if k.endswith("lora_a") else 0.02)
        for k, s in adapter_shapes().items()
    }
    row, col = (torch.randn(14, WIDTH, generator=generator) * 0.02 for _ in range(2))
    return bundle_tensors(encoder.state_dict(), connector.state_dict(), row, col, adapters, dense.state_dict())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    for seed, arm in enumerate(PAIR):
        size = write_bundle(out / MODEL_IDS[arm] / "model.safetensors", random_tensors(arm, seed + 1))
        (out / MODEL_IDS[arm] / "card.md").write_text("Random weights in the shipped layout; for tests only.\n")
        print(f"{MODEL_IDS[arm]}: {size:,} bytes")
    (out / "classes.json").write_text(json.dumps(TINY_NAMES) + "\n")
    (out / "LICENSE-WEIGHTS").write_text("Random numbers, no terms.\n")
    write_manifest(out)


if __name__ == "__main__":
    main()
