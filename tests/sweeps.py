"""Long sweeps: many cases of one judgement, of which `./install.sh test` runs a few and `test --all` every one.

A whole test is left to `--all` by `@pytest.mark.long`; some values of a parametrized one are, by `spread`.
"""

from collections.abc import Iterable
from typing import Any

import pytest


def spread(values: Iterable[Any], quick: int) -> list[Any]:
    """The values for `parametrize` or a fixture's `params`, all but `quick` of them marked long.

    Those that stay are spread evenly, the first among them.
    """
    listed = list(values)
    kept = {index * len(listed) // quick for index in range(quick)}
    return [value if index in kept else _long(value) for index, value in enumerate(listed)]


def _long(value: Any) -> Any:
    if isinstance(value, type(pytest.param())):
        return pytest.param(*value.values, marks=[*value.marks, pytest.mark.long], id=value.id)
    return pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.long)
