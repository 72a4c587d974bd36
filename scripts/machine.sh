# shellcheck shell=sh
# What the machine must be, and what is good to have on it. Everything here only looks; nothing is changed.

check_machine() {
    case $(uname -s) in
        Darwin) check_mac ;;
        Linux) check_linux ;;
        *) fail "looksay runs on macOS and on Linux, and this is $(uname -s)" "use a Mac with Apple Silicon and macOS 14 or later, or Linux" ;;
    esac
    case $here in
        *:*) fail "the folder's name has a colon in it, which search paths cannot hold: $here" "rename the folder" ;;
    esac
}

check_mac() {
    [ "$(uname -m)" = arm64 ] || refuse_intel
    version=$(SYSTEM_VERSION_COMPAT=0 sw_vers -productVersion) # without it, programs built long ago are told 10.16
    if [ "${version%%.*}" -lt 14 ]; then
        fail "this is macOS $version, and MLX, which runs the models, has no build for macOS before 14" \
            "update macOS (System Settings, General, Software Update)"
    fi
}

refuse_intel() {
    if [ "$(sysctl -n hw.optional.arm64 2>/dev/null || :)" = 1 ]; then
        fail "this terminal runs under Rosetta: it is an Intel program, although the Mac has Apple Silicon" \
            "start it natively, arch -arm64 /bin/sh ./install.sh, or untick \"Open using Rosetta\" in the terminal's Get Info window"
    fi
    fail "this is an Intel Mac, and MLX, which runs the models, needs Apple Silicon" "use a Mac with an M1 or a later chip"
}

check_linux() {
    case $(uname -m) in
        x86_64 | aarch64 | arm64) ;;
        *) fail "this is Linux on $(uname -m), and MLX, which runs the models, has no build for it" "use Linux on x86-64 or arm64" ;;
    esac
    libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>&1 || :)
    case $libc in
        *musl*) fail "this Linux has musl as its C library, and MLX, which runs the models, needs glibc" "use Debian, Ubuntu or Fedora" ;;
        "glibc 2."*) check_glibc "${libc#glibc }" ;;
    esac
}

check_glibc() { # version, as 2.36
    minor=${1#2.}
    if [ "${minor%%.*}" -lt 35 ]; then
        fail "this Linux has glibc $1, and MLX, which runs the models, needs 2.35" "use Debian 12, Ubuntu 22.04 or later"
    fi
}

# The size is the column before the percentage: names of file systems may have spaces, and so may folders.
free_mb() {
    df -Pk "$here" | awk 'NR == 2 { for (i = NF; i > 1; i--) if ($i ~ /^[0-9]+%$/) { print int($(i - 1) / 1024); exit } }'
}

check_disk() { # megabytes that are needed, what for
    free=$(free_mb)
    if [ "${free:-$1}" -lt "$1" ]; then
        fail "$2 needs about $1 MB, and the disk that holds $here has $free MB left" "free some space and run $again again"
    fi
}

# Prints what Linux lacks, a Debian package and what for on each line. Asks the loader, for folders differ between
# distributions.
missing_libraries() {
    [ "$(uname -s)" = Linux ] || return 0
    "$here/.venv/bin/python" -c '
import ctypes, shutil
for library, package in {
    "libopenblas.so.0": "libopenblas0-pthread (speed)",
    "libportaudio.so.2": "libportaudio2 (sound)",
}.items():
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
if not shutil.which("espeak-ng"):
    print("espeak-ng (the voice)")
'
}

hint_at_missing_libraries() {
    missing=$(missing_libraries)
    [ -n "$missing" ] || return 0
    say "hint     this Linux lacks $(printf '%s' "$missing" | tr '\n' ',' | sed 's/,/, /g'); with Debian or Ubuntu:"
    say "         sudo apt install $(printf '%s\n' "$missing" | cut -d ' ' -f 1 | tr '\n' ' ')"
}
