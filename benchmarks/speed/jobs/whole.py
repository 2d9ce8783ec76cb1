"""Whole jobs of the command line and of detectors, as a user meets them: from file to file, the start included."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.speed.environment import PROJECT
from benchmarks.speed.figures import JobResult, Target, ratio
from benchmarks.speed.jobs.processes import Program, processor_of, run_once, take_turns
from benchmarks.speed.jobs.start import bytecode
from benchmarks.speed.rounds import Settings

_OURS, _EARLIER = "nnlite", "the earlier version"
_FIELDS = 41
_RECORDS, _QUICK_RECORDS = 112_720, 5_000
_FIT_SHAPE, _QUICK_FIT_SHAPE = (284_807, 30), (5_000, 30)
_RATIO_TO_EARLIER = {"score-csv": 5.0, "fit-large": 2.0}

_PEER = """
import json, sys, time
import numpy as np, pandas as pd
from pyod.models.{module} import {name}
train, data, output = sys.argv[1:]
table = pd.read_csv(train)
texts = [c for c in table if not pd.api.types.is_numeric_dtype(table[c])]
def encoded(table):
    return pd.get_dummies(table, columns=texts).astype(np.float32)
known = encoded(table)
mean, scale = known.mean(), known.std() + 1e-9
detector = {name}().fit(((known - mean) / scale).to_numpy())
start, used = time.perf_counter(), time.process_time()
x = encoded(pd.read_csv(data)).reindex(columns=known.columns, fill_value=0)
scores = detector.decision_function(((x - mean) / scale).to_numpy())
pd.DataFrame({{"score": scores}}).to_csv(output, index=False)
print(json.dumps({{"seconds": time.perf_counter() - start, "processor": time.process_time() - used}}))
"""
_PEERS = (
    ("PyOD KNN", "knn", "KNN"),
    ("PyOD IForest", "iforest", "IForest"),
    ("PyOD AutoEncoder", "auto_encoder", "AutoEncoder"),
)

_FIT = """
import json, sys, time
import numpy as np
try:
    from anomaly import TableDetector as Detector
except ImportError:
    from anomaly import AutoencoderDetector as Detector
rows, columns = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(0)
x = rng.standard_normal((rows, columns), dtype=np.float32) @ rng.normal(size=(columns, columns)).astype(np.float32)
Detector(random_state=0).fit(x[:2000])
start, used = time.perf_counter(), time.process_time()
Detector(random_state=0).fit(x)
print(json.dumps({"seconds": time.perf_counter() - start, "processor": time.process_time() - used}))
"""


def score_csv(settings: Settings) -> JobResult:
    """Score NSL-KDD from CSV to CSV on the command line, and by scripts with PyOD."""
    n = _QUICK_RECORDS if settings.quick else _RECORDS
    result = JobResult("score-csv", f"score {n:,} x {_FIELDS} from CSV to CSV, the process's start included")
    if not Path(settings.nslkdd).is_file():
        result.skipped[_OURS] = f"there is no file {settings.nslkdd}; name it by --nslkdd"
        return result
    with tempfile.TemporaryDirectory() as name, bytecode() as compiled:
        folder = Path(name)
        train, data = _write_records(settings.nslkdd, folder, n)
        programs = [_commands(_OURS, settings.python, PROJECT, folder, train, data, compiled)]
        if settings.earlier:
            earlier = Path(settings.earlier)
            programs.append(_commands(_EARLIER, settings.python, earlier, folder, train, data, compiled))
        if settings.peers:
            for title, module, detector in _PEERS:
                script = _PEER.format(module=module, name=detector)
                arguments = ["-c", script, str(train), str(data), str(folder / "peer.csv")]
                programs.append(Program(title, arguments, settings.peers_python, reports=True))
        _measure(settings, programs, result)
    return result


def _commands(
    title: str, python: str, project: Path, folder: Path, train: Path, data: Path, compiled: dict[str, str]
) -> Program:
    """Fit a detector; return the program that scores with it."""
    environment, model = {**compiled, "PYTHONPATH": str(project)}, folder / f"{title}.npz"
    fit = ["-m", "anomaly", "fit", str(train), "--model", str(model)]
    run_once(Program(title, fit, python, environment), "all")
    score = ["-m", "anomaly", "score", str(data), "--model", str(model), "--output", str(folder / f"{title}.csv")]
    return Program(title, score, python, environment)


def fit_large(settings: Settings) -> JobResult:
    """Fit the table detector to many records."""
    rows, columns = _QUICK_FIT_SHAPE if settings.quick else _FIT_SHAPE
    result = JobResult("fit-large", f"fit a table detector to {rows:,} x {columns}, in memory")
    arguments = ["-c", _FIT, str(rows), str(columns)]
    programs = [Program(_OURS, arguments, settings.python, {"PYTHONPATH": str(PROJECT)}, reports=True)]
    if settings.earlier:
        programs.append(Program(_EARLIER, arguments, settings.python, {"PYTHONPATH": settings.earlier}, reports=True))
    _measure(settings, programs, result)
    return result


def _measure(settings: Settings, programs: list[Program], result: JobResult) -> None:
    for threads in settings.threads:
        take_turns(settings, programs, result, threads)
        ours = processor_of(result, _OURS, threads)
        for program in programs[1:]:
            theirs = processor_of(result, program.title, threads)
            if ours and theirs:
                what = f"faster than {program.title}, {threads} thread{'s' * (threads == 'all')}, by processor time"
                bound = _RATIO_TO_EARLIER[result.name] if program.title == _EARLIER else None
                result.figures.append(ratio(what, theirs, ours, None if bound is None else Target("at least", bound)))


def _write_records(path: str, folder: Path, n: int) -> tuple[Path, Path]:
    """Write the normal records of NSL-KDD, and so many records of all kinds: the file's own, again and again."""
    lines = [line.rsplit(",", 2) for line in Path(path).read_text().splitlines() if line]
    header = ",".join(f"c{number}" for number in range(_FIELDS))
    train, data = folder / "train.csv", folder / "data.csv"
    normal = [features for features, label, _ in lines if label == "normal"]
    train.write_text("\n".join([header, *normal, ""]))
    repeated = [lines[number % len(lines)][0] for number in np.arange(n)]
    data.write_text("\n".join([header, *repeated, ""]))
    return train, data
