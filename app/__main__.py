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


if __name__ == "__main__":
    try:
        code = start()
        sys.stdout.flush()  # here: at Python's own end it would be too late to be quiet
    except KeyboardInterrupt:  # before there is anything to end, or after
        code = 130
    except BrokenPipeError:
        from app.text import discard_output, has_reader

        if has_reader(sys.stdout):
            raise
        discard_output(sys.stdout)
        code = 0
    sys.exit(code)
