"""The governor, on simulated machines and a simulated clock: it helps, it comes back, and it does not oscillate."""

import math
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.conditions import Conditions
from app.governor import HEAT_S, JUDGED, STRETCHES, WAIT_S, Effort, Governor
from tests.simulated import HOUR_S, Lived, Machine, live

CHOICES = (64, 49, 36, 25, 16)
COOL, BATTERY = Conditions(), Conditions(is_on_battery=True)
WARM, HOT = Conditions(heat="warm"), Conditions(heat="hot")


def judged(governor: Governor, captions_s: list[float], conditions: Conditions = COOL, start: float = 0.0) -> Effort:
    """The effort after these captions, one a second."""
    effort = governor.effort(conditions)
    for number, caption_s in enumerate(captions_s):
        effort = governor.judge(caption_s, conditions, start + number)
    return effort


def test_it_starts_with_everything_as_asked() -> None:
    assert Governor(CHOICES, 1.0).effort(COOL) == Effort(64, 1.0)
    assert Governor(CHOICES, 1.0).effort(COOL).words == ""


def test_captions_that_fall_behind_get_fewer_tokens_at_once_and_as_many_fewer_as_it_takes() -> None:
    assert judged(Governor(CHOICES, 1.0), [1.1] * JUDGED).image_tokens == 49
    assert judged(Governor(CHOICES, 1.0), [1.9] * JUDGED).image_tokens == 25
    assert judged(Governor(CHOICES, 1.0), [99.0] * JUDGED).image_tokens == 16
    assert judged(Governor(CHOICES, 1.0), [1.1] * JUDGED).every == 1.0


@pytest.mark.parametrize("captions_s", [[0.5] * 7 + [9.0], [9.0] * 6 + [0.5] * 2, [9.0] * (JUDGED - 1), [1.0] * 50])
def test_outliers_few_captions_and_the_very_limit_change_nothing(captions_s: list[float]) -> None:
    assert judged(Governor(CHOICES, 1.0), captions_s) == Effort(64, 1.0)


def test_the_first_caption_after_a_change_is_not_judged() -> None:
    governor = Governor(CHOICES, 1.0)
    judged(governor, [1.1] * JUDGED)
    assert judged(governor, [30.0] + [0.9] * (JUDGED - 1)).image_tokens == 49
    assert len(governor.captions_s) == JUDGED - 1


def test_it_goes_up_after_a_wait_and_only_where_the_captions_would_fit() -> None:
    governor = Governor(CHOICES, 1.0)
    judged(governor, [1.3] * JUDGED)  # 64 → 36
    assert judged(governor, [0.7] * 500, start=JUDGED).image_tokens == 36  # 0.95 s with 49 by the ratio of tokens
    assert judged(governor, [0.6] * 60, start=600).image_tokens == 49
    assert judged(governor, [0.3] * 60, start=660).image_tokens == 49  # too soon
    assert judged(governor, [0.3] * 60, start=720).image_tokens == 64


def test_what_was_measured_at_the_step_above_is_believed_before_the_ratio_of_tokens() -> None:
    governor = Governor(CHOICES, 1.0)
    judged(governor, [0.8] * 30)
    judged(governor, [1.2] * JUDGED, start=30)
    assert judged(governor, [0.74] * 30, start=31 + 2 * WAIT_S).image_tokens == 64  # by the ratio: 0.97 s


def test_what_was_measured_under_load_alone_is_not_believed() -> None:
    governor = Governor(CHOICES, 1.0)
    judged(governor, [0.4] * 30)
    judged(governor, [2.0] * JUDGED, start=30)  # 64 → 25
    assert judged(governor, [0.8] * 60, start=40 + 2 * WAIT_S).image_tokens == 25  # the load is still there


def test_a_step_up_that_is_taken_back_doubles_the_wait_and_one_that_lasts_shortens_it() -> None:
    governor = Governor(CHOICES, 1.0)
    judged(governor, [1.1] * JUDGED)
    judged(governor, [0.5] * 60, start=2 * WAIT_S)
    assert governor.tokens.step == 0
    judged(governor, [1.1] * 12, start=3 * WAIT_S)
    assert (governor.tokens.step, governor.tokens.wait_s) == (1, 2 * WAIT_S)
    judged(governor, [0.5] * 60, start=6 * WAIT_S)
    assert governor.tokens.step == 0
    judged(governor, [1.1] * 12, start=60 * WAIT_S)
    assert governor.tokens.wait_s == WAIT_S


def test_a_battery_means_half_the_looks_each_as_good_as_before() -> None:
    governor = Governor(CHOICES, 1.0)
    assert governor.judge(0.3, BATTERY, 0.0) == Effort(64, 2.0)
    assert judged(governor, [0.3] * 500, BATTERY, start=1.0) == Effort(64, 2.0)


def test_heat_takes_looks_first_and_tokens_only_if_it_stays() -> None:
    governor, efforts = Governor(CHOICES, 1.0), []
    for minute in range(0, 30, 3):
        assert HEAT_S == 180
        efforts.append(governor.judge(0.3, HOT, minute * 60.0))
    assert [(each.image_tokens, each.every) for each in efforts[:5]] == [(64, 2), (64, 4), (49, 4), (36, 4), (25, 4)]
    assert efforts[-1] == Effort(16, 4.0)


def test_what_heat_took_comes_back_in_the_opposite_order_and_not_while_it_is_warm() -> None:
    governor = Governor(CHOICES, 1.0)
    for minute in range(0, 15, 3):
        governor.judge(0.3, HOT, minute * 60.0)
    lowest = judged(governor, [0.3] * 3000, WARM, start=1000)
    assert lowest == Effort(25, 4.0)
    efforts = [governor.judge(0.3, COOL, 4000.0 + 4 * number) for number in range(300)]
    order = [effort for before, effort in pairwise([lowest, *efforts]) if effort != before]
    assert [(each.image_tokens, each.every) for each in order] == [(64, 4), (64, 2), (64, 1)]


def test_what_heat_took_comes_back_whole_where_captions_keep_up_without_a_margin() -> None:
    governor = Governor(CHOICES, 1.0)
    judged(governor, [0.95] * 60)
    for minute in range(1, 16, 3):
        governor.judge(1.4, HOT, minute * 60.0)
    assert governor.effort(HOT) == Effort(25, 4.0)
    assert judged(governor, [0.7] * 30, start=1000) == Effort(64, 4.0)
    assert judged(governor, [0.95] * 600, start=1030) == Effort(64, 1.0)


def test_descriptions_without_a_word_are_not_judged() -> None:
    governor = Governor(CHOICES, 1.0)
    judged(governor, [0.0] * 60)
    assert judged(governor, [1.3] * JUDGED, start=60).image_tokens == 36
    assert judged(governor, [0.0] * 600, start=70).image_tokens == 36


def test_a_longer_interval_leaves_no_room_for_more_tokens() -> None:
    governor = Governor(CHOICES, 1.0)
    judged(governor, [1.3] * JUDGED)
    assert judged(governor, [0.9] * 1000, BATTERY, start=JUDGED) == Effort(36, 2.0)


@pytest.mark.parametrize("choices", [(), (64,)])
def test_where_tokens_cannot_be_chosen_only_looks_are_spared(choices: tuple[int, ...]) -> None:
    kept = choices[0] if choices else None
    assert judged(Governor(choices, 1.0), [5.0] * 100) == Effort(kept, 1.0)
    assert judged(Governor(choices, 1.0), [5.0] * 1000, HOT) == Effort(kept, 4.0)


def test_without_a_least_time_nothing_falls_behind_and_there_is_still_something_to_spare() -> None:
    assert judged(Governor(CHOICES, 0.0), [99.0] * 100) == Effort(64, 0.0)
    assert judged(Governor(CHOICES, 0.0), [0.3], BATTERY).every == 1.0


def test_the_words_say_what_and_why() -> None:
    governor = Governor(CHOICES, 1.0)
    assert judged(governor, [1.3] * JUDGED).words == "36 image tokens: captions fell behind"
    assert governor.judge(0.9, BATTERY, 20.0).words == (
        "36 image tokens, a look every 2 s: captions fell behind, on battery"
    )
    governor = Governor(CHOICES, 1.5)
    assert governor.judge(0.3, Conditions(True, "warm"), 0.0).words == "a look every 3 s: on battery, warm"
    assert governor.judge(0.3, COOL, 1.0).words == "a look every 3 s: for a while yet"


def test_the_notice_tells_what_is_spared_and_when_nothing_is_any_more() -> None:
    assert Governor(CHOICES, 1.0).judge(0.3, HOT, 0.0).notice == "From now on a look every 2 s: hot."
    assert Effort(64, 1.0).notice == "From now on everything as asked again."


@dataclass(frozen=True)
class Scenario:
    """A machine over eight hours, the most changes allowed, and what must hold at certain minutes."""

    machine: Machine
    most: int
    then: dict[float, Effort]
    every: float = 1.0


def in_call(now: float) -> float:
    """A video call in the second hour."""
    return 2.5 if HOUR_S <= now < 2 * HOUR_S else 1.0


SCENARIOS = {
    "a machine that keeps up is left alone": Scenario(Machine(), 0, {479: Effort(64, 1)}),
    "noise alone is no reason": Scenario(Machine(noise=0.3), 0, {479: Effort(64, 1)}),
    "captions that just keep up are left alone": Scenario(Machine(token_s=0.011, noise=0.05), 0, {479: Effort(64, 1)}),
    "a slow machine finds its place": Scenario(Machine(token_s=0.02), 8, {5: Effort(36, 1), 479: Effort(25, 1)}),
    "a hopeless machine does what it can": Scenario(Machine(fixed_s=3), 1, {1: Effort(16, 1), 479: Effort(16, 1)}),
    "a call comes and goes": Scenario(
        Machine(fixed_s=0.3, token_s=0.005, load=in_call), 6, {59: Effort(64, 1), 135: Effort(64, 1)}
    ),
    "load of two minutes in four is not followed for long": Scenario(
        Machine(load=lambda now: 3.0 if now % 240 < 120 else 1.0), 36, {}
    ),
    "load that swells and ebbs": Scenario(Machine(load=lambda now: 1.7 + math.sin(now / 300)), 36, {}),
    "unplugged for two hours": Scenario(
        Machine(is_on_battery=lambda now: HOUR_S <= now < 3 * HOUR_S),
        2,
        {59: Effort(64, 1), 61: Effort(64, 2), 179: Effort(64, 2), 183: Effort(64, 1)},
    ),
    "a loose plug": Scenario(Machine(is_on_battery=lambda now: now % 90 < 45), 1, {479: Effort(64, 2)}),
    "a plug that goes every three minutes": Scenario(
        Machine(is_on_battery=lambda now: now % 360 < 180), 6, {479: Effort(64, 2)}
    ),
    "a hot hour": Scenario(
        Machine(ambient=lambda now: 95.0 if HOUR_S <= now < 2 * HOUR_S else 25.0),
        9,
        {59: Effort(64, 1), 119: Effort(16, 4), 140: Effort(64, 1), 479: Effort(64, 1)},
    ),
    "work that heats too much": Scenario(Machine(heating=150, fixed_s=0.5), 40, {}),
    "work that heats far too much": Scenario(Machine(heating=300, fixed_s=0.5), 40, {}),
    "heat without a least time": Scenario(Machine(heating=80), 30, {}, every=0.0),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_eight_hours_on_a_simulated_machine(name: str) -> None:
    scenario = SCENARIOS[name]
    lived = live(scenario.machine, CHOICES, scenario.every)
    print(f"{name}: {len(lived.changes)} changes, by hour {by_hour(lived)}")
    assert len(lived.changes) <= scenario.most
    for minute, effort in scenario.then.items():
        assert lived.at(60 * minute) == effort, f"at minute {minute}"
    is_calm_and_bounded(lived)


def by_hour(lived: Lived) -> list[int]:
    return [lived.changes_between(hour * HOUR_S, (hour + 1) * HOUR_S) for hour in range(8)]


def is_calm_and_bounded(lived: Lived) -> None:
    """Whatever the machine does: within bounds, seldom a change, never up soon after a change of the same thing."""
    first, *later = by_hour(lived)
    assert first <= 24
    assert max(later) <= 12
    for _, effort in lived.efforts:
        assert effort.image_tokens in lived.choices
        assert effort.every in {lived.every, *(max(lived.every, 0.5) * stretch for stretch in STRETCHES)}
    for name in ("image_tokens", "every"):
        turns = [(at, getattr(effort, name)) for at, effort in [(-math.inf, Effort(64, lived.every)), *lived.changes]]
        moved = [(at, old, new) for (_, old), (at, new) in pairwise(turns) if old != new]
        is_up = (lambda old, new: new > old) if name == "image_tokens" else (lambda old, new: new < old)
        assert all(at - before >= WAIT_S for (before, *_), (at, old, new) in pairwise(moved) if is_up(old, new))


@pytest.mark.parametrize("heating", [0, 60, 90, 120, 150, 200, 250, 300, 400])
@pytest.mark.parametrize("token_s", [0.001, 0.006, 0.012, 0.018, 0.05])
def test_a_machine_that_stays_the_same_settles(heating: float, token_s: float) -> None:
    """At first it is tried what fits; in the end a step up is tried once an hour, and taken back."""
    hours = by_hour(live(Machine(token_s=token_s, heating=heating, noise=0.2)))
    print(f"heating {heating}, {token_s} s a token: {hours}")
    assert hours[0] <= 20
    assert sum(hours[4:]) <= 4 * 4


@settings(max_examples=30, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    fixed_s=st.floats(0.01, 2.0),
    token_s=st.floats(0.0, 0.05),
    noise=st.floats(0.0, 0.5),
    heating=st.floats(0.0, 400.0),
    loads=st.lists(st.floats(1.0, 4.0), min_size=1, max_size=8),
    period_s=st.floats(60.0, 7200.0),
    unplugged=st.floats(0.0, 1.0),
    seed=st.integers(0, 1000),
)
def test_no_machine_makes_it_oscillate(
    fixed_s: float,
    token_s: float,
    noise: float,
    heating: float,
    loads: list[float],
    period_s: float,
    unplugged: float,
    seed: int,
) -> None:
    machine = Machine(
        fixed_s,
        token_s,
        noise,
        load=lambda now: loads[int(now / period_s) % len(loads)],
        is_on_battery=lambda now: now % period_s < unplugged * period_s,
        heating=heating,
        seed=seed,
    )
    is_calm_and_bounded(live(machine, CHOICES))


def test_where_nothing_can_be_given_up_it_says_at_least_that_captions_fall_behind() -> None:
    effort = judged(Governor((64,), 1.0), [9.0] * (JUDGED + 1))
    assert (effort.image_tokens, effort.every, effort.words) == (64, 1.0, "captions fall behind")
