"""Small random models shared by the tests; nothing here needs a GPU, the data or the language model's file."""

import pytest
import torch

from sightline_training import smollm


@pytest.fixture(scope="session")
def tiny_lm():
    """Two decoder layers with random weights and a full vocabulary."""
    torch.manual_seed(0)
    tensors = {
        "token_embd.weight": torch.randn(49152, smollm.WIDTH) * 0.2,
        "output_norm.weight": torch.ones(smollm.WIDTH),
    }
    for i in range(2):
        for name, (outputs, inputs) in smollm.LINEARS.items():
            tensors[f"blk.{i}.{name}.weight"] = torch.randn(outputs, inputs) * inputs**-0.5
        for name in ("attn_norm", "ffn_norm"):
            tensors[f"blk.{i}.{name}.weight"] = torch.ones(smollm.WIDTH)
    return smollm.SmolLM(tensors, torch.float32, layers=2)


@pytest.fixture(scope="session")
def adapters():
    values = smollm.init_adapters(2)
    return {k: v + 0.02 * torch.randn_like(v) for k, v in values.items()}
