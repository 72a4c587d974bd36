# shellcheck shell=sh
# What is set up already, and what a command needs. run.sh asks at every start, so nothing here starts Python.

default_model=smolvlm2-256m # as in app/config.py; tests/shell compares them

# .venv is complete when it was made from these locks in this folder (it cannot be moved). The stamp holds the locks
# themselves: busybox has no cksum. What the tests need serves a plain install, too.
is_stamped() { # plain or test
    [ -f "$here/.venv/looksay-complete" ] && [ -x "$here/.venv/bin/python" ] || return 1
    stamp_for "$1" | cmp -s - "$here/.venv/looksay-complete" ||
        stamp_for test | cmp -s - "$here/.venv/looksay-complete"
}

stamp_for() { # plain, or test, which holds more
    printf '%s\n' "$here"
    cat "$here/requirements.lock"
    if [ "$1" = test ]; then cat "$here/requirements-dev.lock"; fi
}

has_model() { # whether one was ever installed; the app says what is wrong with it
    [ -f "$here/.models/lock.json" ]
}

# Prints the model that a command line needs and that ./install.sh --model can fetch: nothing for a command that uses
# none, for the bundled one, for a folder, a file or an address, and for an engine that brings its own.
needed_model() { # the command line
    case ${1:-} in
        score | bench) needed=demo ;; # unless another is named
        '' | -* | describe | ask | watch | serve) needed=$default_model ;;
        *) return 0 ;; # the others need none, and the app explains a word that is no command
    esac
    while [ $# -gt 0 ]; do
        case $1 in
            --) break ;;
            --backend | --model)
                [ $# -gt 1 ] || return 0 # a mistake, which the app explains
                given=$1=$2
                shift
                ;;
            *) given=$1 ;;
        esac
        case $given in
            --backend=mlx) ;;
            --backend=*) return 0 ;;
            --model=*) needed=${given#--model=} ;;
        esac
        shift
    done
    case $needed in
        '' | demo | geometry:* | -* | /* | ./* | ../* | */ | *.gguf | *://*) return 0 ;;
    esac
    if [ ! -e "$needed" ]; then printf '%s' "$needed"; fi
}

# Whether a command line only asks what there is to type, for which nothing has to be set up.
asks_for_help() { # the command line
    for each in "$@"; do
        case $each in
            -h | --help | --version) return 0 ;;
            --) return 1 ;;
        esac
    done
    return 1
}
