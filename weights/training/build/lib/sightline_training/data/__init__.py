"""Pictures: decoding into a flat pixel bank, mosaics rendered on the GPU, questions about them."""
