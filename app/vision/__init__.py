"""What turns frames into words: one file a backend (mlx.py, scripted.py), and what they stand on.

families/ is what differs between families of models; loaded.py, precision.py and device.py are a model as mlx-vlm has
it, how exactly it computes and on what; tile.py makes a frame the picture that it takes. server/ asks models behind a
server, for `./run.sh check URL` only: it is no --backend yet.
"""
