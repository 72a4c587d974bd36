#!/bin/sh
# For developers: makes the three lock files again after pyproject.toml has changed; --upgrade takes newer versions too.
# They hold exact versions with hashes for Python 3.11 to 3.13 on macOS arm64 and Linux, and no index addresses.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
# shellcheck source=scripts/say.sh
. "$here/scripts/say.sh"
# shellcheck source=scripts/machine.sh
. "$here/scripts/machine.sh"
# shellcheck source=scripts/uv.sh
. "$here/scripts/uv.sh"

compile() { # lock file, arguments
    with_uv pip compile --quiet --universal --python-version "${python:-3.11}" --generate-hashes --no-annotate --no-header -o "$@"
}

find_uv
compile requirements.lock pyproject.toml "$@"
compile requirements-dev.lock --group dev -c requirements.lock "$@"
# Read by pip on machines without uv, whatever their Python is: uv asks for 3.8.
printf 'uv\n' | python=3.8 compile requirements-uv.lock - "$@"
say "made requirements.lock, requirements-dev.lock and requirements-uv.lock; scripts/check_lock.sh tries them for a Mac"
