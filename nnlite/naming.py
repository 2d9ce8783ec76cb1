"""Automatic names of layers and metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

_numbers: dict[str, Iterator[int]] = {}


def unique_name(base: str) -> str:
    """Return `base` at its first use and ``base_1``, ``base_2``, ... after that."""
    # Neither step can be interrupted by another thread, so no two layers of a model have one name.
    number = next(_numbers.setdefault(base, count()))
    return f"{base}_{number}" if number else base


def forget_names() -> None:
    """Restart the numbering of `unique_name`."""
    _numbers.clear()


def snake_case(name: str) -> str:
    """Return the base of a layer name for a class name: ``MaxPooling1D`` to ``max_pooling1d``."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
