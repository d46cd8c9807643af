"""SmolLM2-135M in transformers: prefill, and decoding with a static cache in a CUDA graph."""

import time
from collections.abc import Callable

import torch

from timing import WARM_UP, NotRun, Results, Scale, graphed, measure, median, sync

PREFIX = 256
CAPACITY = 1024
# Tokens between two read-backs, as in ours.
BURST = 4


def config(scale: Scale):
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=1 if scale.quick else 30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        rope_theta=100000.0,
        attn_implementation="sdpa",
    )


def static_cache(scale: Scale, cfg, dtype):
    from transformers import StaticCache

    try:
        return StaticCache(config=cfg, max_batch_size=1, max_cache_len=CAPACITY, device=scale.device, dtype=dtype)
    except TypeError:  # newer releases allocate at the first use
        return StaticCache(config=cfg, max_cache_len=CAPACITY)


def prefill(scale: Scale, results: Results, model, ids) -> None:
    from transformers import DynamicCache

    def run():
        return model(ids, past_key_values=DynamicCache(), use_cache=True, logits_to_keep=1).logits

    ours = f"prefill {PREFIX} tokens"
    label = str(model.dtype).removeprefix("torch.")
    note = "no adapters"
    results.attempt(ours, f"transformers {label}, eager", lambda: measure(scale, run), note)
    if scale.cuda:
        results.attempt(ours, f"transformers {label}, CUDA graph", lambda: measure(scale, graphed(scale, run)), note)


class Decoder:
    """A token at a time through a static cache; the position lies in a buffer, so that one recorded step serves all."""

    def __init__(self, scale: Scale, model, ids):
        self.scale, self.model = scale, model
        self.cache = static_cache(scale, model.config, model.dtype)
        positions = torch.arange(PREFIX, device=scale.device)
        logits = self.forward(ids, positions)
        self.token = logits[:, -1:].argmax(-1)
        self.position = torch.full((1,), PREFIX, device=scale.device)

    def forward(self, ids, positions):
        arguments = {"past_key_values": self.cache, "use_cache": True, "position_ids": positions[None]}
        try:
            return self.model(ids, cache_position=positions, **arguments).logits
        except TypeError:  # newer releases keep the position in the cache
            return self.model(ids, **arguments).logits

    def step(self):
        self.token.copy_(self.forward(self.token, self.position)[:, -1:].argmax(-1))
        self.position.add_(1)

    def rewind(self) -> None:
        """Back behind the prefix. Newer releases of transformers count the filled positions inside the cache, too."""
        self.position.fill_(PREFIX)
        for layer in getattr(self.cache, "layers", []):
            filled = getattr(layer, "cumulative_length", None)
            if isinstance(filled, torch.Tensor):
                filled.fill_(PREFIX)
            elif filled is not None:
                layer.cumulative_length = PREFIX

    def seconds(self, step: Callable[[], object], tokens: int) -> float:
        """Median time of a token, the tokens read back every few as in ours."""
        samples = []
        start = time.perf_counter()
        for round_ in range(WARM_UP + self.scale.runs):
            self.rewind()
            sync(self.scale)
            begun = time.perf_counter()
            for _ in range(tokens // BURST):
                for _ in range(BURST):
                    step()
                self.token.item()
            if round_ >= WARM_UP:
                samples.append((time.perf_counter() - begun) / tokens)
            if len(samples) >= 3 and time.perf_counter() - start > 3 * self.scale.case_seconds:
                break
        return median(samples)


def run(scale: Scale, results: Results, left: Callable[[], float]) -> None:
    try:
        from transformers import LlamaForCausalLM
    except ImportError as error:
        raise NotRun(f"transformers cannot be imported: {error}") from error
    torch.manual_seed(0)
    dtype = torch.bfloat16 if scale.cuda else torch.float32
    model = LlamaForCausalLM(config(scale)).to(scale.device, dtype).eval().requires_grad_(False)
    ids = torch.randint(3, 49152, (1, PREFIX), device=scale.device)
    label = str(dtype).removeprefix("torch.")
    ours = f"decode a token at {PREFIX}, greedy"
    with torch.no_grad():
        prefill(scale, results, model, ids)
        if left() < 5:
            raise NotRun("the time was up")
        note = "static cache, no adapters"
        decoder = Decoder(scale, model, ids)
        results.attempt(ours, f"transformers {label}, eager", lambda: decoder.seconds(decoder.step, 16), note)
        if scale.cuda:
            decoder = Decoder(scale, model, ids)
            name = f"transformers {label}, CUDA graph"
            results.attempt(ours, name, lambda: decoder.seconds(graphed(scale, decoder.step), 64), note)
