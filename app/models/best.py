"""`python -m app.models.best`: the name of the best model for this machine. install.sh runs it for --model auto.

The name goes to stdout and the reason to stderr. It fetches nothing.
"""

import sys
from pathlib import Path

from app.errors import UserError
from app.files import ROOT
from app.models.registry import best, machine_memory


def main(root: Path = ROOT) -> int:
    """Print the name and return the exit code: 0, or 1 where nothing fits."""
    try:
        card, why = best(machine_memory(), root)
    except UserError as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    print(why, file=sys.stderr)
    print(card.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
