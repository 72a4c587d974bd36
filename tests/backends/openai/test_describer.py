"""What is sent: one form that every server understands."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.backends.openai.client import endpoint
from app.backends.openai.describer import Form, ServerDescriber
from app.events import Frame, Request
from tests.backends.openai.faults import Misbehaving, misbehaving

COLOURS = np.array([[(220, 20, 20), (20, 40, 220)], [(20, 160, 20), (240, 220, 0)]], np.uint8)


def frame(pixels: np.ndarray) -> Frame:
    return Frame(pixels, 0.0, 0.0, 0)


def sent(part: dict[str, Any]) -> Image.Image:
    kind, _, data = part["image_url"]["url"].partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_the_question_is_a_text_and_each_frame_a_baseline_jpeg_with_all_its_colours() -> None:
    pixels = COLOURS.repeat(80, 0).repeat(90, 1)
    body = Form("small").body(Request((frame(pixels), frame(pixels)), "What?", 16))
    (message,) = body["messages"]
    assert (message["role"], [part["type"] for part in message["content"]]) == (
        "user",
        ["text", "image_url", "image_url"],
    )
    assert (body["model"], body["max_tokens"], body["temperature"], body["stream"]) == ("small", 16, 0.0, True)
    picture = sent(message["content"][1])
    assert (picture.format, picture.size, "progressive" in picture.info) == ("JPEG", (180, 160), False)
    assert np.abs(np.asarray(picture).astype(int) - pixels).mean() < 3


def test_the_pictures_go_first_where_that_is_wanted() -> None:
    content = Form("small", is_picture_first=True).body(Request((frame(COLOURS),), "What?"))["messages"][0]["content"]
    assert [part["type"] for part in content] == ["image_url", "text"]


@pytest.mark.parametrize(
    ("shape", "size"),
    [((1080, 1920), (1024, 576)), ((4000, 300), (77, 1024)), ((1, 1), (1, 1)), ((2, 5000), (1024, 1))],
)
def test_a_large_frame_is_made_smaller_in_its_own_shape(shape: tuple[int, int], size: tuple[int, int]) -> None:
    assert sent(Form("small").picture(np.zeros((*shape, 3), np.uint8))).size == size


def test_a_frame_that_lies_in_another_ones_memory_is_sent_as_it_looks() -> None:
    whole = COLOURS.repeat(80, 0).repeat(90, 1)
    assert np.abs(np.asarray(sent(Form("small").picture(whole[:, ::-1]))).astype(int) - whole[:, ::-1]).mean() < 3


def test_image_tokens_are_what_the_frames_add_and_frames_of_a_size_are_counted_once() -> None:
    server = Misbehaving([])
    with misbehaving(server) as root:
        eyes = ServerDescriber(endpoint(root), Form("small"))
        asked = [
            Request((frame(COLOURS),) * many, what) for many, what in ((1, "What?"), (2, "What?"), (1, "And now?"))
        ]
        costs = [list(eyes.describe(each))[-1].cost for each in asked]
    assert [(cost.image_tokens, cost.tokens) for cost in costs] == [(64, 7), (128, 7), (64, 7)]
    assert [len(each.pictures) for each in server.asked] == [1, 0, 2, 0, 1]
