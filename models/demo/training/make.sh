#!/bin/sh
# Remakes the demo model from nothing: ./models/demo/training/make.sh [FOLDER]
#
# Takes about an hour and a half on two CPU cores, and 3 GB of disk. What is made goes into FOLDER (models/demo if not
# given), everything else into a throw-away folder. Set WORK to keep that one and to go on after an interruption,
# PYTHON to choose a Python 3.11.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/../../.." && pwd -P)
folder=${1:-$here/models/demo}
case $folder in
    /*) ;;
    *) folder=$PWD/$folder ;;
esac
if [ -z "${WORK:-}" ]; then
    WORK=$(mktemp -d)
    trap 'rm -rf "$WORK"' EXIT
    trap 'exit 130' INT TERM
fi
cd "$here"

if [ ! -x "$WORK/venv/bin/python" ]; then
    "${PYTHON:-python3.11}" -m venv "$WORK/venv"
fi
python=$WORK/venv/bin/python
"$python" -m pip install --quiet torch==2.13.0 # by itself: it has an index of its own in some places
"$python" -m pip install --quiet 'mlx[cpu]==0.32.4; sys_platform == "linux"' 'mlx==0.32.4; sys_platform == "darwin"' \
    mlx-vlm==0.7.10 transformers==5.23.0 tokenizers==0.23.3 numpy==2.4.6

step() {
    name=$1
    shift
    HF_HUB_OFFLINE=1 "$python" -m "models.demo.training.$name" "$@"
}

step train eyes --minutes 9.5 --out "$WORK"
step train stills --minutes 10 --out "$WORK"
step train clips --minutes 65 --out "$WORK"
step export "$WORK" "$folder"
step score "$folder" --json "$WORK/scores.json"
step parity "$folder" --json "$WORK/parity.json"
step card "$WORK" "$folder"
