"""Every engine on the loudspeaker that was chosen: real espeak-ng and PortAudio, `say` as a stand-in."""

from pathlib import Path

import numpy as np
import pytest

from app.audio.engines import with_device
from app.audio.tts import Program
from tests import needs
from tests.audio.loudspeaker import card, recorded, run, sound
from tests.terminal.stage import StandIn

pytestmark = needs.platform("linux")

CHOOSING = """
from threading import Event
from app.errors import OutputError
from app.audio.engines import find_engine
def chosen(voice=None, path=None, platform="linux", device="itchenette"):
    return find_engine(voice, path, platform, device)
never = Event()
"""


@needs.tool("espeak-ng")
@pytest.mark.parametrize("text", ["Hello.", "A red circle is at the top left, and a blue square is below it."])
def test_espeak_is_played_on_the_chosen_loudspeaker(tmp_path: Path, text: str) -> None:
    """22,050 samples a second; some eighteen letters, too."""
    run(CHOOSING + f"chosen('en-us').speak({text!r}, never)", card(tmp_path))
    heard = sound(recorded(tmp_path, "kitchenette"))
    assert len(text) / 30 < len(heard) / 22_050 < 0.5 + len(text) / 9
    assert np.abs(heard).max() > 0.05
    assert not len(sound(recorded(tmp_path)))


@needs.tool("espeak-ng")
def test_espeak_cut_before_it_is_played_is_not_heard(tmp_path: Path) -> None:
    run(CHOOSING + "never.set(); chosen().speak('Hello.', never)", card(tmp_path))
    assert not recorded(tmp_path, "kitchenette").any()


def test_say_is_told_the_whole_name_of_the_chosen_loudspeaker(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, name="say")
    stand_in.let_go()
    then = f"chosen(None, {stand_in.path!r}, 'darwin').speak('Hello.', never)"
    run(CHOOSING + then, card(tmp_path))
    assert "-f - -a kitchenette | Hello." in stand_in.log[0]


def test_a_loudspeaker_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    then = "try: chosen(device='attic')\nexcept OutputError as failure: print(failure)"
    assert "No loudspeaker has 'attic' in the name" in run(CHOOSING + then, card(tmp_path))


def test_espeak_that_writes_no_sound_is_explained(tmp_path: Path) -> None:
    mute = StandIn(tmp_path, "#!/bin/sh\necho nothing\n")
    then = f"""
try: chosen(None, {mute.path!r}).speak("Hello.", never)
except OutputError as failure: print(failure)
"""
    assert "error: The voice wrote no sound: file does not start with RIFF id" in run(CHOOSING + then, card(tmp_path))


def test_only_espeak_is_played_for() -> None:
    assert with_device(Program("say", ("say",), ()), "Kitchen").player is None
    player = with_device(Program("espeak-ng", ("espeak-ng",), ()), "Kitchen").player
    assert player
    assert player.device == "Kitchen"
