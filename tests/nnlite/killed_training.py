"""Train, be killed with SIGKILL at a random moment, go on in a new process: are the final weights the same?

    python -m tests.nnlite.killed_training --times 100

prints one line for each time, and exits 1 if a weight differs.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

EPOCHS = 60


def train(folder: str, output: str, backend: str) -> None:
    """Train with dropout, noise, shuffling, validation and early stopping; write the weights at the end."""
    from nnlite.callbacks import BackupAndRestore, EarlyStopping, ReduceLROnPlateau
    from nnlite.layers import BatchNormalization, Dense, Dropout, GaussianNoise, Input
    from nnlite.models import Sequential
    from nnlite.utils import set_random_seed

    set_random_seed(3)
    x = np.random.default_rng(0).normal(size=(800, 6)).astype(np.float32)
    layers = [Dense(16, "relu"), BatchNormalization(), Dropout(0.3), GaussianNoise(0.1), Dense(6)]
    model = Sequential([Input((6,)), *layers])
    model.compile("adam", "mse", metrics=["mae"])
    callbacks = [
        BackupAndRestore(folder, delete_checkpoint=False),
        EarlyStopping(patience=50, restore_best_weights=True),
        ReduceLROnPlateau(patience=2),
    ]
    print("training", flush=True)
    began = time.monotonic()
    history = model.fit(x, x, epochs=EPOCHS, validation_split=0.2, callbacks=callbacks, backend=backend, threads=1)
    losses = {name: np.array(values) for name, values in history.history.items()}
    np.savez(f"{output}.part.npz", weights=model.parameters, seconds=time.monotonic() - began, **losses)
    os.replace(f"{output}.part.npz", output)


def start(folder: Path, output: Path, backend: str) -> subprocess.Popen[str]:
    """Start `train` in a process of its own; return when training begins."""
    command = [sys.executable, "-m", "tests.nnlite.killed_training", "--train", str(folder), str(output), backend]
    root, environment = Path(__file__).parents[2], {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n"
    return process


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for the end of a process, which must be a good one."""
    process.communicate()
    assert process.returncode == 0


def killed_and_resumed(times: int, backend: str, seed: int = 0) -> Iterator[tuple[int, int, list[str]]]:
    """Kill a training so many times, each at a moment of its own, and let the next process go on.

    Yields
    ------
    epochs, kills : int
        Epochs that were complete at the last kill, and kills of this training so far.
    differences : list of str
        Names of the results that differ from those of a training that was not killed; only once it has ended.
    """
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as name:
        root, expected = Path(name), Path(name) / "expected.npz"
        finish(start(root / "whole", expected, backend))
        with np.load(expected) as whole:
            seconds = float(whole["seconds"])
        for run in range(times):
            folder, output, kills = root / f"run {run}", root / f"{run}.npz", 0
            while not output.exists():
                process = start(folder, output, backend)
                # Often more than once in a training, and seldom not at all.
                if kills < 3 and times:
                    time.sleep(rng.uniform(0, seconds))
                    process.send_signal(signal.SIGKILL)
                    kills, times = kills + 1, times - 1
                    process.communicate()
                    yield epochs_of(folder), kills, []
                else:
                    finish(process)
            yield EPOCHS, kills, differences(expected, output) + hidden_files(folder)
            if not times:
                return


def differences(expected: Path, output: Path) -> list[str]:
    """Return the names of arrays that are not equal bit by bit."""
    with np.load(expected) as whole, np.load(output) as resumed:
        return [name for name in whole.files if name != "seconds" and whole[name].tobytes() != resumed[name].tobytes()]


def hidden_files(folder: Path) -> list[str]:
    """Return the files beside the checkpoint."""
    return [path.name for path in folder.iterdir() if path.name != "checkpoint.npz"]


def epochs_of(folder: Path) -> int:
    """Return the number of complete epochs of a checkpoint, which must be whole at any moment."""
    from nnlite.archive import read_archive

    path = folder / "checkpoint.npz"
    return int(read_archive(path, "checkpoint")[0]["epochs"]) if path.exists() else 0


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--train", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(*options.train)
        return 0
    failed = 0
    for backend in ("numpy", "numba"):
        for epochs, kills, wrong in killed_and_resumed(options.times // 2, backend):
            print(f"{backend}: {epochs} of {EPOCHS} epochs after {kills} kills{f', DIFFERENT: {wrong}' * bool(wrong)}")
            failed += bool(wrong)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
