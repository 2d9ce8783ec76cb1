"""Regular expressions that are compiled on first use.

To compile one takes 0.1 to 0.5 ms, and a detector that was loaded to score numbers needs none of those that read text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_METHODS = ("finditer", "fullmatch", "match", "search", "sub")


class DelayedPattern:
    r"""A regular expression, compiled when one of its methods is first asked for.

    Parameters
    ----------
    pattern : str
        The expression, as of `re.compile`.
    flags : int or re.RegexFlag, default 0
        Its flags.

    Examples
    --------
    >>> number = DelayedPattern(r"\d+")
    >>> bool(number.fullmatch("12")), bool(number.search("a"))
    (True, False)
    """

    finditer: Callable[[str], Iterator[re.Match[str]]]
    fullmatch: Callable[[str], re.Match[str] | None]
    match: Callable[[str], re.Match[str] | None]
    search: Callable[[str], re.Match[str] | None]
    sub: Callable[[str, str], str]

    def __init__(self, pattern: str, flags: int | re.RegexFlag = 0) -> None:
        self.pattern = pattern
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(f"a DelayedPattern has no attribute {name!r}; it has {', '.join(_METHODS)}")
        # Kept, so that later calls are those of the compiled expression itself.
        found = getattr(re.compile(self.pattern, self.flags), name)
        setattr(self, name, found)
        return found
