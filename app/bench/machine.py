"""The machine that numbers were measured on: no name of it, and of nobody who uses it."""

import os
import platform
import re
import subprocess
from pathlib import Path


def chip() -> str:
    """As its maker calls it: `Apple M2`; empty where nobody says."""
    try:
        if platform.system() == "Darwin":
            asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
        told = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, subprocess.SubprocessError):
        return platform.processor()
    return told[1].strip() if told else platform.processor()


def system() -> str:
    """`Darwin arm64`, `Linux x86_64`."""
    return f"{platform.system()} {platform.machine()}"


def release() -> str:
    """Of macOS, else of the kernel."""
    return platform.mac_ver()[0] or platform.release()


def cores() -> int:
    return os.cpu_count() or 0
