"""Pictures as cameras, programs and enemies make them. Every file here is a real one."""

import struct
import zlib
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from app.errors import SourceError
from tests.image_files.coded import encoded, pixels, refusal

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
SIDE = 24
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8))


def shape_or_none(data):
    """Of the picture; None where it is refused in words."""
    try:
        return pixels(data).shape
    except SourceError:
        return None


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size, kind, raw, *, depth=8, interlaced=0, before=b""):
    """A PNG written by hand: what Pillow does not write."""
    header = struct.pack(">IIBBBBB", *size, depth, kind, 0, 0, interlaced)
    body = chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def near(seen, colour):
    return np.abs(seen.astype(int) - colour).max() < 8


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"subsampling": 2}, {"quality": 100, "optimize": True}])
def test_jpegs_of_every_kind_are_read(how):
    assert near(pixels(encoded(Image.new("RGB", (40, 30), RED), "JPEG", **how)), RED)


def test_a_grey_jpeg_is_grey():
    assert near(pixels(encoded(Image.new("L", (16, 16), 90), "JPEG")), (90, 90, 90))


def test_adobe_s_inverted_cmyk_keeps_its_colours():
    """Photoshop's JPEGs hold the inks inverted and say so in an Adobe marker; as Pillow's own do."""
    data = encoded(Image.new("RGB", (16, 16), BLUE).convert("CMYK"), "JPEG")
    assert b"Adobe" in data
    assert near(pixels(data), BLUE)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_all_eight_orientations_come_upright(orientation, form):
    """An upright picture with three colours in its corners is stored turned, as a camera does."""
    upright = np.full((16, 32, 3), 255, np.uint8)
    upright[:8, :16], upright[:8, 16:], upright[8:, :16] = RED, BLUE, 0
    stored = {
        1: lambda it: it,
        2: lambda it: it[:, ::-1],
        3: lambda it: it[::-1, ::-1],
        4: lambda it: it[::-1],
        5: lambda it: it.transpose(1, 0, 2),
        6: lambda it: np.rot90(it, 1),
        7: lambda it: it.transpose(1, 0, 2)[::-1, ::-1],
        8: lambda it: np.rot90(it, 3),
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {"quality": 100, "subsampling": 0} if form == "JPEG" else {"lossless": True} if form == "WEBP" else {}
    seen = pixels(encoded(Image.fromarray(np.ascontiguousarray(stored)), form, exif=exif, **how))
    assert seen.shape == upright.shape
    assert near(seen, upright)


def test_sixteen_bits_of_each_colour_are_read():
    raw = b"".join(b"\0" + struct.pack(">3H", 65535, 32768, 0) * 2 for _ in range(2))
    seen = pixels(png((2, 2), 2, raw, depth=16))
    assert seen.shape == (2, 2, 3)
    assert abs(seen[0, 0].astype(int) - (255, 128, 0)).max() <= 1


def test_an_interlaced_png_is_read():
    """2×2 in Adam7: its passes hold the first pixel, the one right of it, and the row below."""
    raw = b"\0" + bytes(RED) + b"\0" + bytes(BLUE) + b"\0" + bytes(BLUE) + bytes(RED)
    assert pixels(png((2, 2), 2, raw, interlaced=1)).tolist() == [[list(RED), list(BLUE)], [list(BLUE), list(RED)]]


def test_of_a_palette_half_transparent_colours_lie_over_white():
    before = chunk(b"PLTE", bytes(RED) + bytes(BLUE)) + chunk(b"tRNS", bytes([255, 0]))
    seen = pixels(png((2, 1), 3, b"\0\0\1", before=before))
    assert seen.tolist() == [[list(RED), list(WHITE)]]


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_of_every_animation_the_first_frame_is_taken(form):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, BLUE)]
    assert near(pixels(encoded(frames[0], form, save_all=True, append_images=frames[1:])), RED)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_one_pixel_is_a_picture(form):
    assert pixels(encoded(Image.new("RGB", (1, 1), WHITE), form)).shape == (1, 1, 3)


def test_twenty_thousand_by_twenty_thousand_is_refused_by_its_header():
    data = encoded(Image.new("1", (20000, 20000)), "PNG")
    assert "megapixels, more than the 100" in refusal(data)
    assert "megapixels, more than the 100" in refusal(data[:100])  # nothing behind the header is needed for that


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"iTXt"])
def test_text_and_profiles_that_unpack_to_too_much_are_refused(kind):
    bomb = b"a\0\1\0\0\0" if kind == b"iTXt" else b"a\0\0"
    before = chunk(kind, bomb + zlib.compress(bytes(80_000_000), 9))
    assert "unpacks to too much" in refusal(png((1, 1), 2, b"\0" + bytes(RED), before=before))


WHOLE = {
    **{form: encoded(NOISE, form) for form in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")},
    "progressive": encoded(NOISE, "JPEG", progressive=True),
    "CMYK": encoded(NOISE.convert("CMYK"), "JPEG"),
    "deflated TIFF": encoded(NOISE, "TIFF", compression="tiff_adobe_deflate"),
}


@pytest.mark.parametrize("form", WHOLE)
def test_cut_off_at_every_tenth_byte_it_is_explained_or_a_picture(form):
    """Some need nothing of their last bytes; then they are whole, and of the right size."""
    data = WHOLE[form]
    for end in range(0, len(data), 10):
        shape = shape_or_none(data[:end])
        assert shape in (None, (SIDE, SIDE, 3))
        assert shape is None or end > len(data) / 2


@pytest.mark.parametrize("form", WHOLE)
def test_spoilt_bytes_are_explained_or_a_picture(form):
    spoil = np.random.default_rng(len(form))
    for at, place in pairwise(spoil.integers(0, len(WHOLE[form]), 60)):
        data = bytearray(WHOLE[form])
        data[at], data[place % 64] = spoil.integers(0, 256, 2)
        shape = shape_or_none(bytes(data))
        assert shape is None or (len(shape), shape[2]) == (3, 3)
