"""What is paid before anything is computed."""

import sys
from pathlib import Path

import pytest

from benchmarks.speed.jobs import start
from benchmarks.speed.rounds import Settings

_BYTECODE = """
import json, sys
import benchmarks.speed.figures as imported
print(json.dumps({"cached": imported.__cached__, "writes": not sys.dont_write_bytecode}))
"""


def test_measured_processes_find_bytecode_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    with start.bytecode() as environment:
        answer = start._run(sys.executable, _BYTECODE, environment=environment)
        assert answer["writes"]
        assert answer["cached"].startswith(environment["PYTHONPYCACHEPREFIX"])
        assert Path(answer["cached"]).exists()
    assert not Path(answer["cached"]).exists()


def test_the_import_is_judged_by_what_it_takes_more_than_that_of_numpy(monkeypatch):
    answers = iter([{"numpy": 0.1 * n, "nnlite": 0.1 * n + 0.02, "heavy": []} for n in (9, 1, 2, 3, 4, 5)])
    monkeypatch.setattr(start, "_run", lambda *_, **__: next(answers))
    result = start.import_time(Settings([], sys.executable, sys.executable, rounds=5))
    assert [one.median for one in result.measurements] == pytest.approx([0.3, 0.32])  # the first, cold one is left out
    difference, heavy = result.figures
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.02, 0.02, 0.02))
    assert difference.met
    assert heavy.met
