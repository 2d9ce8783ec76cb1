"""`tf.test`: there are no graphics processors."""

from __future__ import annotations

from typing import Any


def is_gpu_available(*_: Any, **__: Any) -> bool:
    """Return False."""
    return False


def is_built_with_cuda() -> bool:
    """Return False."""
    return False


def gpu_device_name() -> str:
    """Return an empty name."""
    return ""
