"""Training from a file that need not fit into memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.speed.environment import PROJECT, worker_environment
from benchmarks.speed.figures import JobResult, Measurement, Target, single
from benchmarks.speed.rounds import Settings

_COLUMNS = 256
_PROGRAM = """
import sys
import numpy as np
from benchmarks.speed.networks import TrainingJob
from benchmarks.speed.peers.ours import build, compile_model
x = np.memmap(sys.argv[1], np.float32, "r").reshape(-1, int(sys.argv[2]))
model = build(TrainingJob(len(x), (x.shape[1], 32, x.shape[1]), 1024, 1))
compile_model(model)
few = np.array(x[:2048])
model.fit(few, few, batch_size=1024, epochs=20, verbose=0)
del few
print("ready", flush=True)
sys.stdin.readline()
model.fit(x, x, batch_size=1024, epochs=1, verbose=0)
print("done", flush=True)
"""


def memory(settings: Settings) -> JobResult:
    """Train one epoch from a memory-mapped file and watch the resident memory, pages of the file included."""
    gigabytes = 0.05 if settings.quick else settings.memory_gigabytes
    title = f"one epoch from a memory-mapped float32 file of {gigabytes:g} GB, {_COLUMNS}-32-{_COLUMNS}, batch 1024"
    result = JobResult("memory", title)
    if not Path("/proc/self/status").exists():
        result.skipped["nnlite"] = "this system has no /proc, which reports resident memory"
        return result
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.f32"
        _write(path, int(gigabytes * 1e9) // (4 * _COLUMNS))
        seconds, all_pages, own_pages = _watch(settings.python, path)
    result.measurements.append(Measurement("nnlite", "all", [seconds]))
    target = Target("at most", 200.0)
    figure = single("growth of resident memory, pages of the file included", [all_pages], "MB", target)
    # A smaller file is another job.
    figure.judged = gigabytes >= 4
    result.figures.append(figure)
    result.figures.append(single("growth of resident memory without them", [own_pages], "MB"))
    return result


def _write(path: Path, rows: int) -> None:
    rng = np.random.default_rng(6)
    with path.open("wb") as file:
        for start in range(0, rows, 10_000):
            file.write(rng.standard_normal((min(10_000, rows - start), _COLUMNS), dtype=np.float32).tobytes())


def _watch(python: str, path: Path) -> tuple[float, float, float]:
    """Return what training took in seconds, and by how many megabytes its process grew: in all, and of its own."""
    child = subprocess.Popen(
        [python or sys.executable, "-c", _PROGRAM, str(path), str(_COLUMNS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=worker_environment("all"),
        cwd=PROJECT,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        if child.stdout.readline().strip() != "ready":
            raise RuntimeError("the process that trains from a file failed; its messages are above")
        before = _resident(child.pid)
        start = time.perf_counter()
        child.stdin.write("go\n")
        child.stdin.flush()
        most = dict(before)
        end = start
        # It answers with one line and then ends; until then its memory is looked at.
        while child.poll() is None:
            now = _resident(child.pid)
            if not now:
                break
            end = time.perf_counter()
            most = {name: max(most[name], now[name]) for name in most}
            time.sleep(0.005)
        if child.stdout.readline().strip() != "done":
            raise RuntimeError("the process that trains from a file failed; its messages are above")
    return end - start, most["VmRSS"] - before["VmRSS"], most["RssAnon"] - before["RssAnon"]


def _resident(process: int) -> dict[str, float]:
    """Return resident megabytes; nothing for a process that has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return {}
    fields = dict(line.split(":", 1) for line in lines)
    found = {name: int(fields[name].split()[0]) / 1000 for name in ("VmRSS", "RssAnon") if name in fields}
    return found if len(found) == 2 else {}
