"""SmolLM2-135M (Llama family) with frozen weights and low-rank adapters, in the GGUF file's own row order.

The file interleaves the rows of q and k (rotary pairs 2i, 2i+1), so the rotation here works on neighbouring pairs and the
adapters need no permutation on export.
"""

import functools
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTH = 576
LAYERS = 30
HEADS = 9
KV_HEADS = 3
HEAD_DIM = 64
HIDDEN = 1536
ROPE_BASE = 100_000.0
RMS_EPS = 1e-5
RANK = 16
ALPHA = 32
ADAPTER_SCALE = ALPHA / RANK

# Linear maps of one layer: name -> (outputs, inputs).
LINEARS = {
    "attn_q": (HEADS * HEAD_DIM, WIDTH),
    "attn_k": (KV_HEADS * HEAD_DIM, WIDTH),
    "attn_v": (KV_HEADS * HEAD_DIM, WIDTH),
    "attn_output": (WIDTH, HEADS * HEAD_DIM),
    "ffn_gate": (HIDDEN, WIDTH),
    "ffn_up": (HIDDEN, WIDTH),
    "ffn_down": (WIDTH, HIDDEN),
}
# Maps that read the same input run as one product.
FUSED = (("attn_q", "attn_k", "attn_v"), ("attn_output",), ("ffn_gate", "ffn_up"), ("ffn_down",))


def adapter_shapes(layers: int = LAYERS, rank: int = RANK) -> dict[str, tuple[int, int]]:
    """Names and shapes of all adapter tensors: `blk.{i}.{linear}.lora_a` `[rank, in]`, `.lora_b` `[out, rank]`."""
    shapes = {}
    for i in range(layers):
        for name, (outputs, inputs) in LINEARS.items():
            shapes[f"blk.{i}.{name}.lora_a"] = (rank, inputs)
            shapes[f"blk.{i}.{name}.lora_b"] = (outputs, rank)
    return shapes


def init_adapters(layers: int = LAYERS, seed: int = 11) -> dict[str, torch.Tensor]:
    """Usual start: A normal with variance 1/in, B zero."""
    generator = torch.Generator().manual_seed(seed)
    return {
        key: torch.randn(shape, generator=generator) * shape[1] ** -0.5
        if key.endswith("lora_a")
        else torch.zeros(shape)
        for key, shape in adapter_shapes(layers).items()
    }


def rms_norm(x, weight):
    return F.rms_norm(x, (x.shape[-1],), weight, RMS_EPS)


def rotate(x, cos, sin):
    """Rotary embedding on neighbouring pairs. x `[batch, heads, tokens, 64]`, cos and sin `[batch, 1, tokens, 32]`."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


def adapted_linears(x, weight, lora_a: list, lora_b: list, dropout: float = 0.0):
    """Several adapted maps of one input. weight `[sum(out), in]` fused -> list of `[..., out_i]`.

    dropout: share of the adapters' inputs that is dropped (training only).
    """
    outputs = F.linear(x, weight).split([b.shape[0] for b in lora_b], -1)
    rank = lora_a[0].shape[0]
    seen = F.dropout(x, dropout) if dropout else x
    low = F.linear(seen, torch.cat(lora_a)).split(rank, -1)
    return [y + F.linear(z, b) * ADAPTER_SCALE for y, z, b in zip(outputs, low, lora_b, strict=True)]


def layer_forward(x, cos, sin, mask, frozen: dict, adapters: dict, dropout: float = 0.0):
    """One decoder layer as a pure function, so that all layers share one compiled graph.

    # Shapes
    x `[batch, tokens, 576]`, mask additive `[batch, 1, tokens, tokens]` or None for plain causal.
    Returns the new x and this layer's rotated keys and values `[batch, 3, tokens, 64]`.
    """
    batch, tokens, _ = x.shape

    def maps(value, names):
        a, b = [adapters[n + ".lora_a"] for n in names], [adapters[n + ".lora_b"] for n in names]
        return adapted_linears(value, frozen["+".join(names)], a, b, dropout)

    def heads(value, count):
        return value.view(batch, tokens, count, HEAD_DIM).transpose(1, 2)

    q, k, v = maps(rms_norm(x, frozen["attn_norm"]), FUSED[0])
    q, k, v = rotate(heads(q, HEADS), cos, sin), rotate(heads(k, KV_HEADS), cos, sin), heads(v, KV_HEADS)
    group = HEADS // KV_HEADS
    attended = F.scaled_dot_product_attention(
        q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), attn_mask=mask, is_causal=mask is None
    )
    x = x + maps(attended.transpose(1, 2).reshape(batch, tokens, WIDTH), FUSED[1])[0]
    gate, up = maps(rms_norm(x, frozen["ffn_norm"]), FUSED[2])
    x = x + maps(F.silu(gate) * up, FUSED[3])[0]
    return x, k, v


def layer_decode(x, cos, sin, mask, frozen: dict, adapters: dict, keys, values, rows, positions):
    """One token a row against a cache. x `[batch, 1, 576]`, keys and values `[batch, 3, capacity, 64]`, written at
    `positions` `[batch]`; mask additive `[batch, 1, 1, capacity]`."""
    batch = x.shape[0]

    def maps(value, names):
        a, b = [adapters[n + ".lora_a"] for n in names], [adapters[n + ".lora_b"] for n in names]
        return adapted_linears(value, frozen["+".join(names)], a, b)

    q, k, v = maps(rms_norm(x, frozen["attn_norm"]), FUSED[0])
    q = rotate(q.view(batch, 1, HEADS, HEAD_DIM).transpose(1, 2), cos, sin)
    k = rotate(k.view(batch, 1, KV_HEADS, HEAD_DIM).transpose(1, 2), cos, sin)
    keys[rows, :, positions] = k[:, :, 0]
    values[rows, :, positions] = v.view(batch, KV_HEADS, HEAD_DIM)
    # The three query heads of a group are three queries against one key head.
    q = q.view(batch, KV_HEADS, HEADS // KV_HEADS, HEAD_DIM)
    attended = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
    x = x + maps(attended.reshape(batch, 1, WIDTH), FUSED[1])[0]
    gate, up = maps(rms_norm(x, frozen["ffn_norm"]), FUSED[2])
    return x + maps(F.silu(gate) * up, FUSED[3])[0]


@functools.cache
def _compiled_layer():
    return torch.compile(layer_forward, dynamic=False)


def _best(logits: torch.Tensor, margins: list | None) -> torch.Tensor:
    """Index of the best logit; its lead over the second best goes into `margins`."""
    top = logits.topk(2, -1)
    if margins is not None:
        margins.append(top.values[:, 0] - top.values[:, 1])
    return top.indices[:, 0]


@dataclass
class Cache:
    """Keys and values of all layers, each `[batch, 3, capacity, 64]`."""

    keys: list
    values: list


class SmolLM(nn.Module):
    """Frozen decoder; adapters come with each call, so several sets can share one copy of the weights."""

    def __init__(self, tensors: dict[str, torch.Tensor], dtype=torch.bfloat16, device="cpu", layers: int = LAYERS):
        super().__init__()
        put = lambda t: t.to(device, dtype)  # noqa: E731
        self.layers = layers
        self.embedding = put(tensors["token_embd.weight"])
        self.final_norm = put(tensors["output_norm.weight"])
        self.frozen = []
        for i in range(layers):
            get = lambda name, i=i: tensors[f"blk.{i}.{name}.weight"]  # noqa: E731
            layer = {"+".join(names): put(torch.cat([get(n) for n in names])) for names in FUSED}
            layer |= {name: put(get(name)) for name in ("attn_norm", "ffn_norm")}
            self.frozen.append(layer)
        self.frequencies = (ROPE_BASE ** (-torch.arange(0, HEAD_DIM, 2).float() / HEAD_DIM)).to(device)
        self.adapter_dropout = 0.0  # of the fast path, that is in training only
        self.layer_forward = layer_forward  # replaced by a compiled version where that is available

    def compile_layers(self) -> None:
        """Compiles the layer for training; where the compiler fails, everything stays eager."""
        compiled = _compiled_layer()

        def guarded(*args):
            try:
                return compiled(*args)
            except Exception as error:
                print(f"compiled layer failed, running eagerly: {type(error).__name__}: {error}", flush=True)
                self.layer_forward = layer_forward
                return layer_forward(*args)

        self.layer_forward = guarded

    def rotary(self, positions):
        """cos and sin `[batch, 1, tokens, 32]` of positions `[batch, tokens]`."""
        angle = (positions.float()[..., None] * self.frequencies)[:, None]
        return angle.cos().to(self.embedding.dtype), angle.sin().to(self.embedding.dtype)

    def split(self, adapters: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        """Adapters by layer: `blk.3.attn_q.lora_a` -> `[3]["attn_q.lora_a"]`."""
        layers = [{} for _ in range(self.layers)]
        for key, value in adapters.items():
            _, index, rest = key.split(".", 2)
            if int(index) < self.layers:
                layers[int(index)][rest] = value
        return layers

    def forward(self, x, positions, mask, adapters, keep_cache: bool = False, fast: bool = False):
        """Embeddings `[batch, tokens, 576]` -> final hidden states (normed), and the cache where asked for.

        fast: use the compiled layer (training's one shape); everything else stays eager.
        """
        forward_one, dropout = (self.layer_forward, self.adapter_dropout) if fast else (layer_forward, 0.0)
        cos, sin = self.rotary(positions)
        cache = Cache([], [])
        for frozen, own in zip(self.frozen, self.split(adapters), strict=True):
            x, k, v = forward_one(x, cos, sin, mask, frozen, own, dropout)
            if keep_cache:
                cache.keys.append(k)
                cache.values.append(v)
        x = rms_norm(x, self.final_norm)
        return (x, cache) if keep_cache else x

    def logits(self, hidden):
        return F.linear(hidden, self.embedding).float()

    @torch.no_grad()
    def greedy(
        self,
        prefix,
        prompts: list[list[int]],
        adapters,
        max_new: int,
        stop: int = 2,
        offset: int | None = None,
        margins: list | None = None,
    ):
        """Batched greedy decoding with a cache.

        # Arguments
        prefix `[batch, p, 576]` embeddings (BOS and visual tokens) shared in length; prompts: token ids of each row;
        offset: position of the first prompt token where it is not p (blind runs keep the seeing run's positions);
        margins: receives, a step, the gap between the two best logits `[batch]`.
        # Returns
        For each row the generated ids without the stop token.
        """
        device, batch, p = prefix.device, len(prompts), prefix.shape[1]
        shift = 0 if offset is None else offset - p
        lengths = torch.tensor([len(q) for q in prompts], device=device)
        longest = int(lengths.max())
        ids = torch.tensor([q + [stop] * (longest - len(q)) for q in prompts], device=device)
        x = torch.cat([prefix, self.embedding[ids]], 1)
        index = torch.arange(x.shape[1], device=device)
        positions = torch.where(index < p, index, index + shift)[None].expand(batch, -1)
        cos_sin_adapters = self.split(adapters)
        hidden, cache = self.forward(x, positions, None, adapters, keep_cache=True)
        capacity = (p + longest + max_new + 7) // 8 * 8
        pad = (0, 0, 0, capacity - x.shape[1])
        keys = [F.pad(k, pad) for k in cache.keys]
        values = [F.pad(v, pad) for v in cache.values]
        rows = torch.arange(batch, device=device)
        place = p + lengths  # where the next token of each row goes
        token = _best(self.logits(hidden[rows, place - 1]), margins)
        slots = torch.arange(capacity, device=device)[None]
        done = torch.zeros(batch, dtype=torch.bool, device=device)
        generated = []
        for step in range(max_new):
            token = torch.where(done, torch.full_like(token, stop), token)
            done = done | (token == stop)
            generated.append(token)
            if step + 1 == max_new or bool(done.all()):
                break
            mask = torch.where(slots <= place[:, None], 0.0, float("-inf")).to(x.dtype)[:, None, None]
            cos, sin = self.rotary((place + shift)[:, None])
            y = self.embedding[token][:, None]
            for i in range(self.layers):
                y = layer_decode(
                    y, cos, sin, mask, self.frozen[i], cos_sin_adapters[i], keys[i], values[i], rows, place
                )
            token = _best(self.logits(rms_norm(y, self.final_norm)[:, 0]), margins)
            place = place + 1
        out = torch.stack(generated, 1).tolist()
        return [row[: row.index(stop)] if stop in row else row for row in out]
