# shellcheck shell=sh
# What comes beside the locks: other engines, which a plain install does without. .venv/looksay-extras says which are in
# the .venv, each as pyproject.toml asks for it, so that none stays or goes unseen.

extras() { # their names, one a line
    if [ -f "$here/.venv/looksay-extras" ]; then sed 's/[ =].*//' "$here/.venv/looksay-extras"; fi
}

has_extra() { # a line
    grep -qxF -e "$1" "$here/.venv/looksay-extras" 2>/dev/null
}

note_extra() { # a line
    if ! has_extra "$1"; then printf '%s\n' "$1" >>"$here/.venv/looksay-extras"; fi
}

wanted_extra() { # reference or llama: its line in pyproject.toml
    grep -e "^$1 = \[" "$here/pyproject.toml"
}

# What was there before a .venv was made anew, and is not asked for again, is gone: that is said.
say_extras() { # names of those that were there
    if [ -n "$(extras)" ]; then say "extras   installed: $(extras | joined)"; fi
    gone=
    for each in $1; do
        if ! extras | grep -qxF -e "$each"; then gone="$gone $each"; fi
    done
    if [ -n "$gone" ]; then
        say "extras   gone with the .venv that was replaced:$gone"
        say "         --reference, --llama and test --reference install them again"
    fi
}

joined() {
    tr '\n' ' ' | sed 's/ *$//; s/ /, /g'
}

install_extra() { # reference or llama
    if has_extra "$(wanted_extra "$1")"; then return 0; fi
    find_uv
    say "extra    installing \"$1\" into .venv/"
    if [ "$(uname -s)" = Linux ]; then export UV_TORCH_BACKEND="${UV_TORCH_BACKEND:-cpu}"; fi # else gigabytes of CUDA
    if ! logged with_uv pip install --python .venv/bin/python -r pyproject.toml --extra "$1" -c requirements.lock --only-binary xllamacpp; then
        explain_failure "$(requirement "$1") could not be installed"
    fi
    if [ "$1" = llama ] && ! logged "$here/.venv/bin/python" -c 'import xllamacpp'; then
        show_log
        fail "xllamacpp is installed, but does not load" "on Linux sudo apt install libgomp1; or put llama-server on PATH (brew install llama.cpp), which needs no extra"
    fi
    note_extra "$(wanted_extra "$1")"
}

# For the tests, which need torch alone of the extra. By pip, whose cache, outside this folder, keeps a large download.
install_torch() {
    torch=$(requirement reference)
    if ! has_extra "$torch"; then
        say "extra    $torch with pip"
        logged with_pip install "$torch" || explain_failure "$torch could not be installed"
    fi
    note_extra "$torch"
    export LOOKSAY_ENGINES=torch # tests/needs.py: what needs it may not be skipped
}

requirement() { # extra: the first package that it asks for
    wanted_extra "$1" | sed 's/^[^"]*"\([^"]*\)".*/\1/'
}

# It holds to the versions of the locks.
with_pip() (
    python=$(first_python 'import pip, sys
if tuple(map(int, pip.__version__.split(".")[:2])) < (22, 3): sys.exit(1)
print(sys.executable)')
    [ -n "$python" ] || { echo "no Python here has pip 22.3 or later" && exit 1; }
    sed -n '/^[a-z]/{s/ *\\$//;s/\[[^]]*\]//;p;}' "$here/requirements.lock" "$here/requirements-dev.lock" >"$here/.cache/versions.txt"
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
    "$python" -m pip --python "$here/.venv/bin/python" "$1" --constraint "$here/.cache/versions.txt" "$2"
)
