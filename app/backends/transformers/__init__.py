"""The transformers backend: the reference implementation on torch, on Metal, CUDA or the CPU.

device.py is what torch computes on and in which type; loading.py the loaded model; shown.py, processor.py and
published.py make ids and pixels of a frame; decode.py decodes; describer.py is the `Describer`. Nothing here imports
MLX or mlx-vlm: what both say alike, they say independently. Needs torch, the extra `reference`.
"""
