"""A program of its own: runs a command for as long as its own standard input stays open, and ends it then.

    python parent_death_guard.py COMMAND...

The process at the other end of that pipe may end in any way, even by SIGKILL: the pipe closes with it, and the command
does not outlive it. Signals are ignored here, so that a Ctrl-C in the terminal is handled by that process alone.
The exit code is the command's, 128 + N if signal N ended it, or 126 if it cannot be run.
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
    Thread(target=end_with_stdin, args=(child,), daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status


def end_with_stdin(child: "subprocess.Popen[bytes]") -> None:
    """End the child once the pipe is closed. Read without a buffer, whose lock would be held when this process ends."""
    while os.read(0, 1):
        pass
    child.terminate()
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
