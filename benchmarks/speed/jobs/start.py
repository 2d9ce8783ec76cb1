"""What is paid before anything is computed: the import, and the first fit."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.speed.environment import PROJECT, worker_environment
from benchmarks.speed.figures import JobResult, Measurement, Target, difference, single
from benchmarks.speed.networks import MIDDLE
from benchmarks.speed.rounds import Settings

_IMPORT = """
import json, sys, time
start = time.perf_counter()
import numpy
numpy_is_there = time.perf_counter()
import nnlite
end = time.perf_counter()
heavy = [name for name in ("numba", "llvmlite", "matplotlib", "scipy") if name in sys.modules]
print(json.dumps({"numpy": numpy_is_there - start, "nnlite": end - start, "heavy": heavy}))
"""

_FIRST_FIT = """
import json, sys, time
from benchmarks.speed.networks import TrainingJob
job = TrainingJob.from_message(json.loads(sys.argv[1]))
x = job.data()
start = time.perf_counter()
from benchmarks.speed.peers.ours import build, compile_model
took = []
for _ in range(3):
    model = build(job)
    compile_model(model)
    model.fit(x, x, batch_size=job.batch, epochs=job.epochs, verbose=0)
    took.append(time.perf_counter() - start)
    start = time.perf_counter()
print(json.dumps({"first": took[0], "later": min(took[1:]), "backend": model.history.backend}))
"""


@contextmanager
def bytecode() -> Iterator[dict[str, str]]:
    """Give environment variables with which processes keep their bytecode, in a folder that goes away in the end.

    An installed package has its bytecode. A source tree need not, and what is compiled anew each time is no import.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}


def _run(python: str, program: str, *arguments: str, environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-c", program, *arguments],
        env=worker_environment("one", environment),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"a benchmarked process failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def import_time(settings: Settings) -> JobResult:
    """Import nnlite in fresh processes."""
    result = JobResult("import", "import numpy and import nnlite in fresh processes, with cached bytecode")
    with bytecode() as environment:
        _run(settings.python, _IMPORT, environment=environment)  # writes it
        answers = [_run(settings.python, _IMPORT, environment=environment) for _ in range(max(settings.rounds, 5))]
    for name, what in (("numpy", "import numpy"), ("nnlite", "import nnlite, NumPy and all")):
        result.measurements.append(Measurement(what, "one", [answer[name] for answer in answers]))
    # Within one process, so that a slow start of it is in neither.
    more = [answer["nnlite"] - answer["numpy"] for answer in answers]
    result.figures.append(single("import nnlite less import numpy", more, "s", Target("at most", 0.030)))
    heavy = [float(len(answer["heavy"])) for answer in answers]
    result.figures.append(single("Numba, Matplotlib and the like loaded by it", heavy, "", Target("at most", 0)))
    return result


def first_fit(settings: Settings) -> JobResult:
    """Import and fit in fresh processes, with an empty kernel cache and then with a full one."""
    result = JobResult("first-fit", "import nnlite and the first fit (train-middle) of a process")
    job = json.dumps((MIDDLE.shortened(10) if settings.quick else MIDDLE).to_message())
    cold, warm, later = [], [], []
    with bytecode() as environment:
        _fit_first(settings, job, environment)  # writes it
        for number in range(settings.rounds):
            settings.say(f"  round {number + 1} of {settings.rounds}")
            empty, full = _fit_first(settings, job, environment)
            cold.append(empty["first"])
            warm.append(full["first"])
            later.append(full["later"])
    for name, values in (("empty cache", cold), ("warm cache", warm), ("later fits", later)):
        result.measurements.append(Measurement(name, "one", values, note=f"backend {full['backend']}"))
    result.figures.append(single("first fit with an empty kernel cache", cold, "s", Target("at most", 8)))
    what = "first fit with the cache, over a later fit"
    result.figures.append(difference(what, warm, later, "s", Target("at most", 0.5)))
    return result


def _fit_first(settings: Settings, job: str, environment: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a process says that finds no kernels, and what the next one says that finds them."""
    with tempfile.TemporaryDirectory() as folder:
        kernels = {**environment, "NNLITE_CACHE_DIR": folder}
        empty, full = (_run(settings.python, _FIRST_FIT, job, environment=kernels) for _ in range(2))
    return empty, full
