"""From the body of a request to a table of records."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

from anomaly.serve.arrow_bodies import read_arrow
from anomaly.serve.limits import Limits, RefusedError
from anomaly.tables import Table, as_table

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"

_fast_loads: Callable[[bytes], Any] | None
try:
    _fast_loads = import_module("orjson").loads
except ImportError:
    _fast_loads = None


def kind_of(content_type: str) -> str:
    """Return the kind of a body by its header.

    A page of another origin that a browser shows can send neither of them without asking first, which is refused.

    Raises
    ------
    RefusedError
        If it is neither JSON nor Arrow.

    Examples
    --------
    >>> kind_of("application/json; charset=utf-8")
    'application/json'
    """
    found = content_type.partition(";")[0].strip().lower()
    if found not in (JSON, ARROW):
        raise RefusedError(415, f"expected a Content-Type of {JSON} or {ARROW}; found {found[:60]!r}")
    return found


def read_records(body: bytes, kind: str, limits: Limits) -> Table:
    """Return the records of a body.

    Parameters
    ----------
    body : bytes
        JSON: an object with ``records``, a list of objects, or ``columns``, an object of lists. Arrow: a stream of
        record batches.
    kind : str
        `JSON` or `ARROW`.
    limits : Limits
        Limits of sizes.

    Raises
    ------
    RefusedError
        If it is not such a body, or too large.
    ValueError
        If the records are no table.

    Examples
    --------
    >>> read_records(b'{"columns": {"a": [1, null], "b": ["x", "y"]}}', JSON, Limits()).names
    ('a', 'b')
    """
    return _from_arrow(body, limits) if kind == ARROW else _from_json(body, limits)


def _from_json(body: bytes, limits: Limits) -> Table:
    try:
        found = _parsed(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"the body is no JSON: {error}") from None
    if not isinstance(found, dict) or ("records" in found) == ("columns" in found):
        raise RefusedError(400, 'expected an object with either "records" or "columns"')
    unknown = sorted(set(found) - {"records", "columns"})
    if unknown:
        raise RefusedError(
            400, f"the body has {unknown[0][:60]!r}, which means nothing here; options are in the address"
        )
    if "records" in found:
        records = found["records"]
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise RefusedError(400, '"records" must be a list of objects')
        limits.check_rows(len(records))
        limits.check_cells(len(records), len(set().union(*records)))
        return _as_table(records)
    columns = found["columns"]
    if not isinstance(columns, dict) or not all(isinstance(column, list) for column in columns.values()):
        raise RefusedError(400, '"columns" must be an object of lists')
    rows = max(map(len, columns.values()), default=0)
    limits.check_rows(rows)
    limits.check_cells(rows, len(columns))
    return _as_table(columns)


def _parsed(body: bytes) -> Any:
    """Return the content of JSON, by the parser that takes a tenth of the time where it is installed.

    It refuses some bodies that Python's own takes, such as NaN and byte order marks: those go to Python's, and so do
    faulty ones, whose errors are then the same everywhere.
    """
    if _fast_loads is not None:
        try:
            return _fast_loads(body)
        except ValueError:
            pass
    return json.loads(body)


def _as_table(records: Any) -> Table:
    if not records:
        raise RefusedError(400, "there are no records")
    try:
        return as_table(records)
    except (TypeError, OverflowError) as error:
        raise RefusedError(422, f"the records are no table: {error}") from None


def _from_arrow(body: bytes, limits: Limits) -> Table:
    records = read_arrow(body, limits)
    return _as_table(records if records.num_rows else [])
