"""A program with real keys and a real screen: `python -m tests.terminal.keys_feed`. Every order is told as a notice.

It narrates nothing; a question is answered by its own words. SIGTERM and Ctrl-C end it, SIGUSR1 ends it in the middle.
"""

import os
import signal
import sys
from threading import Event, Thread

from app.events import Ask, Notice
from app.live.controls import CommandQueue, dispatch
from app.terminal.keyboard import Keys
from app.terminal.lines import Screen
from tests.terminal.feed import screen
from tests.terminal.stage import sentence, status


def carry_out(orders: CommandQueue, shown: Screen, until: Event) -> None:
    shown.tell(status())
    while not until.wait(0.01):
        for order in orders.each():
            shown.tell(Notice("order", repr(order)))
            if isinstance(order, Ask):
                shown.tell(sentence(f"{order.question}: yes.", "answer"))


def main() -> int:
    shown, until, orders = screen(), Event(), CommandQueue()
    keys = Keys(lambda command: dispatch(command, orders, shown.tell, until.set), shown.tell, shown.rest)

    def leave(*_signal: object) -> None:
        keys.restore()
        os._exit(7)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: until.set())
    signal.signal(signal.SIGUSR1, leave)
    narration = Thread(target=carry_out, args=(orders, shown, until))
    with keys.open():
        narration.start()
        shown.run(until)
        narration.join()
        shown.close()
    print("over", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
