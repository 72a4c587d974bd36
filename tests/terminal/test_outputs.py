"""What every output promises, whichever it is."""

import io
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from threading import Event

import pytest

from app.audio.earcons import Earcons
from app.audio.speech import Speech
from app.audio.tts import Program
from app.audio.vad import Microphone
from app.events import Mute
from app.outputs.fanout import Fanout
from app.outputs.hook import Hook
from app.outputs.log import Log
from app.outputs.subtitles import Subtitles
from app.protocols import Output
from app.terminal.lines import JsonLines, PlainLines
from app.terminal.live import LiveTerminal
from tests.terminal.feed import Screen
from tests.terminal.stage import again, asking, growing, notice, sentence, status


class Nothing:
    """A loudspeaker for tests that look elsewhere."""

    def play(self, samples: object, rate: int, until: Event) -> None:
        pass


QUIET = Program("cat", ("cat",), ())
SCREENS: dict[str, Callable[[], Screen]] = {
    "terminal": lambda: LiveTerminal(io.StringIO(), io.StringIO()),
    "plain": lambda: PlainLines(io.StringIO(), io.StringIO()),
    "json": lambda: JsonLines(io.StringIO(), io.StringIO()),
}
OUTPUTS: dict[str, Callable[[Path], Output]] = {
    **{name: lambda _folder, make=make: make() for name, make in SCREENS.items()},
    "log": lambda folder: Log(folder / "a.jsonl", pytest.fail),
    "subtitles": lambda folder: Subtitles(folder / "a.vtt", pytest.fail),
    "hook": lambda _folder: Hook("true {text}", pytest.fail),
    "earcons": lambda _folder: Earcons(Nothing(), pytest.fail),
    "microphone": lambda _folder: Microphone(pytest.fail, lambda _heard: nullcontext()),
    "voice": lambda _folder: Speech(QUIET, pytest.fail),
    "fanout": lambda folder: Fanout([PlainLines(io.StringIO(), io.StringIO()), Log(folder / "b.jsonl", pytest.fail)]),
}


@pytest.mark.parametrize("make", OUTPUTS.values(), ids=OUTPUTS)
def test_every_output_takes_everything_and_can_be_closed_twice(make: Callable[[Path], Output], tmp_path: Path) -> None:
    before = threading.active_count()
    output = make(tmp_path)
    assert output.banner.name
    for _ in range(2):
        for each in (growing(), status(), notice(), sentence(), asking(), Mute(True), again(), Mute(False)):
            output.tell(each)
        output.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("make", SCREENS.values(), ids=SCREENS)
def test_every_screen_ends_when_told_and_has_shown_all(make: Callable[[], Screen]) -> None:
    screen, until = make(), Event()

    def tell() -> None:
        for number in range(20):
            screen.tell(sentence(f"Number {number}."))
        until.set()

    teller = threading.Thread(target=tell)
    teller.start()
    assert screen.run(until)
    teller.join()
    out = screen.out.file if isinstance(screen, LiveTerminal) else screen.stdout  # type: ignore[attr-defined]
    assert [f"Number {number}." in out.getvalue() for number in range(20)] == [True] * 20
    screen.close()
