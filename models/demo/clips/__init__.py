"""Scripted clips of the drawn world, each with a file that says what is true when (see app/score/truth.py).

    python -m models.demo.clips OUT_DIR [--seed N] [--count N] [--seconds S]

script.py what happens · disturb.py what disturbs or blinds the camera · draw.py the frames · encode.py the file ·
tell.py the truth. A seed alone decides what a clip shows.
"""
