"""Automatic names of layers and metrics."""

from __future__ import annotations

import re
from collections import Counter

_used_names: Counter[str] = Counter()


def unique_name(base: str) -> str:
    """Return `base` at its first use and ``base_1``, ``base_2``, ... after that."""
    used = _used_names[base]
    _used_names[base] += 1
    return f"{base}_{used}" if used else base


def forget_names() -> None:
    """Restart the numbering of `unique_name`."""
    _used_names.clear()


def snake_case(name: str) -> str:
    """Return the base of a layer name for a class name: ``MaxPooling1D`` to ``max_pooling1d``."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
