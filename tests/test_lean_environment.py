"""Every command, every family of models and a neural voice, with the packages of requirements.lock and no others.

The lock leaves out packages that mlx-vlm and mlx-audio require (pyproject.toml, `override-dependencies`), and some of
theirs are imported late. What a user has installed is made here of links: an environment that holds the locked
distributions alone, without what only tests need.
"""

import re
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

from models.demo.clips.__main__ import make as make_clip
from tests import needs
from tests.api_server.served import up
from tests.backends.mlx.folders import folder
from tests.running import ROOT, SLOW_S, Ended, environment, run

LEFT_OUT = ("pyarrow", "pandas", "scipy", "datasets", "llguidance", "miniaudio", "hf_xet", "dill", "xxhash")
ONLY_FOR_TESTS = ("pytest", "hypothesis", "openai", "torch")
FAMILIES = (
    *("smolvlm-mlx", "smolvlm-hub", "smolvlm-4bit", "smolvlm-8bit-ours", "fastvlm-small", "lfm2-vl", "lfm2-vl-4bit"),
    *("lfm2.5-vl", "nanollava", "nanollava-4bit", "qwen3-vl", "qwen3-vl-4bit"),
)
CHECK_AND_SERVE = """
import sys
from app.cli import main
main(["check", "demo"])
import cv2, mlx_vlm.server, app.api_server.runtime
maps = open("/proc/self/maps").read() if sys.platform == "linux" else ""
print([name for name in ("libGL", "libQt") if name in maps])
"""


@pytest.fixture(scope="session")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment's Python."""
    home = tmp_path_factory.mktemp("lean")
    venv.create(home, symlinks=True)
    (packages,) = home.glob("lib/python3.*/site-packages")
    for name in locked():
        for place in top_level(name):
            if not (packages / place.name).exists():
                (packages / place.name).symlink_to(place)
    return home / "bin" / "python"


def locked() -> list[str]:
    """The distributions that requirements.lock brings to this machine."""
    lines = re.findall(r"^([a-z0-9][^\\\n]*?) *\\$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    wanted = map(Requirement, lines)
    return [each.name for each in wanted if each.marker is None or each.marker.evaluate()]


def top_level(name: str) -> set[Path]:
    """The files and folders in site-packages that the distribution consists of."""
    found = distribution(name)
    base = Path(str(found.locate_file("")))
    return {base / each.parts[0] for each in found.files or () if each.parts[0] != ".."}


@pytest.fixture
def only_the_lock(lean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test starts is started with the lean Python."""
    monkeypatch.setattr(sys, "executable", str(lean))


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "picture.png"
    Image.fromarray(np.full((96, 128, 3), 120, np.uint8)).save(path)
    return str(path)


def python(lean: Path, *arguments: str) -> Ended:
    done = subprocess.run(
        [lean, *arguments], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=SLOW_S, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def assert_complete(ended: Ended, *codes: int) -> None:
    """It has ended with one of these exit codes, and has missed no package."""
    assert ended.code in codes, ended.err
    assert "No module named" not in ended.out + ended.err
    assert "Traceback" not in ended.err


def test_what_is_left_out_cannot_be_imported(lean: Path) -> None:
    code = f"from importlib.util import find_spec; print([n for n in {LEFT_OUT + ONLY_FOR_TESTS} if find_spec(n)])"
    assert python(lean, "-c", code).out == "[]\n"


@pytest.mark.usefixtures("only_the_lock")
def test_the_demo_narrates() -> None:
    ended = run("demo", "--asap", "--seconds", "2", "--no-speak")
    assert_complete(ended, 0)
    assert ended.sentences


@pytest.mark.usefixtures("only_the_lock")
def test_a_picture_is_described(picture: str) -> None:
    assert_complete(run("describe", picture, "--model", "demo"), 0)


def test_a_model_is_checked_and_the_server_imported_without_windows_or_opengl(lean: Path) -> None:
    ended = python(lean, "-c", CHECK_AND_SERVE)
    assert_complete(ended, 0)
    assert ended.out.splitlines()[-1] == "[]"


@pytest.mark.long
@pytest.mark.usefixtures("only_the_lock")
@pytest.mark.parametrize(
    ("argv", "codes"),
    [
        (("ask", "What is to be seen?", "--model", "demo", "--source", "scenes", "--no-speak"), (0,)),
        (("watch", "a circle", "--model", "demo", "--source", "scenes", "--no-speak", "--seconds", "2"), (0,)),
        (("demo", "--asap", "--seconds", "2", "--no-speak", "--frames", "3", "--page-port", "0"), (0,)),
        (("check", "--model", "demo"), (0, 1)),  # a machine without a camera or a voice
        (("models",), (0,)),
        (("voices",), (0, 1)),
        (("cameras",), (0, 1)),
        (("bench", "--model", "demo", "--rounds", "1", "--captions", "1", "--seconds", "1"), (0,)),
    ],
    ids=("ask", "watch", "demo", "check", "models", "voices", "cameras", "bench"),
)
def test_every_command_runs(argv: tuple[str, ...], codes: tuple[int, ...]) -> None:
    assert_complete(run(*argv), *codes)


@pytest.mark.long
@pytest.mark.usefixtures("only_the_lock")
def test_a_narration_is_logged_looked_back_at_and_scored(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, "lively", 1, 4.0)
    log, subtitles = tmp_path / "log.jsonl", tmp_path / "clip.vtt"
    told = ("--log", str(log), "--subtitles", str(subtitles), "--thumbnails")
    assert_complete(run("--model", "demo", "--source", str(clip), "--asap", "--no-speak", *told), 0)
    assert_complete(run("history", "--log", str(log)), 0)
    assert_complete(run("score", str(clip)), 0)


@pytest.mark.long
@pytest.mark.usefixtures("only_the_lock")
@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_of_every_family_loads_and_describes(family: str, picture: str) -> None:
    """What random weights answer may be one word for ever, or an end; that is explained, and is an answer."""
    ended = run("describe", picture, "--model", str(folder(family)), "--trust-model", "--max-tokens", "6")
    assert_complete(ended, 0, 1)
    assert ended.out or re.search("error: the model (repeated itself|said nothing)", ended.err), ended.err


@pytest.mark.long
@needs.module("openai")
@pytest.mark.usefixtures("only_the_lock")
def test_serve_answers_a_client(tmp_path: Path) -> None:
    from openai import OpenAI

    key = tmp_path / "key"
    with up(key) as server:
        client = OpenAI(base_url=server.url, api_key=key.read_text().strip(), max_retries=0, timeout=SLOW_S)
        answer = client.chat.completions.create(model="demo", messages=[{"role": "user", "content": "Hello"}])
        assert answer.choices[0].finish_reason


@pytest.mark.long
def test_a_neural_voice_speaks(lean: Path, tmp_path: Path) -> None:
    assert_complete(python(lean, "-m", "tests.audio.tiny_voice", str(tmp_path / "voices" / "pocket")), 0)
    code = f"""
from pathlib import Path
from app.audio.neural import find_neural_voice
from app.audio.playback import Player
voice = find_neural_voice("pocket:alba", Player(), Path({str(tmp_path / "voices")!r}))
voice.open()
print(sum(len(piece) for piece in voice.chunks("circle")) > 0)
voice.close()
"""
    ended = python(lean, "-c", code)
    assert_complete(ended, 0)
    assert ended.out == "True\n"
