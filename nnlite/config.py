"""Global settings, with an effect on layers created later."""

from __future__ import annotations

import numpy as np

_FLOAT_TYPES = ("float32", "float64")
_settings = {"floatx": "float32"}


def floatx() -> str:
    """Return the default dtype of new layers.

    Returns
    -------
    str
        ``"float32"`` (default) or ``"float64"``.

    Examples
    --------
    >>> from nnlite.config import floatx
    >>> floatx()
    'float32'
    """
    return _settings["floatx"]


def set_floatx(value: str) -> None:
    """Set the default dtype of new layers.

    Parameters
    ----------
    value : {"float32", "float64"}
        float32 is faster; gradient checks need float64.

    Raises
    ------
    ValueError
        If `value` is neither.

    Examples
    --------
    >>> from nnlite.config import set_floatx
    >>> set_floatx("float32")
    """
    _settings["floatx"] = check_float_type(value).name


def check_float_type(dtype: object) -> np.dtype[np.floating]:
    """Return `dtype` as a NumPy dtype; raise a ValueError unless it is float32 or float64."""
    try:
        name = np.dtype(dtype).name  # type: ignore[call-overload]
    except TypeError:
        name = None
    if name not in _FLOAT_TYPES:
        raise ValueError(f"dtype must be 'float32' or 'float64'; found {dtype!r}")
    return np.dtype(name)
