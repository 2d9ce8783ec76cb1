"""`adapt` of layers that prepare data: arrays, lists, batches, datasets and generators without an end."""

from itertools import count

import numpy as np
import pytest

from nnlite.layers import Discretization, Normalization, StringLookup

X = np.arange(24, dtype=np.float32).reshape(8, 3) ** 1.5
BATCHES = [X[:3], X[3:4], X[4:]]


class Sequence:
    """Batches with targets, by index; no index is an error."""

    def __len__(self):
        return len(BATCHES)

    def __getitem__(self, index):
        return BATCHES[index % len(BATCHES)], np.zeros(2)


@pytest.mark.parametrize(
    ("data", "steps"),
    [
        (X.tolist(), None),
        (list(X), None),
        (BATCHES, None),
        (iter(BATCHES), None),
        ([(batch, None) for batch in BATCHES], None),
        (Sequence(), None),
        ((BATCHES[i % 3] for i in count()), 3),
        (iter(X), None),
    ],
    ids=["numbers", "rows", "list", "generator", "targets", "sequence", "endless", "single rows"],
)
def test_normalization_finds_the_same_moments_in_every_form_of_data(data, steps):
    layer = Normalization()
    layer.adapt(data, steps=steps)
    np.testing.assert_allclose(layer.mean.value, X.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(layer.variance.value, X.var(axis=0), rtol=1e-6)
    assert layer.count.value == 8


def test_normalization_over_several_axes_merges_batches():
    x = np.random.default_rng(0).random((6, 4, 3, 5))
    layer = Normalization(axis=(1, 2))
    layer.adapt(x[i : i + 4] for i in range(0, 6, 4))
    np.testing.assert_allclose(layer.mean.value, x.mean(axis=(0, 3)), rtol=1e-5)
    np.testing.assert_allclose(layer.variance.value, x.var(axis=(0, 3)), rtol=1e-5)


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ([], ValueError, "empty iterable"),
        (iter([]), ValueError, "empty iterable"),
        (iter([X, X[:, :2]]), ValueError, "incompatible shape"),
        (iter([42]), TypeError, "shape"),
    ],
)
def test_data_that_cannot_be_adapted_to_are_refused(data, error, text):
    with pytest.raises(error, match=text):
        Normalization().adapt(data)


@pytest.mark.parametrize("axis", [3, -4])
def test_an_axis_that_is_not_there_is_refused(axis):
    with pytest.raises(ValueError, match="axis must be from"):
        Normalization(axis=axis).build((2, 3, 4)[: 2 if axis > 0 else 3])


def test_given_moments_are_attributes_of_the_shape_they_are_used_in():
    layer = Normalization(mean=5.0, variance=1.0)
    layer.build((3, 7))
    assert layer.mean.shape == (1, 7)
    assert layer.mean[0, 3] == 5


def test_boundaries_and_strings_come_from_batches():
    whole, parts = Discretization(num_bins=3), Discretization(num_bins=3)
    whole.adapt(X)
    parts.adapt((BATCHES[i % 3] for i in count()), steps=3)
    assert whole.bin_boundaries == parts.bin_boundaries
    lookup = StringLookup()
    lookup.adapt((["cat", "dog"] if i % 2 else ["cat"] for i in count()), steps=2)
    assert lookup.get_vocabulary() == ["[UNK]", "cat", "dog"]
    lookup.set_vocabulary(["[UNK]", "x", "y"])
    assert lookup.get_vocabulary(include_special_tokens=False) == ["x", "y"]
