"""The environment of the processes that are measured, and a description of the machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from nnlite.processors import available_processors

PROJECT = Path(__file__).resolve().parents[2]

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NPROC",  # what XLA takes for the number of processors
)
# A forced choice would hide what the libraries can do on this machine.
_BLAS_CHOICES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_VERBOSE", "MKL_DEBUG_CPU_TYPE")
_XLA_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def worker_environment(threads: str, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return the environment variables of a process that may use "one" thread or "all" of them.

    No library is told which kernels to use, whatever the user's environment says.
    """
    ours = (*_THREAD_VARIABLES, *_BLAS_CHOICES, "XLA_FLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    if threads == "one":
        environment |= dict.fromkeys(_THREAD_VARIABLES, "1")
        environment["XLA_FLAGS"] = _XLA_ONE_THREAD
    environment |= {"PYTHONPATH": str(PROJECT), "BENCHMARK_THREADS": threads, "MPLBACKEND": "Agg"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    return environment | (extra or {})


def describe_machine() -> dict[str, object]:
    """Return the processor, cores, system and load of the machine."""
    return {"processor": _processor(), "cores": available_processors(), "system": platform.platform(), "load": _load()}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    kind = (
        f"{found.get('model name', platform.machine())} (family {found.get('cpu family')}, model {found.get('model')})"
    )
    flags = found.get("flags", "").split()
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return f"{kind}, {vectors}"


def _load() -> list[float] | None:
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None
