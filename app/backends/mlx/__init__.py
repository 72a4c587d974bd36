"""The mlx backend: mlx-vlm's models in this process, on one thread.

describer.py          the describer;  loading.py: the loaded model;  plain.py: mlx-vlm's own generation
families.py           how each family of models is shown a frame: smolvlm.py, fastvlm.py, lfm2.py, generic.py
fast_path.py          frames encoded once, prompts embedded once;  prompt.py, language.py, context.py: its parts
speculative.py        decoding, with drafts (draft.py) from the last caption;  sampled.py: sampling;  speech.py: text
witness.py            whether the fast path computes what mlx-vlm computes
tile.py, normal.py    from a frame to pixel values
precision.py, device.py, cpu.py   number types, the device, activations for MLX on a CPU
"""
