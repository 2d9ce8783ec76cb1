"""The command ``anomaly compare``: settings on unlabelled records, by agreement, stability and flagged records."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from typing import Any, cast

from anomaly.cli import texts
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.options import (
    Subparsers,
    add_command,
    add_data,
    add_seed,
    add_table,
    at_least,
    input_options,
    number,
    split_names,
)
from anomaly.cli.source import STANDARD
from anomaly.cli.streams import say
from anomaly.detectors.comparison import Comparison, compare_settings
from anomaly.detectors.loading import MODULES, detector_class
from anomaly.detectors.record_detector import RecordDetector
from nnlite.job import Plan
from nnlite.suggestions import did_you_mean

DEFAULTS = "defaults"
"""Name of the setting without any argument, which is always compared."""

SETTINGS = (
    "neighbors=0",
    "neighbors_share=1",
    "scaling=standard",
    "scaling=quantile",
    "detector=AutoencoderDetector",
    "detector=VariationalDetector",
)
"""Settings to compare where none are given."""

_TABLE_DETECTOR = "TableDetector"
_CHOOSING = frozenset(("threshold", "contamination", "false_alarm_rate"))
"""Arguments that choose the threshold, in place of that of all settings."""
_NOTE = """\
agreement, stability: rank correlation of the held-out scores with other settings, and between seeds of one; then the
fraction that is shared of the {n_top:,} highest scored records. flagged: above the threshold, of training and held out.
None of this tells which setting finds your anomalies: that takes labels (anomaly evaluate). A setting apart from all
others is worth a look; an unstable one needs several fits; of fresh records about as many are flagged as of the
held-out ones."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "compare",
        run,
        "anomaly compare train.csv --id number --setting neighbors=20 --setting 'scaling=quantile noise=[0.2,0.5]'",
        "Each setting is fitted to a part of the records with several seeds and scores the rest. Labels are not used,\n"
        "except that with --normal the other records are left out.",
    )
    add_data(parser, "DATA.csv", "training records")
    parser.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="'NAME=VALUE ...'",
        help="arguments of TableDetector in Python, such as 'scaling=quantile neighbors=10 hidden=[64,64]', or "
        "of another detector, such as 'detector=AutoencoderDetector noise=0.3' (repeatable; beside the defaults, which "
        "are always compared; default: networks alone, records alone, two scalings and two other detectors)",
    )
    parser.add_argument(
        "--seeds", type=at_least(2), default=3, metavar="N", help="fits of each setting, with other seeds (default: 3)"
    )
    parser.add_argument(
        "--held-out",
        type=number,
        default=0.3,
        metavar="FRACTION",
        help="fraction of the records that are scored, not learned (default: 0.3)",
    )
    add_json(parser)
    parser.add_argument(
        "--categorical",
        action="append",
        default=[],
        metavar="COL",
        help="a column of numbers to treat as categories (repeatable, or comma-separated)",
    )
    add_table(parser, normal="the label of normal records; others are left out")
    add_seed(parser)


def run(options: Namespace) -> None:
    """Compare the settings, print a table, and write the values to a file if one is given."""
    given = input_options(options)
    categorical = split_names(options.categorical) or None
    common: dict[str, Any] = {"ignore": given.columns.ignored or None, "categorical": categorical}
    if given.labels is not None:
        # The records are those with the label of normal ones, as for `anomaly fit`.
        common["threshold"] = "one_class"
    detectors = {text: detector_of(text, common) for text in dict.fromkeys([DEFAULTS, *(options.setting or SETTINGS)])}
    plan = Plan(reading=1, _comparison=50)
    with plan("reading"):
        table = given.source.read([*given.columns.ignored, *split_names(options.categorical)])
    given.source.check_present(table, given.columns.ignored)
    if given.labels is not None:
        table, _ = RecordDetector.training_rows(table, given.labels.read(table))
    with plan("_comparison"):
        result = compare_settings(detectors, table, n_seeds=options.seeds, held_out=options.held_out, seed=options.seed)
    if options.json:
        write_json("compare", result.to_dict(), options.json)
    if options.json != STANDARD:
        say(format_comparison(result))


def detector_of(text: str, common: dict[str, Any]) -> RecordDetector:
    """Return the detector of a setting.

    Parameters
    ----------
    text : str
        Arguments of the constructor as ``NAME=VALUE``, with values as JSON or plain text, or `DEFAULTS`; ``detector``
        is the class.
    common : dict of str to object
        Arguments of all settings, unless the text has them.

    Raises
    ------
    ValueError
        If the text has another form, or there is no such detector or argument, or a value is invalid.

    Examples
    --------
    >>> detector_of("neighbors=10 scaling=quantile noise=[0.2,0.5]", {"ignore": ["id"]})
    TableDetector(noise=[0.2, 0.5], neighbors=10, scaling='quantile', ignore=['id'])
    """
    arguments = {} if text == DEFAULTS else _arguments(text)
    name = arguments.pop("detector", _TABLE_DETECTOR)
    known = [one for one in MODULES if issubclass(detector_class(one), RecordDetector)]
    if name not in known:
        meant = did_you_mean(str(name), known)
        raise ValueError(f"--setting {text!r}: detector must be one of {', '.join(known)}; found {name!r}{meant}")
    make = cast("type[RecordDetector]", detector_class(str(name)))
    detector = make(**(common if _CHOOSING.isdisjoint(arguments) else {**common, "threshold": None}))
    try:
        detector.set_params(**arguments)
    except ValueError as error:
        raise ValueError(f"--setting {text!r}: {error}") from error
    return detector


def _arguments(text: str) -> dict[str, Any]:
    try:
        parts = [part.split("=", 1) for part in shlex.split(text)]
    except ValueError:
        parts = []
    if not parts or any(len(part) < 2 or not part[0] for part in parts):
        raise ValueError(f"--setting must be arguments such as 'neighbors=10 scaling=quantile'; found {text!r}")
    return {name: _value(value) for name, value in parts}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def format_comparison(result: Comparison) -> str:
    """Format a comparison as a table, with what it tells."""
    head = ["setting", "agreement", "top", "stability", "top", "flagged", "held out", "seconds"]
    rows = [
        [
            one.name,
            f"{one.agreement:.2f}",
            f"{one.top_agreement:.0%}",
            f"{one.stability:.2f}",
            f"{one.top_stability:.0%}",
            f"{one.flagged_training:.1%}",
            f"{one.flagged_held_out:.1%}",
            f"{one.seconds:.1f}",
        ]
        for one in result.settings
    ]
    counts = f"{result.n_training:,} records learned, {result.n_held_out:,} held out"
    return f"{counts}\n\n{texts.table(head, rows)}\n\n{_NOTE.format(n_top=result.n_top)}"
