"""A process that fits the detector of a checkout, and says what it took.

The process runs this file as a script, with that checkout in front of all other packages. So this file imports NumPy
and `anomaly` alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np


class WorkerError(Exception):
    """The process ended before it answered."""


class FitWorker:
    """A process with the packages of a checkout.

    Parameters
    ----------
    checkout : Path
        Folder that contains `anomaly` and `nnlite`.

    Raises
    ------
    WorkerError
        If they cannot be imported, or others are found first.
    """

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout.resolve()
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONPATH": str(self.checkout)},
            cwd=self.checkout,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            text=True,
        )
        found = Path(self._answer())
        if self.checkout not in found.parents:
            self.close()
            raise WorkerError(
                f"the detector in {str(self.checkout)!r} is not what Python finds, which is {str(found)!r}"
            )

    def fit(self, train: Path) -> tuple[float, float]:
        """Fit a detector with its defaults.

        Parameters
        ----------
        train : Path
            File of the training records, ``.npy``.

        Returns
        -------
        seconds, processor_seconds : float
            Duration, and processor time of all threads.

        Raises
        ------
        WorkerError
            If the process ended.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{train}\n")
            self._process.stdin.flush()
        seconds, processor_seconds = json.loads(self._answer())
        return seconds, processor_seconds

    def _answer(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            self._messages.seek(0)
            last = (self._messages.read().decode(errors="replace").strip().splitlines() or ["without a word"])[-1]
            self.close()
            raise WorkerError(f"the detector in {str(self.checkout)!r} failed: {last}")
        return answer.rstrip("\n")

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._messages):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def __enter__(self) -> FitWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _serve() -> None:
    """Print the place of the package; answer each line of the input, the name of a file, with the seconds of a fit."""
    import anomaly

    print(anomaly.__file__, flush=True)

    # Former name of TableDetector.
    kind: Any = getattr(anomaly, "TableDetector", None) or anomaly.AutoencoderDetector
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        train = np.load(line.strip())
        start, started = time.perf_counter(), time.process_time()
        kind(random_state=0).fit(train)
        print(json.dumps([time.perf_counter() - start, time.process_time() - started]), flush=True)


if __name__ == "__main__":
    _serve()
