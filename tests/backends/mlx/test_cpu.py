"""The quick activations are the published ones, to 3e-6, and can be taken back."""

from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten
from mlx_vlm.models.mlp import SwiGLUMLP

from app.backends.mlx import cpu as device
from app.backends.mlx.cpu import QuickGelu, QuickSwiGlu, gelu, published, quicken, swiglu
from app.backends.mlx.loading import load

DEMO = Path(__file__).parents[3] / "models" / "demo"
VALUES = mx.array(np.concatenate([np.linspace(-30, 30, 200_001), [0.0, 1e-30, -1e30, 1e30]]).astype(np.float32))


def error(ours: mx.array, exact: np.ndarray) -> float:
    """The largest difference, of the value or of 1 where the value is smaller."""
    return float(np.max(np.abs(np.array(ours, np.float64) - exact) / np.maximum(np.abs(exact), 1)))


def test_gelu_is_exact_to_3e_6() -> None:
    x = np.array(VALUES, np.float64)
    with np.errstate(over="ignore"):
        exact = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    assert error(gelu(VALUES), exact) < 3e-6


def test_the_gate_is_exact_to_3e_6() -> None:
    x = np.array(VALUES, np.float64)
    with np.errstate(over="ignore"):
        exact = x / (1 + np.exp(-x))
    assert error(swiglu(VALUES, mx.ones_like(VALUES)), exact) < 3e-6


def test_no_number_stays_no_number() -> None:
    assert mx.isnan(gelu(mx.array([float("nan")]))).all()


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = [nn.GELU(approx="tanh"), nn.GELU(), nn.GELU(approx="fast"), nn.GELU(approx="precise")]
        self.mlp = SwiGLUMLP(4, 8)


def kinds(block: Block) -> list[type]:
    return [type(part) for part in (*block.parts, block.mlp)]


def test_only_those_that_are_the_same_function_are_quickened_and_it_can_be_undone() -> None:
    block, names = Block(), [name for name, _ in tree_flatten(Block().parameters())]
    before = kinds(block)
    quicken(block)
    quick = kinds(block)
    assert quick == [QuickGelu, nn.GELU, nn.GELU, QuickGelu, QuickSwiGlu]
    with published(block):
        assert kinds(block) == before
    assert kinds(block) == quick
    assert [name for name, _ in tree_flatten(block.parameters())] == names


def test_on_the_cpu_a_model_is_loaded_quick_and_elsewhere_as_published() -> None:
    """A defect on the Mac, where bfloat16 would be taken for float32, if it were otherwise."""
    model = load(DEMO).model
    assert any(isinstance(module, QuickGelu) for module in model.modules()) == device.is_cpu()


@pytest.mark.parametrize("shape", [(1, 3, 4), (2, 4)])
def test_a_quick_block_says_what_a_published_one_says(shape: tuple[int, ...]) -> None:
    block = SwiGLUMLP(4, 8)
    x = mx.random.normal(shape)
    slow = np.array(block(x))
    quicken(block)
    assert np.allclose(np.array(block(x)), slow, atol=1e-6)
