"""Write the page of the forms of columns and files: what is read, left out, warned of and refused.

``python docs/make_data_forms.py`` writes ``docs/data_forms.md``. The spellings and files are those of the tests; each
is given to the code, and what the code says of it is what the page says.
"""

from __future__ import annotations

import inspect
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from anomaly import errors
from anomaly.cli.commands import EXIT_CODES
from anomaly.errors import DataError, DataWarning
from anomaly.tables.csv_files import read_csv
from tests.anomaly import more_spellings as more
from tests.anomaly import test_spellings as columns
from tests.anomaly.tables import test_csv_inference as forms
from tests.anomaly.tables import test_file_kinds as files
from tests.anomaly.tables import test_text_formats as texts

PAGE = Path(__file__).parent / "data_forms.md"
_LONGEST = 400

INTRODUCTION = """\
# Forms of columns and files

Written by `docs/make_data_forms.py`, which gives each form to the code; a test holds the page to the code.
A column is understood, left out by name, refused by name, or used with a warning that says how it was understood.
`anomaly fit` and `anomaly info` print one line for each column that says the same.

In Python, `warnings.simplefilter("error", anomaly.errors.DataWarning)` turns all warnings into errors; on the command
line, `--strict` does."""


def warning_classes() -> list[type[DataWarning]]:
    """Return the classes of warnings about data, in the order of the code."""
    found = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, DataWarning)]
    return [one for one in found if one is not DataWarning]


def page() -> str:
    """Return the text of the page."""
    spelled = [(name, [spell(x) for x in columns.X]) for name, spell in columns.ALL_NUMBERS.items()]
    times = [(name, [spell(t) for t in columns.T]) for name, spell in columns.ALL_MOMENTS.items()]
    dates = [(name, [spell(t) for t in columns.T]) for name, spell in columns.ALL_DATES.items()]
    left_out = [(name, [spell(t) for t in columns.T]) for name, spell in more.TIMES_LEFT_OUT.items()]
    codes = [(name, more.cells_of_no_numbers(name)) for name in more.NO_NUMBERS]
    warned = [(name, list(cells)) for name, (cells, _) in columns.WARNED.items()]
    parts = [
        INTRODUCTION,
        _columns_section("Numbers", "Each is a number, in these spellings.", spelled),
        _columns_section("Times", "Each gives the hour of the day and the day of the week.", times),
        _columns_section("Dates without a time of day", "They say nothing about a record, and are left out.", dates),
        _columns_section("Times in spellings of numbers", "They are left out.", left_out),
        _columns_section("Codes that are made of digits", "They are categories, or name the records.", codes),
        _columns_section("Columns that say nothing, or may be meant in another way", "Each has a warning.", warned),
        _refused_section(),
        _files_section(),
        _warnings_section(),
        f"## Exit codes\n\nThose of all commands, also in the help of each.\n\n```text\n{EXIT_CODES}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _columns_section(title: str, text: str, several: Iterable[tuple[str, list[Any]]]) -> str:
    rows = []
    for name, cells in several:
        preprocessor, found = columns.fitted(cells)
        understood = preprocessor.describe()[0].partition(" ")[2].split(maxsplit=1)
        warned = ", ".join(sorted(one.__name__ for one in found))
        # The median is that of the made-up column.
        details = "; ".join(part for part in understood[1].split("; ") if not part.startswith("median"))
        said = f"{understood[0]}: {details}" if details else understood[0]
        rows.append([name.removeprefix("more: "), _code(str(cells[0])), _plain(said), warned])
    return f"## {title}\n\n{text}\n\n" + _table(["form", "such as", "understood as", "warning"], rows)


def _refused_section() -> str:
    rows = []
    for name, cells in columns.REFUSED.items():
        rows.append([name, _plain(_error(lambda cells=cells: columns.fitted(cells)))])  # type: ignore[misc]
    return "## Columns that are refused\n\n" + _table(["column", "error"], rows)


def _files_section() -> str:
    """Return the section of the forms of files."""
    plain = [[name, ", ".join(f"`{key}={value!r}`" for key, value in options.items())]
             for name, (_, options) in forms.PLAIN.items()]  # fmt: skip
    warned = [[name, _plain(_warning(content.encode()))] for name, (content, _) in forms.WARNED.items()]
    for name, (lines, _) in files.READ.items():
        warned.append([name, _plain(_warning("\n".join([*lines, ""]).encode()))])
    refused = [[name, _plain(_of_file(lambda path: _error(lambda: read_csv(path)), content))]
               for name, content in files.REFUSED.items()]  # fmt: skip
    for name, lines in texts.FORMATS.items():
        content = "\n".join([*lines, ""]).encode()
        refused.append([name, _plain(_of_file(lambda path: _error(lambda: read_csv(path)), content))])
    return (
        "## Files that are read\n\nWithout a warning, by the settings given, or by none.\n\n"
        + _table(["form", "settings"], plain)
        + "\n\n## Files that are read with a `FileFormWarning`\n\n"
        + _table(["form", "warning"], warned)
        + "\n\n## Files that are refused\n\n"
        + _table(["file", "error"], refused)
    )


def _warnings_section() -> str:
    rows = [[f"`{one.__name__}`", " ".join(str(inspect.getdoc(one)).split())] for one in warning_classes()]
    return (
        "## Classes of warnings\n\nAll are in `anomaly.errors`, and subclasses of `anomaly.errors.DataWarning`.\n\n"
        + _table(["class", "meaning"], rows)
    )


def _warning(content: bytes) -> str:
    def read(path: Path) -> str:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            read_csv(path)
        return str(caught[0].message)

    return _of_file(read, content)


def _error(call: Callable[[], object]) -> str:
    try:
        call()
    except DataError as error:
        return str(error)
    raise AssertionError("this was to be refused")


def _of_file(call: Callable[[Path], str], content: bytes) -> str:
    """Return what a call says of a file, which is named data.csv."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_bytes(content)
        return call(path).replace(str(path), path.name)


def _table(names: list[str], rows: Iterable[list[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(text: str) -> str:
    shown = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)
    return f"`{shown}`".replace("|", "\\|") if "`" not in shown else _plain(shown)


def _plain(text: str) -> str:
    """Return text for a cell of a table, in which no character has a meaning of its own."""
    short = " ".join(text.split())
    short = short if len(short) <= _LONGEST else f"{short[:_LONGEST]}..."
    return "".join(f"\\{one}" if one in "\\`*_[]<>|$~#" else one for one in short)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
