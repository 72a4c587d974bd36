"""llama.cpp with a GGUF pair, in a server process of our own: llama-server on PATH, or the wheel xllamacpp.

select.py             which pair and which program; its check and vision test
server.py             the child process: started on a free port, watched, ended, and why it failed
xllamacpp_server.py   the program that serves with the wheel
describer.py          a describer that restarts the server when it dies, and the size of its pictures
"""
