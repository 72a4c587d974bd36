"""Whatever a header says: it is read, or it is refused with a reason; in little memory, and soon.

LOOKSAY_FUZZ asks for more headers than the 20,000 of each format, LOOKSAY_FUZZ_SEED for others:

    LOOKSAY_FUZZ=1000000 LOOKSAY_FUZZ_SEED=7 .venv/bin/python -m pytest tests/models/test_fuzz.py
"""

import os
import signal
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import BinaryIO

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from app.models import gguf, safetensors
from app.models.corrupt_file import CorruptFile
from tests.models import mutations

COUNT = int(os.environ.get("LOOKSAY_FUZZ", "20000"))
SEED = os.environ.get("LOOKSAY_FUZZ_SEED")
BATCH = 100
"""Headers for each number that hypothesis draws: its own drawing takes longer than the reading."""
MOST_MEMORY = 64 * 2**20
PATIENCE_S = 60
"""For one batch, which takes a tenth of a second."""
Read = Callable[[Path], object]
Draw = Callable[[Random], bytes]


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise TimeoutError where it takes longer."""

    def give_up(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(read: Read, path: Path) -> str:
    """`read`, or the code of the refusal."""
    tracemalloc.reset_peak()
    held, _ = tracemalloc.get_traced_memory()
    try:
        read(path)
        code = "read"
    except CorruptFile as refusal:
        code = refusal.code if is_told(refusal) else "refused without a word"
    assert tracemalloc.get_traced_memory()[1] - held < MOST_MEMORY
    return code


def is_told(refusal: CorruptFile) -> bool:
    """Whether a person can make something of it."""
    return bool(refusal.code and refusal.hint and refusal.sentence.isprintable() and len(refusal.sentence) < 500)


def fuzz(read: Read, draw: Draw, path: Path) -> Counter[str]:
    """How often each outcome came. What else is raised is raised again, with the header in its notes."""
    outcomes: Counter[str] = Counter()

    @settings(
        max_examples=COUNT // BATCH,
        deadline=None,
        database=None,
        derandomize=SEED is None,
        phases=[Phase.generate],  # a number cannot be made simpler: its header is told instead
    )
    @given(st.integers(0, 2**64 - 1))
    def batch(number: int) -> None:
        random, content = Random(number), b""
        try:
            with within(PATIENCE_S):
                for _ in range(BATCH):
                    content = draw(random)
                    overwrite(file, content)
                    outcomes[outcome(read, path)] += 1
        except BaseException as error:
            error.add_note(f"the header, of {len(content):,} bytes: {content[:2_000]!r}")
            raise

    tracemalloc.start()
    try:
        with path.open("wb") as file:
            (seed(int(SEED))(batch) if SEED else batch)()
    finally:
        tracemalloc.stop()
    return outcomes


def overwrite(file: BinaryIO, content: bytes) -> None:
    """Ten times as fast as a file that is opened and emptied anew each time, which some file systems wait for."""
    file.seek(0)
    file.write(content)
    file.truncate()
    file.flush()


@pytest.mark.long
@pytest.mark.parametrize(
    ("read", "draw"),
    [
        pytest.param(gguf.read_header, mutations.gguf, id="gguf"),
        pytest.param(safetensors.read_header, mutations.safetensors, id="safetensors"),
    ],
)
def test_any_header_is_read_or_refused_with_a_reason(read: Read, draw: Draw, tmp_path: Path) -> None:
    outcomes = fuzz(read, draw, tmp_path / "model")
    assert outcomes.total() >= COUNT
    assert "refused without a word" not in outcomes
    assert min(outcomes[each] for each in ("read", "truncated", "header-spoilt")) > COUNT / 100  # it is not all noise
