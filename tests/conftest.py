"""Hooks and fixtures that every room's tests share."""

import os
import signal

from tests.needs import pytest_runtest_setup

__all__ = ["pytest_runtest_setup"]

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", ".cache/hypothesis")  # not .hypothesis: clean must know it

for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:  # under nohup, or behind `&`: children would inherit the deafness
        signal.signal(number, usual)
