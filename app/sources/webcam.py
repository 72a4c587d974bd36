"""A camera of this machine, by name or index, through a capture process of its own."""

import os
import sys
from collections.abc import Generator
from functools import cached_property
from pathlib import Path
from threading import Event

from app.errors import SourceError
from app.events import Banner, FrameView, Notice
from app.sources import devices, permissions
from app.sources.errand import Errand, Fate, Loss, Trouble
from app.sources.tend import PATIENCE, Patience, tend

_LOSSES = {
    Fate.SILENT: "{} is open but gives no picture",
    Fate.LOST: "{} gives no more pictures",
    Fate.HUNG: "{} hangs",
    Fate.CRASHED: "the capture process of {} ended unexpectedly",
    Fate.NO_DEVICE: "{} is gone",
}


class Webcam:
    """A camera by name, part of a name, or index; none means the default one.

    A path may stand for it: a device file such as /dev/v4l/by-id/…, or a video that plays over and over in place of a
    camera, which the banner then says.
    """

    def __init__(self, which: str | int | None = None, patience: Patience = PATIENCE) -> None:
        self._which = "" if which is None else str(which)
        self._patience = patience

    @property
    def banner(self) -> Banner:
        if self._is_clip:
            return Banner(f"camera: {Path(self._which).name}", ("This is a recorded clip in place of a camera.",))
        others = [device.name for device in self._devices if device.name not in self._called]
        choice = f"There is also {', '.join(others)}: --source camera:NAME" if others and not self._which else ""
        return Banner(self._called, (choice,) if choice else ())

    def frames(self, stop: Event) -> Generator[FrameView | Notice]:
        """See `Source.frames`; when the camera is lost, a notice, and pictures again when it is back."""
        return tend(self._errand(), self._explain, stop, self._patience)

    def _errand(self) -> Errand:
        if self._is_path or self._is_clip:
            return Errand("clip" if self._is_clip else "device", self._which)
        return Errand("device", devices.lasting(self._choose(), self._devices))

    @property
    def _is_path(self) -> bool:
        return self._which.startswith("/")

    @property
    def _is_clip(self) -> bool:
        return Path(self._which).is_file()

    @cached_property
    def _devices(self) -> list[devices.Device]:
        return devices.found()

    def _choose(self) -> devices.Device:
        return devices.choose(self._which, self._devices)

    @property
    def _called(self) -> str:
        """As in "camera FaceTime HD"."""
        if self._is_path:
            return f"camera {self._which}"
        try:
            chosen = self._choose()
        except SourceError:
            return f"camera {self._which}"
        return f"camera {chosen.name or chosen.index}"

    def _explain(self, loss: Loss) -> Trouble:
        if loss.fate in _LOSSES:
            last = loss.words.splitlines()[-1:] if loss.fate is Fate.CRASHED else []
            hint = "check its cable and lid, and quit other programs that use it; it is tried again by itself"
            return Trouble(": ".join([_LOSSES[loss.fate].format(self._called), *last]), hint)
        if self._is_clip:
            return Trouble(f"{self._which} is not a video that can be read", "name another video")
        device_file = self._which if self._is_path else f"/dev/video{self._choose().index}"
        knock = permissions.knock(device_file) if sys.platform == "linux" else 0
        return permissions.why_shut(permissions.Facts(sys.platform, self._called, loss.words, os.environ, knock))
