"""Every code is explained in the documentation."""

import pytest

from app.check.findings import Finding
from scripts import check_codes


def test_the_page_of_codes_is_up_to_date() -> None:
    assert check_codes.PAGE.read_text() == check_codes.page(), "run python -m scripts.check_codes"


def test_a_code_without_an_explanation_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="CODES"):
        Finding("fit", "bad", "it does not fit", "take another", "no-such-code")
