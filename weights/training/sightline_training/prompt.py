"""The prompt of `docs/model-format.md`, shared byte for byte with the Rust side."""

BOS = 1  # <|im_start|>
STOP = 2  # <|im_end|>
VISUAL_TOKENS = 196
TEXT_START = 1 + VISUAL_TOKENS


def prompt_text(question: str) -> str:
    """The text after the visual tokens."""
    return f"<|im_start|>user\n{question.strip()}<|im_end|>\n<|im_start|>assistant\n"


class Prompter:
    """Encodes prompts and answers, with a cache (training repeats few templates and names)."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        # A control token spelled out in a user's text is plain text; the real ones are put in by
        # id.
        self.tokenizer.encode_special_tokens = True
        self._cache: dict[str, list[int]] = {}

    def plain(self, text: str) -> list[int]:
        """Ids of plain text."""
        ids = self._cache.get(text)
        if ids is None:
            ids = self.tokenizer.encode(text, add_special_tokens=False).ids
            if len(self._cache) < 500_000:
                self._cache[text] = ids
        return ids

    def prompt(self, question: str) -> list[int]:
        """Ids after the visual tokens: the user's turn and the assistant's opening."""
        user = self.plain("user\n" + question.strip())
        return [BOS, *user, STOP, *self.plain("\n"), BOS, *self.plain("assistant\n")]

    def answer(self, text: str) -> list[int]:
        return self.plain(text) + [STOP]

    def decode(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True).strip()
