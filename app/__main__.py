"""`python -m app`. Kept light: the camera's child process imports it again."""

import sys

if __name__ == "__main__":
    from app.cli import main

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a letter that the terminal lacks is no reason to end

    sys.exit(main(sys.argv[1:]))
