"""A program with a real keyboard and screen: `python -m tests.terminal.keys_feed`. Each command is shown as a notice.

It narrates nothing; a question is answered by its own words. SIGTERM and Ctrl-C end it; SIGUSR1 ends it at once.
"""

import os
import signal
import sys
from threading import Event, Thread

from app.events import Ask, Command, EditQuestion, Notice
from app.live.controls import CommandQueue
from app.terminal.keyboard import Keyboard
from tests.terminal.feed import Screen, open_screen
from tests.terminal.stage import sentence, status


def answer(queue: CommandQueue, screen: Screen, until: Event) -> None:
    screen.tell(status())
    while not until.wait(0.01):
        for command in queue.each(""):
            if isinstance(command, Ask):
                screen.tell(sentence(f"{command.question}: yes.", "answer"))


def main() -> int:
    screen, until, queue = open_screen(), Event(), CommandQueue()

    def send(command: Command) -> None:
        queue.send(command, screen.tell, until.set)
        if not isinstance(command, EditQuestion):
            screen.tell(Notice("command", repr(command)))

    keyboard = Keyboard(send, screen.tell, screen.suspend)

    def leave(*_signal: object) -> None:
        keyboard.restore()
        os._exit(7)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: until.set())
    signal.signal(signal.SIGUSR1, leave)
    narration = Thread(target=answer, args=(queue, screen, until))
    with keyboard.open():
        narration.start()
        screen.run(until)
        narration.join()
        screen.close()
    print("over", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
