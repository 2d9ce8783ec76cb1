"""Run `anomaly fit --checkpoint`, kill it with SIGKILL at a random moment, run it again: is the model the same?

    python -m tests.anomaly.killed_fit --times 100

kills so many fits of tables and of series, prints one line for each kill, and exits 1 if a byte of a model differs.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path

import numpy as np

from anomaly.cli import main
from anomaly.detectors import resuming

KINDS = {
    "table": ["--epochs", "60", "--hidden", "32"],
    "table with a rate of false alarms": ["--epochs", "15", "--hidden", "16", "--false-alarm-rate", "0.05"],
    "series": ["--window", "12", "--network", "dense", "--network-share", "1", "--epochs", "40"],
}
"""Options of the fits; those of the last two train several networks, one after the other."""


def import_all() -> None:
    """Import what a fit needs once, and not in each process."""
    with tempfile.TemporaryDirectory() as name:
        write_data(Path(name) / "data.csv")
        finish(start(Path(name) / "data.csv", Path(name) / "m.npz", Path(name) / "backup", ["--epochs", "1"]))
    for module in ("numba", "anomaly.cli.fit", "anomaly.detectors.table.fitting", "anomaly.detectors.sequence.fitting"):
        import_module(module)


def write_data(path: Path) -> None:
    """Write a table of records in no order, whose columns depend on each other."""
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 6, 300)
    columns = [np.sin(phase), np.cos(phase), np.sin(phase) * 2, rng.normal(size=300)]
    values = np.stack(columns, axis=1) + rng.normal(0, 0.1, (300, 4))
    np.savetxt(path, values, fmt="%.6f", delimiter=",", header="a,b,c,d", comments="")


def start(data: Path, model: Path, folder: Path, options: Sequence[str]) -> int:
    """Start a fit in a process of its own, which is a copy of this one; return its number."""
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        # Checkpoints after every epoch, so that kills between any two of them are tried.
        resuming._SECONDS = 0.0
        words = ["fit", str(data), "--model", str(model), "--checkpoint", str(folder), *options]
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            code = main(words)
    finally:
        os._exit(code)


def finish(process: int) -> None:
    """Wait for the end of a process, which must be a good one."""
    assert os.waitpid(process, 0)[1] == 0


def killed_and_run_again(times: int, kind: str, seed: int = 0) -> Iterator[tuple[int, int, str]]:
    """Kill fits so many times, at most five times each, and let each come to its end.

    Yields
    ------
    checkpoints, kills : int
        Trainings in the folder after the kill, and kills of this fit so far.
    difference : str
        What is wrong with the result, only once it is written; "" for nothing.
    """
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_data(root / "data.csv")
        # Once before, so that compiled code is there and the time is that of later runs.
        for run in ("first", "whole"):
            began = time.monotonic()
            finish(start(root / "data.csv", root / f"{run}.npz", root / run, KINDS[kind]))
            seconds = time.monotonic() - began
        expected = (root / "whole.npz").read_bytes()
        run = 0
        while times:
            run += 1
            (root / f"{run}").mkdir()
            model, folder, kills = root / f"{run}" / "m.npz", root / f"{run}" / "backup", 0
            while True:
                process = start(root / "data.csv", model, folder, KINDS[kind])
                if kills < 5 and times:
                    time.sleep(rng.uniform(0, seconds))
                    os.kill(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                    kills, times = kills + 1, times - 1
                    yield len(list(folder.glob("*.npz"))) if folder.exists() else 0, kills, ""
                else:
                    finish(process)
                    break
            left = [path.name for path in model.parent.iterdir() if path != model]
            same = model.read_bytes() == expected
            yield 0, kills, "" if same and not left else f"{'same' if same else 'DIFFERENT'}, left behind: {left}"


def run() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    options = parser.parse_args()
    import_all()
    failed = total = 0
    for number, kind in enumerate(KINDS):
        share = options.times // len(KINDS) + (number < options.times % len(KINDS))
        models = 0
        for checkpoints, kills, wrong in killed_and_run_again(share, kind, seed=number):
            print(f"{kind}: {checkpoints} checkpoints after {kills} kills{f': {wrong}' * bool(wrong)}", flush=True)
            failed += bool(wrong)
            models += not checkpoints
        total += share
    print(f"{total} kills; {failed} models that differ")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(run())
