"""The command ``anomaly info``: a description of a model."""

from __future__ import annotations

from argparse import Namespace

from anomaly.cli.inputs import check_not_overwritten, load
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.options import Subparsers, add_command, add_model
from anomaly.cli.source import STANDARD
from anomaly.cli.streams import say


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(subparsers, "info", run, "anomaly info --model m.npz")
    add_model(parser)
    add_json(parser)


def run(options: Namespace) -> None:
    """Print the description."""
    check_not_overwritten("json", options.json, {"model": options.model})
    detector = load(options.model)
    if options.json:
        write_json("info", {"model": options.model, **detector.to_dict()}, options.json)
    if options.json != STANDARD:
        say(detector.describe())
