"""Formats of dates as Java's SimpleDateFormat writes them, and as Python's strptime does."""

from __future__ import annotations

import re

# Text in quotes, a run of one letter, or any other character.
_PARTS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']", re.DOTALL)
_DIRECTIVES = {"d": "%d", "H": "%H", "h": "%I", "m": "%M", "s": "%S", "S": "%f", "a": "%p", "D": "%j", "k": "%H"}


def strptime_format(pattern: str) -> str:
    """Return the format of `datetime.datetime.strptime` for a pattern of Java.

    Raises
    ------
    ValueError
        If a letter has no counterpart.

    Examples
    --------
    >>> strptime_format("yyyy-MM-dd'T'HH:mm:ss.SSS"), strptime_format("d MMM yy h a")
    ('%Y-%m-%dT%H:%M:%S.%f', '%d %b %y %I %p')
    """
    return "".join(map(_part, _PARTS.finditer(pattern)))


def _part(match: re.Match[str]) -> str:
    whole, quoted, letter = match[0], match[1], match[2]
    if quoted is not None:
        return (quoted.replace("''", "'") or "'").replace("%", "%%")
    if letter is None:
        return whole.replace("%", "%%")
    count = len(whole)
    if letter in "yu":
        return "%y" if count == 2 else "%Y"
    if letter in "ML":
        return "%m" if count < 3 else "%b" if count == 3 else "%B"
    if letter == "E":
        return "%a" if count < 4 else "%A"
    if letter in "ZX":
        return "%z"
    if letter not in _DIRECTIVES:
        raise ValueError(f"the letter {letter!r} of the format {match.string!r} has no counterpart here")
    return _DIRECTIVES[letter]
