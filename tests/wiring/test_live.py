"""What a live run is made of, by its settings."""

import threading
from pathlib import Path

import pytest

from app import cli
from app.card import Card
from app.conditions import Conditions
from app.governor import Governor
from app.pace import GovernedPace, Pace
from app.settings import Settings
from app.vision.scripted import ScriptedDescriber
from app.wiring.models import Chosen
from app.wiring.stage import open_pace

MODEL = Chosen(Path("nowhere"), Card("scripted"), "scripted")
DESCRIBER = ScriptedDescriber(["A man."], image_tokens=49)


class Unasked:
    """A sensor of a machine with all it needs."""

    conditions = Conditions()

    def close(self) -> None:
        pass


def sensing() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "power"]


def test_a_steady_pace_is_the_default_and_runs_no_sensor() -> None:
    pace = open_pace(DESCRIBER, MODEL, Settings(every=0.5))
    assert isinstance(pace, Pace)
    assert (pace.effort.every, pace.effort.image_tokens) == (0.5, None)
    assert not sensing()


def test_pace_auto_governs_by_the_describers_choices_until_it_is_closed() -> None:
    pace = open_pace(DESCRIBER, MODEL, Settings(every=0.5, pace="auto"))
    assert isinstance(pace, GovernedPace)
    assert (pace.effort.every, pace.effort.image_tokens) == (0.5, 49)
    assert sensing()
    pace.close()
    assert not sensing()


def test_a_reader_that_waits_for_every_caption_has_no_pace_to_govern(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--pace", "auto", "--asap"]) == 2
    assert capsys.readouterr().err.startswith("error: --asap waits for every caption")


def test_what_fewer_tokens_are_worth_is_said_where_there_are_any_to_choose_from() -> None:
    assert Pace(1.0).warnings == ()
    assert GovernedPace(Governor((49,), 1.0), Unasked()).warnings == ()
    (note,) = GovernedPace(Governor((49, 25), 1.0), Unasked()).warnings
    assert "sight test" in note
    assert "not how well" in note
