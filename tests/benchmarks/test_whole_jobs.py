"""Jobs of whole processes."""

import sys

import pytest

from benchmarks.speed.figures import JobResult
from benchmarks.speed.jobs import whole
from benchmarks.speed.jobs.processes import Program, processor_of, take_turns
from benchmarks.speed.rounds import Settings


def settings(**more):
    return Settings(
        [], sys.executable, sys.executable, rounds=2, threads=("one",), quick=True, say=lambda _: None, **more
    )


def test_programs_take_turns_and_one_that_fails_is_skipped():
    result = JobResult("a", "a job")
    report = 'print(\'{"seconds": 2.0, "processor": 1.5}\')'
    programs = [
        Program("good", ["-c", "sum(range(10**5))"], sys.executable),
        Program("reports", ["-c", report], sys.executable, reports=True),
        Program("bad", ["-c", "raise SystemExit('no such thing')"], sys.executable),
    ]
    take_turns(settings(), programs, result, "one")
    assert result.skipped == {"bad": "no such thing"}
    assert processor_of(result, "reports", "one") == [1.5, 1.5]
    assert len(processor_of(result, "good", "one")) == 2
    assert processor_of(result, "bad", "one") is None


def test_scoring_is_compared_with_another_version(tmp_path, monkeypatch):
    record = "0,tcp,http,SF," + ",".join(map(str, range(37)))
    kinds = ["normal"] * 60 + ["neptune"] * 5
    file = tmp_path / "records.txt"
    file.write_text(
        "".join(f"{record.replace('tcp', 'tcp' if n % 2 else 'udp')},{kind},{n}\n" for n, kind in enumerate(kinds))
    )
    monkeypatch.setattr(whole, "_QUICK_RECORDS", 200)
    result = whole.score_csv(settings(nslkdd=str(file), earlier=str(whole.PROJECT)))
    assert not result.skipped
    (figure,) = result.figures
    assert figure.what.startswith("faster than the earlier version")
    assert 0.2 < figure.value < 5


def test_without_the_records_nothing_is_scored(tmp_path):
    assert whole.score_csv(settings(nslkdd=str(tmp_path / "none"))).skipped


def test_a_fit_is_measured(monkeypatch):
    monkeypatch.setattr(whole, "_QUICK_FIT_SHAPE", (2100, 3))
    result = whole.fit_large(settings())
    assert [one.contestant for one in result.measurements] == ["nnlite"]
    assert min(processor_of(result, "nnlite", "one")) > 0


@pytest.mark.parametrize("n", [3, 10])
def test_records_are_repeated(tmp_path, n):
    file = tmp_path / "records.txt"
    file.write_text("1,a,normal,0\n2,b,smurf,0\n3,c,normal,0\n")
    train, data = whole._write_records(str(file), tmp_path, n)
    assert train.read_text().splitlines()[1:] == ["1,a", "3,c"]
    assert len(data.read_text().splitlines()) == n + 1
