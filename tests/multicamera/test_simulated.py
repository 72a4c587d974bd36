"""The real loop, a server that is arithmetic: nothing waits in a queue, and what is too much is too much for all."""

from threading import Thread

import pytest

from scripts.crowd.clock import Turn, VirtualClock
from scripts.crowd.simulated import FPS, LOOK_S, Case, Lived, live
from tests.waiting import LIMIT_S, until

SLOW = ((1, 0.5), (4, 0.8), (16, 2.4))
"""A server that takes 5 captions a second at 4 at once, and 6.7 at 16."""


@pytest.fixture(scope="module")
def crowded() -> Lived:
    """16 cameras that want 16 descriptions a second."""
    return live(Case(cameras=16, at_once=4, curve=SLOW, seconds=30.0, changes_s=1.0))


def test_never_more_questions_are_under_way_than_the_server_takes(crowded: Lived) -> None:
    assert crowded.most == 4


def test_every_frame_is_of_the_moment_at_which_it_is_asked_about(crowded: Lived) -> None:
    assert max(crowded.asked_s) <= 1 / FPS + 16 * LOOK_S


def test_the_server_is_kept_busy_and_every_camera_has_its_share(crowded: Lived) -> None:
    assert sum(crowded.shares) / crowded.case.seconds > 0.9 * 4 / 0.8
    assert crowded.jain > 0.97
    assert min(crowded.shares) >= 0.7 * sum(crowded.shares) / 16


def test_where_there_is_time_everything_is_told_soon() -> None:
    lived = live(Case(cameras=4, at_once=4, curve=((1, 0.05), (4, 0.08)), seconds=30.0, changes_s=3.0))
    assert min(lived.shares) >= 0.8 * 30 / 3.0
    assert max(lived.told_s) < 0.3


def test_the_clock_goes_to_the_earliest_once_all_wait_for_it_or_for_the_turn() -> None:
    clock, seen = VirtualClock(2), list[tuple[str, float]]()
    turn = Turn(clock)

    def work(name: str, nap_s: float) -> None:
        with turn:
            clock.sleep(nap_s)
            seen.append((name, clock.now()))
        clock.sleep(100.0)

    threads = [Thread(target=work, args=each) for each in (("Door", 2.0), ("Yard", 2.0))]
    for each in threads:
        each.start()
    until(lambda: len(seen) == 2)
    clock.end()
    for each in threads:
        each.join(LIMIT_S)
    assert [at for _, at in seen] == [2.0, 4.0]
