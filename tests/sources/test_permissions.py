"""Why a camera does not open: every case of every system, as a table."""

import errno

import pytest

from app.sources.permissions import PANE, Facts, app_to_allow, knock, why_shut

ASKING = "OpenCV: not authorized to capture video (status 0), requesting..."
DENIED = "OpenCV: camera access has been denied. Either run 'tccutil reset Camera' command in same terminal"
RESTRICTED = "OpenCV: not authorized to capture video (status 1), requesting..."
NONE = "OpenCV: AVFoundation didn't find any attached Video Input Devices!"
OUT = "OpenCV: out device of bound (0-0): 3"
UNCLEAR = "OpenCV: camera failed to properly initialize!"
ITERM = {"TERM_PROGRAM": "iTerm.app"}


def on_mac(words, environment=ITERM):
    return why_shut(Facts("darwin", "camera 0", words, environment))


def on_linux(knocked=0, words=""):
    return why_shut(Facts("linux", "camera 0", words, {}, knocked))


@pytest.mark.parametrize(
    ("environment", "app"),
    [
        ({"TERM_PROGRAM": "Apple_Terminal"}, "Terminal"),
        (ITERM, "iTerm"),
        ({"TERM_PROGRAM": "vscode"}, "Visual Studio Code"),
        ({"TERM_PROGRAM": "vscode", "__CFBundleIdentifier": "com.todesktop.230313mzl4w4u92"}, "Cursor"),
        ({"TERM_PROGRAM": "tmux", "__CFBundleIdentifier": "com.mitchellh.ghostty"}, "Ghostty"),
        ({"TERM_PROGRAM": "WarpTerminal"}, "Warp"),
        ({}, "the app this runs in (your terminal)"),
        ({"TERM_PROGRAM": "unheard of"}, "the app this runs in (your terminal)"),
    ],
)
def test_the_app_to_allow_is_the_one_whose_window_we_run_in(environment, app):
    assert app_to_allow(environment) == app


@pytest.mark.parametrize(
    ("words", "text", "hint", "is_worth_waiting"),
    [
        (ASKING, "macOS is asking whether iTerm may use the camera", PANE, True),
        (DENIED, "iTerm is not allowed to use the camera", PANE, False),
        (RESTRICTED, "iTerm is not allowed to use the camera", PANE, False),
        (NONE, "camera 0 was not found", "connect a camera", False),
        (OUT, "camera 0 was not found", "connect a camera", False),
        (UNCLEAR, "another program may be using it, or iTerm is not allowed", PANE, False),
        ("", "another program may be using it, or iTerm is not allowed", PANE, False),
    ],
)
def test_what_opencv_says_on_a_mac_is_put_into_words(words, text, hint, is_worth_waiting):
    trouble = on_mac(words)
    assert text in trouble.text
    assert hint in trouble.hint
    assert trouble.is_worth_waiting is is_worth_waiting


def test_over_ssh_nobody_can_be_asked():
    trouble = on_mac(ASKING, {"SSH_CONNECTION": "1"})
    assert "ssh" in trouble.text
    assert not trouble.is_worth_waiting


@pytest.mark.parametrize(
    ("knocked", "words", "text", "hint"),
    [
        (errno.ENOENT, "", "was not found", "connect a camera"),
        (errno.ENODEV, "", "was not found", "connect a camera"),
        (errno.EACCES, "", "not allowed", "usermod -aG video"),
        (errno.EBUSY, "", "another program is using", "fuser"),
        (0, "VIDIOC_REQBUFS: Device or resource busy", "another program is using", "fuser"),
        (0, "", "may be using it, or it is not a camera", "fuser"),
    ],
)
def test_what_linux_says_is_put_into_words(knocked, words, text, hint):
    trouble = on_linux(knocked, words)
    assert text in trouble.text
    assert hint in trouble.hint


def test_knocking_tells_a_missing_device_from_one_that_opens(tmp_path):
    assert knock(str(tmp_path / "video0")) == errno.ENOENT
    assert knock("/dev/null") == 0
