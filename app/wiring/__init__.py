"""The one place that names concrete classes: settings in, parts out.

Imports wait inside the functions, so that a command loads only what it uses, on the thread that uses it.
"""
