"""`python -m app`. Kept light: the camera's child process imports it again."""

import os
import sys


def start() -> int:
    fill_gaps()
    from app.cli import main

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a letter that the terminal lacks is no reason to end
    return main(sys.argv[1:])


def fill_gaps() -> None:
    """Open /dev/null for every standard stream that is closed: else the next file to be opened takes its number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            os.set_inheritable(nowhere, True)
            setattr(sys, name, open(nowhere, mode, closefd=False))  # noqa: SIM115 — for the whole run


def is_read(stdout: int) -> bool:
    """Whether anybody is left to read from the other end. If not, what still waits to be written goes nowhere."""
    from select import POLLERR, POLLHUP, poll

    ends = poll()
    ends.register(stdout, 0)
    if not any(event & (POLLERR | POLLHUP) for _, event in ends.poll(0)):
        return True
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stdout)
    os.close(nowhere)
    return False


if __name__ == "__main__":
    try:
        code = start()
        sys.stdout.flush()  # here: at Python's own end it would be too late to be quiet
    except KeyboardInterrupt:  # before, or after, anybody has anything to end
        code = 130
    except BrokenPipeError:
        if is_read(1):
            raise
        code = 0
    sys.exit(code)
