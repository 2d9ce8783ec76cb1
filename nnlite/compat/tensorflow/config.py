"""`tf.config`: there are no graphics processors, and settings of them have no effect."""

from __future__ import annotations

from typing import Any


def list_physical_devices(device_type: str | None = None) -> list[Any]:
    """Return no devices."""
    del device_type
    return []


list_logical_devices = get_visible_devices = list_physical_devices


def set_visible_devices(*_: Any, **__: Any) -> None:
    """Do nothing."""


def set_soft_device_placement(*_: Any, **__: Any) -> None:
    """Do nothing."""


def run_functions_eagerly(*_: Any, **__: Any) -> None:
    """Do nothing."""


class experimental:
    """`tf.config.experimental`."""

    list_physical_devices = staticmethod(list_physical_devices)

    @staticmethod
    def set_memory_growth(*_: Any, **__: Any) -> None:
        """Do nothing."""

    @staticmethod
    def enable_op_determinism() -> None:
        """Do nothing: a seed gives the same numbers anyway."""


class threading:
    """`tf.config.threading`, without effect: see the argument `threads` of `fit`."""

    @staticmethod
    def set_inter_op_parallelism_threads(*_: Any) -> None:
        """Do nothing."""

    @staticmethod
    def set_intra_op_parallelism_threads(*_: Any) -> None:
        """Do nothing."""
