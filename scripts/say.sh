# shellcheck shell=sh
# How install.sh and run.sh speak. Failures say what is wrong and what to do about it, as app/errors.py does.

again=./install.sh # what is typed to go on after a failure

say() {
    printf '%s\n' "$*"
}

fail() { # what is wrong, what to do
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

misuse() { # what is wrong with the command line, what to do
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
    exit 2
}
