"""Asks the system now and then on a thread of its own, so that nobody who wants to know has to wait."""

import sys
from collections.abc import Callable
from threading import Event, Thread

from app.conditions import Conditions
from app.power import linux, macos

PERIOD_S = 30.0


class PowerSensor:
    """The newest conditions; plugged and cool until the first answer, and where nothing answers."""

    def __init__(self, ask: Callable[[], Conditions] | None = None, period_s: float = PERIOD_S) -> None:
        """`ask`: who is asked, the running system if nobody is named."""
        self._ask = ask or (macos.conditions if sys.platform == "darwin" else linux.conditions)
        self._period_s = period_s
        self._closing = Event()
        self.conditions = Conditions()
        self._thread = Thread(target=self._work, name="power", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._closing.is_set():
            self.conditions = self._ask()
            self._closing.wait(self._period_s)
