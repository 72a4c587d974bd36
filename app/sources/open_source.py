"""Which source a text means. The concrete sources, and what they need, are imported only when chosen."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import SourceError, UsageError
from app.files import did_you_mean, explain, open_to_read, readable, user_path
from app.protocols import Source

if TYPE_CHECKING:
    from app.sources.browser import Eye

POSSIBLE = (
    "camera, camera:NAME, camera:1, scenes, a video, a picture, a folder of pictures, a stream: rtsp://… or http://…, "
    "or browser, with --page"
)
_STREAMS = ("rtsp://", "rtsps://", "http://", "https://")
_BROADCASTS = ("rtsp://", "rtsps://")


def open_source(what: str, asap: bool = False, eye: "Eye | None" = None) -> Source:
    """The source that `what` names; it is not opened before its frames are asked for. `eye` is the page's, if any.

    Raises:
        SourceError: it names nothing that is there.
        UsageError: `asap` for a source that cannot be faster than it happens.
    """
    if is_camera(what) or is_stream(what) or is_browser(what):
        return _live(what, asap, eye)
    if what == "scenes":
        from app.demo.source import SceneSource

        return SceneSource(asap=asap)
    return _of_files(what, asap)


def is_live(what: str) -> bool:
    """Whether it surely shows what happens now, and goes on unseen. http:// may be a clip, which has a beginning."""
    return is_camera(what) or is_browser(what) or what.lower().startswith(_BROADCASTS)


def is_camera(what: str) -> bool:
    return what.partition(":")[0] == "camera"


def is_stream(what: str) -> bool:
    return what.lower().startswith(_STREAMS)


def is_browser(what: str) -> bool:
    return what == "browser"


def shown(what: str) -> str:
    """`what` as people who look on may see it: without a password that is in it."""
    if not is_stream(what):
        return what
    from app.sources.stream import masked

    return masked(what)


def _live(what: str, asap: bool, eye: "Eye | None") -> Source:
    if asap:
        raise UsageError(f"--asap reads files, and {what.partition(':')[0]} is live", "leave out --asap")
    if is_browser(what):
        return _browser(eye)
    if is_stream(what):
        from app.sources.stream import Stream

        return Stream(what)
    from app.sources.webcam import Webcam

    return Webcam(what.partition(":")[2] or None)


def _browser(eye: "Eye | None") -> Source:
    if eye is None:
        raise SourceError(
            "a browser's camera reaches looksay through its page, and this run has none",
            "./run.sh --page --source browser",
        )
    from app.sources.browser import Browser

    return Browser(eye)


def _of_files(what: str, asap: bool) -> Source:
    from app.image_files import is_picture

    path = user_path(what, SourceError)
    try:
        if path.is_dir():
            os.listdir(path)
        else:
            os.close(open_to_read(path, is_pipe_fine=is_picture(path)))
    except FileNotFoundError as failure:
        raise _missing(what, path, failure) from failure
    except OSError as failure:
        raise SourceError(*explain(failure, path)) from failure
    if path.is_dir() or is_picture(path):
        from app.sources.video import Stills

        return Stills(path)
    from app.sources.video import Video

    return Video(path, asap=asap)


def _missing(what: str, path: Path, failure: OSError) -> SourceError:
    """A file that is not there, or a word or an address that should have been another source."""
    is_file = "://" not in what and (path.suffix != "" or path.parent != Path() or path.is_symlink())
    message = explain(failure, path)[0] if is_file else f"no such source: {readable(what)}"
    hint = did_you_mean(path, ("camera", "scenes", "browser"))
    return SourceError(message, hint if "mean" in hint or "Tab" in hint else f"it can be {POSSIBLE}")
