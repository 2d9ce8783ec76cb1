"""Inference of the form of a CSV file from its first lines: delimiter, lines above the header, unnamed columns."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from anomaly.errors import DataError
from anomaly.tables.csv_columns import BLANKS
from anomaly.tables.csv_form import BLANKS_DELIMITER, CsvForm
from anomaly.tables.patterns import DelayedPattern
from anomaly.tables.row_kinds import count_unit_rows

DELIMITERS = ",;\t|"
_SEPARATOR = DelayedPattern(r'\ufeff?"?sep=(.)"?[ ;,\t]*\r?\n?', re.IGNORECASE)
_BLANK_FIELD = re.compile(r'"(?:[^"]|"")*"|[^ \t"]+')
# Of which a line of one column holds as many as the header only by accident.
_RARE_DELIMITERS = ("::", *"^~:!#&*%$@/\\=<>\u00a7\u00a6\u00ac\x01\x1e\x1f")
_FEWEST_LINES = 3
_MOST_ABOVE = 30
_LEAST_BLANK_ROWS = 3


class Inferred(NamedTuple):
    """What the first lines say.

    Attributes
    ----------
    delimiter : str
        Character between fields; `BLANKS_DELIMITER` for any number of blanks.
    n_above : int
        Lines above the header, or above the first record of a file without one.
    titles : tuple of str
        Those of them that are text, and were not asked to be left out.
    has_index : bool
        Whether the first field of a record belongs to a column without a name, which numbers or names the rows.
    n_empty : int
        Blank fields after those of the columns.
    n_units : int
        Records below the header that name units or types, or draw a rule.
    """

    delimiter: str
    n_above: int
    titles: tuple[str, ...]
    has_index: bool
    n_empty: int
    n_units: int


def infer_form(sample: Sequence[str], form: CsvForm) -> Inferred:
    """Infer the form of a file from its first lines, as far as it is not given.

    Parameters
    ----------
    sample : sequence of str
        The first lines, with their ends; comments are blank lines.
    form : CsvForm
        What is given.
    """
    n_above = min(form.skip_lines, len(sample))
    delimiter = form.delimiter
    separator = _SEPARATOR.fullmatch(sample[n_above]) if n_above < len(sample) else None
    if separator is not None:
        n_above += 1
        delimiter = delimiter or separator[1]
    lines = sample[n_above:]
    delimiter = delimiter or _infer_delimiter(lines, form.header)
    titles: tuple[str, ...] = ()
    if form.header:
        start = _header_line(lines, delimiter) or 0
        titles = tuple(line.strip() for line in lines[:start] if line.strip())
        n_above += start
    if not form.header:
        return Inferred(delimiter, n_above, titles, False, 0, 0)
    rows = _rows(sample[n_above:], delimiter)
    n_units = count_unit_rows(rows)
    has_index, n_empty = _unnamed([*rows[:1], *rows[1 + n_units :]])
    return Inferred(delimiter, n_above, titles, has_index, n_empty, n_units)


def check_one_column(sample: Sequence[str], form: CsvForm, inferred: Inferred, label: str) -> None:
    r"""Raise DataError where a file seems to have one column, and each of its lines holds a delimiter that is rare.

    Examples
    --------
    >>> lines = ["a^b\n", "1^2\n", "3^4\n"]
    >>> check_one_column(lines, CsvForm(), infer_form(lines, CsvForm()), "'a.csv'")
    Traceback (most recent call last):
        ...
    anomaly.errors.DataError: 'a.csv': one column, 'a^b', if fields are not separated by '^', of which each line ...
    """
    lines = [line.rstrip("\r\n") for line in sample[inferred.n_above :] if line.strip()]
    if form.delimiter is not None or len(lines) < _FEWEST_LINES or any(inferred.delimiter in line for line in lines):
        return
    for mark in _RARE_DELIMITERS:
        counts = {line.count(mark) for line in lines}
        names = [name.strip() for name in lines[0].split(mark)]
        if len(counts) != 1 or counts == {0} or (form.header and (not all(names) or len(set(names)) < len(names))):
            continue
        advice = "say so (delimiter=, on the command line: --delimiter)" if len(mark) == 1 else "replace it by a comma"
        raise DataError(
            f"{label}: one column, {lines[0]!r:.60}, if fields are not separated by {mark!r}, of which each line holds "
            f"{counts.pop()}: {advice}. If it is one column, say that the delimiter is ','"
        )


def without_comments(lines: Iterable[str], comment: str | None) -> Iterator[str]:
    """Yield lines, blank ones in place of comments."""
    for line in lines:
        yield "\n" if comment is not None and line.lstrip(BLANKS).startswith(comment) else line


def with_tabs(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with a tab in place of the blanks between two fields."""
    for line in lines:
        yield "\t".join(_BLANK_FIELD.findall(line.strip()) if '"' in line else line.split()) + "\n"


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Return the fields of the records that can be read; none of blank ones."""
    is_blank = delimiter == BLANKS_DELIMITER
    rows = []
    # The rest is left to the reader, which names the line: a field may be longer than is allowed.
    with suppress(csv.Error):
        for row in csv.reader(with_tabs(lines), delimiter="\t") if is_blank else csv.reader(lines, delimiter=delimiter):
            if any(row) if is_blank else any(field.strip(BLANKS) for field in row):
                rows.append(row)
    return rows


def _infer_delimiter(lines: Sequence[str], header: bool) -> str:
    """Return the delimiter that splits the largest fraction of the first lines into the same number of fields.

    The most frequent character is no criterion: decimal commas may outnumber the semicolons between fields.
    """
    best, best_fit = "", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _rows(lines, delimiter)]
        width = _usual(widths)
        if width < 2 or (widths[0] < 2 and not (header and _header_line(lines, delimiter))):
            continue
        if widths[0] > 1 and widths.count(widths[0]) == widths.count(width):
            width = widths[0]
        fit = (widths.count(width) / len(widths), width)
        if fit > best_fit:
            best, best_fit = delimiter, fit
    if best:
        return best
    return BLANKS_DELIMITER if _are_blank_separated(lines) else DELIMITERS[0]


def _usual(widths: Sequence[int]) -> int:
    return Counter(widths).most_common(1)[0][0] if widths else 0


def _are_blank_separated(lines: Sequence[str]) -> bool:
    """Return whether blanks split all lines into the same number of fields, and most of those into numbers."""
    rows = _rows(lines, BLANKS_DELIMITER)
    widths = {len(row) for row in rows[1:]}
    if len(rows) < _LEAST_BLANK_ROWS or len(widths) != 1 or min(widths) < 2 or min(widths) - len(rows[0]) not in (0, 1):
        return False
    cells = [field for row in rows[1:] for field in row]
    return 2 * sum(map(_is_number, cells)) >= len(cells)


def _header_line(lines: Sequence[str], delimiter: str) -> int | None:
    """Return the index of the line with the header below lines of another width, or None if it is the first record.

    The lines above have fewer fields than usual, or, as spreadsheets write a title, one field and empty ones behind it;
    the header has as many as usual, all of them different names, of which most are no numbers, and so has the record
    below it.
    """
    rows = _rows(lines, delimiter)
    width = _usual([len(row) for row in rows])
    if width < 2 or len(rows) < 3:
        return None
    is_title = width > 2 and bool(rows[0][0].strip()) and not any(field.strip() for field in rows[0][1:])
    if not is_title and len(rows[0]) in (width, width - 1 if width > 2 else width):
        return None
    for index, line in enumerate(lines[:_MOST_ABOVE]):
        names = [name.strip() for row in _rows([line], delimiter) for name in row]
        while names and not names[-1]:
            names.pop()
        if len(names) < 2 or len(_rows([line], delimiter)[0]) < width or len(names) > width:
            continue
        below = _rows(lines[index + 1 :], delimiter)
        are_names = len(set(names)) == len(names) and 2 * sum(map(_is_number, names)) < len(names)
        fits = bool(below) and 2 * sum(len(row) == width for row in below) > len(below)
        return index if are_names and fits else None
    return None


def _unnamed(rows: Sequence[Sequence[str]]) -> tuple[bool, int]:
    """Return whether the first column has no name, and how many fields follow those of the columns with names."""
    if not rows:
        return False, 0
    names = [name.strip() for name in rows[0]]
    n_empty = 0
    while names and not names[-1]:
        names.pop()
        n_empty += 1
    has_index = len(names) > 1 and not names[0] and all(names[1:])
    records = rows[1:]
    if not records:
        return has_index, n_empty
    surplus = [len(row) - len(names) for row in records]
    tails = [field.strip(BLANKS) for row in records for field in row[len(names) :]]
    if min(surplus) >= 0 and not any(tails):
        return has_index, max(n_empty, *surplus)
    # R writes names of rows, and none for their column.
    is_shifted = not n_empty and set(surplus) == {1} and not has_index
    firsts = [row[0] for row in records]
    return has_index or (is_shifted and len(set(firsts)) == len(firsts) > 1), n_empty


def _is_number(text: str) -> bool:
    try:
        float(text.strip().replace(",", "."))
    except ValueError:
        return False
    return True
