"""What lower modules need of higher ones, by name.

Layers are built on tensors, weights, activation functions and losses, never the other way round. Yet ``x + 1`` and
``relu(x)`` of a symbolic tensor *are* layers. So the lower modules only name what they need, and the top of the
package, which knows all modules, says where it is. It is imported with its first use: most programs need none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_places: dict[str, str] = {}


def provide(**places: str) -> None:
    """Say where services are.

    Parameters
    ----------
    **places : str
        For the name of a service its module and its name there, as ``"package.module:name"``.
    """
    _places.update(places)


def service(name: str) -> Any:
    """Return the function or class that a name stands for.

    Raises
    ------
    KeyError
        If nothing has been said of the name.

    Examples
    --------
    >>> from nnlite.services import service
    >>> service("activation_layer").__name__
    'Activation'
    """
    module, _, attribute = _places[name].partition(":")
    return getattr(import_module(module), attribute)
