"""llama.cpp with a GGUF pair: what it is shown, and who runs it.

shown.py makes of a frame what the pair's eyes are meant for. tended.py asks a llama.cpp server of our own, and starts
it again when it dies.
"""
