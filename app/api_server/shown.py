"""The pictures of a request: data URLs and nothing else, decoded here and drawn anew.

Not a byte of what was sent goes further: the model gets a PNG that was made here, in the shape in which looksay shows
it its own frames. Nothing is fetched or opened.
"""

import base64
import binascii
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.api_server.refusal import Refused, wrong
from app.errors import SourceError
from app.image_files.decode import decode

if TYPE_CHECKING:
    from PIL.Image import Image

    from app.images import Pixels

    Shape = Callable[[Pixels], Image]

HEAD = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
HOW = 'Send the picture itself, as "data:image/jpeg;base64,…".'
KINDS = (
    (r"https?:", "an address on the web"),
    (r"file:|[/~.\\]|[a-z]:[\\/]", "the path of a file"),
    (r"data:", "a data URL of another kind"),
)


def picture(part: dict[str, Any], shape: "Shape") -> dict[str, Any]:
    """A message part with a picture, made anew.

    Raises:
        Refused: it is no picture, or would have to be fetched or opened.
    """
    url = part.get("image_url")
    if isinstance(url, dict):
        url = url.get("url")
    if not isinstance(url, str):
        raise wrong(f"A picture must be in image_url. {HOW}", "messages")
    return {"type": "image_url", "image_url": {"url": redrawn(url, shape)}}


def redrawn(url: str, shape: "Shape") -> str:
    """The data URL of the picture in `url`, as the model is to be shown it."""
    head = HEAD.match(url)
    if head is None:
        raise elsewhere(url)
    try:
        drawn = shape(decode(io.BytesIO(base64.b64decode(url[head.end() :], validate=True)), "the picture"))
    except SourceError as failure:
        raise wrong(f"{failure.message}: {failure.hint}.", "messages") from failure
    except (binascii.Error, ValueError) as failure:
        raise wrong(f"The picture's base64 cannot be decoded: {failure}", "messages") from failure
    file = io.BytesIO()
    drawn.save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def elsewhere(url: str) -> Refused:
    """The refusal of what is no data URL of a picture; what it is is not repeated."""
    kind = next((what for pattern, what in KINDS if re.match(pattern, url, re.IGNORECASE)), "no data URL")
    return wrong(f"image_url is {kind}; looksay fetches and opens nothing for a client. {HOW}", "messages")
