"""Pictures by path, folder, pattern, http(s) address, data URL, or from standard input.

Nothing but http and https is ever fetched, also after a redirect; nothing is written.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from app.errors import SourceError
from app.image_files.decode import decode
from app.image_files.fetch import LIMITS, Limits
from app.image_files.find import expand
from app.image_files.load import opened
from app.image_files.names import called
from app.images import Pixels


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    """As the user called it, or within the folder that the user named; fit to be printed."""
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Failed:
    name: str
    error: SourceError


def pictures(what: str) -> Iterator[Picture | Failed]:
    """Yield the picture that `what` names, or those of the folder, one after the other; a bad one as `Failed`."""
    for each in expand(what):
        try:
            yield picture(each)
        except SourceError as error:
            yield Failed(called(each), error)


def picture(what: str, limits: Limits = LIMITS) -> Picture:
    """Read and decode one picture.

    Raises:
        SourceError: it cannot be had or is no picture.
    """
    name = called(what)
    with closing(opened(what, name, limits)) as stream:
        return Picture(name, decode(stream, name))
