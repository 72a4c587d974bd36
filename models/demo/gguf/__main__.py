"""`python -m models.demo.gguf FOLDER`: see the package."""

from argparse import ArgumentParser
from pathlib import Path

from models.demo.gguf import write_eyes, write_text

DEMO = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = ArgumentParser(prog="python -m models.demo.gguf", description="Make the demo model's GGUF pair.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=DEMO, help="the folder it is made from (default: the demo model)")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    print(write_text(given.model, given.folder / "demo.gguf"))
    print(write_eyes(given.model, given.folder / "mmproj-demo.gguf"))


if __name__ == "__main__":
    main()
