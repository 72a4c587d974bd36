"""The small models of every family, for all tests of this folder; and no way to the hub."""

from collections.abc import Iterator

import pytest

from tests.fixtures.families.shelf import Shelf


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("families"))


@pytest.fixture(scope="module", autouse=True)
def _offline() -> Iterator[None]:
    """What is missing in a folder is missing: the libraries would ask the hub for it."""
    from huggingface_hub import constants

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        yield
