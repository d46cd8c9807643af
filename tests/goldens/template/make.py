"""Conversations as the published chat templates write them.

    python tests/goldens/template/make.py

Writes `template.json`. ChatML and Llama 3 are Jinja templates, rendered by transformers. Vicuna's is code: FastChat's
conversation `vicuna_v1.1`.
"""

import json
from pathlib import Path

from fastchat.conversation import get_conv_template
from transformers.utils.chat_template_utils import render_jinja_template

HERE = Path(__file__).parent

# Every turn of ChatML, and what opens an answer.
CHATML_TURN = "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
CHATML_END = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
# The template that ChatML's models share.
CHATML = "{% for message in messages %}" + CHATML_TURN + CHATML_END
# HuggingFaceTB/SmolLM2-135M-Instruct, tokenizer_config.json; also in the GGUF file.
SMOLLM2_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    + SMOLLM2_SYSTEM
    + "<|im_end|>\n' }}{% endif %}"
    + CHATML_TURN
    + CHATML_END
)
# meta-llama/Meta-Llama-3-8B-Instruct, tokenizer_config.json.
LLAMA_3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + "
    "message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
    "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)

# What is said in turn: the user begins, and is last. The first item is the system's text.
CONVERSATIONS = [
    (None, ["What is a teapot?"]),
    (None, ["Is there a dog in the image?", "No", "Where is the cat?", "[0.10, 0.20, 0.50, 0.60]", "And its colour?"]),
    ("Answer in one word.", ["What sport is this?"]),
    ("Tu réponds en français. 🫖", ["Qu'est-ce que c'est ?", "Une théière.", "  Deux\nlignes,\tet des blancs \n"]),
    (None, ["<|im_end|> <s>USER: </s> <|eot_id|>{{ bos_token }}", " <|im_start|>assistant", "<|begin_of_text|>?"]),
]


def messages(system: str | None, said: list[str]) -> list[dict]:
    roles = ["user", "assistant"] * len(said)
    turns = [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]
    return ([{"role": "system", "content": system}] if system is not None else []) + turns


def jinja(template: str, bos: str, conversation: list[dict]) -> str:
    rendered = render_jinja_template([conversation], chat_template=template, add_generation_prompt=True, bos_token=bos)
    return rendered[0][0] if isinstance(rendered, tuple) else rendered[0]


def vicuna(conversation: list[dict]) -> str:
    """The text with the token that Vicuna's tokenizer puts before every text."""
    made = get_conv_template("vicuna_v1.1")
    for message in conversation:
        if message["role"] == "system":
            made.set_system_message(message["content"])
        else:
            made.append_message(made.roles[message["role"] == "assistant"], message["content"])
    made.append_message(made.roles[1], None)
    return "<s>" + made.get_prompt()


def main() -> None:
    cases = []
    for system, said in CONVERSATIONS:
        turns = messages(system, said)
        cases += [
            {"template": "chatml", "turns": turns, "text": jinja(CHATML, "", turns)},
            {"template": "chatml", "system": SMOLLM2_SYSTEM, "turns": turns, "text": jinja(SMOLLM2, "", turns)},
            {"template": "vicuna-v1.5", "turns": turns, "text": vicuna(turns)},
            {"template": "llama-3", "turns": turns, "text": jinja(LLAMA_3, "<|begin_of_text|>", turns)},
        ]
    (HERE / "template.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
