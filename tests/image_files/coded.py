"""Pictures as bytes, and what reading them comes to."""

import io

import pytest

from app.errors import SourceError
from app.image_files.decode import decode


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
