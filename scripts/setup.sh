# shellcheck shell=sh
# Setting up: the packages, then a model.

# shellcheck source=scripts/machine.sh
. "$here/scripts/machine.sh"
# shellcheck source=scripts/uv.sh
. "$here/scripts/uv.sh"
# shellcheck source=scripts/extras.sh
. "$here/scripts/extras.sh"

default_model=smolvlm2-256m # as in app/settings.py; tests/shell compares them
packages_mb=800
model_mb=1000

interrupted() {
    trap '' INT TERM HUP
    printf '\r\ninterrupted; ./install.sh goes on from here, ./install.sh clean takes it all away\n' >&3
    exit 130
}

set_up() { # plain or test; sets $before, the extras that were there
    check_machine
    set_environment
    before=$(extras)
    if is_complete "$1"; then
        say "packages in place"
        return 0
    fi
    check_disk "$packages_mb" "setting looksay up"
    find_uv
    make_venv
    say "packages installing what the lock names into .venv/"
    install_packages "$1"
    check_loading
    stamp_for "$1" >"$here/.venv/looksay-complete" # last, so that a half-made .venv is known for one
}

# Imports what the first run will import: a wheel that does not fit this machine is told of now, and the first run is
# spared compiling it all.
check_loading() {
    logged "$here/.venv/bin/python" -c 'import mlx_vlm' || explain_failure "the packages are installed but do not load"
}

choose_model() { # it tells why by itself
    model=$("$here/.venv/bin/python" -m app.store.best) || exit 1
}

fetch_model() {
    [ -d "$here/.models/$(printf '%s' "$model" | sed 's|/|--|g')" ] || check_disk "$model_mb" "downloading $model"
    say "model    $model"
    status=0
    "$here/.venv/bin/python" -m app.store.fetch "$model" || status=$?
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
