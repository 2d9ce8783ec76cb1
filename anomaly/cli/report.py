"""The command ``anomaly report``: one HTML page on a file's rows, to be handed over."""

from __future__ import annotations

import hashlib
import sys
from argparse import Namespace
from pathlib import Path

from anomaly.cli import inputs
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.options import Subparsers, add_command, add_data, add_model, add_table, at_least, input_options
from anomaly.cli.source import STANDARD
from nnlite.job import Plan

_BLOCK = 1 << 20


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "report",
        run,
        "anomaly report new.csv --model m.npz --output report.html --id number",
        "The page is one file: it opens in any browser, on a telephone and without a network, and it can be printed.\n"
        "It holds the values of the rows that it lists, or all steps of a series. With --label and --normal it counts\n"
        "precision and recall as well. The file is read as a whole.",
    )
    add_data(parser, "DATA.csv", "rows to report on")
    add_model(parser)
    parser.add_argument(
        "--output", "-o", default="report.html", metavar="REPORT.html", help="where to write it (default: report.html)"
    )
    parser.add_argument("--title", metavar="TEXT", help="heading (default: the name of the file)")
    parser.add_argument(
        "--limit",
        type=at_least(1),
        default=1000,
        metavar="N",
        help="tables only: list the N records with the highest scores (default: 1000)",
    )
    add_json(parser, "what the page says in figures")
    add_table(parser)


def _check_ending(path: str) -> None:
    """Raise if the name promises another format than that of a page."""
    ending = Path(path).suffix.lower()
    if ending in (".pdf", ".docx", ".png", ".svg", ".csv", ".xlsx", ".json", ".md", ".npz"):
        raise ValueError(
            f"a report is an HTML page; found the output {path!r}. Choose a name that ends in .html; a browser prints "
            "the page, to PDF as well"
        )


def run(options: Namespace) -> None:
    """Write the page, and print its name."""
    given = input_options(options)
    _check_ending(options.output)
    inputs.check_writable(options.output, "a report")
    detector = inputs.load(options.model)
    data = given.for_model(
        options.model, detector.required_columns_, detector.ignore, detector.time, form=detector.file_form
    )
    plan, labels = Plan(reading=1, _report=9), None
    with plan("reading"):
        table = inputs.first_rows(data.usable_chunks(detector.check_rows), sys.maxsize)
    if given.labels is not None:
        data.source.check_present(table, [given.labels.name])
        labels = given.labels.read(table)
    keys = given.columns.unique_ids
    data.source.check_present(table, keys)
    ids = [", ".join(map(str, row)) for row in zip(*(table[name].tolist() for name in keys), strict=True)]
    with plan("_report"):
        found = detector.report(
            data.features(table),
            options.output,
            labels,
            ids=ids if keys else None,
            title=options.title or f"Anomalies in {Path(options.data).name}",
            most_records=options.limit,
            audit=_hashes({"data": options.data, "model": options.model}),
        )
    if options.json:
        write_json("report", {"model": options.model, "output": options.output, **found}, options.json)
    if options.json != STANDARD and not options.quiet:
        print(options.output)


def _hashes(files: dict[str, str]) -> dict[str, str]:
    """Return name and SHA-256 of files; standard input, which has been read, is named alone."""
    found = {}
    for name, path in files.items():
        if path == STANDARD:
            found[name] = "standard input"
            continue
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        found[name] = f"{path}, {digest.hexdigest()} (SHA-256)"
    return found
