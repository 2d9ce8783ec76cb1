"""Running the command ``anomaly`` in this process."""

import csv

from anomaly.cli import main


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
