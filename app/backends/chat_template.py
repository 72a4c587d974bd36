"""What a model's chat template says about its answers: the token that ends a turn."""

from typing import Any

from app.cleaning import is_turn_start

ANSWER = "Seen."
"""Stands for an answer while a template is tried."""


def turn_end(tokenizer: Any, template: Any) -> int | None:
    """The id of the token that follows an assistant's message, or None if none does.

    It is found by rendering one: a model that ends its turns so, and whose configs name another stop token, would go
    on to talk to itself. `tokenizer`: of transformers; `template`: its chat template, or the processor's.
    """
    added: dict[str, int] = tokenizer.get_added_vocab() if template else {}
    for content in (lambda text: [{"type": "text", "text": text}], str):
        messages = [{"role": "user", "content": content("Look.")}, {"role": "assistant", "content": content(ANSWER)}]
        try:
            text = str(tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False))
        except Exception:  # noqa: BLE001 — a template is a program out of the folder, and fails as programs do
            continue
        tail = text.rpartition(ANSWER)[2].lstrip()
        ends = [token for token in added if tail.startswith(token) and not is_turn_start(token)]
        if ANSWER in text and ends:
            return added[max(ends, key=len)]
    return None
