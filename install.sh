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
       ./install.sh test [--all] [--reference]       set up what the tests need, and pass them; --all: the long ones
                                                     too; --reference: with torch, those of --backend transformers too
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

parse() { # sets $command, $model (nothing: none), $wanted (extras) and $all
    command=install model=$default_model wanted='' all=
    case ${1:-} in
        test)
            command=run_tests
            shift
            parse_test "$@"
            return 0
            ;;
        clean)
            command=clean
            [ $# -eq 1 ] || misuse "clean takes no arguments (got \"$2\")" "./install.sh clean"
            return 0
            ;;
    esac
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
            *) misuse "unknown option: $1" "./install.sh --help" ;;
        esac
        shift
    done
}

parse_test() {
    for each in "$@"; do
        case $each in
            --all) all=yes ;;
            --reference) wanted=reference ;;
            -h | --help) usage && exit 0 ;;
            *) misuse "unknown option of test: $each" "./install.sh test" ;;
        esac
    done
}

model_name() { # what came after --model
    case $1 in
        '' | -*) misuse "--model needs a name" "./install.sh --model $default_model" ;;
        *) printf '%s' "$1" ;;
    esac
}

install() {
    started=$(date +%s)
    say "Installing looksay in $here (nothing outside it changes)"
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
    say "  ./install.sh clean      uninstall everything"
    say ""
    say "looksay makes mistakes. Do not rely on it for navigation, traffic or medicine."
}

run_tests() {
    set_up test
    if [ -n "$wanted" ]; then install_torch; fi
    say_extras "$before"
    release_lock
    cd "$here"
    export HF_HUB_OFFLINE=1
    failed=
    lint >.cache/lint.log 2>&1 & # beside the tests, on what they leave of the processors
    linting=$!
    say "pytest"
    if [ -n "$all" ]; then set -- -m ""; else set --; fi # pyproject.toml leaves the long ones out
    # three at a time on two processors, for they often wait for a process or a socket
    (preload_openblas && exec .venv/bin/python -m pytest -n 3 --dist worksteal "$@") || failed=" pytest"
    wait "$linting" || failed=" $(tail -n 1 .cache/lint.log)$failed"
    cat .cache/lint.log
    if [ -n "$failed" ]; then fail "did not pass:$failed" "read what they say above; ./install.sh test runs them all again"; fi
}

lint() { # the last line names what did not pass
    check "ruff" .venv/bin/python -m ruff check .
    check "mypy" .venv/bin/python -m mypy
    check "layers" .venv/bin/lint-imports --no-cache
    check "shellcheck" .venv/bin/shellcheck -x -a install.sh run.sh scripts/lock.sh scripts/check_lock.sh .ci/run
    if [ -n "$failed" ]; then say "${failed# }" && return 1; fi
}

check() { # name, command: all run, whatever the first of them says
    checked=$1
    say "$checked"
    shift
    "$@" || failed="$failed $checked"
}

main "$@"
