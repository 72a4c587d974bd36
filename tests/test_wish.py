"""What a user may wish of a model, before there is one."""

import pytest

from app.config import AS_PUBLISHED, Wish
from app.errors import UsageError


def test_a_live_narrator_does_not_read_in_tiles() -> None:
    with pytest.raises(UsageError) as refusal:
        Wish("tiles").for_live()
    assert "describe" in refusal.value.remedy


@pytest.mark.parametrize("wish", [AS_PUBLISHED, Wish(64), Wish(precision="4bit")])
def test_any_other_wish_is_the_live_narrators_too(wish: Wish) -> None:
    assert wish.for_live() == wish
