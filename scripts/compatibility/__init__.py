"""Which mlx-vlm works with which family of models: tried for real, kept in models/compatibility.toml.

A tool for those who develop looksay; the app never calls it.
"""
