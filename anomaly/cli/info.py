"""The command ``anomaly info``: a description of a model."""

from __future__ import annotations

from argparse import Namespace

from anomaly.cli.inputs import load
from anomaly.cli.options import Subparsers, add_command, add_model
from anomaly.cli.streams import say


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    add_model(add_command(subparsers, "info", run, "anomaly info --model m.npz"))


def run(options: Namespace) -> None:
    """Print the description."""
    say(load(options.model).describe())
