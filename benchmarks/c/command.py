"""``python -m benchmarks c``: size and time of one dense network in C, beside emlearn's; m2cgen has none."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.pages import replaced
from nnlite import Sequential
from nnlite.layers import Dense, Input

_DRIVER = """#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#if defined(PEER)
#include "peer.h"
#define RUN peer_regress(x[i & 63], 10, y, 3)
#elif defined(OURS)
#include "net.h"
#define RUN net_predict(x[i & 63], y)
#else
#define RUN y[0] = expf(x[i & 63][0])
#endif
#include <math.h>
int main(int count, char **arguments) {
  static float x[64][10];
  float y[3] = {0.0f, 0.0f, 0.0f};
  double sum = 0.0;
  unsigned state = 1;
  for (int i = 0; i < 64; i++)
    for (int j = 0; j < 10; j++) {
      state = state * 1664525u + 1013904223u;
      x[i][j] = (float)((int)(state >> 8) % 2000 - 1000) / 400.0f;
    }
  const int n = count > 1 ? atoi(arguments[1]) : 64;
  const clock_t start = clock();
  for (int i = 0; i < n; i++) {
    RUN;
    sum += y[0];
  }
  printf("%.3f %.9f\\n", 1e9 * (double)(clock() - start) / CLOCKS_PER_SEC / n, sum / n);
  return 0;
}
"""
_PEER, _OURS, _EMPTY = "emlearn", "nnlite", "empty"
_ROUNDS, _RECORDS, _EMULATED = 9, 200_000, 20_000
_TOLERANCE = 1e-5  # emlearn writes six decimals of each weight


@dataclass(frozen=True)
class Target:
    """A processor: its compiler, and the command that runs its programs."""

    name: str
    compiler: str
    runner: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


_TARGETS = (
    Target("x86-64", "gcc"),
    Target("32-bit ARM, qemu-user", "arm-linux-gnueabihf-gcc", ("qemu-arm",), ("-static",)),
)
_LEVELS = ("-Os", "-O2", "-O3")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks c", description=__doc__)
    parser.add_argument("--peer-python", required=True, help="a Python with emlearn, m2cgen and scikit-learn")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into a page, between its two marks")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = Path(__file__).with_name("peer.py")
        done = subprocess.run([options.peer_python, script, folder], check=True, capture_output=True, text=True)
        peer = json.loads(done.stdout.splitlines()[-1])
        _export(folder)
        rows = [
            (target.name, level, *_compare(folder, target, level, peer["headers"]))
            for target in _TARGETS
            if shutil.which(target.compiler) and (not target.runner or shutil.which(target.runner[0]))
            for level in _LEVELS
        ]
    text = table(rows)
    print(f"emlearn {peer['emlearn']}; m2cgen {peer['m2cgen']}: {peer['refusal'] or 'takes the network'}\n\n{text}")
    if options.write is not None:
        options.write.write_text(replaced(options.write.read_text(), "python -m benchmarks c", text))


def _export(folder: Path) -> None:
    with np.load(folder / "weights.npz") as found:
        weights = [found[name] for name in found.files]
    model = Sequential(
        [Input((10,)), Dense(32, activation="relu"), Dense(16, activation="relu"), Dense(3, activation="softmax")]
    )
    model.set_weights(weights)
    model.export(folder / "net.c", format="c")
    (folder / "driver.c").write_text(_DRIVER)


def _compare(folder: Path, target: Target, level: str, headers: str) -> tuple[int, int, float, float]:
    """Return the bytes that each program adds, ours first, and the nanoseconds of a record."""
    sources = {
        _EMPTY: ["driver.c"],
        _OURS: ["-DOURS", "driver.c", "net.c"],
        _PEER: ["-DPEER", "-I", headers, "driver.c"],
    }
    command = [target.compiler, "-std=c99", level, *target.flags]
    for name, files in sources.items():
        subprocess.run([*command, *files, "-o", name, "-lm"], check=True, cwd=folder)
    sizes = {name: _size(folder / name) for name in sources}
    times: dict[str, list[float]] = {_OURS: [], _PEER: []}
    results = {}
    records = str(_EMULATED if target.runner else _RECORDS)
    for _ in range(_ROUNDS):
        for name, found in times.items():
            done = subprocess.run([*target.runner, folder / name, records], check=True, capture_output=True, text=True)
            seconds, results[name] = map(float, done.stdout.split())
            found.append(seconds)
    if abs(results[_OURS] - results[_PEER]) > _TOLERANCE:
        raise RuntimeError(f"the programs disagree: {results}")
    ours, other = (float(np.median(times[name])) for name in (_OURS, _PEER))
    return sizes[_OURS] - sizes[_EMPTY], sizes[_PEER] - sizes[_EMPTY], ours, other


def _size(program: Path) -> int:
    """Return the bytes of code, constants and initialized data of a program."""
    text = subprocess.run(["size", program], check=True, capture_output=True, text=True).stdout
    return sum(map(int, text.splitlines()[1].split()[:2]))


def table(rows: list[tuple[str, str, int, int, float, float]]) -> str:
    """Return the table in Markdown.

    Examples
    --------
    >>> print(table([("x86-64", "-Os", 4200, 6200, 240.0, 480.0)]).splitlines()[-1])
    | x86-64, `-Os` | 4,200 | 6,200 | 240 | 480 | 0.50 |
    """
    lines = [
        "| | bytes | bytes, emlearn | ns a record | ns, emlearn | ratio of times |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, level, size, other_size, time, other in rows:
        lines.append(
            f"| {name}, `{level}` | {size:,} | {other_size:,} | {time:,.0f} | {other:,.0f} | {time / other:.2f} |"
        )
    return "\n".join(lines)
