"""The error raised for invalid data, the warnings about data, and the format of names and values in messages."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np


class DataError(ValueError):
    """Invalid data: the message names the row, the column or the file, and the expected value."""


class CellError(DataError):
    """Cells that do not fit the others of their column.

    Parameters
    ----------
    message : str
        The message, which names the first of them.
    rows : sequence of int
        Indices of the rows.
    """

    def __init__(self, message: str, rows: Sequence[int]) -> None:
        super().__init__(message)
        self.rows = rows


class DataWarning(UserWarning):
    """Base of all warnings about data: what was noticed, and how it was taken.

    On the command line, ``--strict`` turns them into errors; in Python,
    ``warnings.simplefilter("error", DataWarning)`` does.
    """


def level_of_caller() -> int:
    """Return the `stacklevel` by which a warning names the line of the user's program, however deep it is raised."""
    # Imported late: few programs warn, and all of them import this module.
    import inspect

    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "anomaly":
        frame, level = frame.f_back, level + 1
    return max(level, 1)


class FileFormWarning(DataWarning):
    """A file is not plainly a table: the message says how it was understood, such as which lines were left out."""


class FewRecordsWarning(DataWarning):
    """Too few records for what was asked: the message says how many are needed, and what was done instead."""


class EmptyColumnWarning(DataWarning):
    """Columns without any value in training are left out: the message names them."""


class IdentifierColumnWarning(DataWarning):
    """Columns that number or name the records, or only grow, are left out: the message names them."""


class BlindColumnWarning(DataWarning):
    """Columns of text in which no later value is unusual, since most values are met once: the message names them."""


class ConstantColumnWarning(DataWarning):
    """Columns with one value in training, so that any other is anomalous: the message names them.

    They are used, and not left out: a value that has never changed and does is a real alarm, such as of a status.
    """


class SpellingWarning(DataWarning):
    """Numbers in a spelling that may be meant in another way: the message says how they were read."""


class TimeColumnWarning(DataWarning):
    """Numbers that were read as times: the message says which."""


class SwappedColumnsWarning(DataWarning):
    """Columns of an array without names that look like those of each other in training: the message names two."""


class MissingTimeWarning(DataWarning):
    """Records without a time where times matter: the message says how many, and how they were taken."""


class ClockWarning(DataWarning):
    """Timestamps that go back, are doubled or missing, or at another step than in training: where first, how many."""


class IntervalWarning(DataWarning):
    """Intervals to exclude that match no row: the message names the first, and says how many there are."""


class RowOrderWarning(DataWarning):
    """Records of a table follow each other in time: the message says how thresholds are chosen then."""


class GroupWarning(DataWarning):
    """Groups of rows, such as machines, without a detector of their own: the message names them, and says why."""


class LabelWarning(DataWarning):
    """Labelled records are no evidence for weights other than 1; scores are those without labels."""


class FlatteringMetricWarning(DataWarning):
    """Use of a metric that overstates the quality of a detector."""


class NotFittedError(ValueError, AttributeError):
    """Error of a method that needs a fitted detector or transformer.

    Where scikit-learn is imported, the error is also one of its own `NotFittedError`.
    """


def not_fitted(message: str) -> NotFittedError:
    """Return the error of an object that is not fitted; where scikit-learn is imported, also of its class."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), "NotFittedError", None)
    if theirs is None:
        return NotFittedError(message)
    kind = type("NotFittedError", (NotFittedError, theirs), {"__reduce__": lambda self: (not_fitted, self.args)})
    return cast("NotFittedError", kind(message))


# Characters that change the direction of the text around them, and those that end a line.
_DIRECTIONS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)))
# Characters that nobody sees, so that two names look alike; joiners are letters' own in some languages.
_UNSEEN = frozenset(map(chr, (0x180E, 0x200B, *range(0x2060, 0x2065), 0xFEFF, *range(0xE0000, 0xE0080))))
_LINE_ENDS = frozenset(map(chr, (0x0A, 0x09, 0x2028, 0x2029)))


def printable(text: str) -> str:
    r"""Return text with control characters and unseen ones as escapes: names in data cannot steer a terminal.

    Examples
    --------
    >>> printable("a\x1b[31m\tred\n") == "a\\x1b[31m\tred\n"
    True
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def one_line(text: str) -> str:
    r"""Return text as `printable` does, with the ends of lines and tabs as escapes as well: a name is no other line.

    Examples
    --------
    >>> one_line("a\nb") == "a\\nb"
    True
    """
    if text.isprintable():
        return text
    return "".join(repr(one)[1:-1] if one in _LINE_ENDS else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    number = ord(character)
    is_control = number < 0x20 or 0x7F <= number < 0xA0 or 0xD800 <= number < 0xE000
    if character in "\n\t" or not (is_control or character in _DIRECTIONS or character in _UNSEEN):
        return character
    return f"\\x{number:02x}" if number < 0x100 else repr(character)[1:-1]


def format_names(names: Iterable[str], limit: int = 10) -> str:
    """Return a list of names for a message: quoted, and shortened to the first `limit`.

    Examples
    --------
    >>> print(format_names(["amount", "country", "city"], limit=2))
    'amount', 'country' and 1 more
    """
    names = list(names)
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more


def format_value(value: Any, limit: int = 60) -> str:
    """Return a value for a message: NumPy scalars without their type, long text shortened to `limit` characters.

    Examples
    --------
    >>> import numpy as np
    >>> print(format_value("abc"), format_value(np.float64(0.5)), format_value(np.datetime64("2024-12-31")))
    'abc' 0.5 2024-12-31
    """
    text = str(value) if isinstance(value, np.generic) else repr(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
