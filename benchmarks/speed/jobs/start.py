"""What is paid before anything is computed: the import, and the first fit."""

from __future__ import annotations

import json
import subprocess
import tempfile
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
print(json.dumps({"numpy": numpy_is_there - start, "nnlite": end - numpy_is_there, "heavy": heavy}))
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


def _run(python: str, program: str, *arguments: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-c", program, *arguments],
        env=worker_environment("one", environment),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"a measured process failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def import_time(settings: Settings) -> JobResult:
    """Import nnlite in fresh processes."""
    result = JobResult("import", "import nnlite, NumPy being there, in fresh processes")
    _run(settings.python, _IMPORT)  # writes the bytecode
    answers = [_run(settings.python, _IMPORT) for _ in range(max(settings.rounds, 5))]
    for name in ("numpy", "nnlite"):
        values = [answer[name] for answer in answers]
        result.measurements.append(Measurement(f"import {name}", "one", values))
    ours = result.measurements[-1].values
    result.figures.append(single("import nnlite over import numpy", ours, "s", Target("at most", 0.030)))
    heavy = [float(len(answer["heavy"])) for answer in answers]
    result.figures.append(single("Numba, Matplotlib and the like loaded by it", heavy, "", Target("at most", 0)))
    return result


def first_fit(settings: Settings) -> JobResult:
    """Import and fit for the first time, with an empty kernel cache and then with a full one."""
    result = JobResult("first-fit", "import nnlite and the first fit (train-middle) of a process")
    job = json.dumps((MIDDLE.shortened(10) if settings.quick else MIDDLE).to_message())
    cold, warm, later = [], [], []
    for number in range(settings.rounds):
        settings.say(f"  round {number + 1} of {settings.rounds}")
        with tempfile.TemporaryDirectory() as folder:
            cold.append(_run(settings.python, _FIRST_FIT, job, NNLITE_CACHE_DIR=folder)["first"])
            answer = _run(settings.python, _FIRST_FIT, job, NNLITE_CACHE_DIR=folder)
        warm.append(answer["first"])
        later.append(answer["later"])
    for name, values in (("empty cache", cold), ("warm cache", warm), ("later fits", later)):
        result.measurements.append(Measurement(name, "one", values, note=f"backend {answer['backend']}"))
    result.figures.append(single("first fit ever, empty kernel cache", cold, "s", Target("at most", 8)))
    what = "first fit with the cache, over a later fit"
    result.figures.append(difference(what, warm, later, "s", Target("at most", 0.5)))
    return result
