"""What each command is made of: settings in, parts out. The one place that composes.

Imports wait inside functions, so that a command loads only what it uses, on the thread that uses it.
"""
