"""What MLX computes on, and whether that is the fastest there is."""

from app.check.findings import Finding

OPENBLAS = "sudo apt-get install libopenblas0-pthread"


def device() -> tuple[bool, str]:
    """Whether MLX has Metal, and the device's name."""
    import mlx.core as mx

    return mx.metal.is_available(), str(mx.device_info().get("device_name", mx.default_device()))


def computing(is_metal: bool, name: str, is_linux: bool, preloaded: str) -> Finding:
    """`preloaded`: the value of LD_PRELOAD, through which run.sh gives MLX the fast BLAS on Linux."""
    if is_metal:
        return Finding("MLX device", "ok", f"Metal on {name}")
    if not is_linux:
        return Finding(
            "MLX device",
            "note",
            f"the CPU, {name}: MLX finds no Metal, so everything is slow",
            "update macOS; in a virtual machine there is no Metal",
        )
    if "openblas" in preloaded:
        return Finding("MLX device", "note", f"the CPU, {name}, with OpenBLAS: as fast as it gets without Metal")
    return Finding(
        "MLX device",
        "note",
        f"the CPU, {name}, without OpenBLAS: matrices take about 30 times as long",
        f"{OPENBLAS}, then start looksay with ./run.sh",
    )
