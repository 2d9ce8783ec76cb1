"""What weights of 8 bits cost a table detector in C: AUROC and flash on tables of records.

    python -m benchmarks.c.int8 FOLDER [PAGE]

FOLDER has a file ``NAME.npz`` for each table, with X (records x columns) and y (1 is an anomaly). Half of the normal
records are fitted; the others and all anomalies are scored, at most 3,000 records a table. PAGE
is a page of the documentation to write the table to, between its two marks.
"""

from __future__ import annotations

import copy
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from anomaly import TableDetector
from anomaly.export import export_c, reduced
from anomaly.export.parts import Blended, parts_of
from anomaly.metrics import roc_auc_score
from benchmarks.pages import replaced
from nnlite.export.c.int8 import quantized

_ROWS, _PROTOTYPES = 3000, 100


def main(arguments: list[str]) -> None:
    lines = [
        "| table | AUROC, float32 | AUROC, int8 | flash, float32, kB | flash, int8, kB |",
        "| --- | --- | --- | --- | --- |",
    ]
    found = []
    for path in sorted(Path(arguments[0]).glob("*.npz")):
        # Some of these files have columns of Python objects.
        with np.load(path, allow_pickle=True) as file:
            x, y = np.asarray(file["X"], np.float64), np.asarray(file["y"]).ravel().astype(int)
        found.append(_row(x, y))
        lines.append(_line(path.stem, found[-1]))
    text = "\n".join([*lines, _line("mean", np.mean(found, axis=0))])
    print(f"{text}\n\nlargest loss {max(one[0] - one[1] for one in found):.4f}")
    if len(arguments) > 1:
        page = Path(arguments[1])
        page.write_text(replaced(page.read_text(), "python -m benchmarks.c.int8", text))


def _line(name: str, figures: Any) -> str:
    before, after, flash, less = figures
    return f"| {name} | {before:.4f} | {after:.4f} | {flash / 1000:.0f} | {less / 1000:.0f} |"


def _row(x: Any, y: Any) -> tuple[float, float, float, float]:
    rng = np.random.default_rng(0)
    kept = rng.permutation(len(x))[:_ROWS]
    x, y = x[kept], y[kept]
    normal = np.flatnonzero(y == 0)
    fitted = normal[: len(normal) // 2]
    rest = np.setdiff1d(np.arange(len(x)), fitted)
    detector = reduced(TableDetector(random_state=0).fit(x[fitted]), _PROTOTYPES)
    rounded = with_weights_of_int8(detector)
    scores = [roc_auc_score(y[rest], one.decision_function(x[rest])) for one in (detector, rounded)]
    return scores[0], scores[1], _flash(detector, False), _flash(detector, True)


def with_weights_of_int8(detector: Any) -> Any:
    """Return a copy of a detector with the weights that those of 8 bits stand for."""
    found = copy.deepcopy(detector)
    blend = parts_of(found, "C").score
    assert isinstance(blend, Blended)
    for _, member in blend.members:
        for layer in getattr(getattr(member, "model", None), "layers", ()):
            if hasattr(layer, "kernel"):
                whole, scales = quantized(layer.kernel.value)
                layer.kernel.value[:] = whole * scales
    return found


def _flash(detector: Any, int8: bool) -> int:
    with tempfile.TemporaryDirectory() as folder:
        header, _ = export_c(detector, Path(folder) / "one", int8=int8)
        return int(re.findall(r"Flash: (\d+) bytes", header.read_text())[0])


if __name__ == "__main__":
    main(sys.argv[1:])
