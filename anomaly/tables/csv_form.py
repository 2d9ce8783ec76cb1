"""The form of a CSV file, as far as it is given: delimiter, header, encoding, decimal point, missing values."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any

from anomaly.errors import DataError
from nnlite.values import Value

BLANKS_DELIMITER = " "
"""The delimiter that is any number of blanks, spaces or tabs."""
_DECIMALS = ".,"


class CsvForm(Value):
    r"""The form of a CSV file.

    Parameters
    ----------
    delimiter : str, optional
        Character between fields; a space means any number of blanks. By default comma, semicolon, tab, ``|`` or blanks,
        inferred from the first lines.
    header : bool, default True
        Whether the first record contains the names of the columns. If not, these are ``"0"``, ``"1"``, ...
    encoding : str, optional
        Encoding of the text. By default UTF-8, or what a byte-order mark says.
    decimal : {".", ","}, default "."
        Decimal point of numbers.
    missing : tuple of str, default ()
        Texts of missing values besides the usual ones. Of a number, equal numbers are meant, too.
    skip_lines : int, default 0
        Lines to leave out at the beginning.
    comment : str, optional
        Character with which lines begin that are comments.

    Raises
    ------
    ValueError
        If a character is none that can be used so, or two are the same.
    """

    delimiter: str | None
    header: bool
    encoding: str | None
    decimal: str
    missing: tuple[str, ...]
    skip_lines: int
    comment: str | None

    def __init__(
        self,
        delimiter: str | None = None,
        header: bool = True,
        encoding: str | None = None,
        decimal: str = ".",
        missing: tuple[str, ...] = (),
        skip_lines: int = 0,
        comment: str | None = None,
    ) -> None:
        if delimiter is not None:
            check_delimiter(delimiter)
        if decimal not in _DECIMALS or len(decimal) != 1:
            raise ValueError(f"decimal must be '.' or ','; found {decimal!r}")
        if comment is not None and (len(comment) != 1 or comment in '"\r\n\0'):
            raise ValueError(f"comment must be one character such as '#'; found {comment!r}")
        if delimiter is not None and delimiter in (decimal, comment):
            raise ValueError(f"the delimiter {delimiter!r} cannot be the decimal point or begin a comment, too")
        if skip_lines < 0:
            raise ValueError(f"skip_lines must be at least 0; found {skip_lines}")
        self._set(
            delimiter=delimiter,
            header=header,
            encoding=encoding,
            decimal=decimal,
            missing=missing,
            skip_lines=skip_lines,
            comment=comment,
        )

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CsvForm) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    @classmethod
    def from_state(cls, state: Any) -> CsvForm:
        """Restore a form from the values of `get_state`; raise DataError for an invalid field."""
        kinds = {"header": bool, "skip_lines": int, "missing": list}
        if not isinstance(state, Mapping) or not all(
            name in cls._fields and type(value) is kinds.get(name, str) for name, value in state.items()
        ):
            raise DataError(f"the form of files is not valid; found {state!r:.100}")
        values = dict(state)
        if "missing" in values:
            if not all(type(text) is str for text in values["missing"]):
                raise DataError("the marks of missing values in the form of files are not text")
            values["missing"] = tuple(values["missing"])
        try:
            form = cls(**values)
            codecs.lookup(form.encoding or "utf-8")
        except (ValueError, LookupError) as error:
            raise DataError(f"the form of files is not valid: {error}") from error
        return form

    def get_state(self) -> dict[str, Any]:
        """Return what differs from the defaults, as JSON values."""
        default = CsvForm()
        state = dict(zip(self._fields, self._values(), strict=True))
        changed = {name: value for name, value in state.items() if value != getattr(default, name)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}


def check_delimiter(delimiter: str) -> str:
    """Return a delimiter; raise ValueError if it is none."""
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise ValueError(f"delimiter must be one character such as ',' or ';'; found {delimiter!r}")
    return delimiter
