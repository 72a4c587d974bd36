"""Why a camera cannot be opened, from what the system and OpenCV say, and what to do about it.

Pure functions of facts, so that every case is a line of a test's table; `knock` alone touches the system.
"""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass

from app.sources.capture import Trouble

BUNDLES = {
    "com.apple.Terminal": "Terminal",
    "com.googlecode.iterm2": "iTerm",
    "com.microsoft.VSCode": "Visual Studio Code",
    "com.todesktop.230313mzl4w4u92": "Cursor",
    "dev.warp.Warp-Stable": "Warp",
    "com.mitchellh.ghostty": "Ghostty",
    "net.kovidgoyal.kitty": "kitty",
    "org.alacritty": "Alacritty",
    "com.github.wez.wezterm": "WezTerm",
    "dev.zed.Zed": "Zed",
    "com.jetbrains.pycharm": "PyCharm",
    "com.raphaelamorim.rio": "Rio",
}
"""`__CFBundleIdentifier` of the app that started us; macOS sets it, and tmux keeps it."""
PROGRAMS = {
    "Apple_Terminal": "Terminal",
    "iTerm.app": "iTerm",
    "vscode": "Visual Studio Code",
    "WarpTerminal": "Warp",
    "ghostty": "Ghostty",
    "kitty": "kitty",
    "WezTerm": "WezTerm",
    "zed": "Zed",
    "rio": "Rio",
    "Hyper": "Hyper",
    "Tabby": "Tabby",
}
"""`TERM_PROGRAM`, which the terminal sets itself."""
PANE = 'open "x-apple.systempreferences:com.apple.preference.security?Privacy_Camera"'


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a camera does not open."""

    platform: str
    """As in sys.platform."""
    camera: str
    """What to call it, as in "camera FaceTime HD"."""
    words: str
    """What OpenCV wrote to stderr."""
    environment: Mapping[str, str]
    knock: int = 0
    """The error number of opening its device file; 0 where it opens, or where there is none to try."""


def app_to_allow(environment: Mapping[str, str]) -> str:
    """The app that macOS asks about: the one in whose window we run."""
    bundle, program = environment.get("__CFBundleIdentifier", ""), environment.get("TERM_PROGRAM", "")
    return BUNDLES.get(bundle) or PROGRAMS.get(program) or "the app this runs in (your terminal)"


def why_shut(facts: Facts) -> Trouble:
    """The likeliest reason, with its remedy; both reasons where it cannot be decided."""
    return _why_shut_on_mac(facts) if facts.platform == "darwin" else _why_shut_on_linux(facts)


def _why_shut_on_mac(facts: Facts) -> Trouble:
    app, said = app_to_allow(facts.environment), facts.words.lower()
    if "didn't find any attached" in said or "out device of bound" in said:
        return _absent(facts.camera)
    if "SSH_CONNECTION" in facts.environment and "author" in said:
        return Trouble(
            "macOS lets no program use the camera that was started over ssh", "run it in Terminal on the Mac itself"
        )
    if "status 0" in said:
        return Trouble(
            f"macOS is asking whether {app} may use the camera",
            f"answer Allow; if nothing is asked, {_allow(app)}",
            is_worth_waiting=True,
        )
    if "denied" in said or "not authorized" in said:
        return Trouble(f"{app} is not allowed to use the camera", _allow(app))
    return Trouble(
        f"{facts.camera} does not open: another program may be using it, or {app} is not allowed to use it",
        f"quit what uses the camera; else {_allow(app)}",
    )


def _allow(app: str) -> str:
    switch = f"switch on {app} in System Settings → Privacy & Security → Camera, then restart {app}: {PANE}"
    return f'{switch}; more in KNOWN_ISSUES.md, "The camera on macOS: permission"'


def _absent(camera: str) -> Trouble:
    return Trouble(
        f"{camera} was not found", "connect a camera; `./run.sh cameras` lists them, `./run.sh demo` needs none"
    )


def _why_shut_on_linux(facts: Facts) -> Trouble:
    if facts.knock in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return _absent(facts.camera)
    if facts.knock in (errno.EACCES, errno.EPERM):
        return Trouble(
            f"you are not allowed to use {facts.camera}", "run `sudo usermod -aG video $USER`, then log in again"
        )
    if facts.knock == errno.EBUSY or "busy" in facts.words.lower():
        return Trouble(f"another program is using {facts.camera}", "end that program; `fuser -v /dev/video*` names it")
    return Trouble(
        f"{facts.camera} does not open: another program may be using it, or it is not a camera",
        "`fuser -v /dev/video*` names programs that use one; `./run.sh cameras` lists cameras",
    )


def knock(path: str) -> int:
    """The error number of opening a device file, 0 if it opens."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    except OSError as failure:
        return failure.errno or errno.EIO
    return 0
