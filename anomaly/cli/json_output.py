"""Results as JSON, for machines: the option of the commands, and the form that all of them share."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from typing import Any

import anomaly
from anomaly.cli.source import STANDARD
from nnlite.files import atomic_write

_DATA_ENDINGS = (".csv", ".tsv", ".txt", ".gz", ".npz", ".parquet", ".feather", ".arff", ".mat", ".xlsx")


def add_json(parser: argparse.ArgumentParser, what: str = "the results") -> None:
    """Add the option for results as JSON."""
    parser.add_argument(
        "--json",
        nargs="?",
        const=STANDARD,
        type=_file,
        metavar="FILE",
        help=f"also write {what} to this file as JSON; without FILE, or with -, that alone is written to standard "
        "output",
    )


def _file(text: str) -> str:
    """Return the file of --json, which must not be one of data: that it would replace."""
    if text.lower().endswith(_DATA_ENDINGS):
        raise argparse.ArgumentTypeError(
            f"FILE must not have the ending of data or a model; found {text!r}: name another, such as "
            "results.json, or give --json last"
        )
    return text


def write_json(command: str, values: Mapping[str, Any], path: str) -> None:
    """Write results to a file as JSON, or to standard output.

    Parameters
    ----------
    command : str
        Name of the command, the first of the keys.
    values : mapping of str to object
        Results; numbers that are not finite are null.
    path : str
        The file, or "-".
    """
    text = json.dumps({"command": command, "version": anomaly.__version__, **_plain(values)}, indent=1, allow_nan=False)
    if path == STANDARD:
        print(text)
        return
    with atomic_write(path) as file:
        file.write(text.encode())


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
