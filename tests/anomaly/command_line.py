"""Running the command ``anomaly`` in this process."""

import csv

import numpy as np

from anomaly.cli import main
from anomaly.datasets import make_connections, make_sensors
from anomaly.tables.csv_files import read_csv

QUICK = ["--epochs", "3", "--hidden", "8"]
QUICK_SERIES = ["--window", "8", *QUICK]
LABELS = ["--label", "label", "--normal", "normal"]


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


def with_series(path):
    """Fill a folder with a training series and a test series with a fault, and a model fitted by the command."""
    write_series(path / "train.csv")
    write_series(path / "test.csv", seed=1, fault=(150, 180), gap=True)
    fit = ["fit", str(path / "train.csv"), "--model", str(path / "m.npz"), "--label", "state", "--time", "time"]
    assert main([*fit, *QUICK_SERIES]) == 0
    return path


def with_sensors(path):
    """Fill a folder with training records, new ones, and a model fitted on the normal training records."""
    train, fresh = make_sensors(n_records=600, random_state=0).split(test_size=0.5, random_state=0)
    train.to_csv(path / "train.csv")
    fresh.to_csv(path / "fresh.csv")
    assert main(["fit", str(path / "train.csv"), "-m", str(path / "m.npz"), *LABELS, *QUICK]) == 0
    return path


def write_series(path, n=300, seed=0, fault=None, gap=False):
    """Write a series of two sensors with timestamps and labels."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    a = np.sin(t / 3) + 0.05 * rng.normal(size=n)
    b = 2 * a + 0.05 * rng.normal(size=n)
    state = np.array(["ok"] * n, dtype=object)
    if fault:
        b[slice(*fault)] += 8
        state[slice(*fault)] = "fault"
    time = np.datetime64("2024-01-01") + (t + (t > n // 2) * (500 if gap else 0)).astype("m8[m]")
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "a", "b", "state"])
        writer.writerows(zip(time.astype(str), a.round(5), b.round(5), state, strict=True))


def with_file(tmp_path, text):
    """Write a file, and return its path."""
    path = tmp_path / "bad.csv"
    path.write_text(text)
    return path


def without_labels(folder, path, lost="normal", every=2):
    """Write the test records again, without every so many of one label; return how many that are."""
    table = rows(folder / "test.csv")
    emptied = [row for row in table[1:] if row[-1] == lost][::every]
    for row in emptied:
        row[-1] = " "
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(table)
    return len(emptied)


def without_labels_of_rows(source, path, where):
    """Write a series again, with no labels on some of its rows."""
    table = rows(source)
    for row in table[1:][where]:
        row[-1] = ""
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(table)
    return path


def without_some_labels(folder, every=3, instead=""):
    """Remove the label of every so many of the new records; return how many that are, and the table."""
    lines = (folder / "fresh.csv").read_text().splitlines()
    for i in range(1, len(lines), every):
        lines[i] = lines[i].rsplit(",", 1)[0] + "," + instead
    (folder / "some.csv").write_text("\n".join(lines) + "\n")
    return len(range(1, len(lines), every)), read_csv(folder / "some.csv")


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
