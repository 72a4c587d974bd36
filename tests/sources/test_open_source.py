"""A text names a source; nothing heavy is loaded to find out which."""

import subprocess
import sys

import pytest
from PIL import Image

from app.demo.source import SceneSource
from app.errors import SourceError, UsageError
from app.sources.browser import Browser, Eye
from app.sources.open_source import is_live, open_source
from app.sources.stream import Stream
from app.sources.video import Stills, Video
from app.sources.webcam import Webcam
from tests.running import environment


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("camera", Webcam),
        ("camera:FaceTime", Webcam),
        ("camera:1", Webcam),
        ("scenes", SceneSource),
        ("rtsp://camera.local/live", Stream),
        ("HTTPS://camera.local/live", Stream),
    ],
)
def test_words_and_addresses_name_sources(what, kind):
    assert isinstance(open_source(what), kind)


def test_paths_name_sources_by_what_they_are(tmp_path, clip):
    Image.new("RGB", (2, 2)).save(tmp_path / "one.PNG")
    assert isinstance(open_source(str(tmp_path)), Stills)
    assert isinstance(open_source(str(tmp_path / "one.PNG")), Stills)
    assert isinstance(open_source(str(clip)), Video)


def test_a_browser_s_camera_comes_through_the_page():
    assert isinstance(open_source("browser", eye=Eye()), Browser)
    with pytest.raises(SourceError) as caught:
        open_source("browser")
    assert "--page" in caught.value.hint


@pytest.mark.parametrize("what", ["nonsense", "/no/such/file.mp4", "ftp://host/clip"])
def test_what_names_nothing_lists_the_possibilities(what):
    with pytest.raises(SourceError) as caught:
        open_source(what)
    assert caught.value.message.endswith(f": {what}") or "no such folder: /no/such" in caught.value.message
    assert all(word in caught.value.hint for word in ("camera:NAME", "scenes", "rtsp://"))


@pytest.mark.parametrize(("what", "meant"), [("clipp.avi", "clip.avi"), ("scens", "scenes"), ("camra", "camera")])
def test_a_source_that_is_misspelt_is_guessed(what, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.avi").touch()
    with pytest.raises(SourceError) as caught:
        open_source(what)
    assert caught.value.hint == f"did you mean {meant}?"


@pytest.mark.parametrize("what", ["camera", "rtsp://host/live", "browser"])
def test_what_is_live_cannot_be_read_faster(what):
    with pytest.raises(UsageError):
        open_source(what, asap=True)


def test_asap_reaches_the_sources_that_know_it(clip):
    assert "every frame" in open_source(str(clip), asap=True).banner.name
    assert isinstance(open_source("scenes", asap=True), SceneSource)


def test_choosing_loads_nothing_heavy():
    probe = "import sys, app.sources.open_source; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", probe], env=environment(), capture_output=True, text=True, check=True
    )
    assert not {"cv2", "PIL", "numpy", "app.sources.webcam", "app.sources.browser"} & set(loaded.stdout.split())


@pytest.mark.parametrize(
    ("what", "is_it"),
    [
        ("camera", True),
        ("camera:0", True),
        ("camera:clip.mp4", True),
        ("browser", True),
        ("rtsp://host/door", True),
        ("http://host/live?key=1", False),
        ("http://host/clip.MP4?key=1", False),
        ("clip.mp4", False),
        ("scenes", False),
        (".", False),
    ],
)
def test_what_goes_on_unseen_may_be_opened_early(what, is_it):
    assert is_live(what) is is_it
