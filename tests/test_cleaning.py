"""Model output becomes plain text: what goes, what stays, and that the sizes of the pieces do not matter."""

import re
from collections.abc import Generator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cleaning import Cleaner, NoAnswer, clean, cleaned, opens_thinking
from app.events import Chunk, Cost

PROMPT = "Say briefly what you see."

MARKS = {
    "think": ("<think>Is it a blue square? It may be one.</think>A red circle.", "A red circle."),
    "empty think": ("<think>\n\n</think>\n\nA red circle.", "A red circle."),
    "thinking": ("<thinking>Hm.</thinking> A red circle.", "A red circle."),
    "lone closing mark": ("It may be a square.\n</think>\n\nA red circle.", "A red circle."),
    "two lone closing marks": ("Hm.</think>No.</think>A red circle.", "A red circle."),
    "Mistral": ("[THINK]A square?[/THINK]A red circle.", "A red circle."),
    "Kimi": ("◁think▷A square?◁/think▷A red circle.", "A red circle."),
    "Kimi, lone": ("A square?◁/think▷A red circle.", "A red circle."),
    "harmony": (
        "<|channel|>analysis<|message|>We see a circle.<|end|><|start|>assistant<|channel|>final<|message|>"
        "A red circle.<|return|>",
        "A red circle.",
    ),
    "harmony without its end": ("<|channel|>analysis<|message|>We see a cir", ""),
    "Gemma's channel": ("<|channel>thought\nA square?\n<channel|>A red circle.<turn|>", "A red circle."),
    "Gemma's empty channel": ("<|channel>thought\n<channel|>A red circle.", "A red circle."),
    "Apriel": (
        "Here are my reasoning steps:\nA square?\n[BEGIN FINAL RESPONSE]\nA red circle.\n[END FINAL RESPONSE]",
        "A red circle.",
    ),
    "GLM": ("<think>A square?</think><answer>A red circle.</answer>", "A red circle."),
    "thinking ends in an answer": ("<think>A square?<answer>A red circle.</answer>", "A red circle."),
    "box": ("<|begin_of_box|>A red circle.<|end_of_box|>", "A red circle."),
    "all thinking": ("<think>Is it a square? It may", ""),
    "nothing but tokens": ("<s><s><s><|endoftext|>", ""),
    "end of a turn": ("A red circle.<end_of_utterance>", "A red circle."),
    "several ends": ("A red circle.<|im_end|>\n</s><eos>", "A red circle."),
    "goes on after the turn": ("A red circle.<|end|><|endoftext|>\nWrite a function that adds.", "A red circle."),
    "plays the user": ("A red circle.<|im_end|>\n<|im_start|>user\nWhat else?", "A red circle."),
    "role header": ("<|im_start|>assistant\nA red circle.<|im_end|>", "A red circle."),
    "Llama's header": ("<|start_header_id|>assistant<|end_header_id|>\n\nA red circle.<|eot_id|>", "A red circle."),
    "image tokens": ("<image><fake_token_around_image><row_1_col_2>A red circle.", "A red circle."),
    "unused tokens": ("A red <unused12>circle<pad>.", "A red circle."),
    "full-width token": ("A red circle.<｜end▁of▁sentence｜>", "A red circle."),
    "object and box": (
        "A <|object_ref_start|>circle<|object_ref_end|><|box_start|>(51,14),(27,45)<|box_end|> is red.",
        "A circle is red.",
    ),
    "ref and box": ("A <ref>circle</ref><box>(51,14),(27,45)</box> is red.", "A circle is red."),
    "point": ('A <point x="1.5" y="20" alt="circle">circle</point> is red.', "A circle is red."),
}
OPENINGS = {
    "role": ("Assistant: A red circle.", "A red circle."),
    "role on its line": ("assistant\nA red circle.", "A red circle."),
    "Gemma's role": ("model\nA red circle.", "A red circle."),
    "answer": ("Answer: yes", "yes"),
    "description": ("**Description:** A red circle.", "A red circle."),
    "title": ("## Image Description\n\nA red circle.", "A red circle."),
    "preamble": ("Here's a detailed description of the image:\n\nA red circle.", "A red circle."),
    "preamble with a limit": ("Here's a description of the image, within 75 words: A circle.", "A circle."),
    "polite preamble": ("Sure! Here is a caption for it:\nA red circle.", "A red circle."),
    "polite": ("Certainly! A red circle.", "A red circle."),
    "let me": ("Okay, let's describe the picture!\n\nA red circle.", "A red circle."),
    "based on": ("Based on the image provided, here is a description of the scene:\n\nA circle.", "A circle."),
    "below": ("Below is a short summary of the scene:\n***\nA red circle.", "A red circle."),
    "prompt": (f"{PROMPT}\nA red circle.", "A red circle."),
    "prompt and roles": (f"User: {PROMPT}\nAssistant: A red circle.", "A red circle."),
    "prompt and end of turn": (f"User:<image>{PROMPT}<end_of_utterance>\nAssistant: A circle.", "A circle."),
    "nothing but the prompt": (PROMPT, ""),
    "nothing but a preamble": ("Here is a description of the image:", ""),
}
MARKDOWN = {
    "bold": ("**Yes**", "Yes"),
    "bold in a sentence": ("A **red circle** is on the left.", "A red circle is on the left."),
    "bold and italic": ("***Red*** it is.", "Red it is."),
    "cut in bold": ("A **red cir", "A red cir"),
    "italic": ("A *red* and a _blue_ circle.", "A red and a blue circle."),
    "underscores": ("A __red__ circle.", "A red circle."),
    "strike-through": ("A ~~blue~~ red circle.", "A blue red circle."),
    "code": ("It reads `rm -rf`.", "It reads rm -rf."),
    "heading": ("# Left\nA circle.", "Left:\nA circle."),
    "bullets": ("- a circle\n* a square\n• a star.\n", "a circle.\na square.\na star.\n"),
    "bullet that quotes": ('- "a circle."\n- x', '"a circle."\nx'),
    "nested bullets": ("Left:\n    - a circle\n        - red\n", "Left:\na circle.\nred.\n"),
    "numbers": ("1. A circle\n2) A square\n", "A circle.\nA square.\n"),
    "to do": ("- [x] A circle.", "A circle."),
    "quote": ("> A circle.\n> A square.", "A circle.\nA square."),
    "rule": ("A circle.\n---\nA square.\n***\n", "A circle.\nA square.\n"),
    "fence": ('```json\n{"a": "*b*"}\n```\nA circle.', '{"a": "*b*"}\nA circle.'),
    "table": ("| what | where |\n|---|:--:|\n| circle | left |\n", "what, where.\ncircle, left.\n"),
    "link": ("A [circle](https://example.org/a_b) and ![a dog](x.png).", "A circle and a dog."),
    "line breaks": ("A circle.<br>A square.", "A circle.\nA square."),
}
UNTOUCHED = [
    "A sign says <EXIT ONLY>, another < 5 t.",
    "2 * 3 is 6, 2*3*4 is 24, and 2**3 is 8.",
    "snake_case and _private names, C# and F#, #1 finisher.",
    "5 < 7, 7 > 5, a <- b, x <y.",
    "a | b | c",
    "The poster reads *Terms apply.",
    "A four star hotel: 4**** for 80 pounds",
    "The image shows: a red circle.",
    "The image shows a man who describes a picture.",
    "Here is a man with a description board: it is red.",
    "Here's a dog. It is brown.",
    "Here are two people, and behind them a car.",
    "Based on the light, it is evening.",
    "Let's go, says the sign.",
    "Let me look, says the bubble.",
    "Sure",
    "Certainly. There is a dog.",
    "Okay is written on the wall.",
    "Answers are written on the board.",
    "Assistants stand behind the desk.",
    "Descriptions of goods hang on the wall.",
    "Model: Honda",
    "12. April is on the calendar.",
    "An [unreadable] sign (left) says [EXIT].",
    "It says `Open, it's late",
    "Wow! A dog!",
    "He thinks <3 of her, at <home@example.org>.",
    "A ~5 m long boat.",
    "A - B",
    "-5 degrees",
    "+44 is on the van.",
    "A red circle [",
    "A red circle <",
    "A red circle *",
    "Say briefly",
    "Say it.",
    "Yes",
    "No.",
    "Here",
    "红色的圆。",
]
CASES = {**MARKS, **OPENINGS, **MARKDOWN, **{text: (text, text) for text in UNTOUCHED}}
FRAGMENTS = [
    *re.findall(r"<[^<>]+>|\[[^\]]+\]|◁[^▷]+▷|[\s\S]", " ".join(raw for raw, _ in CASES.values())),
    *("Here's a ", "description ", "of the image:", "Assistant", "analysis", "**", "```", "\n- ", "\n1. ", "\n| "),
    *(PROMPT, "A red circle.", "\n", "</s>", "<|im_end|>", "<|start|>", "<", "[", "_a_", "*a*", "`a`"),
]


def streamed(pieces: list[str], prompt: str = PROMPT) -> tuple[str, bool]:
    """The text, and whether thinking had been given out before it was known to be thinking."""
    cleaner = Cleaner(prompt)
    text = "".join([*map(cleaner.add, pieces), cleaner.finish()])
    return text, cleaner.has_leaked


@pytest.mark.parametrize("name", CASES)
def test_markup_goes_and_words_stay(name: str) -> None:
    raw, expected = CASES[name]
    assert clean(raw, PROMPT).rstrip("\n") == expected.rstrip("\n")


@given(st.data())
@settings(max_examples=300)
def test_the_sizes_of_the_pieces_do_not_matter(data: st.DataObject) -> None:
    is_made_up = data.draw(st.booleans())
    parts = st.lists(st.sampled_from(FRAGMENTS), max_size=14)
    raw = "".join(data.draw(parts)) if is_made_up else data.draw(st.sampled_from(list(CASES.values())))[0]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    text, has_leaked = streamed(pieces)
    assert has_leaked or text == clean(raw, PROMPT)


@pytest.mark.parametrize("name", CASES)
def test_letter_by_letter_is_the_same(name: str) -> None:
    raw, _ = CASES[name]
    text, has_leaked = streamed(list(raw))
    assert has_leaked or text == clean(raw, PROMPT)


@pytest.mark.parametrize(
    "sentence",
    [
        "The image shows a man, 40 years old, with a C# book & a sign: <EXIT ONLY>.",
        "Two people walk past a shop; it is 5 o'clock (or later), say the clock's hands.",
        "In the foreground there is a snake_case label on a 3 * 4 m board.",
    ],
)
def test_an_ordinary_sentence_streams_through_word_by_word(sentence: str) -> None:
    cleaner = Cleaner(PROMPT)
    words = re.findall(r"\S+\s*", sentence)
    assert [cleaner.add(word) for word in words] == words
    assert cleaner.finish() == ""


def test_no_more_than_the_first_word_waits_where_it_may_begin_a_role() -> None:
    cleaner = Cleaner(PROMPT)
    assert [cleaner.add(word) for word in ("A", " red", " circle", " is", " here", ".")] == [
        "",
        "A red",
        " circle",
        " is",
        " here",
        ".",
    ]


def test_thinking_may_start_in_the_template() -> None:
    cleaner = Cleaner(PROMPT, starts_thinking=True)
    assert [cleaner.add("It may be a square."), cleaner.add("</think>"), cleaner.add("Two circles")] == [
        "",
        "",
        "Two circles",
    ]
    assert not cleaner.has_leaked


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("<|im_start|>assistant\n<think>\n", True),
        ("<|assistant|>[THINK]", True),
        ("<|im_assistant|>assistant<|im_middle|>◁think▷", True),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", False),
        ("Assistant:", False),
        ("What is a <think> mark?<|im_end|>\nAssistant:", False),
    ],
)
def test_a_template_that_opens_thinking_is_known_by_its_end(prompt: str, expected: bool) -> None:
    assert opens_thinking(prompt) is expected


def chunks(*texts: str) -> Generator[Chunk]:
    for number, text in enumerate(texts, start=1):
        yield Chunk(text, Cost(first_word_s=1.0, total_s=float(number), tokens=number, image_tokens=64))


def test_every_chunk_keeps_its_cost_and_the_first_word_is_the_first_that_is_seen() -> None:
    found = list(cleaned(chunks("<think>", "Hm.", "</think>", "Two", " circles *"), Cleaner(PROMPT)))
    assert [chunk.text for chunk in found] == ["", "", "", "Two", " circles ", "*"]
    assert [chunk.cost.tokens for chunk in found] == [1, 2, 3, 4, 5, 5]
    assert [chunk.cost.first_word_s for chunk in found] == [0.0, 0.0, 0.0, 4.0, 4.0, 4.0]
    assert {chunk.cost.image_tokens for chunk in found} == {64}


@pytest.mark.parametrize("texts", [("<think>Is it", " a square?"), ("<think>", "Hm.", "</think>", "\n"), ("◁think▷?",)])
def test_nothing_but_thinking_is_no_answer(texts: tuple[str, ...]) -> None:
    with pytest.raises(NoAnswer, match="all its tokens on reasoning"):
        list(cleaned(chunks(*texts), Cleaner(PROMPT)))


def test_nothing_at_all_is_empty_text_and_no_failure() -> None:
    assert [chunk.text for chunk in cleaned(chunks("", "<s>"), Cleaner(PROMPT))] == ["", ""]


def test_thinking_that_was_given_out_as_text_is_a_failure() -> None:
    stream = cleaned(chunks("It may be", " a square.", "</think>", "A circle."), Cleaner(PROMPT))
    assert [next(stream).text, next(stream).text] == ["It may be", " a square."]
    with pytest.raises(NoAnswer, match="reasoning as its answer"):
        next(stream)


def test_leaving_off_ends_the_engine_s_stream() -> None:
    raw = chunks("Two", " circles")
    stream = cleaned(raw, Cleaner(PROMPT))
    next(stream)
    stream.close()
    assert next(raw, None) is None
