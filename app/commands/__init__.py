"""Composition of each command: settings in, parts put together and run.

Imports stand inside functions, so that a command loads only what it uses, on the thread that uses it.
"""
