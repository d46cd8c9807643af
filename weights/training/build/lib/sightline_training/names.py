"""All names a picture's tokens can stand for: 200 Tiny ImageNet, 10 Imagenette, 101 Caltech, and one neutral word."""

from .classes import CALTECH_NAMES, IMAGENETTE_NAMES, TINY_NAMES

NAMES = [*TINY_NAMES, *IMAGENETTE_NAMES, *CALTECH_NAMES]
NEUTRAL = len(NAMES)  # background, padding
NEUTRAL_WORD = "background"


def with_article(name: str) -> str:
    return ("an " if name[0].lower() in "aeiou" else "a ") + name


def name_embeddings(lm, prompter):
    """Mean token embedding of every name and of the neutral word, all at the embedding table's mean norm. `[312, 576]` f32"""
    import torch

    table = lm.embedding.float()
    rows = [table[prompter.plain(" " + n)].mean(0) for n in [*NAMES, NEUTRAL_WORD]]
    return torch.nn.functional.normalize(torch.stack(rows), dim=-1) * table.norm(dim=1).mean()
