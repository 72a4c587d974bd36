"""`python -m models.demo.clips OUT_DIR`: see the package."""

from argparse import ArgumentParser
from pathlib import Path

import numpy as np

from models.demo.clips.disturb import Disturbing
from models.demo.clips.draw import Drawing
from models.demo.clips.encode import available, encode, suffix
from models.demo.clips.script import PLOTS
from models.demo.clips.tell import truth

SIZES = ((640, 480), (1280, 720))
RATES = (15, 20, 24, 25, 30)
ENCODERS = ("mp4v", "x264", "x264-poor", "mjpg")


def make(folder: Path, plot: str, seed: int, seconds: float) -> Path:
    """One clip and its truth beside it; the path of the clip."""
    rng = np.random.default_rng([seed, list(PLOTS).index(plot)])
    size, fps = SIZES[int(rng.random() < 0.3)], int(rng.choice(RATES))
    encoder = str(rng.choice(available(*ENCODERS)))
    script = PLOTS[plot](rng, seconds)
    path = folder / f"{plot}-{seed}.{suffix(encoder)}"
    drawing = Drawing(script, size, Disturbing(int(rng.integers(2**31))))
    encode(drawing.frames(fps), path, encoder, fps, size)
    path.with_suffix(".json").write_text(truth(script, path.name, fps, size).to_json(), encoding="utf-8")
    return path


def main() -> None:
    parser = ArgumentParser(prog="python -m models.demo.clips", description="Draw clips whose truth is known.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=8, help="of all plots in turn (default: 8)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each clip (default: 60)")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for number in range(given.count):
        print(make(given.folder, list(PLOTS)[number % len(PLOTS)], given.seed + number // len(PLOTS), given.seconds))


if __name__ == "__main__":
    main()
