"""The transformers backend: the reference implementation on torch, on Metal, CUDA or the CPU.

device.py is what torch computes on, and in what; loaded.py a model as transformers has it; shown.py how a frame becomes
ids and pixels; decode.py one token after the other; describer.py all of it as a `Describer`. Nothing here imports MLX
or mlx-vlm: what both say alike, they say independently. Needs torch, the extra `reference`.
"""
