"""JPEGs of unknown origin: decoded if whole, plain and of a camera's size; anything else is left out, quietly."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.sources import jpeg
from app.sources.jpeg import Unfit


def encoded(width: int = 160, height: int = 120, mode: str = "RGB", **how) -> bytes:
    rng = np.random.default_rng(5)
    levels = np.clip(rng.normal((200, 90, 30), 12, (height, width, 3)), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).convert(mode).save(buffer, "JPEG", quality=90, **how)
    return buffer.getvalue()


WHOLE = encoded()


def refused(data: bytes) -> str:
    with pytest.raises(Unfit) as caught:
        jpeg.pixels(data)
    return str(caught.value)


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (1080, 1920), (64, 64)])
def test_pictures_of_a_camera_s_size_are_decoded_as_they_stand(size):
    pixels = jpeg.pixels(encoded(*size))
    assert pixels.shape == (size[1], size[0], 3)
    assert np.abs(pixels.reshape(-1, 3).mean(axis=0) - (200, 90, 30)).max() < 6


def test_a_grey_one_has_three_equal_colours():
    pixels = jpeg.pixels(encoded(mode="L"))
    assert (pixels[..., 0] == pixels[..., 2]).all()


@pytest.mark.parametrize("size", [(1921, 600), (1200, 1200), (1100, 1900), (160, 63), (8, 8)])
def test_other_sizes_are_left_out(size):
    assert "than" in refused(encoded(*size))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "no JPEG"),
        (b"\xff\xd8\xff", "cut off"),
        (WHOLE[: len(WHOLE) // 2], "cut off"),
        (b"\xff\xd8\xff\xd9", "damaged"),
        (b"\xff\xd8" + b"\xff" * 500 + b"\xd9", "damaged"),
        (b"\xff\xd8\xff\xe0\0\2and no marker\xff\xd9", "damaged"),
        (b"\xff\xd8" + WHOLE[WHOLE.index(b"\xff\xc0") :][:19] + b"\xff\xd9", "damaged"),
        (b"\xff\xd8\xff\xe0\xff\xff\xff\xd9", "damaged"),
        (encoded(progressive=True), "plainly"),
        (encoded(mode="CMYK"), "plainly"),
    ],
)
def test_what_is_not_whole_and_plain_is_left_out(data, words):
    assert words in refused(data)


def test_a_header_that_promises_more_than_a_camera_gives_is_not_decoded():
    at = WHOLE.index(b"\xff\xc0")
    bomb = WHOLE[: at + 5] + b"\xff\xff\xff\xff" + WHOLE[at + 9 :]
    assert "larger" in refused(bomb)


def test_a_second_size_behind_the_first_is_not_believed():
    at = WHOLE.index(b"\xff\xc0")
    frame = WHOLE[at : at + 19]
    larger = frame[:5] + b"\x7f\xff\x7f\xff" + frame[9:]
    assert refused(WHOLE[:at] + frame + larger + WHOLE[at + 19 :])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(3, len(WHOLE) - 3), st.integers(0, 255)), min_size=1, max_size=12))
def test_spoilt_bytes_are_a_picture_of_an_allowed_size_or_left_out(changes):
    spoilt = bytearray(WHOLE)
    for at, value in changes:
        spoilt[at] = value
    try:
        pixels = jpeg.pixels(bytes(spoilt))
    except Unfit:
        return
    assert pixels.shape[2] == 3
    assert 64 <= min(pixels.shape[:2]) <= max(pixels.shape[:2]) <= 1920


def test_the_decoder_writes_nothing_to_the_terminal(capfd):
    rng = np.random.default_rng(2)
    for _ in range(40):
        spoilt = bytearray(WHOLE)
        for at in rng.integers(len(WHOLE) // 4, len(WHOLE) - 2, 60):
            spoilt[at] = rng.integers(256)
        try:
            jpeg.pixels(bytes(spoilt))
        except Unfit:
            continue
    assert capfd.readouterr() == ("", "")
