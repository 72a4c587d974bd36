"""Hooks and fixtures that every room's tests share."""

from tests.needs import pytest_runtest_setup

__all__ = ["pytest_runtest_setup"]
