"""llama.cpp with a GGUF pair: what it is shown, and who runs it.

shown.py makes of a frame what the pair's eyes are meant for. tended.py asks a llama-server of our own, and starts it
again when it dies; inside.py runs llama.cpp in this process, where there is no llama-server. quiet.py keeps what
llama.cpp says out of the terminal.
"""
