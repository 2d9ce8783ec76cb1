"""The command ``anomaly demo``: all steps on generated data, with the results in a folder."""

from __future__ import annotations

import io
import os
from argparse import Namespace
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from functools import partial
from pathlib import Path

import numpy as np

from anomaly import datasets
from anomaly.cli.folders import make_folder
from anomaly.cli.json_output import add_json, write_json
from anomaly.cli.options import Subparsers, add_command, add_seed, whole
from anomaly.cli.single_columns import best_single_rule
from anomaly.cli.source import STANDARD
from anomaly.cli.suggestions import one_of
from anomaly.datasets import Dataset
from anomaly.errors import format_names
from nnlite.files import atomic_write
from nnlite.types import Array

_MAKERS: dict[str, Callable[..., Dataset]] = {
    # As a bank would: with each payment set against its card and its category.
    "transactions": partial(datasets.make_transactions, derived=True),
    "connections": datasets.make_connections,
    "sensors": datasets.make_sensors,
}

_FILES = (
    *("README.txt", "train.csv", "data.csv", "model.npz", "scores.csv", "evaluation.txt", "report.html"),
    "pictures",
)

_TEXT = """\
{title}
{line}

{description}

These commands, run in this folder, give the same files:

    anomaly fit train.csv --model model.npz --label label --normal normal
    anomaly score data.csv --model model.npz --label label --output scores.csv --top 3
    anomaly evaluate data.csv --model model.npz --label label --normal normal
    anomaly plot data.csv --model model.npz --label label --normal normal --output pictures
    anomaly report data.csv --model model.npz --label label --normal normal --output report.html

train.csv       {n_train:,} normal training records
data.csv        {n_data:,} new records, {n_anomalies:,} of them anomalies of {n_kinds} kinds
model.npz       the fitted detector; loading it needs NumPy alone
scores.csv      a score for each record of data.csv, a label, and the three columns that contribute most
evaluation.txt  metrics: the scores compared with the true labels
report.html     all of it on one page: open it in a browser, move the threshold, sort and filter the records

Plots
-----
pictures/scores.png            Histograms of the scores of normal records and of anomalies, and the threshold.
                               Where the two overlap, no threshold separates them.
pictures/roc.png               Recall of anomalies against the false alarm rate, for all thresholds.
pictures/precision_recall.png  Precision against recall: the curve to read when anomalies are rare.
pictures/confusion_matrix.png  Counts of true and false labels at the model's threshold.
pictures/strangest_records.png The three highest scores: which columns contribute, what was found, what was expected.
pictures/latent_space.png      Codes of the records in the middle layer of the network: what lies together looks alike
                               to it. Records far from all others are triangles at the edge.
pictures/learning_curve.png    Loss after each epoch; training is long enough when the curve is flat.
pictures/scores_over_records.png  The scores in the order of the file.

The record with the highest score is in line {line_number} of data.csv; its true label is {kind!r}.

How good is that?
-----------------
Of the {n_flagged:,} alarms {right:.0%} are right, and of the {n_anomalies:,} highest scores {right_first:.0%}.
Of records drawn by chance {chance:.1%} would be, and of {rule} {rule_right:.0%}: of all
rules on one column, the one that does best on these very labels, which nobody knows beforehand.
By kind, the {n_anomalies:,} highest scores hold
{by_kind}
The data are made up: docs and docstrings of anomaly.datasets say how. The model was told of no anomaly. It finds what
is unlike the normal records, above all values that do not go together; anomalies that look like a normal record have
scores like one. Some known anomalies help it further (anomaly learn-labels --help), and so do columns that set a
value against what it should go with, such as an amount over the average of the card.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(subparsers, "demo", run, "anomaly demo --data connections --output my-demo")
    parser.add_argument(
        "--output",
        "-o",
        metavar="FOLDER",
        default="anomaly-demo",
        help="where to write data, model, scores, plots and a README (default: anomaly-demo)",
    )
    parser.add_argument("--data", **one_of(*_MAKERS), default="sensors", help="kind of data (default: sensors)")
    parser.add_argument(
        "--records", type=whole, default=5000, metavar="N", help="number of records to generate (default: 5000)"
    )
    parser.add_argument("--force", action="store_true", help="replace files of these names that exist in the folder")
    add_seed(parser)
    add_json(parser)


def run(options: Namespace) -> None:
    """Run all steps on generated data."""
    folder = Path(options.output)
    if not options.force:
        _check_nothing_replaced(folder)
    is_silent = options.quiet or options.json == STANDARD
    with redirect_stdout(io.StringIO()) if is_silent else nullcontext():
        run_demo(folder, options.data, options.records, options.seed, options.run_command)
    if options.json:
        files = [str(folder / name) for name in _FILES]
        write_json("demo", {"folder": str(folder), "data": options.data, "files": files}, options.json)


def _check_nothing_replaced(folder: Path) -> None:
    """Raise FileExistsError if a file exists that the demo would replace: the user has not named it."""
    present = sorted(name for name in _FILES if os.path.lexists(folder / name))
    if present:
        raise FileExistsError(
            f"{str(folder)!r} already holds {format_names(present, 3)}, which the demo would replace: give a new "
            "folder with --output, or --force to replace them"
        )


def run_demo(folder: Path, data: str, n_records: int, seed: int, run_command: Callable[[list[str]], object]) -> None:
    """Generate data, fit, score, evaluate and plot.

    Parameters
    ----------
    folder : Path
        Output folder, created if need be; files of an earlier demo are replaced.
    data : {"transactions", "connections", "sensors"}
        Kind of data.
    n_records : int
        Number of records to generate; half are for training.
    seed : int
        Random seed: the same seed gives the same folder.
    run_command : callable
        Runs a command, given as a list of arguments, and raises its errors.

    Raises
    ------
    ValueError
        If `n_records` is under 200: there would be next to no anomalies.
    OSError
        If the folder cannot be written to.
    """
    if n_records < 200:
        raise ValueError(f"--records must be at least 200, to have some anomalies among them; found {n_records}")
    make_folder(folder)
    made = _MAKERS[data](n_records=n_records, random_state=seed)
    train, test = made.split(test_size=0.5, random_state=seed)
    train = train.rows(train.labels == 0)
    train.to_csv(folder / "train.csv")
    test.to_csv(folder / "data.csv")
    print(f"made {len(made):,} records of {data}: {folder / 'train.csv'}, {folder / 'data.csv'}")
    model, label, normal = str(folder / "model.npz"), ["--label", "label"], ["--normal", "normal"]
    tested = [str(folder / "data.csv"), "--model", model, *label]
    run_command(["fit", str(folder / "train.csv"), "--model", model, *label, *normal, "--seed", str(seed)])
    run_command(["score", *tested, "--top", "3", "--output", str(folder / "scores.csv")])
    print(f"scores written to {folder / 'scores.csv'}")
    with redirect_stdout(io.StringIO()) as text:
        run_command(["evaluate", *tested, *normal])
    with atomic_write(folder / "evaluation.txt") as file:
        file.write(text.getvalue().encode())
    print(f"\n{text.getvalue()}")
    run_command(["plot", *tested, *normal, "--output", str(folder / "pictures")])
    run_command(["report", *tested, *normal, "--output", str(folder / "report.html")])
    _write_text(folder, data, train, test)
    print(f"\nnow read {folder / 'README.txt'}: it explains the files")


def _found(of_kind: Array, highest: Array) -> str:
    return f"{int(of_kind[highest].sum()):>3,} of {int(of_kind.sum()):>3,}"


def _write_text(folder: Path, data: str, train: Dataset, test: Dataset) -> None:
    cells = [line.split(",")[1:3] for line in (folder / "scores.csv").read_text().splitlines()[1:]]
    scores, flagged = np.array(cells, float).T
    first = np.argsort(-scores, kind="stable")
    n_anomalies, n_flagged = int(test.labels.sum()), int(flagged.sum())
    highest = int(first[0])
    title = f"Anomalies in {data}: a demonstration"
    kinds = sorted({kind for kind in test.kinds if kind})
    rule = best_single_rule(test.columns, test.labels)
    text = _TEXT.format(
        title=title,
        line="=" * len(title),
        description=test.description,
        n_train=len(train),
        n_data=len(test),
        n_anomalies=n_anomalies,
        n_flagged=n_flagged,
        right=(test.labels * flagged).sum() / max(n_flagged, 1),
        right_first=test.labels[first[:n_anomalies]].mean(),
        chance=test.labels.mean(),
        n_kinds=len(kinds),
        rule=rule.text,
        rule_right=rule.precision,
        by_kind="\n".join(f"    {_found(test.kinds == kind, first[:n_anomalies])} {kind}" for kind in kinds),
        # The first line is the header.
        line_number=highest + 2,
        kind=test.kinds[highest] or "normal",
    )
    with atomic_write(folder / "README.txt") as file:
        file.write(text.encode())
