"""Square matrix products in float32, against BLAS through NumPy."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.speed.contestants import BLAS, OURS
from benchmarks.speed.figures import JobResult, Target, ratio
from benchmarks.speed.jobs.training import find
from benchmarks.speed.rounds import Settings, alternate

_SIZES = (16, 32, 64, 128, 256, 512, 1024)
_FORMS = ("nn", "tn", "nt")


def products(settings: Settings) -> JobResult:
    """Multiply AB, AᵀB and ABᵀ: the engine's product in compiled code, np.matmul from Python."""
    sizes = _SIZES[:5:2] if settings.quick else _SIZES
    result = JobResult("gemm", f"square matrix products of {sizes[0]} to {sizes[-1]}, float32, one thread")
    parts = [f"{form} {size}" for size in sizes for form in _FORMS]
    one_thread = replace(settings, threads=("one",))
    alternate(one_thread, [OURS, BLAS], "product", {"sizes": sizes, "forms": _FORMS}, result, parts)
    for part in parts:
        ours, theirs = find(result, OURS.title, "one", part), find(result, BLAS.title, "one", part)
        if ours is None or theirs is None:
            continue
        size = int(part.split()[1])
        target = Target("at least", 1.0) if size < 32 else Target("at least", 0.9) if size >= 256 else None
        speed = 2 * size**3 / ours.median / 1e9
        what = f"{part}, {speed:.0f} GFLOP/s: as fast as np.matmul"
        result.figures.append(ratio(what, theirs.values, ours.values, target))
    return result
