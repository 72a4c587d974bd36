"""A program of its own: runs a command for as long as its own standard input stays open, and ends it then.

    python parent_death_guard.py COMMAND...

Whoever holds the other end of that pipe may end in any way, killed even: the pipe closes with it, and the command does
not outlive it. Signals are left to that end, so that a Ctrl-C in the terminal reaches it alone. Exits as the command
does, with 128 + N where signal N ended it, and with 126 where it cannot be run.
"""

import os
import signal
import subprocess
import sys
from threading import Thread

GRACE_S = 2.0
"""For an orderly end, before it is forced."""
CANNOT_RUN = 126


def main(*command: str) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # SIG_IGN would be handed down to the command
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as failure:
        print(failure.strerror or failure, file=sys.stderr)
        return CANNOT_RUN
    Thread(target=let_go, args=(child,), daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status


def let_go(child: "subprocess.Popen[bytes]") -> None:
    """End it once the pipe is closed. Read without a buffer, whose lock would be held when this process ends."""
    while os.read(0, 1):
        pass
    child.terminate()
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
