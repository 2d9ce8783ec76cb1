"""Type aliases of the package."""

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    # These imports would take longer than all others, and only type checkers need them.
    from numpy.random import Generator
    from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = "NDArray[Any]"
"""A NumPy array of any dtype; docstrings give shapes and dtypes."""

Shape: TypeAlias = tuple[int | None, ...]
"""A shape, with None for unknown sizes such as the number of rows."""

Arrays: TypeAlias = "ArrayLike"
"""An object that NumPy can convert to an array."""

RandomGenerator: TypeAlias = "Generator"
"""NumPy's generator of random numbers."""
