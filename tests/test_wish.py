"""What a user may wish of a model, before there is one."""

import pytest

from app.config import AS_PUBLISHED, ModelOptions
from app.errors import UsageError


def test_a_live_narrator_does_not_read_in_tiles() -> None:
    with pytest.raises(UsageError) as refusal:
        ModelOptions("tiles").for_live()
    assert "describe" in refusal.value.hint


@pytest.mark.parametrize("wish", [AS_PUBLISHED, ModelOptions(64), ModelOptions(precision="4bit")])
def test_any_other_wish_is_the_live_narrators_too(wish: ModelOptions) -> None:
    assert wish.for_live() == wish
