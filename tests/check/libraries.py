"""The stand-in for libmtmd, compiled where a C compiler is there."""

import subprocess
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "fixtures" / "libmtmd.c"


def compile_library(path: Path, *options: str, words: int = 11) -> Path:
    """`words`: of 8 bytes in its parameters; 11 and a flag are what llama.cpp had in October 2026."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["cc", "-shared", "-fPIC", f"-DWORDS={words}", *options, str(SOURCE), "-o", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path
