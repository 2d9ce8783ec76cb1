"""``python -m benchmarks house``: the structure of the packages in a table."""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import anomaly
from benchmarks.house.imports import all_imports, circles, graph_of, reachable
from benchmarks.house.passing import reads_private_members, takes_namespace, takes_whole_object
from benchmarks.house.sources import Source, read_sources
from benchmarks.house.walks import Walk, files_entered

MOST_LINES = 250
ROOT = Path(anomaly.__file__).parents[1]


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks house", description=__doc__.splitlines()[0])
    parser.add_argument("--details", action="store_true", help="list every item that is counted")
    parser.add_argument("--no-walks", action="store_true", help="analyse the sources only, without running anything")
    options = parser.parse_args(arguments)
    sources = read_sources(ROOT)
    print(f"the packages in {ROOT}")
    for what, found in {**measures(sources), **({} if options.no_walks else dict(walk_measures(sources)))}.items():
        print(f"{len(found):5d}  {what}")
        if options.details:
            print(*(f"         {one}" for one in found), sep="\n")
    return 0


def measures(sources: dict[str, Source]) -> dict[str, list[str]]:
    """Return the metrics of the sources."""
    imports = all_imports(sources)
    lengths = {name: source.lines_of_code() for name, source in sources.items()}
    return {
        "circles of imports": [" ".join(group) for group in circles(graph_of(imports))],
        "imports inside functions": [f"{i.importer}.{i.function}: {i.imported}" for i in imports if i.function],
        "functions that take a whole detector or preprocessor": takes_whole_object(sources),
        "reads of another object's private members": reads_private_members(sources),
        "functions that take the raw Namespace": takes_namespace(sources),
        f"modules above {MOST_LINES} lines of code": [f"{n} {k}" for n, k in lengths.items() if k > MOST_LINES],
        "modules at the top of anomaly": sorted(path.name for path in (ROOT / "anomaly").glob("*.py")),
    }


def walk_measures(sources: dict[str, Source]) -> Iterator[tuple[str, list[str]]]:
    """Yield the files of `anomaly` that typical runs enter, and the calls that no import leads to."""
    closure = reachable(graph_of(all_imports(sources)))
    blind: set[str] = set()
    for what, run in _runs():
        walk = files_entered(ROOT, run)
        yield f"files of anomaly entered by {what}", sorted(walk.module(file) for file in walk.files("anomaly"))
        blind |= set(_unreached(walk, closure))
    yield "calls into a module that the caller's imports do not reach", sorted(blind)


def _unreached(walk: Walk, closure: dict[str, set[str]]) -> Iterator[str]:
    for caller_file, called_file in walk.calls:
        caller, called = walk.module(caller_file), walk.module(called_file)
        if caller != called and called not in closure.get(caller, ()):
            yield f"{caller} -> {called}"


def _runs() -> Iterator[tuple[str, Callable[[], object]]]:
    from anomaly.cli import main as command

    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    detector = anomaly.TableDetector(epochs=2, random_state=0)
    series = anomaly.SequenceDetector(window=8, epochs=1, random_state=0)
    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
        folder = Path(name)
        rows = "\n".join(",".join(f"{v:.3f}" for v in row) for row in x)
        (folder / "data.csv").write_text(f"a,b,c\n{rows}\n")
        data, model = str(folder / "data.csv"), str(folder / "model.npz")
        yield "TableDetector.fit", lambda: detector.fit(x)
        yield "decision_function", lambda: detector.decision_function(x)
        detector.save(folder / "saved.npz")
        yield "load_detector", lambda: anomaly.load_detector(folder / "saved.npz")
        yield "SequenceDetector.fit", lambda: series.fit(x)
        yield "anomaly fit", lambda: command(["fit", data, "--model", model])
        yield "anomaly score", lambda: command(["score", data, "--model", model, "--output", str(folder / "out.csv")])
