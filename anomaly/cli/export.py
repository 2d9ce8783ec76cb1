"""The command ``anomaly export``: the score of a model as a program in C."""

from __future__ import annotations

import argparse
from argparse import Namespace

from anomaly.cli.inputs import load
from anomaly.cli.options import Subparsers, add_command, add_model
from anomaly.export import export_c

_LEAST_PROTOTYPES = 4


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "export",
        run,
        "anomaly export --model m.npz --c score/ --prototypes 100",
        "One header and one source file in C99, with the name of the folder: float32, no allocation, no library but\n"
        "math.h. For models of columns of numbers.",
    )
    add_model(parser)
    parser.add_argument(
        "--c", required=True, metavar="FOLDER", help="folder to write the header and the source file to"
    )
    parser.add_argument(
        "--prototypes",
        type=_prototypes,
        metavar="N",
        help="the most means of training records to compare with, in place of the records that the model remembers",
    )


def run(options: Namespace) -> None:
    """Write the files."""
    header, source = export_c(load(options.model), options.c, options.prototypes)
    if options.quiet:
        return
    print(f"written: {header} and {source}")
    for line in header.read_text(encoding="utf-8").splitlines():
        if line.startswith(" * Flash"):
            print(line[3:])


def _prototypes(text: str) -> int:
    """Read a number of prototypes."""
    if not text.isdecimal() or int(text) < _LEAST_PROTOTYPES:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least {_LEAST_PROTOTYPES}; found {text!r}")
    return int(text)
