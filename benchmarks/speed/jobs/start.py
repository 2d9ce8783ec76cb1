"""What is paid before anything is computed: the import, and the first fit."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import TableDetector
from benchmarks.speed.environment import PROJECT, worker_environment
from benchmarks.speed.figures import JobResult, Measurement, Target, difference, ratio, single
from benchmarks.speed.jobs.processes import Program, processor_of, take_turns
from benchmarks.speed.networks import MIDDLE
from benchmarks.speed.rounds import Settings

_IMPORT = """
import json, sys, time
start = time.perf_counter()
import numpy
numpy_is_there = time.perf_counter()
import nnlite
from nnlite import callbacks, losses, metrics, optimizers
from nnlite.layers import Dense, Input
from nnlite.models import Model, Sequential, load_model
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

_PROCESSES = {
    "import numpy": "import numpy",
    "load a detector and score ten records, NumPy alone": """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None
import numpy as np
from anomaly import load_detector
load_detector(sys.argv[1]).decision_function(np.zeros((10, 30)))
""",
}
_HELP = "anomaly --help"
_FIRST_AND_LATER = """
import json, time
import numpy as np
from nnlite.layers import Dense, Input
from nnlite.models import Sequential
x, used = np.random.default_rng(0).normal(size=(1000, 10)).astype("f"), []
for _ in range(4):
    model = Sequential([Input((10,)), Dense(5, "relu"), Dense(10)])
    model.compile("adam", "mse")
    start = time.process_time()
    model.fit(x, x, epochs=2, verbose=0, backend="numba")
    used.append(time.process_time() - start)
print(json.dumps({"seconds": used[0] - min(used[1:]), "processor": used[0] - min(used[1:])}))
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
    """Import nnlite in fresh processes, with what it would import on first access."""
    result = JobResult(
        "import", "import numpy, then nnlite and what training needs, in fresh processes, with cached bytecode"
    )
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


def small_processes(settings: Settings) -> JobResult:
    """Start processes that do little: help, a few scores, a first compiled fit."""
    result = JobResult("start", "processes that do little, by processor time, with cached bytecode")
    with tempfile.TemporaryDirectory() as folder, bytecode() as environment:
        model = Path(folder) / "model.npz"
        rng = np.random.default_rng(0)
        TableDetector(random_state=0).fit(rng.normal(size=(500 if settings.quick else 10_000, 30))).save(model)
        programs = [
            Program(title, ["-c", script, str(model)], settings.python, environment)
            for title, script in _PROCESSES.items()
        ]
        programs.append(Program(_HELP, ["-m", "anomaly", "--help"], settings.python, environment))
        own = "the first compiled fit over later ones"
        programs.append(Program(own, ["-c", _FIRST_AND_LATER], settings.python, environment, reports=True))
        take_turns(settings, programs, result, "one")
        numpy_alone = processor_of(result, "import numpy", "one")
        for title in [*list(_PROCESSES)[1:], _HELP]:
            used = processor_of(result, title, "one")
            if used and numpy_alone:
                result.figures.append(ratio(f"{title}, over NumPy", used, numpy_alone, Target("at most", 1.5)))
        more = processor_of(result, own, "one")
        if more:
            result.figures.append(single(own, more, "s", Target("at most", 0.025)))
    return result
