"""The cameras of this machine, by name, and the choice of one. Opens none of them."""

import logging
import os
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Event

import cv2

from app.errors import SourceError
from app.events import Banner, FrameView, Notice
from app.sources import permissions
from app.sources.capture import PATIENCE, Errand, Fate, Loss, Patience, Trouble, tend

_log = logging.getLogger(__name__)
_HANDHELD = ("iphone", "ipad", "desk view")
"""Cameras that macOS offers by itself when a phone is near; never the default while there is another."""


@dataclass(frozen=True, slots=True)
class Device:
    """A camera, as the system tells of it."""

    index: int
    """What OpenCV calls it now; another camera may have it after a replug."""
    name: str
    identity: str
    """Its path or unique id, which stays."""


def backend() -> int:
    """Which of OpenCV's backends opens cameras here, and in whose order indexes count."""
    return {"darwin": cv2.CAP_AVFOUNDATION, "linux": cv2.CAP_V4L2}.get(sys.platform, cv2.CAP_ANY)


def listed() -> list[Device]:
    """All cameras, by index; an empty list if there are none.

    Raises:
        SourceError: the system does not tell.
    """
    try:
        import cv2_enumerate_cameras  # late: on a Mac it loads AVFoundation, which streams and clips can do without

        cameras = cv2_enumerate_cameras.enumerate_cameras(backend())
    except Exception as failure:
        raise SourceError(
            f"the cameras cannot be listed: {failure}", "they may open by number all the same: --source camera:0"
        ) from failure
    devices = [Device(camera.index, camera.name or "camera", str(camera.path or "")) for camera in cameras]
    return sorted(devices, key=lambda device: device.index)


def found() -> list[Device]:
    """The cameras that can be listed, for choosing one: a number can be opened even if nothing is listed."""
    try:
        return listed()
    except SourceError as failure:
        _log.debug("%s", failure.message)
        return []


def choose(which: str, devices: Sequence[Device]) -> Device:
    """The device of that name, part of a name, or index; "" is the default one.

    An index need not be listed: systems do not tell of every camera.

    Raises:
        SourceError: there is none, or more than one.
    """
    if not which:
        return _default(devices)
    if which.isdecimal():
        return next((device for device in devices if device.index == int(which)), Device(int(which), "", ""))
    return _named(which, devices)


def lasting(chosen: Device, devices: Sequence[Device]) -> str:
    """What to call a chosen device so that no other can take its place when it is away for a moment.

    Its name, which survives another socket; its identity, where two have that name; its index, if it has neither.
    """
    names = [device.name for device in devices]
    return (chosen.name if names.count(chosen.name) == 1 else chosen.identity) or str(chosen.index)


def _default(devices: Sequence[Device]) -> Device:
    """The first that is not a phone; the first, if all are; index 0, if none is listed."""
    own = [device for device in devices if not any(word in device.name.lower() for word in _HANDHELD)]
    return next(iter([*own, *devices]), Device(0, "", ""))


def _named(name: str, devices: Sequence[Device]) -> Device:
    exact = [device for device in devices if name in (device.name, device.identity)]
    matches = exact or [device for device in devices if name.lower() in device.name.lower()]
    if not matches:
        raise SourceError(f"no camera here is called {name!r}", f"{_listed(devices)}; `./run.sh cameras` lists them")
    if len(matches) > 1:
        choices = ", ".join(f"camera:{device.index} ({device.name})" for device in matches)
        raise SourceError(f"more than one camera is called {name!r}", f"say which one: {choices}")
    return matches[0]


def _listed(devices: Sequence[Device]) -> str:
    return f"there is {', '.join(device.name for device in devices)}" if devices else "connect a camera"


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
        return Errand("device", lasting(self._choose(), self._devices))

    @property
    def _is_path(self) -> bool:
        return self._which.startswith("/")

    @property
    def _is_clip(self) -> bool:
        return Path(self._which).is_file()

    @cached_property
    def _devices(self) -> list[Device]:
        return found()

    def _choose(self) -> Device:
        return choose(self._which, self._devices)

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
