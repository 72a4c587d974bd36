"""Neural voices: mlx-audio's own class, with random weights, computes the sound that reaches the loudspeaker."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.audio.neural import find_neural_voice, neural_voices
from app.audio.playback import Player
from app.errors import OutputError
from tests import needs
from tests.audio.loudspeaker import card, recorded, run
from tests.audio.tiny_voice import RATE
from tests.terminal.stage import ROOT
from tests.waiting import LIMIT_S

pytestmark = needs.module("mlx_audio")

SPEAKING = """
import sys
from pathlib import Path
from app.audio.neural import find_neural_voice
from app.audio.playback import Player
from app.audio.speech import Speech
from tests.terminal.stage import notice, sentence
from tests.waiting import until
alba = find_neural_voice("pocket:Alba", Player(), Path("{voices}"))
voice = Speech(alba, lambda notice: print(notice.text, notice.hint))
def say(text, kind="scene"):
    voice.tell(sentence(text, kind))
"""


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by a process of its own: MLX's streams belong to a thread."""
    folder = tmp_path_factory.mktemp("voices")
    subprocess.run([sys.executable, "-m", "tests.audio.tiny_voice", str(folder / "pocket")], cwd=ROOT, check=True)
    return folder


def spoken(voices: Path, folder: Path, then: str) -> str:
    return run(SPEAKING.format(voices=voices) + then, {**card(folder), "HF_HUB_OFFLINE": "1"})


@needs.platform("linux")
def test_a_sentence_comes_out_of_the_loudspeaker_whole_and_without_torch_or_scipy(voices: Path, tmp_path: Path) -> None:
    """A second a word and two more, which is as long as this model may speak; it takes the full stop for a word."""
    then = """
from threading import Event
say("circle", "answer")  # never too late, however long it takes to load
voice.finish(Event(), 600)
voice.close()
print([name for name in ("torch", "scipy", "misaki", "spacy") if name in sys.modules])
"""
    assert spoken(voices, tmp_path, then) == "[]\n"
    heard = recorded(tmp_path)
    assert len(heard[heard[:, 0] != 0]) == pytest.approx(4 * RATE, rel=0.01)
    assert np.abs(heard).max() > 0.05


@needs.platform("linux")
def test_a_cut_ends_it_in_the_middle_of_a_sentence(voices: Path, tmp_path: Path) -> None:
    then = f"""
from tests.audio.loudspeaker import recorded
whole = Player.play_all
def held(player, pieces, rate, until):
    whole(player, held_back(pieces, until), rate, until)
def held_back(pieces, until):
    yield next(pieces)
    until.wait({LIMIT_S})  # the rest is computed once it is cut: the cut alone can keep it from being heard
    yield from pieces
Player.play_all = held
say("A red circle is at the top left .", "answer")
until(lambda: recorded(Path("{tmp_path}")).any())
voice.close()
until(lambda: not voice.thread.is_alive())
"""
    assert spoken(voices, tmp_path, then) == ""
    heard = recorded(tmp_path)[:, 0]
    assert 0 < len(heard[heard != 0]) < 9 * RATE


@needs.platform("linux")
def test_a_spoilt_model_is_told_and_then_it_is_silent(voices: Path, tmp_path: Path) -> None:
    (tmp_path / "pocket" / "voices").mkdir(parents=True)
    for name in ("pocket/config.json", "pocket/tokenizer.json"):
        (tmp_path / name).write_bytes((voices / name).read_bytes())
    (tmp_path / "pocket/voices/alba.safetensors").write_bytes(b"")
    said = spoken(tmp_path, tmp_path, f"say('A circle.'); voice.thread.join({LIMIT_S}); voice.close()")
    assert "Speech is off: cannot load pocket:Alba: No weight files" in said
    assert "hf download" in said
    assert "--no-speak" in said


def test_voices_are_found_in_the_folder_of_their_model(voices: Path) -> None:
    (voices / "pocket/embeddings/._jean.safetensors").write_bytes(b"\0\5\x16\7")  # as macOS does on other disks
    assert [each.name for each in neural_voices(voices)] == ["pocket:alba", "pocket:jean"]
    assert find_neural_voice("POCKET:Jean", Player(), voices).embedding == voices / "pocket/embeddings/jean.safetensors"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("pocket:nobody", "pocket has no voice 'nobody'", "./run.sh voices"),
        ("pocket:", "pocket has no voice ''", "./run.sh voices"),
        ("other:alba", "the neural voices of 'other' are not installed", "hf download"),
    ],
)
def test_a_missing_voice_or_model_is_explained(voices: Path, name: str, message: str, hint: str) -> None:
    with pytest.raises(OutputError) as refused:
        find_neural_voice(name, Player(), voices)
    assert refused.value.message == message
    assert hint in refused.value.hint


