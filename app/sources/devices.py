"""The cameras of this machine, by name, and the choice of one. Opens none of them."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from app.errors import SourceError

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
