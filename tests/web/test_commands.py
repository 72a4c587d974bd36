"""JSON to commands: what is taken, and that everything else is explained."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import UsageError
from app.events import LONGEST_QUESTION, LiveSettings, SetVoice, UpdateSettings
from app.web import commands

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["prompt", "verbosity", "every", "watches", "voice", "thumbnails", "question", "is_stopped", "source", "model"]
)


def test_a_setup_takes_what_is_given_and_leaves_the_rest() -> None:
    given = {
        "prompt": "Where?",
        "every": 2,
        "watches": ["a cat", "a cat", " a  dog"],
        "voice": False,
        "thumbnails": True,
    }
    asked = commands.arranged(given, 0.4)
    arrange, voicing = asked.commands
    assert isinstance(arrange, UpdateSettings)
    before = LiveSettings("Old", "quiet", None, (), True)
    assert replace(before, **arrange.changes) == LiveSettings("Where?", "quiet", 2.0, ("a cat", "a dog"), True)
    assert voicing == SetVoice(False)
    assert asked.thumbnails is True
    assert commands.arranged({}, 0.4) == commands.Asked([], None)


def test_the_least_time_between_looks_is_the_narrators_own_pace() -> None:
    (arrange,) = commands.arranged({"every": 0.4}, 0.4).commands
    assert isinstance(arrange, UpdateSettings)
    assert replace(LiveSettings(every=5.0), **arrange.changes).every is None


@pytest.mark.parametrize(
    "body",
    [
        *({"every": wrong} for wrong in (0.1, -1, 1e9, "2", True, None, float("nan"), float("inf"), [1])),
        *({"verbosity": wrong} for wrong in ("loud", "", None, 1, ["full"])),
        *(
            {"watches": wrong}
            for wrong in ("a cat", ["a"] * 9, [""], [1], None, [["a"]], ["x" * (LONGEST_QUESTION + 1)])
        ),
        *({"prompt": wrong} for wrong in (None, 1, "x" * (commands.LONGEST_PROMPT + 1))),
        *({"voice": wrong} for wrong in (None, 1, "true")),
        {"thumbnails": 1},
        {"camera": "x"},
    ],
)
def test_what_cannot_be_set_is_explained(body: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as failure:
        commands.arranged(body, 0.4)
    assert failure.value.message
    assert failure.value.hint


@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_whatever_is_sent_becomes_commands_or_an_explanation(body: dict[str, Any]) -> None:
    for read in (commands.question, commands.switched, lambda each: commands.arranged(each, 0.4)):
        with suppress(UsageError):  # and nothing else
            read(body)
