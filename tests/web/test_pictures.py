"""Pictures for people who look on: the newest, each once, and none of the past."""

import asyncio
import json
import time

import numpy as np

from app.events import Frame, FramePreview
from app.web.pictures import FRESH_S, Pictures


def glimpse(number: int) -> FramePreview:
    return FramePreview(Frame(np.full((6, 8, 3), 9 * number, np.uint8), time.monotonic(), float(number), number))


def seen(pictures: Pictures, after: int, *coming: FramePreview) -> list[int]:
    """The numbers of the pictures that a window is shown while these come, one after the other."""

    async def work() -> list[int]:
        numbers, number = [], after
        for each in (None, *coming):
            looking = asyncio.create_task(pictures.next(number))
            await asyncio.sleep(0)
            if each:
                assert pictures.wanted.is_set()
                pictures.show(each)
                await asyncio.sleep(0)
            for _ in range(3):
                await asyncio.sleep(0)
            if looking.done():
                number, head, data = looking.result()
                assert json.loads(head)["number"] == number
                assert data.startswith(b"\xff\xd8\xff")
                numbers.append(number)
            else:
                looking.cancel()
        return numbers

    return asyncio.run(work())


def test_a_window_that_comes_is_shown_the_newest_picture_and_then_each_once() -> None:
    pictures = Pictures()
    pictures.show(glimpse(1))
    assert seen(pictures, -1, glimpse(2), glimpse(3)) == [1, 2, 3]
    assert seen(pictures, 3) == []


def test_a_window_that_comes_late_is_shown_nothing_of_the_past() -> None:
    pictures = Pictures()
    pictures.show(glimpse(1))
    pictures.shown_at -= FRESH_S
    assert seen(pictures, -1, glimpse(2)) == [2]
