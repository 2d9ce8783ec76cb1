"""Isolation forest, compared with scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import spearmanr
from sklearn.ensemble import IsolationForest as Reference
from sklearn.ensemble._iforest import _average_path_length

from anomaly.detectors.table.isolation import IsolationForest, average_path_length, grow_forest
from anomaly.metrics import roc_auc_score

matrices = hnp.arrays(
    np.float32, st.tuples(st.integers(2, 40), st.integers(1, 4)), elements=st.sampled_from([-1, 0, 2])
)


def records(n, n_anomalies, seed=0, n_features=6):
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(n, n_features)) @ rng.normal(size=(n_features, n_features))
    anomalies = rng.uniform(normal.min(axis=0), normal.max(axis=0), size=(n_anomalies, n_features))
    return np.concatenate([normal, anomalies]).astype(np.float32), np.repeat([0, 1], [n, n_anomalies])


def forest_of(reference, depth):
    """Return the trees of a fitted forest of scikit-learn as ours."""
    n_trees = len(reference.estimators_)
    features, counts = np.zeros((n_trees, 2**depth - 1), np.int32), np.zeros((n_trees, 2**depth), np.int32)
    thresholds = np.full(features.shape, np.inf, np.float32)

    def copy(number, tree, node, place, level):
        if tree.children_left[node] < 0:
            counts[number, place << (depth - level)] = tree.n_node_samples[node]
            return
        cut = np.float32(tree.threshold[node])
        features[number, 2**level - 1 + place] = tree.feature[node]
        thresholds[number, 2**level - 1 + place] = cut if cut <= tree.threshold[node] else np.nextafter(cut, -np.inf)
        copy(number, tree, tree.children_left[node], 2 * place, level + 1)
        copy(number, tree, tree.children_right[node], 2 * place + 1, level + 1)

    for number, estimator in enumerate(reference.estimators_):
        copy(number, estimator.tree_, 0, 0, 0)
    return IsolationForest(features, thresholds, counts, reference.n_features_in_)


@pytest.mark.parametrize(("n", "depth"), [(600, 8), (100, 7)])
def test_the_same_trees_have_the_scores_of_scikit_learn(n, depth):
    x, _ = records(n, 0)
    reference = Reference(random_state=0, n_estimators=20).fit(x)
    fresh, _ = records(200, 50, seed=1)
    forest = forest_of(reference, depth)
    assert forest.subsample == min(256, n)
    for rows in (x, fresh):
        np.testing.assert_allclose(forest.scores(rows), -reference.score_samples(rows), rtol=1e-12)


def test_the_normalization_is_that_of_scikit_learn():
    counts = np.arange(1, 2000)
    np.testing.assert_allclose(average_path_length(counts), _average_path_length(counts), rtol=1e-12)


def test_grown_trees_score_as_those_of_scikit_learn_do():
    x, labels = records(1500, 60)
    ours = [grow_forest(x, np.random.default_rng(seed)).scores(x) for seed in range(4)]
    theirs = [-Reference(random_state=seed).fit(x).score_samples(x) for seed in range(4)]
    between = [spearmanr(a, b)[0] for a, b in zip(ours, theirs, strict=True)]
    within = [spearmanr(a, b)[0] for a, b in zip(theirs, theirs[1:] + theirs[:1], strict=True)]
    assert np.mean(between) == pytest.approx(np.mean(within), abs=0.02)
    aurocs = [np.mean([roc_auc_score(labels, scores) for scores in forests]) for forests in (ours, theirs)]
    assert aurocs[0] == pytest.approx(aurocs[1], abs=0.02)
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=0.003)
    assert np.std(ours) == pytest.approx(np.std(theirs), abs=0.003)


def test_features_that_do_not_vary_at_a_node_are_not_drawn():
    rng = np.random.default_rng(0)
    x = np.zeros((300, 200), np.float32)
    x[:, [3, 150]] = rng.normal(size=(300, 2))
    forest = grow_forest(x, rng, 10)
    drawn = forest.features[np.isfinite(forest.thresholds)]
    assert set(drawn.tolist()) == {3, 150}
    assert 0.4 < (drawn == 3).mean() < 0.6
    levels = rng.integers(0, 500, 600)
    categories = (levels[:, np.newaxis] == np.arange(500)).astype(np.float32)
    # Each split parts one category from the others, at each of the eight levels.
    assert np.isfinite(grow_forest(categories, rng, 5).thresholds).sum() == 40


@settings(deadline=None)
@given(matrices, st.integers(0, 5))
def test_laws_of_trees(x, seed):
    forest = grow_forest(x, np.random.default_rng(seed), 6)
    assert (forest.counts.sum(axis=1) == len(x)).all()
    scores, lengths = forest.scores(x), forest.path_lengths(x)
    assert ((scores > 0) & (scores <= 1)).all()
    assert (np.argsort(-scores, kind="stable") == np.argsort(lengths, kind="stable")).all()
    # Every end holds records, on either side of every split.
    split = np.isfinite(forest.thresholds)
    assert (forest.counts > 0).sum() == split.sum() + len(split)
    alone = np.concatenate([forest.scores(row[np.newaxis]) for row in x])
    np.testing.assert_array_equal(alone, scores)
    contributions = forest.contributions(x)
    assert (contributions >= 0).all()
    np.testing.assert_allclose(contributions.sum(axis=1), scores)


def test_records_that_are_all_equal_are_all_normal():
    forest = grow_forest(np.ones((50, 3), np.float32), np.random.default_rng(0), 5)
    assert np.isinf(forest.thresholds).all()
    fresh = np.array([[1, 1, 1], [9, 9, 9]], np.float32)
    np.testing.assert_allclose(forest.scores(fresh), 0.5)
    np.testing.assert_allclose(forest.contributions(fresh), 0.5 / 3)


def test_the_column_that_isolates_a_record_contributes_most():
    x, _ = records(500, 0)
    x[0, 4] = 30
    contributions = grow_forest(x, np.random.default_rng(0)).contributions(x[:1])
    assert contributions[0].argmax() == 4
    assert contributions[0, 4] > 0.4 * contributions[0].sum()


def test_scores_do_not_depend_on_the_batch():
    x, _ = records(9000, 0)
    forest = grow_forest(x, np.random.default_rng(0), 20)
    whole = forest.scores(x)
    np.testing.assert_array_equal(np.concatenate([forest.scores(part) for part in np.array_split(x, 7)]), whole)
    np.testing.assert_allclose(forest.contributions(x[:100]).sum(axis=1), whole[:100])


def test_large_and_near_numbers_are_split():
    largest = np.finfo(np.float32).max
    near = np.nextafter(np.float32(1), np.float32(2))
    x = np.array([[largest, 1], [-largest, near], [0, 1], [1, near]], np.float32)
    forest = grow_forest(x, np.random.default_rng(0), 50)
    assert ((forest.counts > 0).sum(axis=1) >= 3).all()


def test_a_member_keeps_its_scale_and_loads_as_it_was():
    x, _ = records(200, 0)
    forest = grow_forest(x, np.random.default_rng(0), 5).with_scale(0.5, 0.2)
    np.testing.assert_allclose(forest.scores(x), 2 * forest.with_scale(1.0, 1.0).scores(x))
    calibrated, raw = forest.calibrate([(x[:50], None), (x[50:], None)])
    np.testing.assert_allclose(raw, forest.scores(x) / 2)
    assert (calibrated.scale, calibrated.spread) == (1.0, 1.0)
    assert calibrated.with_scale_of(forest).scale == 0.5
    loaded = IsolationForest.from_state(*forest.get_state(), "file")
    assert (loaded.scale, loaded.spread, loaded.width) == (0.5, 0.2, 6)
    np.testing.assert_array_equal(loaded.scores(x), forest.scores(x))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c, a: a.update(features=a["features"][:, 1:]), "features, thresholds and counts of"),
        (lambda c, a: a.update(features=a["features"].astype(np.int64)), "features, thresholds and counts of"),
        (lambda c, a: a.update(counts=a["counts"][:, :7]), "features, thresholds and counts of"),
        (lambda c, a: a.update(counts=a["counts"][0]), "features, thresholds and counts of"),
        (lambda c, a: a.update(thresholds=a["thresholds"] * np.float32(np.nan)), "no numbers"),
        (lambda c, a: a["counts"].__setitem__((0, 0), 7), "other numbers of records"),
        (lambda c, a: a.update(counts=a["counts"] * 0), "other numbers of records"),
        (lambda c, a: c.update(width=3), "other features than those of a width of 3"),
        (lambda c, a: c.update(width=True), "a width of True"),
        (lambda c, a: c.update(scale=0.0), "its scale is 0.0"),
        (lambda c, a: c.update(spread=-1.0), "its spread is -1.0"),
    ],
)
def test_a_spoiled_state_is_refused(spoil, message):
    x, _ = records(30, 0)
    config, arrays = grow_forest(x, np.random.default_rng(0), 5).get_state()
    arrays = {name: array.copy() for name, array in arrays.items()}
    spoil(config, arrays)
    with pytest.raises(ValueError, match=message):
        IsolationForest.from_state(config, arrays, "file")
