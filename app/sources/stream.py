"""A network camera or a broadcast: rtsp:// or http(s)://, through a capture process like a camera's.

Passwords in its address never show: every message and banner has them masked.
"""

import re
from collections.abc import Generator
from threading import Event

from app.events import Banner, FrameView, Notice
from app.sources.capture import Errand, Fate, Loss, Patience, Trouble, tend

PATIENCE = Patience(silence_s=5.0)
"""Networks pause longer than cables."""
_REASONS = (
    (
        r"\b40[13]\b|unauthorized|forbidden",
        "wants a user name and a password, or others than these",
        "write them as rtsp://USER:PASSWORD@HOST/…",
    ),
    (r"\b404\b|not found", "has nothing at this address", "check the path; the camera's manual or page names it"),
    (r"refused", "refuses the connection", "check that it is on and that the port is right"),
    (
        r"resolve|name or service|nodename",
        "has an unknown host name",
        "check the spelling, or write its number (192.168.…)",
    ),
    (r"timed out|timeout|unreachable|no route", "does not answer", "check that both are in the same network"),
    (
        r"invalid data|could not find codec|ends prematurely",
        "sends something that is not a video",
        "open it in a browser or VLC to compare",
    ),
)
_NOT_SAID = re.compile(r"0x[0-9a-f]+|\w+://\S+")
"""Places in memory and addresses, which may hold any number, 404 for example."""
_LOSSES = {
    Fate.SILENT: "opens but sends no picture",
    Fate.LOST: "sends no more pictures",
    Fate.HUNG: "has stopped sending",
    Fate.CRASHED: "ended the capture process unexpectedly",
    Fate.ENDED: "has no pictures",
}


class Stream:
    """A stream by its address. One of known length, as a clip on a web server, plays as filmed and ends."""

    def __init__(self, url: str, patience: Patience = PATIENCE) -> None:
        self._url = url
        self._patience = patience

    @property
    def banner(self) -> Banner:
        return Banner(f"stream {masked(self._url)}")

    def frames(self, stop: Event) -> Generator[FrameView | Notice]:
        """See `Source.frames`; when the stream stops, a notice, and pictures again when it is back."""
        return tend(Errand("stream", self._url), self._explain, stop, self._patience)

    def _explain(self, loss: Loss) -> Trouble:
        where, said = masked(self._url), _NOT_SAID.sub("", loss.words)
        for pattern, what, hint in _REASONS:
            if loss.fate is Fate.SHUT and re.search(pattern, said, re.IGNORECASE):
                return Trouble(f"{where} {what}", hint)
        last = [line for line in masked(loss.words).splitlines() if "cap.cpp" not in line][-1:]
        what = ": ".join([_LOSSES.get(loss.fate, "sends no video"), *last])
        return Trouble(f"{where} {what}", "check that the camera is on and reachable; it plays in VLC if it does here")


def masked(text: str) -> str:
    """The text with user, password and query of any address in it replaced."""
    return re.sub(r"\?\S+", "?…", re.sub(r"(\w+://)\S*@", r"\1…@", text))
