"""The transformers backend: the reference implementation on torch, on Metal, CUDA or the CPU.

describer.py     the describer, and decoding
loading.py       the loaded model, the device and number types
processor.py     ids and pixels of a frame, in one tile or as published
select.py        which model, and its check

Nothing here imports MLX or mlx-vlm, so that both agree only if both are right. Needs torch, the extra `reference`.
"""
