"""From the body of a request to a table of Arrow: nothing is unpacked before its size is known."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from anomaly.serve.arrow_sizes import unpacked_size
from anomaly.serve.limits import Limits, RefusedError


def read_arrow(body: bytes, limits: Limits) -> Any:
    """Return the records of a stream of record batches, a `pyarrow.Table`.

    Parameters
    ----------
    body : bytes
        The stream.
    limits : Limits
        Limits of sizes.

    Raises
    ------
    RefusedError
        If it is no such stream, or too large once it is unpacked, or a column is of lists or structures; or if pyarrow
        is not installed.
    """
    try:
        arrow, ipc = import_module("pyarrow"), import_module("pyarrow.ipc")
    except ImportError:
        raise RefusedError(415, "this service has no pyarrow, which reads Arrow; send application/json") from None
    try:
        _check_unpacked(ipc.MessageReader.open_stream(body), limits)
        with ipc.open_stream(body) as reader:
            _check_kinds(reader.schema, arrow.types)
            return arrow.Table.from_batches(_batches(reader, limits, arrow.types), reader.schema)
    except (arrow.ArrowException, OSError) as error:
        raise RefusedError(400, f"the body is no stream of Arrow: {error}") from None


def _check_unpacked(messages: Iterable[Any], limits: Limits) -> None:
    """Raise `RefusedError` for messages that become far larger than the body when they are unpacked."""
    size = 0
    for message in messages:
        try:
            size += unpacked_size(memoryview(message.metadata), memoryview(message.body or b""))
        except ValueError as error:
            raise RefusedError(400, f"the body is no stream of Arrow: {error}") from None
        limits.check_bytes(size)


def _check_kinds(schema: Any, types: Any) -> None:
    """Raise `RefusedError` for columns of lists and the like: few bytes may be any number of values."""
    for field in schema:
        kind = field.type.value_type if types.is_dictionary(field.type) else field.type
        if types.is_nested(kind):
            raise RefusedError(
                422,
                f"column {field.name[:60]!r}: found {str(field.type)[:60]}; expected numbers, text, booleans or dates",
            )


def _batches(reader: Any, limits: Limits, types: Any) -> list[Any]:
    """Return the record batches, as long as they are within the limits."""
    batches, rows, of_categories, n_columns = [], 0, 0, len(reader.schema.names)
    limits.check_cells(1, n_columns)
    for batch in reader:
        rows += batch.num_rows
        limits.check_rows(rows)
        # A column of nulls takes no byte.
        limits.check_cells(rows, n_columns)
        batch.validate(full=True)
        of_categories += sum(_decoded_size(column) for column in batch.columns if types.is_dictionary(column.type))
        limits.check_bytes(of_categories)
        batches.append(batch)
    return batches


def _decoded_size(column: Any) -> int:
    """Return the number of characters of categories, which are sent once and belong to many rows."""
    lengths = [len(value) if isinstance(value, (str, bytes)) else 0 for value in column.dictionary.to_pylist()]
    return sum(lengths[code] for code in column.indices.to_pylist() if code is not None)
