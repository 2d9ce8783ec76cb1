"""What the processor can do, as far as it decides how kernels are written."""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np


@cache
def vector_bytes() -> int:
    """Return the length of the processor's vectors in bytes: 64 with AVX-512, 32 with AVX2, else 16."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64
    return 32 if features.get("avx2") and features.get("fma") else 16


def vector_length(dtype: np.dtype[Any]) -> int:
    """Return how many numbers of a dtype are in a vector."""
    return vector_bytes() // np.dtype(dtype).itemsize
