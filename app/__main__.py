"""`python -m app`. Kept light: the camera's child process imports it again."""

import sys

if __name__ == "__main__":
    from app.cli import main

    sys.exit(main(sys.argv[1:]))
