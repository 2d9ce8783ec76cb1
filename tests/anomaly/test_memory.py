"""Scoring takes as much memory for many records as for few, measured as the operating system sees it."""

import subprocess
import sys

import pytest

from anomaly import TableDetector
from anomaly.datasets import make_transactions
from anomaly.tables import as_table
from anomaly.tables.csv_writer import write_csv

resource = pytest.importorskip("resource", reason="the peak of a child's memory is read with this Unix module")

MEASURE = """
import resource, sys
from anomaly.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A model, 10 thousand records and 20 times as many."""
    folder = tmp_path_factory.mktemp("memory")
    columns = make_transactions(n_records=10_000, random_state=0).columns
    # One of each kind: a number, a category with missing values, a truth value.
    data = as_table({name: columns[name] for name in ("amount", "merchant_category", "card_present")})
    first = {name: column[:500] for name, column in columns.items() if name in data.names}
    TableDetector(hidden=(4,), draws=1, epochs=1, random_state=0).fit(first).save(folder / "m.npz")
    write_csv(folder / "few.csv", data)
    head, rows = (folder / "few.csv").read_bytes().split(b"\n", 1)
    with open(folder / "many.csv", "wb") as file:
        file.write(head + b"\n")
        for _ in range(20):
            file.write(rows)
    return folder


def peak(folder, name):
    """Return the most memory that scoring a file took, in kilobytes (bytes on macOS)."""
    command = ["score", f"{name}.csv", "-m", "m.npz", "-o", f"{name}-scores.csv", "--top", "2"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command], cwd=folder, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_scoring_twenty_times_the_records_takes_no_more_memory(files):
    few, many = peak(files, "few"), peak(files, "many")
    # The text of 190,000 more records would take 30 MB.
    assert many < 1.15 * few
    with open(files / "many-scores.csv", "rb") as file:
        assert sum(1 for _ in file) == 200_001
