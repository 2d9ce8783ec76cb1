r"""Columns of numbers with a heavy tail, such as bytes and amounts: two features, one for each end of their range.

Some values of such a column are hundreds of times as large as most. On one scale, either the differences between most
values vanish, or the few large ones decide every distance. So there are two numbers, with the median c, the standard
deviation :math:`\sigma` and the spread s of most training values:

.. math:: \frac{x - c}{\sigma}, \qquad \operatorname{asinh} \frac{x - c}{s}

The first tells the large values from each other. The second is linear among most values and logarithmic beyond, so that
10,000 is as far from 1,000 as that is from 100.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.errors import DataError
from anomaly.preprocessing.columns.values import NumberColumn
from anomaly.tables.saved_state import field
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.preprocessing.columns.forms import Form

# Beyond it, the difference of two finite numbers in units of a small spread may be infinite.
_FARTHEST = 1e300
# Difference of compressed numbers that is due to the 24 binary digits of float32 features.
_SAME = 1e-5


class HeavyTailColumn(NumberColumn):
    """A column of numbers with a heavy tail.

    Parameters
    ----------
    name : str
        Name of the column.
    resolution, form
        As for `ValueColumn`.
    center : float
        c.
    spread : float
        s, above 0.

    Examples
    --------
    >>> import numpy as np
    >>> column = HeavyTailColumn("bytes", 1, center=100.0, spread=50.0)
    >>> column.number_names
    ('bytes', 'bytes (compressed)')
    >>> [number.round(2).tolist() for number in column.numbers_of(np.array([100.0, 150.0, 1e6]))]
    [[100.0, 150.0, 1000000.0], [0.0, 0.88, 10.6]]
    """

    def __init__(
        self, name: str, resolution: int | None, center: float, spread: float, form: Form | None = None
    ) -> None:
        super().__init__(name, resolution, form)
        self.center = center
        self.spread = spread

    def numbers_of(self, numbers: Array) -> list[Array]:
        """Return the numbers themselves, and compressed."""
        return [numbers, self._compressed(numbers)]

    @property
    def number_names(self) -> tuple[str, ...]:
        """Name of each array of `numbers_of`."""
        return self.name, f"{self.name} (compressed)"

    def value_of(self, numbers: Array) -> Array:
        """Return the number of each row; where reconstructions of the two differ, by the compressed one.

        The same error of both features is a smaller error of most numbers by the compressed one.
        """
        plain, compressed = numbers
        with np.errstate(over="ignore", invalid="ignore"):
            restored = self.center + self.spread * np.sinh(compressed)
        same = np.isclose(self._compressed(plain), compressed, rtol=_SAME, atol=_SAME)
        return np.where(same | ~np.isfinite(restored), plain, restored)

    def _compressed(self, numbers: Array) -> Array:
        with np.errstate(over="ignore"):
            # Halved, so that no difference overflows; a table of float32 would overflow at the bound.
            distances = (numbers.astype(np.float64) / 2 - self.center / 2) / (self.spread / 2)
        return np.asarray(np.arcsinh(np.clip(distances, -_FARTHEST, _FARTHEST)))

    def summary(self, median: float) -> str:
        """Return a text that describes the training values by their median."""
        return f"{super().summary(median)}; heavy tail"

    def get_config(self) -> dict[str, Any]:
        """Return the attributes of the column, as JSON values."""
        return {**super().get_config(), "heavy_tail": {"center": self.center, "spread": self.spread}}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], resolution: int | None, form: Form | None = None
    ) -> HeavyTailColumn:
        """Restore a column from the values of `get_config`; raise `DataError` for an invalid field."""
        tail = field(config, "heavy_tail", dict)
        center, spread = field(tail, "center", float), field(tail, "spread", float)
        if not (math.isfinite(center) and 0 < spread < math.inf):
            raise DataError(f"preprocessing: a heavy tail has no center {center} and spread {spread}")
        return cls(field(config, "name", str), resolution, center, spread, form)
