"""Type names shared by the package."""

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    # Importing these takes longer than all the rest, and only type checkers look.
    from numpy.random import Generator
    from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = "NDArray[Any]"
"""A NumPy array of any dtype; docstrings say which shapes and dtypes are meant."""

Shape: TypeAlias = tuple[int | None, ...]
"""A shape whose unknown sizes (the number of rows, usually) are None."""

Arrays: TypeAlias = "ArrayLike"
"""What NumPy can turn into an array."""

RandomGenerator: TypeAlias = "Generator"
"""NumPy's generator of random numbers."""
