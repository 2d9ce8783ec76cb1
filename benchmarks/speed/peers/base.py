"""What a contestant has to be able to do."""

from __future__ import annotations

import importlib.metadata
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.speed import sequences
from benchmarks.speed.networks import TrainingJob, Weights, forward, mean_squared_error

_TRIES = 5
_HOPELESS = 3


class Unsupported(Exception):
    """Says why a contestant cannot do a job."""


@dataclass(frozen=True)
class Part:
    """One of several things that are measured apart in one process.

    Attributes
    ----------
    run : callable
        What is measured.
    times : int
        How often the job is done in a run.
    reset : callable
        What goes before each run, and is not measured.
    """

    run: Callable[[], object]
    times: int = 1
    reset: Callable[[], object] = lambda: None


class Peer:
    """Base of all contestants; the subclass is always called `Peer` too.

    A subclass defines ``prepare_train``, ``prepare_sequence`` (with `reconstruct`), ``prepare_predict`` (for
    "predict-one" and "predict-many") and so on for the kinds of jobs it can do. `run` and `reset` are its own, or come
    from `parts`.

    Attributes
    ----------
    times : int
        How often the job is done in a run; runs of short ones hold many.
    note : str
        Settings that were chosen.
    parts : dict of str to Part
        What is measured apart, where there is more than one thing.
    packages : tuple of str
        Whose versions the report is to name.
    """

    times = 1
    note = ""
    packages: tuple[str, ...] = ()
    parts: dict[str, Part] = {}  # noqa: RUF012 (replaced, never changed)

    def prepare(self, kind: str, job: dict[str, Any]) -> None:
        """Get data, compile, warm up: all that is not measured."""
        self.kind = kind
        method = getattr(self, "prepare_" + kind.split("-")[0], None)
        if method is None:
            raise Unsupported("does not support this job")
        if kind == "train":
            self.job = TrainingJob.from_message({name: job[name] for name in TrainingJob.__dataclass_fields__})
            self.x = self.job.data()
            method(job)
        elif kind == "sequence":
            self.job = sequences.SequenceJob.from_message(job)
            self.x = self.job.data()
            method(job)
            self._check_first_reconstruction()
        elif kind.startswith("predict"):
            self.job = TrainingJob.from_message(job["network"])
            rows = 1 if kind == "predict-one" else job["rows"]
            self.x = np.random.default_rng(3).standard_normal((rows, self.job.sizes[0]), dtype=np.float32)
            predict = method(rows)  # which may bring self.x into the shape it takes
            self._check_prediction(predict)
            self._repeat(lambda: predict(self.x))
        else:
            method(job)

    def _check_prediction(self, predict: Callable[[np.ndarray], np.ndarray]) -> None:
        expected = forward(self.job.initial_weights(), self.x, self.job.output)
        found = np.asarray(predict(self.x))
        if found.shape != expected.shape or not np.allclose(found, expected, rtol=1e-3, atol=1e-4):
            raise RuntimeError("its predictions disagree with the network's weights")

    def _check_first_reconstruction(self) -> None:
        """Hold the network against the one that was asked for: whoever trains another one is not compared."""
        self.reset()
        x = self.x[: sequences.CHECKED]
        expected = sequences.forward(self.job, self.job.initial_weights(), x)
        found = self.reconstruct(x)
        if found.shape != expected.shape or not np.allclose(found, expected, rtol=1e-3, atol=1e-4):
            theirs = np.mean((found - x) ** 2) if found.shape == x.shape else np.nan
            raise RuntimeError(
                f"its first loss is {theirs:.6g}, that of the network's weights {np.mean((expected - x) ** 2):.6g}"
            )

    def _repeat(self, once: Callable[[], object]) -> None:
        """Make a run of so many calls that it takes a few milliseconds."""
        once()
        start = time.perf_counter()
        once()
        self.times = times = max(1, min(20_000, int(0.005 / max(time.perf_counter() - start, 1e-9))))

        def run() -> None:
            for _ in range(times):
                once()

        self.run, self.reset = run, lambda: None  # type: ignore[method-assign]

    def fastest(self, candidates: dict[str, Callable[[], object]]) -> str:
        """Return the name of the candidate whose best run is the shortest.

        Each has one run to warm up, then they take turns. One that does not work here is no candidate, and one that
        takes several times as long as another is not tried again.

        Raises
        ------
        RuntimeError
            If none works.
        """
        best: dict[str, float] = {}
        failures = []
        for name, candidate in candidates.items():
            try:
                candidate()
                best[name] = math.inf
            except Exception as error:
                failures.append(f"{name}: {type(error).__name__}: {error}")
        if not best:
            raise RuntimeError("; ".join(failures))
        for _ in range(_TRIES):
            for name in best:
                start = time.perf_counter()
                candidates[name]()
                best[name] = min(best[name], time.perf_counter() - start)
            hopeless = _HOPELESS * min(best.values())
            best = {name: seconds for name, seconds in best.items() if seconds <= hopeless}
        return min(best, key=lambda name: best[name])

    def select(self, part: str) -> None:
        """Let `run` and `reset` be those of a part."""
        chosen = self.parts[part]
        self.run, self.times, self.reset = chosen.run, chosen.times, chosen.reset  # type: ignore[method-assign,assignment]

    def reset(self) -> None:
        """Go back to the first weights; not measured."""

    def run(self) -> float | None:
        """Do the job; what is measured. Returns seconds if it measured itself."""
        raise NotImplementedError

    def weights(self) -> Weights | None:
        """Return the weights after training."""
        return None

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Return what the network as it is makes of windows, nothing being dropped; not measured."""
        raise NotImplementedError

    def loss(self) -> float | None:
        """Return the mean squared error on all records with the weights as they are."""
        if self.kind == "sequence":
            return float(np.mean((self.reconstruct(self.x) - self.x) ** 2, dtype=np.float64))
        weights = self.weights() if self.kind == "train" else None
        return None if weights is None else mean_squared_error(weights, self.x, self.job.output)

    def versions(self) -> dict[str, str]:
        """Return the versions of the packages that do the work."""
        return {name: importlib.metadata.version(name) for name in self.packages}


def one_thread() -> bool:
    """Tell whether this process is to use one thread."""
    return os.environ.get("BENCHMARK_THREADS") == "one"


def flat(weights: Sequence[Any]) -> list[np.ndarray]:
    """Return weights as one list of arrays, whether they are told layer by layer or are such a list already."""
    return [array for layer in weights for array in (layer if isinstance(layer, tuple) else (layer,))]
