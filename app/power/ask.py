"""A question to a program of the system: a short wait, and silence for whatever goes wrong."""

import subprocess

LIMIT_S = 2.0


def answer(*command: str) -> str:
    """What the program prints; empty if it is not there, fails, or takes longer than `LIMIT_S`."""
    try:
        asked = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if asked.returncode else asked.stdout.decode("utf-8", "replace")
