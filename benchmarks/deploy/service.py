"""The scoring service under load: a client in this process, the service in its own."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.deploy.worker import BATCH, peak_memory

_TICKS = os.sysconf("SC_CLK_TCK")
_WARM, _REQUESTS = 20, 400


def measure(folder: Path, names: list[str], kind: str) -> dict[str, float]:
    """Return the figures of a service that is sent batches as JSON or as Arrow."""
    x = np.load(folder / "records.npy")
    began = time.time()
    with _running(folder / "m.npz") as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        _ask(connection, _body(x[:BATCH], names, kind), kind)
        found = {"start": time.time() - began}
        bodies = [_body(x[i : i + BATCH], names, kind) for i in range(0, 16 * BATCH, BATCH)]
        for i in range(_WARM):
            _ask(connection, bodies[i % 16], kind)
        cpu, seconds = _cpu(process), []
        for i in range(_REQUESTS):
            start = time.perf_counter()
            _ask(connection, bodies[i % 16], kind)
            seconds.append(time.perf_counter() - start)
        found["rows"] = _REQUESTS * BATCH / (_cpu(process) - cpu)
        found["p50"], found["p99"] = (1e3 * q for q in np.quantile(seconds, [0.5, 0.99]).tolist())
        one = _body(x[:1], names, kind)
        start = _cpu(process)
        for _ in range(_REQUESTS):
            _ask(connection, one, kind)
        found["one"] = 1e6 * (_cpu(process) - start) / _REQUESTS
        found["memory"] = peak_memory(process)
    return found


@contextmanager
def _running(model: Path) -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "anomaly", "serve", "--model", str(model), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process.pid, int(line.split(" at ")[1].split(":")[2])
    finally:
        process.terminate()
        process.wait()


def _ask(connection: http.client.HTTPConnection, body: bytes, kind: str) -> None:
    connection.request("POST", "/score", body, {"content-type": kind})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(content.decode())


def _body(x: Any, names: list[str], kind: str) -> bytes:
    columns = {name: column.tolist() for name, column in zip(names, x.T, strict=True)}
    if kind == "application/json":
        return json.dumps({"columns": columns}).encode()
    arrow, ipc = import_module("pyarrow"), import_module("pyarrow.ipc")
    table, sink = arrow.table(columns), arrow.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _cpu(process: int) -> float:
    """Return the seconds of CPU time of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
