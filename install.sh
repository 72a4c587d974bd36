#!/bin/sh
# Sets looksay up inside its own folder, tests it, or takes it all away again. Safe to run twice, and after an interruption.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=scripts/say.sh
. "$here/scripts/say.sh"
# shellcheck source=scripts/environment.sh
. "$here/scripts/environment.sh"
# shellcheck source=scripts/complete.sh
. "$here/scripts/complete.sh"
# shellcheck source=scripts/setup.sh
. "$here/scripts/setup.sh"
# shellcheck source=scripts/clean.sh
. "$here/scripts/clean.sh"

usage() {
    cat <<END
usage: ./install.sh [--model NAME|OWNER/NAME|auto]   set looksay up; safe to run twice
       ./install.sh --no-model                       without a model; ./run.sh demo needs none
       ./install.sh --reference                      and torch, for --backend transformers
       ./install.sh --llama                          and xllamacpp, for --backend llama without a llama-server
       ./install.sh test [--engines]                 set up what the tests need, and pass them; --engines: torch, too
       ./install.sh clean                            take away everything that was made

  --model NAME         the model to download (default: $default_model; ./run.sh models lists them)
  --model OWNER/NAME   a model repository on huggingface.co, or OWNER/NAME@REVISION of it
  --model auto         the largest model that looksay knows for this machine's memory

Everything stays in this folder: .venv .uv .cache .hf_cache .models
END
}

main() {
    parse "$@"
    exec 3>&2 # the trap may run while output goes to the log
    trap 'interrupted' INT TERM HUP
    "$command"
}

parse() { # sets $command, $model (nothing: none), $wanted (extras) and $engines
    command=install model=$default_model wanted='' engines=
    case ${1:-} in
        test) command=run_tests ;;
        clean) command=clean ;;
    esac
    if [ "$*" = "test --engines" ]; then
        engines=yes
        return 0
    fi
    if [ "$command" != install ]; then
        [ $# -eq 1 ] || misuse "$1 takes nothing after it, and here is \"$2\"" "./install.sh $1"
        return 0
    fi
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --no-model) model= ;;
            --reference) wanted="$wanted reference" ;;
            --llama) wanted="$wanted llama" ;;
            --model=*) model=$(model_name "${1#--model=}") || exit ;;
            --model)
                model=$(model_name "${2:-}") || exit
                shift
                ;;
            *) misuse "install.sh knows nothing of \"$1\"" "./install.sh --help" ;;
        esac
        shift
    done
}

model_name() { # what came after --model
    case $1 in
        '' | -*) misuse "--model wants a name" "./install.sh --model $default_model" ;;
        *) printf '%s' "$1" ;;
    esac
}

install() {
    started=$(date +%s)
    say "looksay  is set up in $here and nowhere else"
    set_up plain
    for each in $wanted; do install_extra "$each"; done
    say_extras "$before"
    hint_at_missing_libraries
    if [ -n "$model" ]; then
        hold_lock
        add_model
    fi
    say "done     in $(($(date +%s) - started)) s"
    say_what_next
}

say_what_next() {
    say ""
    case $model in
        '') ;;
        "$default_model") say "  ./run.sh                narrate what the camera sees" ;;
        *)
            say "  ./run.sh --model $model"
            say "                          narrate what the camera sees"
            ;;
    esac
    say "  ./run.sh demo           narrate a drawn clip: no camera, no network, no download"
    if [ -z "$model" ]; then say "  ./run.sh                download the model, then narrate what the camera sees"; fi
    say "  ./install.sh clean      take everything away again"
    say ""
    say "It makes mistakes: not for navigation, traffic or medicine."
}

run_tests() {
    set_up test
    if [ -n "$engines" ]; then install_engines; fi
    say_extras "$before"
    release_lock
    cd "$here"
    export HF_HUB_OFFLINE=1
    failed=
    check "ruff" .venv/bin/python -m ruff check .
    check "mypy" .venv/bin/python -m mypy
    check "shellcheck" .venv/bin/shellcheck -x -a install.sh run.sh scripts/lock.sh scripts/check_lock.sh .ci/run
    preload_openblas
    check "pytest" .venv/bin/python -m pytest -n 2 --dist loadfile # a file stays together, for what its tests share
    if [ -n "$failed" ]; then fail "did not pass:$failed" "read what they say above; ./install.sh test runs them all again"; fi
}

check() { # name, command: all run, whatever the first of them says
    checked=$1
    say "$checked"
    shift
    "$@" || failed="$failed $checked"
}

main "$@"
