"""Callbacks of Keras that serve other programs or services, and so have nothing to do here."""

from __future__ import annotations

import warnings
from typing import Any

from nnlite.callbacks.base import Callback


class _Idle(Callback):
    """A callback that takes Keras's arguments, warns once, and does nothing."""

    reason = ""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__()
        self.arguments, self.settings = arguments, settings
        warnings.warn(f"{type(self).__name__} does nothing here: {self.reason}", stacklevel=2)

    def interest(self, phase: str) -> str:  # noqa: ARG002
        """Return "none": it need not be called."""
        return "none"


class TensorBoard(_Idle):
    """Accepted for compatibility with Keras; does nothing.

    Parameters
    ----------
    *arguments, **settings
        Arguments of Keras, without effect.

    Warns
    -----
    UserWarning
        That it does nothing, and what to use instead.
    """

    reason = "there is no TensorBoard without TensorFlow; CSVLogger writes the losses to a file, History keeps them"


class RemoteMonitor(_Idle):
    """Accepted for compatibility with Keras; does nothing: this package opens no connections.

    Parameters
    ----------
    *arguments, **settings
        Arguments of Keras, without effect.
    """

    reason = "this package opens no connections; CSVLogger writes the losses to a file"


class ProgbarLogger(_Idle):
    """Accepted for compatibility with Keras; `fit` draws its bar itself, see its `verbose`.

    Parameters
    ----------
    *arguments, **settings
        Arguments of Keras, without effect.
    """

    reason = "fit draws its progress bar itself, if verbose is 1"
