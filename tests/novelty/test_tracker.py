"""What is told, known or held: short stories, and long ones with chance in them."""

import random
from collections.abc import Callable, Sequence

import pytest

from app.novelty import NoveltyTracker, Verdict
from tests.sweeps import spread

LEFT, TOP, CENTER = "A red circle is on the left.", "A red circle is at the top.", "A red circle is in the center."
MAN, HIS, WOMAN = "A man sits at a desk.", "The man is sitting at his desk.", "A woman sits at a desk."
Look = tuple[float, bool, str, str]
"""Media time, whether the pixels have changed, what the model says (sentences, by |), the verdicts."""


def verdicts(news: NoveltyTracker, look: Look) -> str:
    at, has_changed, said, _ = look
    news.begin(at, has_changed=has_changed)
    return " ".join(news.judge(sentence) for sentence in said.split("|"))


@pytest.mark.parametrize(
    "story",
    [
        pytest.param([(0, True, MAN, "new"), (1, True, HIS, "known"), (2, True, MAN, "known")], id="the same"),
        pytest.param([(0, True, LEFT, "new"), (1, True, TOP, "new"), (2, True, CENTER, "new")], id="three places"),
        pytest.param([(0, True, f"{MAN}|{HIS}", "new known")], id="twice in one description"),
        pytest.param(
            [(0, True, f"{MAN}|A cat lies on a bed.", "new new"), (1, True, "The cat is lying on the bed.", "known")],
            id="each sentence of a description stands",
        ),
        pytest.param(
            [(0, True, LEFT, "new"), (1, True, TOP, "new"), (2, True, LEFT, "held"), (2.4, False, LEFT, "new")],
            id="what comes back is told a look later",
        ),
        pytest.param(
            [
                (0, True, LEFT, "new"),
                (1, True, TOP, "new"),
                (2, True, LEFT, "held"),
                (2.4, False, TOP, "known"),
                (3.4, True, LEFT, "held"),
                (3.8, False, LEFT, "held"),
                (4.2, False, LEFT, "new"),
            ],
            id="what was held and not said again is forgotten, and trusted less",
        ),
        pytest.param(
            [(0, True, LEFT, "new"), (1, True, TOP, "new"), (62, True, LEFT, "new")],
            id="what comes back after a minute is told at once",
        ),
        pytest.param(
            [(0, True, MAN, "new"), (60, False, WOMAN, "held"), (60.4, False, WOMAN, "new")],
            id="other words for the same pixels must be said twice",
        ),
        pytest.param(
            [(0, True, MAN, "new"), (60, False, WOMAN, "held"), (60.4, False, MAN, "known")],
            id="other words for the same pixels that are not said again are forgotten",
        ),
        pytest.param(
            [(0, True, MAN, "new"), (60, False, WOMAN, "held"), (60.4, False, LEFT, "held"), (61, False, TOP, "held")],
            id="a model that says something else each time is not believed",
        ),
        pytest.param(
            [
                (0, True, MAN, "new"),
                (60, False, "A woman with a hat sits at a desk.", "held"),
                (60.4, False, WOMAN, "new"),
            ],
            id="with less detail it is still said again",
        ),
        pytest.param(
            [(0, True, MAN, "new"), (60, False, f"{WOMAN}|{WOMAN}", "held held"), (61, False, WOMAN, "new")],
            id="twice in one description is not two looks",
        ),
        pytest.param(
            [
                (0, True, "A person sits at a desk.", "new"),
                (1, True, MAN, "new"),
                (2, True, "A person sits at a desk.", "known"),
                (3, True, MAN, "known"),
            ],
            id="the fuller wording stays the one to compare with",
        ),
        pytest.param(
            [(50, True, LEFT, "new"), (51, True, TOP, "new"), (0, True, LEFT, "new"), (1, True, TOP, "new")],
            id="a source that starts over is a new story",
        ),
        pytest.param(
            [(0, True, f"{LEFT}|A blue star is in the top right.", "new new"), (1, True, "The scene is empty.", "new")],
            id="an empty scene",
        ),
    ],
)
def test_a_story_is_told_so(story: Sequence[Look]) -> None:
    news = NoveltyTracker()
    assert [verdicts(news, look) for look in story] == [look[3] for look in story]


def told(says: Callable[[float], str], has_changed: Callable[[float], bool], seconds: float = 600) -> list[float]:
    """When something was told, at a look a second, and one 0.4 s after what was held."""
    news, at, times = NoveltyTracker(), 0.0, []
    while at < seconds:
        news.begin(at, has_changed=has_changed(at))
        verdict: Verdict = news.judge(says(at))
        if verdict == "new":
            times.append(at)
        at += 0.4 if verdict == "held" else 1.0
    return times


@pytest.mark.parametrize("seed", spread(range(8), 1))
@pytest.mark.parametrize("wordings", [(LEFT, TOP), (LEFT, TOP, CENTER), (MAN, MAN, MAN, WOMAN)])
@pytest.mark.parametrize("changed", [0.0, 0.5, 1.0], ids=["still", "restless", "noisy"])
def test_ten_minutes_of_wavering_are_a_handful_of_sentences(seed: int, wordings: Sequence[str], changed: float) -> None:
    chance = random.Random(seed)
    times = told(lambda _: chance.choice(wordings), lambda at: at == 0 or chance.random() < changed)
    assert 1 <= len(times) <= 10


@pytest.mark.parametrize("period", [3, 5, 10, 20])
def test_a_scene_that_truly_takes_turns_is_told_each_time_within_two_seconds(period: float) -> None:
    seen: list[str] = []

    def says(at: float) -> str:
        seen.append((LEFT, TOP)[int(at // period) % 2])
        return seen[-1]

    times = told(says, lambda at: not seen or seen[-1] != (LEFT, TOP)[int(at // period) % 2])
    assert [at // period for at in times] == list(range(600 // int(period)))
    assert max(at % period for at in times) <= 2.0


def test_what_is_stable_at_last_is_told_however_much_wavered_before() -> None:
    chance = random.Random(3)
    times = told(lambda at: TOP if at > 300 else chance.choice((LEFT, CENTER)), lambda _: False, 320)
    assert times[-1] <= 302
    times = told(lambda at: LEFT if at > 300 else chance.choice((LEFT, TOP, CENTER)), lambda _: False, 320)
    assert times[-1] <= 310
