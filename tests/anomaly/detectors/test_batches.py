"""A record's score is the same bits, whatever is scored together with it or asked for beside it."""

import numpy as np
import pytest

from anomaly import AutoencoderDetector, TableDetector, VariationalDetector


def continuous(n, rng):
    return {f"x{i}": column for i, column in enumerate((rng.normal(size=(n, 4)) @ rng.normal(size=(4, 6))).T)}


def counts(n, rng):
    return {f"n{i}": rng.poisson(1, n).astype(float) for i in range(4)}


def categories(n, rng):
    return {f"k{i}": rng.choice(list("abcdef"), n) for i in range(5)}


def mixed(n, rng):
    return {"amount": rng.lognormal(size=n), "kind": rng.choice(list("abc"), n), "items": rng.poisson(2, n)}


def rows(table, indices):
    return {name: column[indices] for name, column in table.items()}


QUICK = {"epochs": 3, "random_state": 0}
DETECTORS = {
    "default": lambda: TableDetector(**QUICK),
    "networks": lambda: TableDetector(**QUICK, neighbors=0),
    "no draws": lambda: TableDetector(**QUICK, draws=0, fine_share=0),
    "autoencoder": lambda: AutoencoderDetector(**QUICK),
    "variational": lambda: VariationalDetector(**QUICK),
}


@pytest.mark.parametrize("make", DETECTORS.values(), ids=DETECTORS)
@pytest.mark.parametrize("table", [continuous, counts, categories, mixed])
def test_scores_are_independent_of_the_batch(make, table):
    data = table(1600, np.random.default_rng(0))
    detector = make().fit(rows(data, slice(1000)))
    fresh = rows(data, slice(600, None))
    scores = detector.decision_function(fresh)
    order = np.random.default_rng(1).permutation(1000)
    np.testing.assert_array_equal(detector.decision_function(rows(fresh, order)), scores[order])
    for size in (1, 7, 512):
        starts = range(0, 100 * size if size == 1 else 1000, size)
        parts = [detector.decision_function(rows(fresh, slice(start, min(start + size, 1000)))) for start in starts]
        found = np.concatenate(parts)
        np.testing.assert_array_equal(found, scores[: len(found)], err_msg=f"{size} at a time")


@pytest.mark.parametrize("make", DETECTORS.values(), ids=DETECTORS)
@pytest.mark.parametrize("table", [continuous, counts, mixed])
def test_explained_parts_add_up_to_the_score_exactly(make, table):
    data = table(800, np.random.default_rng(2))
    detector = make().fit(rows(data, slice(500)))
    fresh = rows(data, slice(400, None))
    scores = detector.decision_function(fresh)
    # Of logarithms, which may cancel each other, they do so but for rounding.
    rtol = 1e-10 if isinstance(detector, VariationalDetector) else 0
    np.testing.assert_allclose(detector.explain(fresh).sum(axis=1), scores, rtol=rtol)
    np.testing.assert_array_equal(detector.decision_function(fresh), scores)


def test_labels_learned_leave_scores_independent_of_the_batch():
    data = mixed(900, np.random.default_rng(3))
    detector = TableDetector(**QUICK).fit(rows(data, slice(500)))
    detector.learn_labels(rows(data, slice(5)), [1, 1, 1, 0, 0])
    fresh = rows(data, slice(400, None))
    scores = detector.decision_function(fresh)
    alone = [detector.decision_function(rows(fresh, slice(i, i + 1)))[0] for i in range(100)]
    np.testing.assert_array_equal(alone, scores[:100])
    np.testing.assert_array_equal(detector.explain(fresh).sum(axis=1), scores)
