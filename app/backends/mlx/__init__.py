"""The mlx backend: mlx-vlm's models in this process, on one thread.

describer.py     the describer, and which path it takes
loading.py       the loaded model;  families.py: how each family is shown a frame;  tile.py: resizing it
reference.py     mlx-vlm's own generation
fast_path.py     prompts embedded once, frames encoded once;  speculative.py: decoding with drafts
cpu.py           the device, and activations for MLX on a CPU
"""
