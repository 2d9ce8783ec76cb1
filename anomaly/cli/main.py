"""The command ``anomaly``: what it takes, and what it says when something is wrong.

The work is done in `anomaly.cli.score`; here are the arguments, the help texts and the one-line errors.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import anomaly
from anomaly.cli import fit as fit_commands
from anomaly.cli import options as given
from anomaly.cli import score as commands
from anomaly.errors import FewRecordsWarning

_Subparsers = Any
# A command does its work; one that answers a question returns the answer as the exit code.
_Run = Callable[[argparse.Namespace], int | None]


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"anomaly: error: {message} (see '{self.prog} --help')\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0, or of `drift` 1 if the data has drifted; 2 if the input or the arguments are unusable, after one line on
        standard error; 130 if interrupted.

    Examples
    --------
    >>> from anomaly.cli import main
    >>> main(["info", "--model", "nowhere.npz"])
    2
    """
    options = parse(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("always", FewRecordsWarning)
        warnings.showwarning = _show_warning
        return _work(options)


def _work(options: argparse.Namespace) -> int:
    """Run a command and turn its errors into one line and an exit code."""
    run: _Run = options.run
    try:
        code = run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain again on closing the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("anomaly: interrupted", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        print(f"anomaly: error: {_one_line(error)}", file=sys.stderr)
        return 2
    return code or 0


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse arguments; the result's `run` is the function to call with it."""
    return _parser().parse_args(arguments)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning as one line, without the place in the source that it comes from."""
    print(f"anomaly: warning: {' '.join(str(message).split())}", file=sys.stderr)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename!r}" if error.filename else ""
        return f"{error.strerror}{where}"
    return " ".join(str(error).split())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="anomaly",
        description="Find the unusual records in a table: train on a CSV file, score another, judge the scores.",
        epilog="Begin with 'anomaly demo'. Each command has --help and an example in it.",
    )
    parser.add_argument("--version", action="version", version=f"anomaly {anomaly.__version__}")
    commands_of = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (
        _add_demo,
        _add_fit,
        _add_score,
        _add_evaluate,
        _add_drift,
        _add_update,
        _add_learn_labels,
        _add_plot,
        _add_info,
    ):
        add(commands_of)
    return parser


def _command(of: _Subparsers, name: str, run: _Run, text: str, example: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = of.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_demo(of: _Subparsers) -> None:
    parser = _command(
        of,
        "demo",
        commands.demo,
        "Do the whole job on made-up data, and leave a folder to look at.",
        "anomaly demo --data connections --output my-demo",
    )
    parser.add_argument(
        "--output",
        "-o",
        metavar="FOLDER",
        default="anomaly-demo",
        help="where to leave data, model, scores, pictures and a text (default: anomaly-demo)",
    )
    parser.add_argument(
        "--data",
        choices=("transactions", "connections", "sensors"),
        default="sensors",
        help="which data to make up (default: sensors)",
    )
    parser.add_argument(
        "--records", type=given.whole, default=5000, metavar="N", help="how many records to make up (default: 5000)"
    )
    given.add_seed(parser)


def _add_fit(of: _Subparsers) -> None:
    parser = _command(
        of,
        "fit",
        fit_commands.fit,
        "Learn from a table, or with --window from a series, what is usual, and write a model.",
        "anomaly fit train.csv --model m.npz --label class --normal ok --id number",
    )
    given.add_data(parser, "TRAIN.csv", "records to learn from")
    given.add_model(parser, "where to write the model")
    given.add_table(
        parser, normal="the label of normal records; others are not learned from, unless --threshold needs them"
    )
    parser.add_argument(
        "--categorical",
        action="append",
        default=[],
        metavar="COL",
        help="treat this column as a category though it holds numbers (repeat, or separate by commas)",
    )
    parser.add_argument(
        "--contamination",
        default="auto",
        metavar="SHARE",
        help="share of anomalies among the records learned from, such as 0.02 (default: auto)",
    )
    parser.add_argument(
        "--threshold",
        metavar="RULE",
        help="how to choose the threshold: sigma, mad, iqr, pot or a number; by labels (--label, --normal): best_f1, "
        "precision:0.9 (finds the most of all thresholds that precise) or recall:0.9 (flags the fewest)",
    )
    parser.add_argument(
        "--false-alarm-rate",
        type=given.number,
        metavar="SHARE",
        help="of tables: the share of fresh normal records that may be flagged, such as 0.01, which takes 99 records "
        "or more (0.001: 999); takes five more fits",
    )
    parser.add_argument(
        "--trim",
        type=given.number,
        metavar="SHARE",
        help="of tables: learn twice, the second time without this share of the records, the most unusual ones "
        "(default: the contamination, if it is a number)",
    )
    parser.add_argument(
        "--hidden",
        metavar="SIZES",
        help="sizes of the hidden layers, such as 32,8,32 (default: 128,128; of series with --network conv 32,16, "
        "with lstm and gru 64)",
    )
    parser.add_argument(
        "--noise",
        type=given.number,
        metavar="S",
        help="spread of the training noise (default: several; of series 0.2)",
    )
    parser.add_argument(
        "--sparsity",
        type=given.number,
        metavar="L1",
        help="of tables: penalty on the activations of the middle layer, such as 0.001 (default: 0)",
    )
    parser.add_argument(
        "--epochs",
        type=given.whole,
        metavar="N",
        help="rounds of training (default: up to 1000 steps; of series 2000, with --network conv 1000, with lstm and "
        "gru 600)",
    )
    parser.add_argument(
        "--batch-size",
        type=given.whole,
        metavar="N",
        help="records, or windows of a series, per step (default: up to 128; of series 64)",
    )
    parser.add_argument(
        "--scaling",
        choices=("standard", "minmax", "robust", "core", "quantile", "none"),
        help="how numbers are scaled (default: core; of series standard)",
    )
    parser.add_argument(
        "--dates",
        choices=("cycles", "number", "ignore"),
        help="of tables: what counts of dates: hour and weekday, the date itself too, or nothing (default: cycles)",
    )
    _add_series(parser)
    given.add_seed(parser)
    parser.add_argument("--verbose", "-v", action="store_true", help="show the progress of training")


def _add_series(parser: argparse.ArgumentParser) -> None:
    series = parser.add_argument_group("series: rows that follow each other, learned from in windows")
    series.add_argument(
        "--window", type=given.whole, metavar="STEPS", help="steps in a window; makes the table a series"
    )
    series.add_argument("--stride", type=given.whole, metavar="STEPS", help="from one window to the next (default: 1)")
    series.add_argument("--network", choices=("dense", "conv", "lstm", "gru"), help="what reads it (default: dense)")
    series.add_argument(
        "--method", choices=("reconstruction", "forecast"), help="what it does (default: reconstruction)"
    )
    series.add_argument("--causal", action="store_true", help="let no score depend on later rows")
    series.add_argument("--relative", action="store_true", help="look at shapes only, for sensors that wander")
    series.add_argument(
        "--smoothing", type=given.number, metavar="STEPS", help="how far errors are averaged (default: 20)"
    )
    series.add_argument(
        "--folds",
        type=given.whole,
        metavar="N",
        help="networks, each kept from a part of its own (default: 4 for short series)",
    )
    series.add_argument(
        "--members", type=given.whole, metavar="N", help="networks in place of each, to take the mean (default: 1)"
    )
    series.add_argument(
        "--margin", type=given.number, metavar="M", help="threshold over the highest usual score (default: 2)"
    )
    series.add_argument("--time", metavar="COL", help="the column of time stamps; gaps in it end a stretch")
    series.add_argument(
        "--gap", type=given.number, metavar="N", help="usual steps without a row that are a gap (default: 10)"
    )


def _add_score(of: _Subparsers) -> None:
    parser = _command(
        of,
        "score",
        commands.score,
        "Score records: larger is more unusual. Reads files of any length in a fixed amount of memory.",
        "anomaly score new.csv --model m.npz --output scores.csv --id number --top 3",
    )
    given.add_data(parser, "DATA.csv", "records to score")
    given.add_model(parser, "a model that 'anomaly fit' wrote")
    parser.add_argument(
        "--output",
        "-o",
        default="-",
        metavar="SCORES.csv",
        help="where to write the scores; .gz compresses, - is standard output (default: -)",
    )
    parser.add_argument(
        "--top",
        type=given.whole,
        default=0,
        metavar="K",
        help="add the K columns that contribute most to each score, and their shares",
    )
    parser.add_argument(
        "--expected",
        action="store_true",
        help="of tables, with --top: also write what those columns hold, and what they would be expected to hold",
    )
    parser.add_argument(
        "--p-values",
        action="store_true",
        help="of tables: add the chance that a normal record scores so high; too small unless the model was fitted "
        "with --false-alarm-rate",
    )
    parser.add_argument(
        "--prior",
        type=given.number,
        metavar="SHARE",
        help="of tables: add an estimate of the chance that the record is an anomaly, where this share of all is, such "
        "as 0.01; from its p-value",
    )
    parser.add_argument(
        "--events",
        metavar="EVENTS.csv",
        help="of series: also write alarms, merged into events, by the numbers of their rows or --id, and by time "
        "where the model has a column of times; - is standard output, if the scores go elsewhere",
    )
    parser.add_argument(
        "--minimum-length",
        type=given.at_least(1),
        metavar="STEPS",
        help="of series, with --events: drop shorter events (default: 1)",
    )
    given.add_tolerance(parser)
    given.add_threshold(parser)
    given.add_table(parser, labels=False)


def _add_evaluate(of: _Subparsers) -> None:
    parser = _command(
        of,
        "evaluate",
        commands.evaluate,
        "Hold the scores of labelled records against their labels.",
        "anomaly evaluate test.csv --model m.npz --label class --normal ok",
    )
    given.add_data(parser, "DATA.csv", "labelled records")
    given.add_model(parser, "a model that 'anomaly fit' wrote")
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="also write the figures to this file; with - they are all that goes to standard output",
    )
    given.add_tolerance(parser)
    given.add_threshold(parser)
    given.add_table(parser, required=True)


def _add_drift(of: _Subparsers) -> None:
    parser = _command(
        of,
        "drift",
        commands.drift,
        "Tell whether fresh records still look like those of the training, and which columns have moved.\n"
        "The exit code is 0 if they do, 1 if they have drifted. Reads files of any length in a fixed amount of memory.",
        "anomaly drift new.csv --model m.npz --id number",
    )
    given.add_data(parser, "DATA.csv", "fresh records")
    given.add_model(parser, "a model that 'anomaly fit' wrote")
    parser.add_argument(
        "--level", type=float, default=0.01, metavar="P", help="the chance of a false alarm (default: 0.01)"
    )
    given.add_table(parser, labels=False)


def _add_update(of: _Subparsers) -> None:
    parser = _command(
        of,
        "update",
        fit_commands.update,
        "Let a model of tables learn from further records without forgetting the earlier ones, in bounded memory.\n"
        "Columns, scaling and categories stay those of the fit.",
        "anomaly update new.csv --model m.npz --label class --normal ok --id number",
    )
    given.add_data(parser, "NEW.csv", "records that were not learned from before")
    given.add_model(parser, "a model that 'anomaly fit' wrote")
    _add_changed(parser)
    given.add_table(parser, normal="the label of normal records; others are not learned from")


def _add_learn_labels(of: _Subparsers) -> None:
    parser = _command(
        of,
        "learn-labels",
        fit_commands.learn_labels,
        "Let a model of tables learn from a few labelled records which columns count, and score accordingly.\n"
        "It begins anew each time: give all labels that there are.",
        "anomaly learn-labels known.csv --model m.npz --label class --normal ok --id number",
    )
    given.add_data(parser, "KNOWN.csv", "labelled records, such as alarms looked into")
    given.add_model(parser, "a model that 'anomaly fit' wrote")
    _add_changed(parser)
    given.add_table(parser, required=True)


def _add_changed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", "-o", metavar="MODEL.npz", help="where to write the changed model (default: over the one read)"
    )


def _add_plot(of: _Subparsers) -> None:
    parser = _command(
        of,
        "plot",
        commands.plot,
        "Draw a model's view of a table: scores, the strangest record, the latent space, and with labels the curves.",
        "anomaly plot test.csv --model m.npz --output pictures --label class --normal ok",
    )
    given.add_data(parser, "DATA.csv", "records to draw")
    given.add_model(parser, "a model that 'anomaly fit' wrote")
    parser.add_argument(
        "--output", "-o", default="pictures", metavar="FOLDER", help="where to put the pictures (default: pictures)"
    )
    given.add_table(parser)


def _add_info(of: _Subparsers) -> None:
    parser = _command(
        of,
        "info",
        commands.info,
        "Say what a model is: its settings, columns, network and threshold.",
        "anomaly info --model m.npz",
    )
    given.add_model(parser, "a model that 'anomaly fit' wrote")
