"""Run `anomaly fit --checkpoint`, kill it with SIGKILL at a random moment, run it again: is the model the same?

    python -m tests.anomaly.killed_fit --times 100

kills so many fits of tables and of series, prints one line for each kill, and exits 1 if a byte of a model differs.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

KINDS = {
    "table": ["--epochs", "400", "--batch-size", "32"],
    "table with a rate of false alarms": ["--epochs", "40", "--false-alarm-rate", "0.05"],
    "series": ["--window", "12", "--network", "dense", "--network-share", "0.5", "--epochs", "60"],
}
"""Options of the fits; those of the last two train several networks, one after the other."""

# Checkpoints after every epoch, so that kills between any two of them are tried.
_PROGRAM = (
    "import sys; from anomaly.detectors import resuming; resuming.resumable.__wrapped__.__defaults__ = (0.0,); "
    "from anomaly.cli import main; print('fitting', flush=True); sys.exit(main(sys.argv[1:]))"
)


def write_data(path: Path) -> None:
    """Write a table whose rows are also a series."""
    rng = np.random.default_rng(0)
    steps = np.arange(500)
    columns = [np.sin(steps / 5), np.cos(steps / 7), np.sin(steps / 5) * 2, rng.normal(size=500)]
    values = np.stack(columns, axis=1) + rng.normal(0, 0.1, (500, 4))
    np.savetxt(path, values, fmt="%.6f", delimiter=",", header="a,b,c,d", comments="")


def start(data: Path, model: Path, folder: Path, options: Sequence[str]) -> subprocess.Popen[str]:
    """Start a fit in a process of its own; return when it has loaded the package."""
    command = [sys.executable, "-W", "ignore", "-c", _PROGRAM, "fit", str(data), "--model", str(model)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command += ["--checkpoint", str(folder), *options]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[2], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "fitting\n"
    return process


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for the end of a process, which must be a good one."""
    process.communicate()
    assert process.returncode == 0


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
                    process.send_signal(signal.SIGKILL)
                    process.communicate()
                    kills, times = kills + 1, times - 1
                    yield len(list(folder.glob("*.npz"))) if folder.exists() else 0, kills, ""
                else:
                    finish(process)
                    break
            left = [path.name for path in model.parent.iterdir() if path != model]
            same = model.read_bytes() == expected
            yield 0, kills, "" if same and not left else f"{'same' if same else 'DIFFERENT'}, left behind: {left}"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    options = parser.parse_args()
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
    sys.exit(main())
