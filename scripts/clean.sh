# shellcheck shell=sh
# Takes away what install.sh and run.sh made, and nothing else. It asks nothing and never follows a link.

made=".venv .uv .cache .hf_cache .models" # the same five as in .gitignore

clean() {
    # Everything below removes by name under $here, so $here must be this project and nothing else.
    [ -n "$here" ] && [ -f "$here/scripts/clean.sh" ] || fail "cannot tell which folder to clean" "run ./install.sh clean in the project's folder"
    from_homebrew=
    if [ -f "$here/.uv/from-homebrew" ]; then from_homebrew=yes; fi
    freed_kb=$(size_kb)
    for each in $made; do remove "$here/$each"; done
    remove_bytecode
    say "freed $((freed_kb / 1024)) MB in $here"
    if [ -n "$from_homebrew" ]; then
        say "left outside: uv, which Homebrew installed; brew uninstall uv removes it"
    else
        say "nothing was left outside this folder"
    fi
}

# One du for all, so that what uv has linked from its cache into .venv is counted once.
size_kb() (
    cd "$here" || exit 1
    set --
    for each in $made; do
        if [ -d "$each" ] && [ ! -L "$each" ]; then set -- "$@" "$each"; fi
    done
    if [ $# -eq 0 ]; then echo 0; else du -sk "$@" 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'; fi
)

remove() { # path of a folder, or of a link in its place
    if [ -L "$1" ]; then
        say "${1##*/} is a link: the link goes, what it leads to stays ($(readlink "$1"))"
        rm -f -- "$1"
    elif [ -e "$1" ]; then
        rm -rf -- "$1" || fail "could not remove all of $1" "see who owns what is left there: ls -la \"$1\""
    fi
}

# What Python leaves when it was started without run.sh. A __pycache__ that holds anything else stays.
remove_bytecode() {
    for each in app tests models; do
        [ -d "$here/$each" ] && [ ! -L "$here/$each" ] || continue
        find "$here/$each" -type f -path '*/__pycache__/*.pyc*' -exec rm -f -- {} +
        find "$here/$each" -depth -type d -name __pycache__ -exec rmdir -- {} + 2>/dev/null || :
    done
}
