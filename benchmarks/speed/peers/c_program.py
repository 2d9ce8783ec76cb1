"""A hand-written C program for the smallest job, compiled for this processor: what there is to gain at all.

It makes data and first weights of its own (of the same kind), trains seven times, and prints the best time and the last
loss.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.speed.networks import SMALL
from benchmarks.speed.peers import base

_OPTIONS = ("-O3", "-march=native", "-ffast-math", "-fno-math-errno")


class Peer(base.Peer):
    """The program is a file that comes from outside, like its compiler."""

    def prepare_train(self, job: dict[str, Any]) -> None:
        """Compile it."""
        source, compiler = Path(job["c_program"]), shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
        if self.job != SMALL:
            raise base.Unsupported("supports another job only")
        if not source.is_file():
            raise base.Unsupported(f"there is no file {source}; name it with --c-program")
        if compiler is None:
            raise base.Unsupported("there is no C compiler")
        self._folder = tempfile.TemporaryDirectory()
        self._program = str(Path(self._folder.name) / "limit")
        subprocess.run([compiler, *_OPTIONS, str(source), "-o", self._program, "-lm"], check=True, capture_output=True)
        self.note = f"best of its 7 runs; {Path(compiler).name} {' '.join(_OPTIONS)}"
        self.run()

    def run(self) -> float:
        """Run it, and return the time it says it took."""
        done = subprocess.run([self._program], check=True, capture_output=True, text=True)
        seconds, self._loss = map(float, done.stdout.split())
        return seconds

    def loss(self) -> float | None:
        """Return the mean loss of its last epoch."""
        return self._loss
