"""Explanations are measured over kinds of faults, and the report says what was found."""

import json

import numpy as np
import pytest

from benchmarks.quality.cell_faults import KINDS, MAIN_KINDS, faults_of
from benchmarks.quality.explanations import main
from benchmarks.quality.fault_tables import Case
from benchmarks.quality.reason_peers import Peers
from benchmarks.quality.reason_report import Trial, as_text, by_family

METHODS = ("explain", "kNN")


def trial(kind, alarms, first, family="made-up", table="a"):
    return Trial(family, table, 0, kind, 2 * alarms, alarms, dict.fromkeys(METHODS, first), dict.fromkeys(METHODS, 0))


def test_the_report_has_the_accuracy_over_all_alarms_of_a_kind_and_of_the_main_kinds_together():
    one, other = MAIN_KINDS[:2]
    found = [trial(one, 10, 9), trial(one, 30, 15, table="b"), trial(other, 10, 1), trial("time of day", 5, 0)]
    lines = as_text(found, {"score": 2.0, "explain": 6.0}).splitlines()
    assert lines[2].split()[-5:] == ["2", "50%", "40", "0.600", "0.600"]
    assert lines[4].split()[-5:] == ["2", "50%", "50", "0.500", "0.500"]
    assert lines[-1].endswith("explain 3.00")


def test_families_are_reported_apart():
    found = [trial(MAIN_KINDS[0], 10, 9), trial(MAIN_KINDS[0], 10, 3, family="mixed")]
    assert [own[MAIN_KINDS[0]].first["explain"] for own in by_family(found).values()] == [0.9, 0.3]


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    z = rng.normal(size=300)
    columns = {
        "a": z,
        "b": -3 * z + 0.1 * rng.normal(size=300),
        "c": rng.normal(size=300),
        "kind": rng.choice(np.array(["x", "y", "z"], dtype=object), 300),
    }
    return Case("made", columns, columns)


def test_the_most_correlated_column_is_right_too_where_a_correlation_is_broken(case):
    assert case.partners == {"a": ("b",), "b": ("a",)}
    faults = faults_of(case, case.test, KINDS["broken correlation"], np.random.default_rng(0))
    assert {frozenset(right) for right in faults.right} == {frozenset("ab")}
    np.testing.assert_array_equal(faults.columns["c"], case.test["c"])


def test_only_columns_of_like_scale_are_exchanged(case):
    faults = faults_of(case, case.test, KINDS["columns exchanged"], np.random.default_rng(0))
    assert {frozenset(right) for right in faults.right} == {frozenset("ac")}
    np.testing.assert_array_equal(faults.columns["a"], case.test["c"])
    np.testing.assert_array_equal(faults.columns["c"], case.test["a"])
    assert faults.changed.all()


def test_each_peer_names_a_number_out_of_range(case):
    records = {name: column[:20].copy() for name, column in case.test.items()}
    records["c"] += 20
    peers = Peers(case.train)
    for reasons in (peers.z_scores, peers.tails, peers.neighbors):
        assert (reasons(records).argmax(axis=1) == 2).mean() > 0.9


def test_it_measures_a_folder_of_tables_and_writes_json_and_a_picture(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 5))
    np.savez(tmp_path / "made.npz", X=x, y=np.r_[np.zeros(190), np.ones(10)])
    main(["--data", str(tmp_path), "--tables", "made", "--output", str(tmp_path / "out")])
    captured = capsys.readouterr()
    assert captured.out.startswith("numbers\n")
    assert "skipped: protocol 'mixed' reads mixed/*.csv" in captured.err
    content = json.loads((tmp_path / "out" / "reasons.json").read_text())
    assert content["families"]["numbers"]["these four"]["first"]["explain"] > 0.9
    assert content["trials"][0]["table"] == "made"
    assert (tmp_path / "out" / "reasons.png").stat().st_size > 1000


def test_a_table_that_is_not_there_is_a_mistake(capsys):
    with pytest.raises(SystemExit):
        main(["--tables", "nowhere", "flags"])
    assert "there is no table nowhere" in capsys.readouterr().err
