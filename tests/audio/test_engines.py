"""Finding what speaks, and refusing a voice that it has not."""

from pathlib import Path

import pytest

from app.audio.engines import exact_names, find_engine, no_voice
from app.audio.tts import Program, voices_of
from app.errors import OutputError
from tests import needs
from tests.terminal.stage import StandIn

SAY = """\
Albert              en_US    # Hello! My name is Albert.
Eddy (English (UK)) en_GB    # Hello! My name is Eddy.
Tünde               hu_HU    # Üdvözlöm! A nevem Tünde.
Majed               ar_001   # مرحبًا! اسمي ماجد.
Bad News            en_US    # Hello! My name is Bad News.
"""
ESPEAK = """\
Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  de              --/M      German             gmw/de
 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)
 5  cmn             --/M      Chinese_(Mandarin,_latin_as_English) sit/cmn              (zh-cmn 5)(zh 5)
"""


def say(tmp_path: Path) -> StandIn:
    stand_in = StandIn(tmp_path, name="say")
    stand_in.beside(".voices").write_text(SAY)
    return stand_in


def espeak(tmp_path: Path, name: str = "espeak-ng") -> StandIn:
    stand_in = StandIn(tmp_path, name=name)
    stand_in.beside(".voices").write_text(ESPEAK)
    return stand_in


def test_a_mac_speaks_with_say_and_linux_with_espeak_ng(tmp_path: Path) -> None:
    say(tmp_path), espeak(tmp_path)
    on_mac, on_linux = (find_engine(None, str(tmp_path), system) for system in ("darwin", "linux"))
    assert on_mac == Program("say", (f"{tmp_path}/say", "-f", "-"), (f"{tmp_path}/say", "-v", "?"))
    assert isinstance(on_linux, Program)
    assert on_linux.command == (f"{tmp_path}/espeak-ng", "--stdin")


def test_the_older_espeak_is_used_where_it_is_the_only_one(tmp_path: Path) -> None:
    engine = find_engine("en", espeak(tmp_path, "espeak").path, "linux")
    assert isinstance(engine, Program)
    assert engine.command == (f"{tmp_path}/espeak", "--stdin", "-v", "en")


@pytest.mark.parametrize("system", ["darwin", "linux"])
def test_where_nothing_speaks_the_banner_says_so_with_a_remedy(tmp_path: Path, system: str) -> None:
    assert find_engine(None, str(tmp_path), system) is None
    assert find_engine("Alex", str(tmp_path), system) is None
    (warning,) = no_voice(system).warnings
    assert ("espeak-ng" if system == "linux" else "say") in warning


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("albert", "Albert"),
        ("Eddy (English (UK))", "Eddy (English (UK))"),
        ("TÜNDE", "Tünde"),
        ("bad news", "Bad News"),
    ],
)
def test_a_voice_of_say_goes_by_its_whole_name(tmp_path: Path, name: str, exact: str) -> None:
    engine = find_engine(name, say(tmp_path).path, "darwin")
    assert isinstance(engine, Program)
    assert engine.command[1:] == ("-f", "-", "-v", exact)


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("de", "de"),
        ("EN", "en"),
        ("en-GB", "en-gb"),
        ("English (Great Britain)", "gmw/en"),
        ("english_(great_britain)", "gmw/en"),
        ("gmw/de", "gmw/de"),
        ("de+f3", "de+f3"),
        ("zh", "zh"),
    ],
)
def test_a_voice_of_espeak_goes_by_language_name_or_file(tmp_path: Path, name: str, exact: str) -> None:
    engine = find_engine(name, espeak(tmp_path).path, "linux")
    assert isinstance(engine, Program)
    assert engine.command[2:] == ("-v", exact)


@pytest.mark.parametrize("name", ["Nobody", "Eddy", "-r", "", "en_US"])
def test_an_unknown_voice_is_refused_with_the_command_that_lists_them(tmp_path: Path, name: str) -> None:
    if not name:
        assert find_engine(name, say(tmp_path).path, "darwin") == find_engine(None, str(tmp_path), "darwin")
        return
    with pytest.raises(OutputError) as on_mac:
        find_engine(name, say(tmp_path).path, "darwin")
    assert "say -v '?'" in on_mac.value.hint
    with pytest.raises(OutputError) as on_linux:
        find_engine(name, espeak(tmp_path).path, "linux")
    assert "espeak-ng --voices" in on_linux.value.hint
    assert repr(name) in on_linux.value.message


def test_an_engine_that_does_not_list_its_voices_is_explained(tmp_path: Path) -> None:
    broken = StandIn(tmp_path, "#!/bin/sh\nexit 3\n")
    with pytest.raises(OutputError, match="does not list its voices"):
        find_engine("en", broken.path, "linux")


@needs.tool("espeak-ng")
def test_the_real_espeak_accepts_every_name_that_is_offered() -> None:
    import subprocess

    engine = find_engine("en", platform="linux")
    assert isinstance(engine, Program)
    known = exact_names(voices_of(engine))
    assert len(known) > 50
    for exact in list(dict.fromkeys(known.values()))[::23]:
        asked = [engine.command[0], "-q", "-v", exact, "--stdin"]
        assert subprocess.run(asked, input=b"hello", capture_output=True).returncode == 0, exact
