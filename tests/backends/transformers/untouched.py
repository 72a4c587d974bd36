"""transformers as it is where mlx-vlm is not: the backend of that name never imports it, and other tests do."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec

import pytest


@contextmanager
def own_processors() -> Iterator[None]:
    """Within it, those of transformers: mlx-vlm puts its own before them, for as long as the process lasts."""
    spec = find_spec("transformers.models.auto.processing_auto")
    assert spec
    assert spec.loader
    anew = module_from_spec(spec)
    spec.loader.exec_module(anew)
    from transformers import AutoProcessor

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AutoProcessor, "from_pretrained", classmethod(anew.AutoProcessor.from_pretrained.__func__))
        yield
