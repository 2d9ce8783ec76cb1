"""Types of command-line arguments that several benchmarks take."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable


def some_of(known: Iterable[str], *, or_none: bool = False) -> Callable[[str], tuple[str, ...]]:
    """Return a parser of names separated by commas.

    Parameters
    ----------
    known : iterable of str
        Names that there are.
    or_none : bool, default False
        Whether the word "none" stands for no name at all.
    """

    def parse(text: str) -> tuple[str, ...]:
        given = () if or_none and text == "none" else tuple(dict.fromkeys(text.split(",")))
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; choose from {', '.join(known)}")
        return given

    return parse


def positive(text: str) -> int:
    """Parse a whole number, at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, at least 1; found {text}")
    return int(text)
