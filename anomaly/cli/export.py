"""The command ``anomaly export``: the score of a model as a program in C, or as an ONNX file."""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path

from anomaly.cli.inputs import load
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.options import Subparsers, add_command, add_model
from anomaly.cli.source import STANDARD
from anomaly.export import export_c, export_onnx

_LEAST_PROTOTYPES = 4


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "export",
        run,
        "anomaly export --model m.npz --c score/ --prototypes 100",
        "In C: one header and one source file in C99, with the name of the folder: float32, no allocation, no library\n"
        "but math.h. As ONNX: one file for runtimes on servers and in applications; it takes the extra onnx.\n"
        "Both are for models of numbers, booleans and categories.",
    )
    add_model(parser)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--c", metavar="FOLDER", help="folder to write the header and the source file to")
    target.add_argument("--onnx", metavar="FILE", help="ONNX file to write")
    parser.add_argument(
        "--prototypes",
        type=_prototypes,
        metavar="N",
        help="the most means of training records to compare with, in place of the records that the model remembers",
    )
    parser.add_argument(
        "--reasons",
        action="store_true",
        help="with --c: also a function that gives the contribution of each column to the score",
    )
    parser.add_argument(
        "--int8",
        action="store_true",
        help="with --c: weights of dense layers as whole numbers of 8 bits, a quarter of their memory",
    )
    add_json(parser)


def run(options: Namespace) -> None:
    """Write the files."""
    if options.reasons and options.c is None:
        raise ValueError("--reasons goes with --c: an ONNX file has the score alone")
    if options.int8 and options.c is None:
        raise ValueError("--int8 goes with --c: an ONNX file has float32 weights")
    detector = load(options.model)
    if options.onnx is not None:
        export_onnx(detector, options.onnx, options.prototypes)
        files, notes = [Path(options.onnx)], []
    else:
        files = list(export_c(detector, options.c, options.prototypes, options.reasons, int8=options.int8))
        lines = files[0].read_text(encoding="utf-8").splitlines()
        notes = [line[3:] for line in lines if line.startswith(" * Flash")]
    written = [{"path": str(file), "n_bytes": file.stat().st_size} for file in files]
    if options.json:
        form = "c" if options.onnx is None else "onnx"
        write_json("export", {"model": options.model, "format": form, "files": written, "notes": notes}, options.json)
    if options.quiet or options.json == STANDARD:
        return
    total = sum(file.stat().st_size for file in files)
    print("\n".join([f"written: {' and '.join(map(str, files))}, {total} bytes", *notes]))


def _prototypes(text: str) -> int:
    """Read a number of prototypes."""
    if not text.isdecimal() or int(text) < _LEAST_PROTOTYPES:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least {_LEAST_PROTOTYPES}; found {text!r}")
    return int(text)
