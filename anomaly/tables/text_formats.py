"""Text files that are no CSV, told by their first lines: JSON, logs, line protocols, settings, sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from anomaly.errors import DataError
from anomaly.tables.patterns import DelayedPattern

_LINES, _MOSTLY = 60, 0.9


class _Format(NamedTuple):
    """A format of text.

    `hint` are characters of which the first line holds one. `first` matches the beginning of the first line, and
    `every` that of most others; where `is_free`, a delimiter that the user gives makes fields of such lines after all.
    """

    what: str
    hint: str
    first: DelayedPattern
    every: DelayedPattern | None = None
    is_free: bool = False


def _lines(what: str, hint: str, pattern: str, is_free: bool = False) -> _Format:
    """Return a format whose lines are all alike."""
    each = DelayedPattern(pattern)
    return _Format(what, hint, each, each, is_free)


_CONVERT = "convert it to CSV"
_LOG = "take the values out of each line, and write them as columns of a CSV file"
_NUMBER = r"[-+]?(?:\d[\d.]*(?:[eE][-+]?\d+)?|NaN|Inf)"
_DATE = (
    r"(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d[.,:\d]*(?:Z|[-+]\d\d:?\d\d)?|[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d)"
)
_FIELD = r'[^\s,="]+=("[^"]*"|[^\s,"]+)'
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL|SEVERE)"

# Lines that begin with # or ; may be comments, and are looked at only for what has # among its hints.
_FORMATS = (
    _Format("JSON: convert it to CSV or Parquet", "{[", DelayedPattern(r"""\{\s*(["'}]|$)|\[\s*($|[\[{])""")),
    _lines("lists, as of JSON: write one record a line without the brackets", "[", r"\[[^\[\]]*[, ][^\[\]]*\],?\s*$"),
    _lines(
        "tuples, as of Python or SQL: write one record a line without the parentheses",
        "(",
        r"\([^()]*,[^()]*\)[,;]?\s*$",
        True,
    ),
    _Format(f"XML or HTML: {_CONVERT}", "<", DelayedPattern(r"<(!--|[A-Za-z])"), DelayedPattern(r"\s*</?[A-Za-z!]")),
    _lines(
        "metrics of Prometheus: query them as a table, a column for each metric and a row for each time",
        "{",
        rf"[A-Za-z_:][\w:]*\{{[^{{}}]*\}}\s+{_NUMBER}(\s+\d+)?\s*$",
    ),
    _Format(
        "metrics of Prometheus: query them as a table, a column for each metric and a row for each time",
        "#",
        DelayedPattern(r"# (HELP \S+ |TYPE \S+ (counter|gauge|histogram|summary|untyped|unknown)\s*$)"),
    ),
    _Format(
        "line protocol of InfluxDB: query it as CSV, a column for each field",
        "#",
        DelayedPattern(r"# (DDL|DML|CONTEXT-DATABASE)\b"),
    ),
    _lines(
        "line protocol of InfluxDB: query it as CSV, a column for each field",
        "=",
        rf'[^\s,="]+(,[^\s,="]+=[^\s,"]+)*[ ]{_FIELD}(,{_FIELD})*([ ]\d{{9,19}})?\s*$',
    ),
    _lines(
        f"lines of 'name=value': {_LOG}",
        "=",
        r'([\w.-]+=("[^"]*"|[^\s,;"|]+)\s+)+[\w.-]+=("[^"]*"|[^\s,;|"]*)\s*$',
        True,
    ),
    _lines(
        "metrics of Graphite: query them as a table, a column for each metric and a row for each time",
        ".",
        rf"[A-Za-z][\w-]*(\.[\w-]+)+ {_NUMBER} \d{{9,10}}\s*$",
        True,
    ),
    _lines(
        "metrics of StatsD: query what collects them as a table, a column for each metric",
        "|",
        rf"[\w.-]+:{_NUMBER}\|(c|ms|g|s|h|m|d)(\||\s*$)",
    ),
    _lines(f"the log of a web server: {_LOG}", "[", r"\S+ \S+ \S+ \[\d{1,2}/[A-Za-z]{3}/\d{4}:[^\]]*\] ", True),
    _lines(f"events of CEF or LEEF: {_LOG}", ":", r"(.*\s)?(CEF|LEEF):\d(\.\d)?\|", True),
    _lines(
        f"a log of the system: {_LOG}",
        ":",
        rf"(<\d+>)?{_DATE} [\w.-]+ [\w./() -]+(\[\d+\])?: |<\d+>1 \d{{4}}-",
        True,
    ),
    _lines(
        f"the log of a program: {_LOG}",
        ":",
        rf"\[?{_DATE}\]?:?\s+([\[(]\S+[\])]\s+)?[\[(<]?{_LEVEL}\b[^,;|]|{_LEVEL}:[\w.]+:",
        True,
    ),
    _Format(
        "a log in the format of W3C (IIS): remove the lines that begin with #, and write the names that follow "
        "'#Fields:' above the rest",
        "#",
        DelayedPattern(r"#(Software|Version|Fields|Date): "),
    ),
    _lines(
        "sentences of NMEA, as of receivers of GPS: convert them to CSV",
        "$!",
        r"[$!][A-Z]{5,6},[^*]*\*[0-9A-Fa-f]{2}\s*$",
    ),
    _Format(
        f"settings (INI, TOML): {_CONVERT}",
        "[",
        DelayedPattern(r"\[[^\[\],;|]+\]\s*$"),
        DelayedPattern(r"\s*(\[[^\[\],;|]+\]|[#;]|[^\s,;|=:][^,;|=:]*[=:])"),
    ),
    _lines(f"properties, lines of 'name=value': {_CONVERT}", "=", r"[A-Za-z][\w-]*(\.[\w-]+)+\s*=", True),
    _Format(
        f"YAML, or lines of 'name: value': {_CONVERT}, with the names as the header and a record in each line",
        ":-%",
        DelayedPattern(r"(---|%YAML|(- )?[\w\"'][\w \"'-]*:\s|- \{)"),
        DelayedPattern(r"\s*(- )?([\w\"'][\w \"'-]*:(\s[^,;|\t]*$|\s*$)|\{.*\}\s*$)|---|\s*- [^,;|\t]*$"),
        True,
    ),
    _lines("letters of sequences (FASTA): convert what is measured to CSV", ">", r">\S|[A-Za-z*-]+\s*$"),
    _Format("an ARFF file: give it the ending .arff", "@", DelayedPattern(r"@(?i:relation)\s")),
    _Format(
        "reads of sequences (FASTQ): convert what is measured to CSV",
        "@",
        DelayedPattern(r"@[^\s,;|]+( [^,;|]*)?$"),
        DelayedPattern(r"[@+]|\S{5,}$"),
    ),
    _Format(
        "alignments (SAM): remove the lines that begin with @, and write names of columns above the rest",
        "@",
        DelayedPattern(r"@(HD|SQ|RG|PG|CO)\t"),
    ),
    _Format(
        "features of genes (GFF): remove the lines that begin with #, and write names of columns above the rest",
        "#",
        DelayedPattern(r"##g[fvt]f-version"),
    ),
    _Format(
        "statements of SQL: load them into the database, and export the table as CSV",
        "- CI",
        DelayedPattern(r"-- .*\b(?i:dump)\b|(?i:create (table|database)|insert into|copy) "),
    ),
    _lines(
        "sparse rows (LIBSVM): write a column for each index",
        ":",
        r"[-+]?\d+(\.\d+)?(\s+\d+:[-+.\deE]+){2,}\s*(#.*)?$",
        True,
    ),
    _Format(f"a table of LaTeX: {_CONVERT}", "\\", DelayedPattern(r"\\(begin|documentclass|toprule|hline)\b")),
    _Format(
        "a pointer of Git LFS: fetch the file itself by 'git lfs pull'", "/", DelayedPattern("version https://git-lfs")
    ),
    _Format(f"a netCDF file as text (CDL): {_CONVERT}", "{", DelayedPattern(r"netcdf \S+ \{")),
    _Format(f"a calendar or an address book: {_CONVERT}", ":", DelayedPattern(r"BEGIN:V[A-Z]+\s*$")),
    _Format(f"a message of EDIFACT, X12 or HL7: {_CONVERT}", "+*|", DelayedPattern(r"UNA.{6}|UNB\+|ISA\*|MSH\|\^")),
    _Format(f"a statement of SWIFT (MT940): {_CONVERT}", ":", DelayedPattern(r":20:|\{1:F01")),
    _Format(
        "a table with rules around it, as databases print it: export it as CSV (MySQL: --batch; PostgreSQL: --csv)",
        "+",
        DelayedPattern(r"\+[-=]{2,}\+"),
    ),
)


def check_text(lines: Sequence[str], has_delimiter: bool, label: str) -> None:
    r"""Raise DataError if the first lines of a file are those of another format than CSV.

    Parameters
    ----------
    lines : sequence of str
        The first lines.
    has_delimiter : bool
        Whether the user has said what separates fields: logs may be read so.
    label : str
        Name of the file.

    Examples
    --------
    >>> check_text(["amount,country\n", "3.5,FR\n"], False, "'a.csv'")
    >>> check_text(["cpu,host=a load=0.64\n", "cpu,host=b load=0.31\n"], False, "'a.csv'")
    Traceback (most recent call last):
        ...
    anomaly.errors.DataError: 'a.csv' is no CSV file, but line protocol of InfluxDB: query it as CSV, a column ...
    """
    found = [line.lstrip("\ufeff").rstrip() for line in lines[:_LINES] if line.strip("\ufeff \t\r\n")]
    if not found:
        return
    plain = [line for line in found if line[0] not in "#;"]
    for form in _FORMATS:
        rows = found if "#" in form.hint else plain
        if not rows or (form.is_free and has_delimiter) or not any(mark in rows[0] for mark in form.hint):
            continue
        if not form.first.match(rows[0].lstrip()):
            continue
        every = form.every
        if every is not None and (
            len(rows) < 2 or sum(bool(every.match(row)) for row in rows[1:]) < _MOSTLY * (len(rows) - 1)
        ):
            continue
        raise DataError(f"{label} is no CSV file, but {form.what}")
