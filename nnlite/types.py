"""Type names shared by the package."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""A NumPy array of any dtype; docstrings say which shapes and dtypes are meant."""

Shape: TypeAlias = tuple[int | None, ...]
"""A shape whose unknown sizes (the number of rows, usually) are None."""

RandomGenerator: TypeAlias = np.random.Generator
