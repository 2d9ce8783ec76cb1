"""Gain from labels, in trials that learn as a detector does."""

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.metrics import roc_auc_score
from benchmarks.quality import label_learning, labels
from benchmarks.quality.protocols import split
from tests.benchmarks.quality.made_data import labelled


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
