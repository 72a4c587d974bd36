"""How many cameras a server bears: its service times, measured, and what looksay makes of them, simulated.

A tool for those who develop looksay; the app never calls it.
"""
