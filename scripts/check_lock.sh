#!/bin/sh
# Installs the locks as a Mac with Apple Silicon and macOS 14 would, with wheels only, into a folder that is thrown away.
# A wheel that is missing for the Mac, or missing from a lock, is seen here, on any machine. (A dry run would not
# compare the hashes.) It cannot tell whether the wheels work there. Each lock by itself: both at once would hide what
# only the tests' lock names.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
# shellcheck source=scripts/say.sh
. "$here/scripts/say.sh"
# shellcheck source=scripts/machine.sh
. "$here/scripts/machine.sh"
# shellcheck source=scripts/uv.sh
. "$here/scripts/uv.sh"

mac=$here/.cache/mac
install_log=$here/.cache/check_lock.log # a set-up may run beside
trap 'rm -rf -- "$mac"' EXIT
find_uv
export MACOSX_DEPLOYMENT_TARGET=14.0 # else uv takes macOS 13 for granted, for which mlx has no wheel
for version in 3.11 3.12 3.13; do
    for lock in requirements.lock requirements-dev.lock; do
        rm -rf -- "$mac"
        logged with_uv pip install --python-platform aarch64-apple-darwin --python-version "$version" --target "$mac" \
            --only-binary :all: --require-hashes -r "$lock" ||
            explain_failure "$lock does not install on macOS 14 arm64 with Python $version"
        say "$lock installs on macOS 14 arm64 with Python $version: $(grep -c '^ + ' "$install_log") packages"
    done
done
