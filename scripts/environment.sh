# shellcheck shell=sh
# What Python is told before looksay starts: where its files go (all inside the project, `$here`) and what it may not do.

set_environment() {
    export HF_HOME="$here/.hf_cache"
    unset HF_HUB_CACHE HUGGINGFACE_HUB_CACHE TRANSFORMERS_CACHE HF_XET_CACHE HF_ASSETS_CACHE # each would lead out of HF_HOME
    export HF_HUB_DISABLE_TELEMETRY=1 DO_NOT_TRACK=1
    export TOKENIZERS_PARALLELISM=false # else tokenizers warns at every child process
    export PYTHONPYCACHEPREFIX="$here/.cache/python"
    unset PYTHONDONTWRITEBYTECODE # with that prefix every start would compile all of Python's own modules anew
    export PYTHONPATH="$here" # not the user's: a robot's or a notebook's packages would shadow ours
    export PYTHONSAFEPATH=1 # a folder named app where the user is must not be taken for ours, by no child process either
    unset PYTHONHOME
}

# On Linux, MLX's own matrix product is some thirty times slower than OpenBLAS. Called last, just before Python starts,
# so that nothing else is loaded with it. The app says in its banner when it is missing.
preload_openblas() {
    machine=$(uname -sm)
    case "$machine ${LD_PRELOAD:-}" in
        Linux*openblas*) return 0 ;;
        Linux*) ;;
        *) return 0 ;;
    esac
    for library in \
        "/usr/lib/${machine#Linux }-linux-gnu/libopenblas.so.0" \
        /usr/lib64/libopenblasp.so.0 /usr/lib64/libopenblas.so.0 /usr/lib/libopenblas.so.0; do # Debian, Fedora, Arch
        if [ -e "$library" ]; then
            export LD_PRELOAD="$library${LD_PRELOAD:+:$LD_PRELOAD}"
            return 0
        fi
    done
}
