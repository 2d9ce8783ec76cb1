import json

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.metrics import roc_auc_score
from benchmarks.quality import label_learning, labels
from benchmarks.quality.__main__ import main
from benchmarks.quality.choices import held_out
from benchmarks.quality.contestants import OURS
from benchmarks.quality.measure import read
from benchmarks.quality.protocols import MOST_ROWS, split
from benchmarks.quality.summary import alike, critical_difference, ranks, table


def labelled(n=200, seed=0):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < n // 10).astype(int)
    return rng.normal(size=(n, 3)) * (1 + 4 * y[:, np.newaxis]) + 50.0, y


def test_one_class_trains_on_half_of_the_normal_rows_and_tests_on_all_others():
    x, y = labelled()
    data = split(x, y, "one-class", 0)
    assert len(data.train) == 90
    assert len(data.test) == 110
    assert data.labels.sum() == 20
    np.testing.assert_allclose(data.train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(data.train.std(axis=0), 1, atol=1e-5)


def test_unsupervised_trains_and_tests_on_all_rows():
    x, y = labelled()
    data = split(x, y, "unsupervised", 0)
    np.testing.assert_array_equal(data.train, data.test)
    assert data.labels.sum() == 20


def test_splits_depend_on_the_seed_alone():
    x, y = labelled()
    a, b, c = (split(x, y, "one-class", seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.train, b.train)
    assert (a.train != c.train).any()


def test_large_tables_are_sampled_with_their_share_of_anomalies():
    x, y = labelled(n=3 * MOST_ROWS)
    data = split(x, y, "unsupervised", 0)
    assert len(data.train) == MOST_ROWS
    assert data.labels.mean() == pytest.approx(0.1)


def test_ranks_and_their_critical_difference():
    np.testing.assert_array_equal(ranks(np.array([[0.9, 0.8, 0.7], [0.5, 0.5, 0.4]])), [1.25, 1.75, 3.0])
    # Demsar (2006), section 3.2.2: four classifiers, 14 data sets, q = 2.569.
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


def test_the_command_measures_once_and_prints_a_table(tmp_path, capsys):
    x, y = labelled()
    np.savez(tmp_path / "made.npz", X=x, y=y)
    command = ["--data", str(tmp_path), "--output", str(tmp_path / "out"), "--seeds", "1"]
    main([*command, "--protocols", "one-class"])
    assert "TableDetector" in capsys.readouterr().out
    result, textbook = read(tmp_path / "out" / "results.jsonl")
    assert (result["detector"], textbook["detector"]) == OURS == ("TableDetector", "AutoencoderDetector")
    assert result["table"] == "made"
    assert result["auroc"] > 0.9
    assert result["fit_seconds"] > 0
    main([*command, "--protocols", "one-class"])
    assert read(tmp_path / "out" / "results.jsonl") == [result, textbook]
    peer = {**result, "detector": "kNN", "auroc": 0.1}
    with (tmp_path / "out" / "results.jsonl").open("a") as file:
        file.write(json.dumps(peer) + "\n")
    main([*command, "--protocols", "one-class"])
    assert (tmp_path / "out" / "one-class.png").stat().st_size > 1000
    lines = table([result, peer], "one-class").splitlines()
    assert lines[2].startswith("TableDetector")
    assert lines[3].startswith("kNN")


def test_peers_need_a_python_of_theirs(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path), "--output", str(tmp_path / "out"), "--detectors", "kNN"])
    assert "--peers-python" in capsys.readouterr().err


def test_the_best_variant_is_chosen_and_judged_on_different_tables():
    figures = np.zeros((6, 3, 2, 2))
    figures[:, 1] = 0.9
    figures[0, 2] = 1.0
    best, counts = held_out(figures)
    assert counts.argmax() == 1
    assert best.max() <= 0.9 + 1e-12


@pytest.mark.parametrize("protocol", ["one-class", "unsupervised"])
def test_labels_are_learned_as_a_detector_learns_them_and_never_judged(protocol):
    data = split(*labelled(), protocol, 0)
    found = labels.figures(data, 0, ["default", "columns alone"], counts=(3, 6))
    assert found.shape == (2, 3, 2)
    drawn = labels.draw(data.labels, 0, 6)
    assert data.labels[drawn].all()
    detector = TableDetector(random_state=0).fit(data.train)
    for count, (auroc, _) in zip((0, 3, 6), found[0], strict=True):
        if count:
            detector.learn_labels(data.test[drawn[:count]], np.ones(count))
        scores = detector.decision_function(np.delete(data.test, drawn, axis=0))
        assert auroc == pytest.approx(roc_auc_score(np.delete(data.labels, drawn), scores), abs=1e-3)


def test_the_gain_by_labels_is_reported(tmp_path, capsys):
    x, y = labelled(n=60)
    np.savez(tmp_path / "made.npz", X=x, y=y)
    labels.main(["--data", str(tmp_path), "--seeds", "1", "--protocols", "one-class"])
    out = capsys.readouterr().out
    assert "one-class made 0" in out
    assert "mean of 1 runs" in out
    assert len([line for line in out.splitlines() if line.startswith("default")]) == 3
    with pytest.raises(SystemExit):
        labels.main(["--data", str(tmp_path / "nowhere")])


def test_bars_join_those_that_are_alike_and_none_lies_within_another():
    places = np.array([1.0, 1.5, 2.0, 4.0, 4.5, 9.0])
    assert alike(places, 1.0) == [(1.0, 2.0), (4.0, 4.5)]
    assert alike(places, 2.5) == [(1.0, 2.0), (1.5, 4.0), (2.0, 4.5)]
    assert alike(places, 0.1) == []


@pytest.mark.parametrize("protocol", ["one-class", "unsupervised"])
def test_trials_learn_as_a_detector_does_and_measure_by_records_never_labelled(protocol):
    x, y = labelled(n=400)
    case = label_learning.prepare("made", x, y, protocol, 0)
    assert case.pool.labels.sum() + case.test.labels.sum() == 40
    chosen = label_learning.choices(case.pool, np.random.default_rng(0))
    rows, truth = chosen["top 20"]
    assert case.pool.scores[rows].min() >= np.delete(case.pool.scores, rows).max()
    np.testing.assert_array_equal(truth, case.pool.labels[rows])
    wrong = chosen["top 20, 1 in 5 wrong"]
    assert (wrong[1] != truth).sum() == 4
    scores, step = label_learning.learn(case, rows, truth)
    assert step > 0
    assert (scores != case.test.scores).any()
    (trial,) = [trial for trial in label_learning.trials(case, 0) if trial.choice == "anomalies 10"]
    assert abs(trial.auroc) < 0.2


def test_trials_of_labels_are_reported(capsys, monkeypatch):
    monkeypatch.setattr(label_learning, "made", lambda _seed: [("made", *labelled())])
    label_learning.main(["--data", "nowhere", "--seeds", "0"])
    out = capsys.readouterr().out
    assert "0 made one-class: mean" in out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("all ")] == ["all"]
