"""Any common picture becomes upright, opaque RGB of 8 bits; anything else is explained."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from app.image_files import decode as module
from app.image_files.decode import decode
from tests.image_files.coded import encoded, pixels, refusal

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


def test_a_cmyk_jpeg_keeps_its_colours():
    image = Image.new("RGB", (16, 16), RED).convert("CMYK")
    assert np.abs(pixels(encoded(image, "JPEG")).astype(int) - RED).max() < 8


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


def test_a_picture_of_nothing_but_nan_is_black():
    with np.errstate(all="ignore"):
        assert not pixels(encoded(Image.fromarray(np.full((2, 2), np.nan, np.float32)), "TIFF")).any()


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (1, 3)), (6, (0, 1)), (8, (3, 0))])
def test_exif_turns_the_picture_upright(orientation, corner):
    """A white picture, 4 wide and 2 high, whose first pixel is red."""
    image = Image.new("RGB", (4, 2), WHITE)
    image.putpixel((0, 0), RED)
    exif = Image.Exif()
    exif[0x0112] = orientation
    seen = pixels(encoded(image, "PNG", exif=exif))
    assert tuple(seen[corner]) == RED


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    assert tuple(pixels(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))[0, 0]) == RED


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
def test_a_picture_cut_off_is_called_damaged(form):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    data = encoded(noise, form)
    assert "damaged" in refusal(data[: len(data) // 2])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "BMP"])
def test_the_stump_of_a_picture_is_not_called_another_kind_of_file(form):
    data = encoded(Image.new("RGB", (64, 64), RED), form)
    assert "damaged" in refusal(data[:16])


def test_a_spoilt_byte_is_called_damaged():
    data = bytearray(encoded(Image.new("RGB", (64, 64), RED), "PNG"))
    data[50] ^= 0xFF
    assert "damaged" in refusal(bytes(data))


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
