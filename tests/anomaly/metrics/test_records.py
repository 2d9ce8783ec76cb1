"""Every figure against scikit-learn's, ties included."""

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from anomaly import metrics


@st.composite
def labelled(draw):
    """Labels of both kinds, scores with many ties, and predictions."""
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    labels = rng.integers(0, 2, n)
    labels[:2] = [0, 1]
    scores = rng.integers(0, draw(st.integers(1, 30)), n) / 7
    return labels, scores, rng.integers(0, 2, n)


EQUAL = {"rtol": 1e-12, "atol": 1e-12}


@given(labelled())
def test_figures_of_labels(data):
    y, _, p = data
    np.testing.assert_array_equal(metrics.confusion_matrix(y, p), reference.confusion_matrix(y, p, labels=[0, 1]))
    for name in ("precision_score", "recall_score", "f1_score"):
        expected = getattr(reference, name)(y, p, zero_division=0)
        np.testing.assert_allclose(getattr(metrics, name)(y, p), expected, **EQUAL)
    for name in ("balanced_accuracy_score", "matthews_corrcoef"):
        np.testing.assert_allclose(getattr(metrics, name)(y, p), getattr(reference, name)(y, p), **EQUAL)
    assert metrics.false_alarm_rate(y, p) == pytest.approx(p[y == 0].mean(), abs=1e-12)
    assert metrics.missed_alarm_rate(y, p) == pytest.approx(1 - p[y == 1].mean(), abs=1e-12)


@given(labelled(), st.booleans())
def test_curves_and_areas(data, drop):
    y, s, _ = data
    for own, other in (
        (metrics.roc_curve(y, s, drop), reference.roc_curve(y, s, drop_intermediate=drop)),
        (metrics.precision_recall_curve(y, s), reference.precision_recall_curve(y, s)),
    ):
        for a, b in zip(own, other, strict=True):
            np.testing.assert_allclose(a, b, **EQUAL)
    for name in ("roc_auc_score", "average_precision_score"):
        np.testing.assert_allclose(getattr(metrics, name)(y, s), getattr(reference, name)(y, s), **EQUAL)
    fpr, tpr, _ = metrics.roc_curve(y, s)
    np.testing.assert_allclose(metrics.auc(fpr[::-1], tpr[::-1]), reference.auc(fpr, tpr), **EQUAL)


@given(labelled(), st.integers(0, 100))
def test_the_order_of_the_records_does_not_matter(data, seed):
    y, s, _ = data
    order = np.random.default_rng(seed).permutation(len(y))
    for figure in (metrics.roc_auc_score, metrics.average_precision_score, metrics.precision_at_k):
        assert figure(y, s) == pytest.approx(figure(y[order], s[order]), abs=1e-12)


def test_ties_at_the_last_place_count_by_their_chance():
    assert metrics.precision_at_k([1, 0, 1, 0], [3.0, 2.0, 2.0, 1.0], k=2) == 0.75
    assert metrics.precision_at_k([1, 0], [1.0, 1.0], k=1) == 0.5


def test_evaluate_holds_all_figures_and_prints_them():
    y, s = np.array([0, 0, 1, 1, 1]), np.array([0.1, 0.6, 0.4, 0.8, 0.9])
    result = metrics.evaluate(y, s, threshold=0.5)
    assert (result.true_negatives, result.false_positives, result.false_negatives, result.true_positives) == (
        1,
        1,
        1,
        2,
    )
    assert result.to_dict()["recall"] == pytest.approx(2 / 3)
    assert "roc auc" in str(result)
    assert "0.8333" in str(result)
    by_flags = metrics.evaluate(y, s, y_pred=(s > 0.5).astype(int))
    assert by_flags.threshold is None
    assert by_flags.f1 == result.f1


def test_figures_where_nothing_can_be_divided():
    assert metrics.precision_score([0, 1], [0, 0]) == 0
    assert metrics.recall_score([0, 0], [0, 1]) == 0
    assert metrics.f1_score([0, 0], [0, 0]) == 0
    assert metrics.matthews_corrcoef([0, 1], [1, 1]) == 0
    many = np.repeat([0, 1, 1, 0], 100_000)
    assert metrics.matthews_corrcoef(many, many) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.f1_score([0, 1], [0]), "must be of one length"),
        (lambda: metrics.f1_score([0, 2], [0, 1]), r"found \[2\]. Map them first"),
        (lambda: metrics.f1_score(["normal", "x"], [0, 1]), "Map them first"),
        (lambda: metrics.f1_score([], []), "one label per record"),
        (lambda: metrics.roc_auc_score([0, 1], [1.0, np.nan]), "found nan at record 1"),
        (lambda: metrics.roc_auc_score([0, 1], [np.inf, 0.0]), "found inf at record 0"),
        (lambda: metrics.roc_auc_score([0, 0], [1.0, 2.0]), "found normal records alone"),
        (lambda: metrics.balanced_accuracy_score([1, 1], [1, 0]), "found anomalies alone"),
        (lambda: metrics.average_precision_score([0, 0], [1.0, 2.0]), "at least one anomaly"),
        (lambda: metrics.precision_at_k([0, 1], [1.0, 2.0], k=3), "from 1 to the number of records, 2; found 3"),
        (lambda: metrics.precision_at_k([0, 0], [1.0, 2.0]), "found 0"),
        (lambda: metrics.auc([0, 1, 0], [1, 1, 1]), "found both"),
        (lambda: metrics.precision_at_k([0, 0], [1.0, 2.0], k=1), "at least one anomaly"),
        (lambda: metrics.precision_at_k([0, 1], [1.0, np.nan], k=1), "found nan at record 1"),
        (lambda: metrics.auc([0, np.nan, 1], [1, 1, 1]), "finite numbers"),
        (lambda: metrics.auc([0, 0.5, 1], [1, np.inf, 1]), "finite numbers"),
        (lambda: metrics.evaluate([0, 1], [0.0, 1.0], threshold=np.nan), "found nan"),
        (lambda: metrics.auc([0], [1]), "two or more points"),
        (lambda: metrics.evaluate([0, 1], [0.0, 1.0]), "one of them"),
    ],
)
def test_records_that_allow_no_figure(call, message):
    with pytest.raises(ValueError, match=message):
        call()
