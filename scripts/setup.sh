# shellcheck shell=sh
# Setting up: the packages, then a model. For install.sh, and for run.sh where a command finds something missing.

# shellcheck source=scripts/machine.sh
. "$here/scripts/machine.sh"
# shellcheck source=scripts/uv.sh
. "$here/scripts/uv.sh"
# shellcheck source=scripts/extras.sh
. "$here/scripts/extras.sh"

packages_mb=800
model_mb=1000
lock=$here/.cache/setting-up

# What run.sh does before it starts: everything that the command needs and that is not there. No sentence of it may
# reach standard output, which is for what the command says.
set_up_for_command() { # model to fetch, or nothing; the command line
    again=./run.sh model=$1
    shift
    exec 3>&2
    trap 'interrupted' INT TERM HUP
    started=$(date +%s)
    say_why
    set_up plain
    for each in $before; do # of a .venv that was made anew
        case $each in reference | llama) install_extra "$each" ;; esac
    done
    hint_at_missing_libraries
    if [ -n "$model" ] && ! has_model; then
        "$here/.venv/bin/python" -c 'import sys, app.cli; sys.exit(app.cli.check_usage(sys.argv[1:]))' "$@" || exit
        hold_lock
        if ! has_model; then add_model; fi # else another one has fetched it meanwhile
    fi
    say "done     in $(($(date +%s) - started)) s"
    release_lock
    trap - INT TERM HUP
    exec 3>&-
}

say_why() {
    if is_stamped plain; then
        say "No model yet: downloading $model first"
    elif [ -f "$here/.venv/looksay-complete" ]; then
        say "looksay has changed since it was installed, or was moved: installing it again first"
    else
        say "Installing looksay first, in $here (nothing outside it changes)"
    fi
}

# --help and --version of a looksay that is not set up. Any Python can print them, for they import no package.
help_only() { # the command line
    python=$here/.venv/bin/python
    "$python" -c '' 2>/dev/null ||
        python=$(first_python 'import sys; print(sys.executable) if sys.version_info >= (3, 11) else sys.exit(1)')
    if [ -n "$python" ]; then
        unset PYTHONHOME
        export PYTHONPATH="$here" PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1
        exec "$python" -m app "$@"
    fi
    case " $* " in
        *" --version "*) sed -n 's/^version = "\(.*\)"$/looksay \1/p' "$here/pyproject.toml" ;;
        *)
            cat <<END
looksay looks through the camera and says what is new.

  ./run.sh demo        narrate a drawn clip: no camera, no model to download
  ./run.sh             narrate what the camera sees, with a model from huggingface.co
  ./install.sh --help  other ways to set it up

Either sets looksay up first, in this folder. ./run.sh --help then lists everything; that takes a Python from 3.11 on,
which the set-up brings.
END
            ;;
    esac
    exit 0
}

interrupted() {
    trap '' INT TERM HUP
    printf '\r\nInterrupted. %s continues, ./install.sh clean removes everything.\n' "$again" >&3
    exit 130
}

# One set-up at a time: another one waits, and then finds everything done. The lock is a link that leads to the number
# of the process that holds it, so that it is made and signed in one step.
hold_lock() {
    if [ "$(readlink "$lock" 2>/dev/null || :)" = "$$" ]; then return 0; fi
    mkdir -p "$here/.cache" && [ -w "$here/.cache" ] || fail "$here cannot be written to" "see who owns it: ls -la \"$here\""
    waits=
    until ln -s "$$" "$lock" 2>/dev/null; do
        holder=$(readlink "$lock" || :)
        if [ -z "$holder" ]; then # gone this moment
            sleep 1
            continue
        fi
        if ! kill -0 "$holder" 2>/dev/null; then
            drop_stale_lock "$holder"
            continue
        fi
        if [ -z "$waits" ]; then say "waiting  for the set-up by process $holder to end; if there is none: rm \"$lock\""; fi
        waits=yes
        sleep 1
    done
    trap 'release_lock' EXIT
}

drop_stale_lock() { # the process that held it and is no more
    mv -- "$lock" "$lock.$$" 2>/dev/null || return 0
    if [ "$(readlink "$lock.$$")" != "$1" ]; then ln -s "$(readlink "$lock.$$")" "$lock" || :; fi # taken meanwhile
    rm -f -- "$lock.$$"
}

release_lock() {
    if [ "$(readlink "$lock" 2>/dev/null || :)" = "$$" ]; then rm -f -- "$lock"; fi
    trap - EXIT
}

set_up() { # plain or test; sets $before, the extras that were there
    check_machine
    set_environment
    if ! is_complete "$1"; then
        check_disk "$packages_mb" "setting looksay up"
        hold_lock
    fi
    before=$(extras)
    if is_complete "$1"; then
        say "packages up to date"
        return 0
    fi
    find_uv
    make_venv
    say "packages installing into .venv/ (about 0.5 GB)"
    install_packages "$1"
    check_loading
    stamp_for "$1" >"$here/.venv/looksay-complete" # last, so that a half-made .venv is known for one
}

# Imports what the first run will import: a wheel that does not fit this machine is told of now, and the first run is
# spared compiling it all.
check_loading() {
    logged "$here/.venv/bin/python" -c 'import mlx_vlm' || explain_failure "the packages are installed but do not load"
}

add_model() { # $model
    if [ "$model" = auto ]; then choose_model; fi
    fetch_model
    check_model
}

choose_model() { # it tells why by itself
    model=$("$here/.venv/bin/python" -m app.models.best) || exit 1
}

fetch_model() {
    [ -d "$here/.models/$(printf '%s' "$model" | sed 's|/|--|g')" ] || check_disk "$model_mb" "downloading $model"
    say "model    $model"
    status=0
    "$here/.venv/bin/python" -m app.models.install "$model" || status=$?
    case $status in
        0) ;;
        2) exit 2 ;; # no such model
        130) interrupted ;;
        *) exit 1 ;; # it has explained itself
    esac
}

check_model() { # so that a model that cannot see is told of now
    say "check    whether $model can be loaded, and whether it sees"
    status=0
    "$here/run.sh" check "$model" || status=$?
    case $status in
        0) ;;
        130) interrupted ;;
        *) fail "$model does not pass the check; its files are kept, and looksay will not narrate with it" \
            "do what the check says above, take another with --model NAME, or ./run.sh demo" ;;
    esac
}
