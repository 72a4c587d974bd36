# shellcheck shell=sh
# uv, Python and the packages, all inside the project: .uv/ holds uv's cache and what uv brings, .venv/ the packages.
# Nothing here overrides what the user has set for uv or pip: mirrors, certificates and proxies stay in force.

install_log=$here/.cache/install.log # of what was run last
uv_floor=5 # uv 0.5: what this file asks of uv works from there on
wanted_python='import sys, platform; ok = (3, 11) <= sys.version_info[:2] < (3, 14) and platform.machine() == sys.argv[1]
print(sys._base_executable) if ok else sys.exit(1)'

find_uv() { # sets $uv
    uv=$(command -v uv || :)
    is_usable_uv "$uv" || uv_from_homebrew || uv_from_pip
    say "uv       $("$uv" --version | cut -d ' ' -f 2), $uv"
}

is_usable_uv() { # path, or nothing
    [ -n "$1" ] && version=$("$1" --version 2>/dev/null) || return 1 # a shim may be there and answer 127
    version=${version#uv }
    minor=${version#*.}
    [ "${version%%.*}" -gt 0 ] || [ "${minor%%.*}" -ge "$uv_floor" ]
}

uv_from_homebrew() {
    [ "$(uname -s)" = Darwin ] || return 1
    brew=$(command -v brew || command -v /opt/homebrew/bin/brew) || return 1
    uv=$("$brew" --prefix)/bin/uv
    if is_usable_uv "$uv"; then return 0; fi
    say "uv       installing it with Homebrew"
    HOMEBREW_NO_AUTO_UPDATE=1 HOMEBREW_NO_ENV_HINTS=1 "$brew" install --quiet uv </dev/null || return 1
    mkdir -p "$here/.uv"
    : >"$here/.uv/from-homebrew" # so that clean can say what it leaves outside
    is_usable_uv "$uv"
}

uv_from_pip() {
    uv=$here/.uv/pip/bin/uv
    if is_usable_uv "$uv"; then return 0; fi
    rm -rf -- "$here/.uv/pip" # what an interrupted run left
    python=$(first_python 'import pip, sys; print(sys.executable)')
    if [ -z "$python" ]; then
        fail "neither uv nor a Python with pip was found" "install uv (macOS: brew install uv; Linux: see docs.astral.sh/uv), then run $again again"
    fi
    say "uv       installing it with pip into .uv/"
    logged env PIP_REQUIRE_VIRTUALENV=0 PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_RETRIES="${PIP_RETRIES:-2}" \
        "$python" -m pip install --quiet --no-cache-dir --target "$here/.uv/pip" --require-hashes -r "$here/requirements-uv.lock" ||
        explain_failure "uv could not be installed with pip"
    is_usable_uv "$uv" || fail "the uv that pip installed does not run on this machine" "install uv yourself (docs.astral.sh/uv), then run $again again"
}

with_uv() (
    cd "$here" || exit # pyproject.toml is where uv reads its settings
    export UV_CACHE_DIR="$here/.uv/cache" UV_PYTHON_INSTALL_DIR="$here/.uv/python"
    unset VIRTUAL_ENV CONDA_PREFIX
    exec "$uv" "$@"
)

is_complete() { # plain or test; and its Python still runs
    is_stamped "$1" && "$here/.venv/bin/python" -c '' 2>/dev/null
}

make_venv() {
    rm -rf -- "$here/.venv"
    logged venv_with_uvs_python || venv_with_found_python
    say "Python   $("$here/.venv/bin/python" -c 'import platform, sys; print(platform.python_version() + ",", sys._base_executable)')"
}

# One retry: without network this ends after a second, and there is a second way.
venv_with_uvs_python() (
    export UV_HTTP_RETRIES="${UV_HTTP_RETRIES:-1}"
    with_uv venv --quiet --python-preference only-managed --python 3.12 .venv
)

venv_with_found_python() {
    python=$(first_python "$wanted_python" "$(uname -m)")
    if [ -z "$python" ]; then
        show_log
        fail "Python 3.12 could not be fetched, and no Python from 3.11 to 3.13 was found here" \
            "check the network, or install one (macOS: brew install python@3.12; Debian: apt install python3), then run $again again"
    fi
    rm -rf -- "$here/.venv"
    logged with_uv venv --quiet --python "$python" .venv || explain_failure "no environment could be made with $python"
}

# Prints what the first Python that passes the test says of itself. Each is tried by running it, for pyenv's shims
# are there and answer 127.
first_python() { # test program, its arguments
    found_pythons | while IFS= read -r each; do
        if "$each" -c "$@" </dev/null 2>/dev/null; then break; fi
    done
}

found_pythons() {
    for name in python3.12 python3.13 python3.11 python3; do
        printf '%s\n' "$PATH:/opt/homebrew/bin" | tr ':' '\n' | while IFS= read -r folder; do
            if [ -n "$folder" ] && [ -x "$folder/$name" ] && ! is_apple_stub "$folder/$name"; then
                printf '%s\n' "$folder/$name"
            fi
        done
    done
}

is_apple_stub() { # without Apple's command line tools, /usr/bin/python3 only opens a window that offers them
    [ "$1" = /usr/bin/python3 ] && [ "$(uname -s)" = Darwin ] && ! xcode-select -p >/dev/null 2>&1
}

install_packages() { # plain or test
    set -- "$1" pip sync --python .venv/bin/python --require-hashes --no-build requirements.lock
    if [ "$1" = test ]; then set -- "$@" requirements-dev.lock; fi
    shift
    if [ -t 2 ]; then
        logged : # what failed before has been dealt with
        with_uv "$@" || explain_failure "the packages could not be installed"
    else
        logged with_uv "$@" || explain_failure "the packages could not be installed"
        sed -n 's/^Installed/         &/p' "$install_log" # its other hundred lines are for a terminal
    fi
}

logged() {
    mkdir -p "$here/.cache"
    "$@" >"$install_log" 2>&1
}

show_log() {
    if [ -s "$install_log" ]; then tail -n 12 "$install_log" | sed 's/^/    /' >&2; fi
}

explain_failure() { # what did not work
    left=$(free_mb)
    if [ "${left:-1000}" -lt 100 ]; then
        fail "$1: the disk that holds $here is full" "free some space and run $again again: it continues from here"
    fi
    show_log
    fail "$1" "check the network (behind a mirror, set UV_DEFAULT_INDEX and PIP_INDEX_URL) and run $again again: it continues from here"
}
