#!/bin/sh
# Starts looksay, and sets it up first if that has not been done. It stays in the folder that you are in.
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

# shellcheck source=scripts/complete.sh
. "$here/scripts/complete.sh"

model=
if ! has_model && ! asks_for_help "$@"; then model=$(needed_model "$@"); fi
if [ -n "$model" ] || ! is_stamped plain; then
    # shellcheck source=scripts/setup.sh
    . "$here/scripts/setup.sh"
    if asks_for_help "$@"; then help_only "$@"; fi
    set_up_for_command "$model" "$@" >&2 </dev/null
fi

set_environment
export HF_HUB_OFFLINE=1
preload_openblas
exec "$here/.venv/bin/python" -m app "$@"
