"""Contributions by replacement, of a score that is known."""

import numpy as np
import pytest

from anomaly.detectors.attribution import fractions, normalized
from anomaly.detectors.expectation import Replacements
from anomaly.detectors.features import FeatureSet


class Distance:
    """The score of a record is 1 plus its distance from 0, where all is expected to be."""

    features = FeatureSet(np.array([0, 2, 2, 3]), 4)
    levels = (0.0, np.log(1.5))

    def __init__(self, network=(0.25, 0.25, 0.25, 0.25)):
        self.network = np.array(network)
        self.proposals = 0

    def scores(self, x):
        return 1 + np.sqrt(np.square(x).sum(axis=1))

    def log_scores(self, x, replaced):
        self.replaced = replaced
        return np.log(self.scores(x))

    def view(self, x):
        return np.tile(self.network, (len(x), 1))

    def propose(self, x, by_network, apart_from=None, before=None):
        self.proposals += 1
        columns = self.features.sum_by_column(np.abs(x)) > 0
        if apart_from is not None:
            columns[np.arange(len(x)), apart_from] = False
        expected = np.where(columns[:, self.features.columns], 0, x)
        return Replacements(columns, expected, np.sqrt(self.features.sum_by_column(np.square(x - expected))))


def found(x, subject=None):
    subject, x = subject or Distance(), np.atleast_2d(np.array(x, np.float64))
    with np.errstate(divide="ignore"):
        logs = np.log(subject.scores(x))
        return fractions(subject, x, logs, logs > subject.levels[0])


def test_one_fault_has_all_but_a_hundredth():
    np.testing.assert_allclose(found([0, 3, 4, 0]), [[0.0025, 0.0025, 0.9925, 0.0025]])


def test_contributions_are_drops_of_logarithms():
    x = [0.4, 0, 0, 0.3]
    drops = np.log(1.5 / np.array([1.3, 1.4]))
    np.testing.assert_allclose(found(x)[0, [0, 3]], 0.99 * drops / drops.sum() + 0.0025)


def test_of_two_faults_the_second_gains_and_the_first_stays_first():
    x = [9.0, 0, 0, 6.0]
    subject = Distance()
    shares = found(x, subject)[0]
    assert subject.proposals == 2
    # Of the record whose first column has been replaced already, both are said to be.
    assert subject.replaced.tolist() == [[True, False, False, True]]
    score = 1 + np.sqrt(117)
    first, second = np.log(score / np.array([7.0, 10.0]))
    gain = (np.log(7.0) - second) / 2
    np.testing.assert_allclose(shares[[0, 3]], 0.99 * normalized(np.array([[first + gain, second + gain]]))[0] + 0.0025)
    assert shares[0] > shares[3] > 0.3


def test_a_record_without_a_helpful_replacement_is_explained_by_the_network():
    network = (0.7, 0.0, 0.2, 0.1)
    nothing = Distance(network)
    nothing.scores = lambda x: np.full(len(x), 5.0)
    np.testing.assert_allclose(found([1, 1, 1, 1], nothing), [network])
    typical = Distance(network)
    typical.levels = (np.log(3.0), np.log(4.0))
    np.testing.assert_allclose(found([1, 1, 1, 0], typical), [network])
    assert typical.proposals == 0


@pytest.mark.parametrize("seed", range(5))
def test_fractions_are_at_least_0_and_add_up_to_1_and_ranks_follow_the_drops(seed):
    x = np.random.default_rng(seed).standard_t(2, size=(50, 4))
    shares = found(x)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    sizes = Distance.features.sum_by_column(np.square(x))
    np.testing.assert_array_equal(shares.argmax(axis=1), sizes.argmax(axis=1))


def test_a_score_of_0_belongs_to_no_column():
    subject = Distance((0, 0, 0, 0))
    subject.scores = lambda x: np.zeros(len(x))
    assert (found([1, 1, 1, 1], subject) == 0).all()
