"""Every voice that is listed has the name by which it is asked for."""

from pathlib import Path

import pytest

from app.audio.engines import find_engine
from app.audio.tts import Known, Program
from app.audio.voices import every_voice
from tests import needs
from tests.audio.test_engines import espeak, say


def neural(folder: Path) -> Path:
    """Two models, of which one lacks its config.json."""
    for name in ("pocket/embeddings/alba", "pocket/voices/mine", "half/voices/nobody"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.safetensors").touch()
    (folder / "pocket/config.json").touch()
    return folder


def named(known: list[Known]) -> list[tuple[str, str, str]]:
    return [(each.name, each.engine, each.language) for each in known]


def test_a_mac_lists_what_say_has_and_the_neural_ones(tmp_path: Path) -> None:
    known = every_voice(say(tmp_path).path, "darwin", neural(tmp_path / "voices"))
    assert named(known) == [
        ("Albert", "say", "en_US"),
        ("Eddy (English (UK))", "say", "en_GB"),
        ("Tünde", "say", "hu_HU"),
        ("Majed", "say", "ar_001"),
        ("Bad News", "say", "en_US"),
        ("pocket:alba", "mlx-audio", ""),
        ("pocket:mine", "mlx-audio", ""),
    ]


def test_linux_lists_what_espeak_has(tmp_path: Path) -> None:
    assert named(every_voice(espeak(tmp_path).path, "linux", tmp_path / "none")) == [
        ("German", "espeak-ng", "de"),
        ("English (Great Britain)", "espeak-ng", "en-gb"),
        ("Chinese (Mandarin, latin as English)", "espeak-ng", "cmn"),
    ]


@pytest.mark.parametrize("system", ["darwin", "linux"])
def test_every_name_that_is_listed_is_accepted(tmp_path: Path, system: str) -> None:
    path = (say if system == "darwin" else espeak)(tmp_path).path
    for each in every_voice(path, system, tmp_path / "none"):
        engine = find_engine(each.name, path, system)
        assert isinstance(engine, Program)
        assert engine.command[-2:] == ("-v", each.exact)


def test_a_system_without_a_voice_lists_none(tmp_path: Path) -> None:
    assert every_voice(str(tmp_path), "linux", tmp_path / "none") == []


@needs.tool("espeak-ng")
def test_the_real_espeak_lists_languages() -> None:
    known = every_voice(platform="linux")
    assert {"de", "en-gb", "fr-fr"} <= {each.language for each in known}
