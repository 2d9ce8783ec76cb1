"""Running the command ``anomaly`` in this process."""

import csv

from anomaly.cli import main
from anomaly.datasets import make_connections

QUICK = ["--epochs", "3", "--hidden", "8"]


def with_connections(path):
    """Fill a folder with training and test records, and a model fitted on them by the command."""
    train, test = make_connections(n_records=600, random_state=0).split(test_size=0.5, random_state=0)
    train.to_csv(path / "train.csv")
    test.to_csv(path / "test.csv")
    lines = (path / "test.csv").read_text().splitlines()
    numbered = ["number," + lines[0], *(f"r{i},{line}" for i, line in enumerate(lines[1:]))]
    (path / "numbered.csv").write_text("\n".join(numbered) + "\n")
    fit = ["fit", str(path / "train.csv"), "--model", str(path / "m.npz"), "--label", "label", "--normal", "normal"]
    assert main([*fit, *QUICK]) == 0
    return path


def run(capsys, *arguments):
    """Return exit code, output and error output of a command."""
    capsys.readouterr()
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def rows(path):
    """Return the rows of a CSV file."""
    with open(path, newline="") as file:
        return list(csv.reader(file))


def fails(capsys, *arguments):
    """Return the one line that a command fails with."""
    try:
        code, _, err = run(capsys, *arguments)
    except SystemExit as stop:
        code, err = stop.code, capsys.readouterr().err
    assert code == 2
    assert err.count("\n") == 1
    assert err.startswith("anomaly: error: ")
    return err
