"""What turns frames into words: one file a backend (mlx.py, scripted.py), and what they stand on.

mlx.py takes one of two roads: quick/, which looksay paves itself from mlx-vlm's parts, or plain.py, mlx-vlm's own.
families/ is what differs between families of models; loaded.py, precision.py, device.py and activation.py are a model
as mlx-vlm has it, how exactly it computes, on what, and how quickly there; tile.py and normal.py make a frame what its
tower takes. rivals.py are others' ways, for the bench. transformers/ is the reference implementation on torch, server/
asks models behind a server, and llama/ is llama.cpp with a GGUF pair; each is a --backend of its own.
"""
