"""What may pass to the model, and what becomes of it."""

import base64
import errno
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.api_server.schema import LONGEST_TEXT, MOST_TOKENS, TOKENS, Refused, passed
from tests.api_server.asgi import SERVED

RED = (220, 30, 30)


def data_url(form: str = "PNG", kind: str = "png", size: tuple[int, int] = (20, 10)) -> str:
    file = io.BytesIO()
    Image.new("RGB", size, RED).save(file, form)
    return f"data:image/{kind};base64," + base64.b64encode(file.getvalue()).decode()


def through(asked: Any) -> Any:
    """What goes on of this."""
    return json.loads(passed(asked if isinstance(asked, bytes) else json.dumps(asked).encode(), SERVED))


def saying(content: object, role: str = "user", **more: object) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content}], **more}


def shown(url: object) -> dict[str, Any]:
    return saying([{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}])


def refusal(asked: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        through(asked)
    assert caught.value.message
    return caught.value


def test_a_question_gets_this_model_a_limit_and_no_summing_up() -> None:
    told = through(saying("What do you see?"))
    assert told == {
        "model": "demo",
        "messages": [{"role": "user", "content": "What do you see?"}],
        "max_tokens": TOKENS,
        "context_management": [],
        "temperature": 0.1,
        "min_p": 0.15,
        "stream": False,
    }


@pytest.mark.parametrize("model", ["other", "/etc", "../demo", "HuggingFaceTB/SmolVLM2-256M", "", 5, ["demo"]])
def test_another_model_is_not_there(model: object) -> None:
    refused = refusal(saying("?", model=model))
    assert (refused.status, refused.code) == (404, "model_not_found")


def test_what_is_known_passes_and_what_means_nothing_is_left_out() -> None:
    numbers = {"temperature": 0.5, "top_p": 1, "presence_penalty": -2, "frequency_penalty": 0, "seed": 7}
    idle = {"user": "me", "store": False, "n": 1, "stop": None, "tools": [], "tool_choice": "auto", "logprobs": False}
    told = through(saying("?", **numbers, **idle, stream=True, stream_options={"include_usage": True}))
    assert {name: told[name] for name in numbers} == numbers
    assert not told.keys() & idle.keys()
    assert (told["stream"], told["stream_options"]) == (True, {"include_usage": True})


def test_what_the_request_says_goes_before_what_the_models_card_says() -> None:
    told = through(saying("?", temperature=1))
    assert (told["temperature"], told["min_p"]) == (1, 0.15)


def test_the_newer_name_of_the_limit_is_understood() -> None:
    assert through(saying("?", max_completion_tokens=9))["max_tokens"] == 9


@pytest.mark.parametrize(
    "more",
    [
        {"adapter_path": "/etc"},
        {"draft_model": "/etc"},
        {"tool_parser": "x"},
        {"video": "/etc/passwd"},
        {"context_management": [{"type": "compaction", "compact_threshold": 1}]},
        {"resize_shape": [100000, 100000]},
        {"chat_template": "{{ 1 }}"},
        {"tools": [{"type": "function"}]},
        {"response_format": {"type": "json_schema", "json_schema": {"$ref": "file:///etc/passwd"}}},
        {"n": 2},
        {"stop": ["."]},
        {"logprobs": True},
        {"logit_bias": {"5": 100}},
        {"temperature": 9},
        {"temperature": "hot"},
        {"temperature": True},
        {"seed": -1},
        {"seed": 1.5},
        {"max_tokens": 0},
        {"max_tokens": MOST_TOKENS + 1},
        {"max_tokens": "9"},
        {"stream": "yes"},
        {"stream_options": []},
        {"": 1},
    ],
    ids=str,
)
def test_what_could_open_a_file_or_is_not_to_be_had_is_refused(more: dict[str, object]) -> None:
    assert refusal(saying("?", **more)).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe{}",
        b'{"messages": "\xed\xa0\x80"}',
        b'{"messages": [{"role": "user", "content": "?"}], "temperature": NaN}',
        b'{"messages": [{"role": "user", "content": "?"}], "temperature": 1e999}',
        b'{"messages": [{"role": "user", "content": "?"}], "seed": ' + b"9" * 5000 + b"}",
        b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
    ids=lambda body: str(body[:30]),
)
def test_a_body_that_is_no_plain_json_is_refused(body: bytes) -> None:
    assert refusal(body).status == 400


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        {},
        "?",
        [None],
        ["?"],
        [{"content": "?"}],
        [{"role": "tool", "content": "?"}],
        [{"role": ["user"], "content": "?"}],
        [{"role": "user", "content": 5}],
        [{"role": "user", "content": {"type": "text"}}],
        [{"role": "user", "content": ["?"]}],
        [{"role": "user", "content": [{"type": "text"}]}],
        [{"role": "user", "content": [{"type": ["text"], "text": "?"}]}],
        [{"role": "user", "content": [{"type": "text", "text": ["?"]}]}],
        [{"role": "user", "content": "?", "tool_calls": [{"function": {}}]}],
        [{"role": "user", "content": "a \ud800 b"}],
        [{"role": "user", "content": "one <image> too many"}],
        [{"role": "user", "content": "x" * (LONGEST_TEXT + 1)}],
        [{"role": "user", "content": "x" * LONGEST_TEXT}, {"role": "user", "content": "x"}],
    ],
    ids=lambda messages: str(messages)[:40],
)
def test_messages_of_another_form_are_refused(messages: object) -> None:
    assert refusal({"messages": messages}).status == 400


@pytest.mark.parametrize(
    "kind", ["input_audio", "video_url", "input_video", "video", "file", "input_file", "image", "x", None]
)
def test_parts_that_are_neither_text_nor_picture_are_refused(kind: object) -> None:
    url = data_url()
    part = {"type": kind, "input_audio": {"data": url}, "video_url": {"url": url}, "file": {"file_id": "/etc"}}
    assert refusal(saying([part])).status == 400


@pytest.mark.parametrize("role", ["system", "assistant", "developer"])
def test_pictures_that_the_model_would_not_be_shown_are_refused(role: str) -> None:
    part = {"type": "image_url", "image_url": {"url": data_url()}}
    assert refusal(saying([part], role)).status == 400


@pytest.mark.parametrize(
    ("form", "kind"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp"), ("GIF", "gif"), ("BMP", "x-ms-bmp")]
)
def test_a_picture_is_drawn_anew_in_the_shape_that_the_model_is_shown(form: str, kind: str) -> None:
    url = data_url(form, kind)
    (told,) = through(shown(url))["messages"]
    head, _, packed = told["content"][1]["image_url"]["url"].partition(",")
    drawn = Image.open(io.BytesIO(base64.b64decode(packed)))
    assert (head, drawn.format, drawn.size) == ("data:image/png;base64", "PNG", (8, 8))
    assert np.abs(np.asarray(drawn).astype(int) - RED).max() < 12


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": data_url()},
        {"type": "image_url", "image_url": {"url": data_url(), "detail": "high", "file_id": "/etc"}},
        {"type": "input_image", "image_url": data_url(), "detail": "low"},
        {"type": "input_image", "image_url": {"url": data_url("PNG", "PNG")}},
    ],
)
def test_every_form_of_a_picture_goes_on_in_one(part: dict[str, Any]) -> None:
    (told,) = through(saying([part]))["messages"]
    (only,) = told["content"]
    assert only.keys() == {"type", "image_url"}
    assert only["image_url"].keys() == {"url"}


def test_no_more_pictures_than_the_model_can_be_shown() -> None:
    part = {"type": "image_url", "image_url": {"url": data_url()}}
    one = {"role": "user", "content": [part]}
    through({"messages": [one, one]})
    assert "2 at once" in refusal({"messages": [one, one, one]}).message


@pytest.mark.parametrize(
    "url",
    [
        "/etc/passwd",
        "./picture.png",
        "~/picture.png",
        "picture.png",
        "C:\\picture.png",
        "\\\\server\\share\\picture.png",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "http://127.0.0.1:1/picture.png",
        "https://example.org/picture.png",
        "ftp://example.org/picture.png",
        "blob:http://example.org/1",
        " data:image/png;base64,AAAA",
        "data:text/html;base64,AAAA",
        "data:image/svg+xml,<svg/>",
        "data:image/png,AAAA",
        "data:;base64,AAAA",
        "data:image/png;charset=x;base64,AAAA",
        "data:image/png;base64,",
        "data:image/png;base64,AA AA",
        "data:image/png;base64,A",
        "data:image/png;base64,ÄÖÜ",
        "data:image/png;base64,AAAA",
        "data:image/svg+xml;base64,PHN2Zy8+",
        "",
        None,
        5,
        ["data:image/png;base64,AAAA"],
        {"url": "/etc/passwd"},
    ],
    ids=str,
)
def test_what_is_no_picture_in_a_data_url_is_refused(url: object) -> None:
    refused = refusal(shown(url))
    assert refused.status == 400
    assert "passwd" not in refused.message


def test_no_path_is_opened_not_even_to_see_whether_it_is_there(tmp_path: Path) -> None:
    """A pipe tells: who opens it to read waits for ever, or can be written to."""
    pipe = tmp_path / "picture.png"
    os.mkfifo(pipe)
    for url in (str(pipe), pipe.as_uri()):
        refusal(shown(url))
    with pytest.raises(OSError) as nobody:
        os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    assert nobody.value.errno == errno.ENXIO


def test_a_picture_too_large_to_be_decoded_is_refused() -> None:
    file = io.BytesIO()
    Image.new("1", (10_100, 10_000)).save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    assert "megapixels" in refusal(shown(url)).message


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["type", "text", "image_url", "url", "role", "content"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.long
@given(
    content=json_like,
    more=st.dictionaries(
        st.sampled_from(["temperature", "stream", "stop", "tools", "model", "n"]), json_like, max_size=2
    ),
)
def test_whatever_is_asked_goes_on_as_json_or_is_refused(content: object, more: dict[str, object]) -> None:
    try:
        told = through(saying(content, **more))
    except Refused as refused:
        told = {"model": "demo", "status": refused.status}
    assert told["model"] == "demo"
    assert told.get("status", 400) in (400, 404)
