"""Any common picture becomes upright, opaque RGB of 8 bits; anything else is explained."""

import io
import struct
import zlib
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from app.errors import SourceError
from app.image_files import decode as module
from app.image_files.decode import decode

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000", "ICO", "QOI"])
def test_every_common_format_is_read(form):
    seen = pixels(encoded(Image.new("RGB", (32, 32), RED), form))
    assert (seen.shape, seen.dtype) == ((32, 32, 3), np.uint8)
    assert np.abs(seen.astype(int) - RED).max() < 8


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LA", "RGBA", "YCbCr", "LAB"])
def test_every_colour_space_becomes_rgb(mode):
    grey = Image.new("L", (8, 4), 255).convert("RGB")
    image = Image.new("LAB", (8, 4), (255, 128, 128)) if mode == "LAB" else grey.convert(mode)
    seen = pixels(encoded(image, "TIFF"))
    assert (seen.shape, seen.min() > 250) == ((4, 8, 3), True)


def test_transparency_lies_over_white():
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 128))
    assert pixels(encoded(image, "PNG")).tolist() == [[[255, 255, 255], [127, 127, 127]]]


def test_a_transparent_colour_of_a_palette_lies_over_white():
    image = Image.new("P", (2, 1), 0)
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    assert pixels(encoded(image, "PNG", transparency=0)).tolist() == [[list(WHITE), list(BLUE)]]


@pytest.mark.parametrize(("value", "level"), [(0, 0), (65535, 255), (32896, 128)])
def test_sixteen_bits_are_scaled_and_not_clipped(value, level):
    image = Image.fromarray(np.full((3, 3), value, np.uint16))
    assert pixels(encoded(image, "PNG"))[0, 0].tolist() == [level] * 3
    assert pixels(encoded(image, "TIFF"))[0, 0].tolist() == [level] * 3


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_thirty_two_bits_use_the_range_of_the_picture(kind):
    image = Image.fromarray(np.array([[-5, 5]], kind))
    assert pixels(encoded(image, "TIFF"))[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
def test_a_picture_cut_off_is_called_damaged(form):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    data = encoded(noise, form)
    assert "damaged" in refusal(data[: len(data) // 2])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "BMP"])
def test_the_stump_of_a_picture_is_not_called_another_kind_of_file(form):
    data = encoded(Image.new("RGB", (64, 64), RED), form)
    assert "damaged" in refusal(data[:16])


def huge_png(width, height):
    """A PNG of 57 bytes that claims a size."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(10001, 10000), (13000, 10000), (30000, 30000)])
def test_a_picture_too_large_is_refused_before_it_is_decoded(size, recwarn):
    assert "megapixels" in refusal(huge_png(*size))
    assert not recwarn.list


def test_the_largest_picture_allowed_is_not_refused_by_its_size():
    assert "damaged" in refusal(huge_png(10000, 10000))
    assert module.MEGAPIXELS == 100


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty (0 bytes)"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        (b"\n\n  <HTML>", "a web page"),
        (b"\xef\xbb\xbf<html>", "a web page"),
        ("Zwölf Boxkämpfer\n".encode(), "text"),
        (b'{"error": "no such picture"}', "text"),
        (b"%PDF-1.7\n\x00", "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "a PostScript document"),
        (b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg">', "an SVG drawing"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "a HEIC picture"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00", "a HEIC picture"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "a video"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "a video"),
        (b"\x1aE\xdf\xa3\x01\x00", "a video"),
        (b"iVBORw0KGgoAAAANSUhEUgAAAAQ=", "a picture in base64"),
        (b"\n/9j/4AAQSkZJRgABAQ==\n", "a picture in base64"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "no picture but what macOS keeps beside one"),
        (bytes(range(256)), "no picture of a format that looksay knows"),
    ],
)
def test_what_is_no_picture_is_named_for_what_it_is(data, what):
    assert what in refusal(data)


def test_a_name_that_lies_does_not_matter(tmp_path):
    file = tmp_path / "really.png"
    file.write_bytes(encoded(Image.new("RGB", (4, 4), GREEN), "JPEG"))
    with file.open("rb") as stream:
        assert decode(stream, "really.png").shape == (4, 4, 3)


def encoded(image, form, **how):
    stream = io.BytesIO()
    image.save(stream, form, **how)
    return stream.getvalue()


def pixels(data):
    return decode(io.BytesIO(data), "it")


def refusal(data):
    with pytest.raises(SourceError) as caught:
        pixels(data)
    assert caught.value.hint
    return caught.value.message


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


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_of_every_animation_the_first_frame_is_taken(form):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, BLUE)]
    assert near(pixels(encoded(frames[0], form, save_all=True, append_images=frames[1:])), RED)


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
