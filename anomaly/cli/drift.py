"""The command ``anomaly drift``: a test whether new records follow the distribution of the training data."""

from __future__ import annotations

from argparse import Namespace

from anomaly.cli import inputs, texts
from anomaly.cli.options import Subparsers, add_command, add_data, add_model, add_table, input_options


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "drift",
        run,
        "anomaly drift new.csv --model m.npz --id number",
        "The exit code is 0 without drift, and 1 if the scores or some columns have drifted.\n"
        "Files of any length are read in a fixed amount of memory.",
    )
    add_data(parser, "DATA.csv", "new records")
    add_model(parser)
    parser.add_argument(
        "--level", type=float, default=0.01, metavar="P", help="significance level of the test (default: 0.01)"
    )
    add_table(parser, labels=False)


def run(options: Namespace) -> int:
    """Print the result of the test; return 1 if there is drift, else 0."""
    given = input_options(options)
    detector = inputs.load_for_tables(options.model, "drift", "drift compares single records")
    data = given.for_model(options.model, detector.required_columns_, detector.ignore, detector.time)
    result = detector.drift((data.features(table) for table in data.chunks()), options.level)
    print(texts.format_drift(result))
    return int(result.drifted)
