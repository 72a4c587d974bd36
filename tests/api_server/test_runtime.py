"""What is changed around mlx-vlm's own server, and what happens where that cannot be."""

import os
import types

import pytest

from app.api_server.runtime import context, forget_settings, replace
from app.errors import ModelError


def test_no_variable_tells_it_to_load_or_keep_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    told = ("MLX_VLM_DRAFT_MODEL", "MLX_VLM_PRELOAD_MODEL", "MLX_TRUST_REMOTE_CODE", "APC_ENABLED", "KV_BITS")
    for name in (*told, "MLX_VLM_MAX_NUM_SEQS", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, "7")
    forget_settings()
    assert not [name for name in told if name in os.environ]
    assert (os.environ["MLX_VLM_MAX_NUM_SEQS"], os.environ["HF_HUB_OFFLINE"]) == ("1", "1")


def test_a_server_without_the_function_to_be_replaced_is_not_started() -> None:
    module = types.SimpleNamespace(load=len)
    replace(module, "load", max)
    assert module.load is max
    with pytest.raises(ModelError, match="another server"):
        replace(module, "load_model", max)


def test_how_much_a_model_can_take_in_is_told_by_its_config() -> None:
    text = types.SimpleNamespace(max_position_embeddings=1024)
    assert context(types.SimpleNamespace(text_config=text)) == context(text) == 1024
    assert context(types.SimpleNamespace()) is None


