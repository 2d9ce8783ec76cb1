"""The benchmarks of series, on synthetic files of the same form."""

import json

import numpy as np
import pytest
from benchmarks.series.process_faults import COURSES, inject_process

from anomaly import SequenceDetector
from benchmarks.series import choice, nab, skab
from benchmarks.series.command import main
from benchmarks.series.faults import KINDS, inject


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(skab, "SETTING", {**skab.SETTING, "epochs": 2, "hidden": (8,)})
    for name, setting in nab.SETTINGS.items():
        quick = {"epochs": 5, "hidden": (8,), "members": 1, "smoothing": 5}
        monkeypatch.setitem(nab.SETTINGS, name, {**setting, **quick})
    monkeypatch.setattr(nab, "SEEDS", (0,))
    rng = np.random.default_rng(0)
    seconds = np.datetime64("2020-03-09") + np.arange(520).astype("m8[s]")
    (tmp_path / "skab" / "valve").mkdir(parents=True)
    faulty = (np.arange(520) >= 450) & (np.arange(520) < 500)
    flow = rng.normal(size=520) + 20 * faulty
    lines = [f"{t};{a:.4f};{b:.4f};{y:.1f};0.0" for t, a, b, y in zip(seconds, flow, -flow, faulty, strict=True)]
    (tmp_path / "skab" / "valve" / "0.csv").write_text("datetime;flow;heat;anomaly;changepoint\n" + "\n".join(lines))
    (tmp_path / "skab" / "valve" / "anomaly-free.csv").write_text("datetime;flow;heat\n")
    times = np.datetime64("2014-01-01T00:00:00") + 5 * np.arange(2500).astype("m8[m]")
    values = np.sin(np.arange(2500) * 2 * np.pi / 288) + 0.05 * rng.normal(size=2500)
    values[2300:2340] += 4.0
    (tmp_path / "nab").mkdir()
    (tmp_path / "nab" / "a.csv").write_text(
        "timestamp,value\n"
        + "\n".join(f"{str(t).replace('T', ' ')},{v:.5f}" for t, v in zip(times, values, strict=True))
    )
    window = [f"{times[2290]}.000000".replace("T", " "), f"{times[2400]}.000000".replace("T", " ")]
    (tmp_path / "nab" / "windows.json").write_text(json.dumps({"a.csv": [window]}))
    return tmp_path


def test_both_protocols_are_run(folder, capsys):
    assert main(["--data", str(folder)]) == 0
    out = capsys.readouterr().out
    skab_line, pooled = (
        next(line for line in out.splitlines() if line.startswith(s)) for s in ("valve/0", "all files")
    )
    assert skab_line.split()[1:] == pooled.split()[3:]
    assert float(pooled.split()[3]) > 0.6
    nab_lines = [line for line in out.splitlines() if line.startswith("a.csv")]
    assert [line.split()[2:5] for line in nab_lines] == 2 * [["1", "of", "1"]]


def test_only_one_of_them(folder, capsys):
    main(["--data", str(folder), "--only", "nab"])
    assert "SKAB" not in capsys.readouterr().out


def test_counts_and_rates_by_hand():
    truth, found = np.array([1, 1, 0, 0, 0], bool), np.array([1, 0, 1, 0, 0], bool)
    counts = skab.counts(truth, found)
    assert counts.tolist() == [1, 1, 1, 2]
    assert skab.line("x", counts).split() == ["x", "0.500", "33.3%", "50.0%"]


def test_a_folder_that_is_not_there(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path / "nowhere")])
    assert "there is no folder" in capsys.readouterr().err


# -- choosing settings without labels ----------------------------------------------------------


def test_faults_follow_the_training_rows_and_change_their_steps():
    series = np.random.default_rng(0).normal(size=(300, 4))
    found = list(inject(series, 100, 3, np.random.default_rng(1)))
    assert [fault.kind for fault in found] == [kind for kind in KINDS for _ in range(3)]
    for fault in found:
        changed = (fault.series != series).any(axis=1)
        assert not changed[~fault.truth].any()
        assert not fault.truth[:100].any()
        assert 200 // 14 <= fault.truth.sum() <= 4 * 200 // 7
        assert changed[fault.truth].mean() > 0.5
        sensors = (fault.series != series).any(axis=0).sum()
        assert sensors > 1 if fault.kind == "together" else sensors == 1


def test_process_faults_affect_several_sensors_and_decay():
    series = np.random.default_rng(0).normal(size=(1100, 4))
    found = list(inject_process(series, 300, 5, np.random.default_rng(1)))
    assert [fault.kind for fault in found] == [kind for kind in COURSES for _ in range(5)]
    for fault in found:
        moved = fault.series - series
        start, end = np.flatnonzero(fault.truth)[[0, -1]] + [0, 1]
        assert end - start == fault.truth.sum()
        assert 200 <= end - start <= 600
        assert not moved[:start].any()
        sensors = np.abs(moved).max(axis=0) > 0
        assert sensors.sum() >= 2
        size = np.sqrt(np.square(moved / series[:300].std(axis=0))[:, sensors].mean(axis=1))
        assert 0.9 <= size.max() <= (16 if fault.kind == "linear" else 8)
        assert (np.diff(size[end - 1 :]) < 1e-9).all()


def pieces_of_counts(hits, false_where_nothing_was):
    """Two pieces, with as many steps of each fault found out of ten, and flagged in the series without a fault."""
    faulty = np.tile([hits, 0, 10 - hits, 90], (len(KINDS), 1))
    normal = [[0, false_where_nothing_was, 0, 100 - false_where_nothing_was]]
    return np.stack([np.concatenate([faulty, normal])] * 2)


def test_the_criterion_by_hand():
    assert choice.criterion(pieces_of_counts(10, 0)) == pytest.approx(1.0)
    assert choice.criterion(pieces_of_counts(5, 20)) == pytest.approx(2 / 3 - 0.2)


def test_of_equally_good_settings_the_one_with_fewest_changes_is_chosen():
    good, bad = pieces_of_counts(9, 1), pieces_of_counts(5, 30)
    results = [({"window": 9, "noise": 3.0}, good), ({"window": 9}, good), ({"window": 32}, bad)]
    assert choice.choose(results)[0] == {"window": 9}
    assert choice.choose([({}, pieces_of_counts(9, 50)), *results], tolerated=0.1)[0] == {"window": 9}
    # Where pieces disagree about the difference, it counts for nothing.
    mixed = np.stack([pieces_of_counts(10, 0)[0], pieces_of_counts(6, 0)[0]])
    assert choice.choose([({"window": 9}, mixed), ({}, good)])[0] == {}


def test_events_are_counted_by_the_day():
    truth = np.zeros(6 * nab.DAY, bool)
    truth[3 * nab.DAY : 3 * nab.DAY + 50] = True
    flags = np.zeros_like(truth)
    assert choice.count_events(truth, flags).tolist() == [0, 0, 1, 6]
    flags[[10, 3 * nab.DAY + 5]] = True
    assert choice.count_events(truth, flags).tolist() == [1, 1, 0, 4]
    assert choice.count_events(np.zeros_like(truth), flags).tolist() == [0, 2, 0, 4]


def test_the_random_walk_has_the_variance_of_the_days():
    rows = np.repeat([0.0, 8.0, 0.0, 8.0, 0.0, 8.0, 0.0], nab.DAY)[:, np.newaxis]
    walks = [choice.with_random_walk(rows, np.random.default_rng(seed)) - rows for seed in range(50)]
    assert not np.any([walk[: nab.DAY] for walk in walks])
    changes = [np.diff(walk[nab.DAY - 1 :: nab.DAY, 0]) for walk in walks]
    assert np.std(changes) == pytest.approx(8.0, rel=0.15)


@pytest.fixture
def small_study(monkeypatch):
    series = np.random.default_rng(0).normal(size=(300, 2))
    networks = [{"epochs": 1, "hidden": (4,), "window": 4, "folds": folds} for folds in (1, 2)]
    pieces = [choice.piece_of(series, 120, 1, seed) for seed in range(2)]
    return choice.Study(
        "SKAB", list(KINDS), skab.counts, 1.0, pieces, networks, choice.crossed(smoothing=[3, 9], margin=[1.0, 3.0])
    )


def test_a_treatment_gives_the_counts_of_a_detector_fitted_with_it(small_study):
    setting, counts = list(choice.evaluate(small_study, small_study.networks[1]))[3]
    assert (setting["smoothing"], setting["margin"]) == (9, 3.0)
    piece = small_study.pieces[1]
    detector = SequenceDetector(**setting, random_state=0).fit(piece.series[:120])
    fault = piece.faults[-1]
    expected = skab.counts(fault.truth[120:], detector.predict(fault.series)[120:].astype(bool))
    np.testing.assert_allclose(counts[1, list(KINDS).index(fault.kind)], expected / 180)


def test_all_candidates_are_evaluated_and_one_is_chosen(small_study, folder, monkeypatch, capsys):
    monkeypatch.setattr(choice, "of_skab", lambda folder, each: small_study)
    assert choice.main(["--data", str(folder), "--only", "skab"]) == 0
    out = capsys.readouterr().out
    assert "SKAB, 8 candidates" in out
    assert sum("chosen: " in line for line in out.splitlines()) == 1
