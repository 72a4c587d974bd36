#!/bin/sh
# Starts looksay with what ./install.sh made. It makes nothing, fetches nothing and stays in the folder that you are in.
set -eu

self=$0
while [ -L "$self" ]; do # started through a link: macOS 14's readlink has -f, busybox's may not
    target=$(readlink "$self")
    case $target in
        /*) self=$target ;;
        *) self=$(dirname -- "$self")/$target ;;
    esac
done
here=$(CDPATH='' cd -- "$(dirname -- "$self")" && pwd -P)

# shellcheck source=scripts/say.sh
. "$here/scripts/say.sh"
# shellcheck source=scripts/environment.sh
. "$here/scripts/environment.sh"

if [ ! -f "$here/.venv/looksay-complete" ] || [ ! -x "$here/.venv/bin/python" ]; then
    fail "looksay is not set up yet, or its set-up was interrupted" "run ./install.sh in $here"
fi

set_environment
export HF_HUB_OFFLINE=1
preload_openblas
exec "$here/.venv/bin/python" -m app "$@"
