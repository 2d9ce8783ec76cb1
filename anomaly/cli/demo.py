"""The whole job on made-up data, left in a folder to look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from anomaly import datasets
from anomaly.cli.folders import make_folder
from anomaly.cli.main import parse
from anomaly.datasets import Dataset
from nnlite.files import atomic_write

_MAKERS: dict[str, Callable[..., Dataset]] = {
    "transactions": datasets.make_transactions,
    "connections": datasets.make_connections,
    "sensors": datasets.make_sensors,
}

_TEXT = """\
{title}
{line}

{description}

What was done, and how to do it again from here:

    anomaly fit train.csv --model model.npz --label label --normal normal
    anomaly score data.csv --model model.npz --label label --output scores.csv --top 3
    anomaly evaluate data.csv --model model.npz --label label --normal normal
    anomaly plot data.csv --model model.npz --label label --normal normal --output pictures

train.csv       {n_train:,} normal records to learn from
data.csv        {n_data:,} fresh records, {n_anomalies:,} of them anomalies of {n_kinds} kinds
model.npz       the fitted detector; it loads wherever NumPy is
scores.csv      a score for each record of data.csv, a label, and the three columns that contribute most
evaluation.txt  the scores held against the true labels

What to look at
---------------
pictures/scores.png            Normal records on the left, anomalies on the right, the threshold between them.
                               Where the two overlap no threshold can tell them apart.
pictures/roc.png               Share of anomalies found for every share of false alarms one would put up with.
pictures/precision_recall.png  Of those flagged, how many are anomalies: the curve to read when anomalies are rare.
pictures/confusion_matrix.png  The same at the one threshold chosen.
pictures/strangest_record.png  Why the record with the highest score has it, column by column.
pictures/latent_space.png      Where the network puts the records; anomalies tend to lie outside.
pictures/learning_curve.png    Training has gone on long enough when the curve has become flat.
pictures/scores_over_records.png  The scores in the order of the file.

The strangest record is in line {line_number} of data.csv; its true label is {kind!r}.
"""


def run_demo(folder: Path, data: str, n_records: int, seed: int, say: Callable[[str], object]) -> None:
    """Make data, learn, score, evaluate, draw, and explain.

    Parameters
    ----------
    folder : Path
        Made if need be; files of an earlier demo are replaced.
    data : {"transactions", "connections", "sensors"}
        Which data.
    n_records : int
        How many records to make; half are for learning.
    seed : int
        The same seed gives the same folder.
    say : callable
        Called with lines on the progress.

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
    say(f"made {len(made):,} records of {data}: {folder / 'train.csv'}, {folder / 'data.csv'}")
    model, label = str(folder / "model.npz"), ["--label", "label"]
    tested = [str(folder / "data.csv"), "--model", model, *label]
    normal = ["--normal", "normal"]
    _run(["fit", str(folder / "train.csv"), "--model", model, *label, *normal, "--seed", str(seed)])
    _run(["score", *tested, "--top", "3", "--output", str(folder / "scores.csv")])
    say(f"scores written to {folder / 'scores.csv'}")
    _evaluate(tested, folder, say)
    _run(["plot", *tested, *normal, "--output", str(folder / "pictures")])
    _write_text(folder, data, train, test)
    say(f"\nnow read {folder / 'README.txt'}: it says what to look at")


def _run(arguments: list[str]) -> None:
    """Run a command as a user would, letting its errors through."""
    options = parse(arguments)
    options.run(options)


def _evaluate(tested: list[str], folder: Path, say: Callable[[str], object]) -> None:
    from anomaly.cli import score as commands

    text = commands.evaluation(parse(["evaluate", *tested, "--normal", "normal"]))
    with atomic_write(folder / "evaluation.txt") as file:
        file.write(f"{text}\n".encode())
    say(f"\n{text}\n")


def _write_text(folder: Path, data: str, train: Dataset, test: Dataset) -> None:
    scores = np.array([line.split(",")[1] for line in (folder / "scores.csv").read_text().splitlines()[1:]], float)
    strangest = int(np.argmax(scores))
    title = f"Unusual {data}: a demonstration"
    kinds = {kind for kind in test.kinds if kind}
    text = _TEXT.format(
        title=title,
        line="=" * len(title),
        description=test.description,
        n_train=len(train),
        n_data=len(test),
        n_anomalies=int(test.labels.sum()),
        n_kinds=len(kinds),
        # The first line is the header.
        line_number=strangest + 2,
        kind=test.kinds[strangest] or "normal",
    )
    with atomic_write(folder / "README.txt") as file:
        file.write(text.encode())
