"""Where people's wishes come from while looksay runs: the keys of its terminal.

keys reads them, on a thread of its own; mode is what the terminal is told meanwhile, decoder what its bytes mean,
presses what each key asks for.
"""
