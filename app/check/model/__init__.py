"""Can this model be loaded by what is installed? From files, names and shapes; no weights are read.

judge.py has the stages in their order.
"""
