"""Training of the first Sightline pair: a VMamba and a ViT encoder in front of SmolLM2-135M."""

__version__ = "0.1.0"
