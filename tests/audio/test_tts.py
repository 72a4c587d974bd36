"""Finding what speaks, and refusing a voice that it has not."""

from pathlib import Path

import numpy as np
import pytest

from app.audio.tts import (
    Program,
    VoiceInfo,
    find_engine,
    installed_voices,
    no_voice,
    problem_of,
    voice_identifiers,
    voices_of,
)
from app.errors import OutputError
from tests import needs
from tests.audio.loudspeaker import card, recorded, run, sound
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


@pytest.mark.parametrize(
    ("returncode", "lines", "problem"),
    [
        (0, [], ""),
        (0, ["ALSA lib pcm.c: underrun occurred"], ""),
        (0, ["ALSA lib pcm.c: Unknown PCM default", "error: No such file or directory"], "found no audio device"),
        (0, ["error: Device or resource busy"], "cannot play sound: Device or resource busy"),
        (3, ["first", "no such device"], "failed: exit code 3: no such device"),
        (7, [], "failed: exit code 7"),
        (-9, [], "failed: ended by signal 9"),
    ],
)
def test_what_a_program_says_and_how_it_ends_tells_what_went_wrong(
    returncode: int, lines: list[str], problem: str
) -> None:
    assert problem_of(returncode, lines) == problem


@needs.tool("espeak-ng")
def test_the_real_espeak_accepts_every_name_that_is_offered() -> None:
    import subprocess

    engine = find_engine("en", platform="linux")
    assert isinstance(engine, Program)
    known = voice_identifiers(voices_of(engine))
    assert len(known) > 50
    for exact in list(dict.fromkeys(known.values()))[::23]:
        asked = [engine.command[0], "-q", "-v", exact, "--stdin"]
        assert subprocess.run(asked, input=b"hello", capture_output=True).returncode == 0, exact


def neural(folder: Path) -> Path:
    """Two models, of which one lacks its config.json."""
    for name in ("pocket/embeddings/alba", "pocket/voices/mine", "half/voices/nobody"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.safetensors").touch()
    (folder / "pocket/config.json").touch()
    return folder


def named(known: list[VoiceInfo]) -> list[tuple[str, str, str]]:
    return [(each.name, each.engine, each.language) for each in known]


def test_a_mac_lists_what_say_has_and_the_neural_ones(tmp_path: Path) -> None:
    known = installed_voices(say(tmp_path).path, "darwin", neural(tmp_path / "voices"))
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
    assert named(installed_voices(espeak(tmp_path).path, "linux", tmp_path / "none")) == [
        ("German", "espeak-ng", "de"),
        ("English (Great Britain)", "espeak-ng", "en-gb"),
        ("Chinese (Mandarin, latin as English)", "espeak-ng", "cmn"),
    ]


@pytest.mark.parametrize("system", ["darwin", "linux"])
def test_every_name_that_is_listed_is_accepted(tmp_path: Path, system: str) -> None:
    path = (say if system == "darwin" else espeak)(tmp_path).path
    for each in installed_voices(path, system, tmp_path / "none"):
        engine = find_engine(each.name, path, system)
        assert isinstance(engine, Program)
        assert engine.command[-2:] == ("-v", each.identifier)


ON_LINUX = needs.platform("linux")

CHOOSING = """
from threading import Event
from app.errors import OutputError
from app.audio.tts import find_engine
def chosen(voice=None, path=None, platform="linux", device="itchenette"):
    return find_engine(voice, path, platform, device)
never = Event()
"""


@ON_LINUX
@needs.tool("espeak-ng")
@pytest.mark.parametrize("text", ["Hello.", "A red circle is at the top left, and a blue square is below it."])
def test_espeak_is_played_on_the_chosen_loudspeaker(tmp_path: Path, text: str) -> None:
    """22,050 samples a second; some eighteen letters, too."""
    run(CHOOSING + f"chosen('en-us').speak({text!r}, never)", card(tmp_path))
    heard = sound(recorded(tmp_path, "kitchenette"))
    assert len(text) / 30 < len(heard) / 22_050 < 0.5 + len(text) / 9
    assert np.abs(heard).max() > 0.05
    assert not len(sound(recorded(tmp_path)))


@ON_LINUX
def test_say_is_told_the_whole_name_of_the_chosen_loudspeaker(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, name="say")
    stand_in.let_go()
    then = f"chosen(None, {stand_in.path!r}, 'darwin').speak('Hello.', never)"
    run(CHOOSING + then, card(tmp_path))
    assert "-f - -a kitchenette | Hello." in stand_in.log[0]


@ON_LINUX
def test_a_loudspeaker_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    then = "try: chosen(device='attic')\nexcept OutputError as failure: print(failure)"
    assert "no audio output has 'attic' in the name" in run(CHOOSING + then, card(tmp_path))


@ON_LINUX
def test_espeak_that_writes_no_sound_is_explained(tmp_path: Path) -> None:
    mute = StandIn(tmp_path, "#!/bin/sh\necho nothing\n")
    then = f"""
try: chosen(None, {mute.path!r}).speak("Hello.", never)
except OutputError as failure: print(failure)
"""
    said = run(CHOOSING + then, card(tmp_path))
    assert "error: the voice produced no sound: file does not start with RIFF id" in said


