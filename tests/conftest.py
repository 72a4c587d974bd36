"""Hooks and fixtures that every room's tests share."""

import os

from tests.needs import pytest_runtest_setup

__all__ = ["pytest_runtest_setup"]

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", ".cache/hypothesis")  # not .hypothesis: clean must know it
