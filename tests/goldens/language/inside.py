"""Golden similarities inside the language model: one token of the prompt against all 196 visual tokens.

    python tests/goldens/language/inside.py --gguf FILE

The sequence is that of sequence.py, without adapters. transformers gives the hidden states after 0, 10 and 20 layers;
stored are the cosines of three tokens of the prompt with every visual token.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))
import sequence  # noqa: E402

import common  # noqa: E402
import gguf_reference  # noqa: E402

LAYERS = (0, 10, 20)
WORDS = (4, 8, 11)  # places in the prompt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gguf", type=Path, required=True)
    options = parser.parse_args()
    model, tokenizer = gguf_reference.model(options.gguf), gguf_reference.tokenizer(options.gguf)
    text = f"<|im_start|>user\n{sequence.QUESTION}<|im_end|>\n<|im_start|>assistant\n"
    prompt = tokenizer.encode(text, add_special_tokens=False).ids
    with torch.no_grad():
        out = model(inputs_embeds=sequence.sequence(model, prompt), output_hidden_states=True, use_cache=False)
    behind, tensors = 1 + sequence.VISUAL, {}
    for layer in LAYERS:
        states = out.hidden_states[layer][0].double()
        visual, words = states[1:behind], states[behind:][list(WORDS)]
        cosines = torch.nn.functional.cosine_similarity(words[:, None], visual[None], dim=2).numpy()
        tensors[f"{layer}.cosines"] = cosines.astype(np.float32)
        print(f"after {layer} layers: cosines {cosines.min():.3f} to {cosines.max():.3f}")
    tensors["words"] = np.array(WORDS, dtype=np.int32)
    print([tokenizer.decode([prompt[i]]) for i in WORDS])
    about = {"case": "language/inside", "question": sequence.QUESTION}
    common.save(HERE / "inside.safetensors", tensors, about)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
