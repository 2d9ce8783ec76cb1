"""`tf.compat`: the settings of version 1 that programs still make."""

from __future__ import annotations

from typing import Any

from nnlite.utils import set_random_seed


class v1:
    """`tf.compat.v1`."""

    set_random_seed = staticmethod(set_random_seed)

    @staticmethod
    def disable_eager_execution() -> None:
        """Do nothing."""

    @staticmethod
    def disable_v2_behavior() -> None:
        """Do nothing."""

    @staticmethod
    def reset_default_graph() -> None:
        """Do nothing."""

    class logging:
        """`tf.compat.v1.logging`."""

        ERROR, FATAL, INFO, WARN = 40, 50, 20, 30

        @staticmethod
        def set_verbosity(*_: Any) -> None:
            """Do nothing: this package logs nothing."""
