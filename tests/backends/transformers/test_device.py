"""What torch computes on, tried on this machine."""

import os

import pytest

from app.errors import UsageError
from tests import needs

pytestmark = needs.module("torch", even_in_ci=True)


def test_without_metal_and_cuda_it_is_the_cpu_in_float32_and_the_banner_says_so() -> None:
    from app.backends.transformers.loading import SLOW, best, device

    found = device()
    if best() == "cpu":
        assert (found.name, found.precision, found.warnings) == ("cpu", "float32", (SLOW,))
        assert found.words == "transformers on the CPU in float32"
    else:
        assert found.precision in ("bfloat16", "float32")
        assert SLOW not in found.warnings


def test_what_computes_is_found_by_computing() -> None:
    from app.backends.transformers.loading import best, computes

    assert computes(best(), "float32")
    assert not computes("cuda" if best() != "cuda" else "mps", "float32")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_wished_numbers_are_taken(precision) -> None:
    from app.backends.transformers.loading import device

    assert str(device(precision).dtype) == f"torch.{precision}"


def test_fewer_bits_are_refused_with_what_has_them() -> None:
    from app.backends.transformers.loading import device

    with pytest.raises(UsageError, match="4bit") as refused:
        device("4bit")
    assert "--backend mlx" in refused.value.hint


def test_on_the_cpu_a_core_is_left_to_the_camera() -> None:
    import torch

    from app.backends.transformers.loading import Device

    before = torch.get_num_threads()
    try:
        Device("cpu", "float32").settle()
        assert torch.get_num_threads() == max(1, (os.cpu_count() or 2) - 1)
    finally:
        torch.set_num_threads(before)
