"""Arrays of every kind are taken for what they are, or refused in one line; NumPy's numbers are numbers."""

import numpy as np
import polars as pl
import pytest

import anomaly
from nnlite import Sequential
from nnlite.layers import BatchNormalization, Conv1D, Dense, Dropout, Flatten, Input, MaxPooling1D, RepeatVector
from nnlite.models import load_model
from nnlite.optimizers import Adam

X = np.random.default_rng(0).normal(size=(60, 4))
SMALL = {"hidden": (4,), "epochs": 1, "random_state": 0}


def model():
    made = Sequential([Input((4,)), Dense(4)])
    made.compile("adam", "mse")
    return made


def uses(value):
    return [lambda: model().fit(value, X), lambda: model().fit(X, value), lambda: model().predict(value)]


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("make", [np.matrix, memoryview, np.ma.masked_array, np.asfortranarray, lambda x: x.tolist()])
def test_other_kinds_of_arrays_are_taken_right(make):
    for use in uses(make(X)):
        use()
    expected = anomaly.TableDetector(**SMALL).fit(X).decision_function(X)
    value = make(X)
    np.testing.assert_array_equal(anomaly.TableDetector(**SMALL).fit(value).decision_function(value), expected)


class Relation:
    """A query, as DuckDB has them."""

    def fetchnumpy(self):
        raise AssertionError


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (X + 1j, "complex numbers have two parts"),
        (X.astype(complex), "complex numbers have two parts"),
        (np.ma.masked_array(X, X > 1), r"has masked values: fill them with value\.filled"),
        (pl.DataFrame(X).lazy(), r"LazyFrame, which has no values yet: pass the result of its collect\(\)"),
        (Relation(), r"Relation, a query: pass the result of its df\(\)"),
    ],
)
def test_nothing_is_dropped_in_silence(value, message):
    for use in uses(value):
        with pytest.raises(ValueError, match=message):
            use()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: np.ma.masked_array(x, x > 1), "images has masked values"),
        (lambda x: x + 1j, "complex numbers have two parts"),
    ],
)
def test_images_lose_no_mask_and_no_imaginary_part(make, message):
    images = np.random.default_rng(0).normal(size=(20, 8, 8))
    detector = anomaly.ImageDetector(epochs=1, random_state=0)
    with pytest.raises(ValueError, match=message):
        detector.fit(make(images))
    detector.fit(images)
    with pytest.raises(ValueError, match=message):
        detector.predict(make(images))
    np.testing.assert_array_equal(detector.decision_function(images.tolist()), detector.decision_function(images))


LABELS = (np.arange(len(X)) % 9 == 0).astype(int)


@pytest.mark.parametrize("series", [False, True])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.ma.masked_array(LABELS, LABELS > 0), "y has masked values"),
        (LABELS + 0j, "found complex numbers"),
        (LABELS[:, np.newaxis], r"pass y\.ravel\(\)"),
        (pl.LazyFrame({"y": LABELS}), r"pass the result of its collect\(\)"),
    ],
)
def test_labels_lose_nothing_in_silence(series, y, message):
    kind = anomaly.SequenceDetector(window=4) if series else anomaly.TableDetector(**SMALL)
    with pytest.raises(ValueError, match=message):
        kind.fit(X, y)


def test_masked_cells_of_tables_are_missing_and_complex_ones_refused():
    detector = anomaly.TableDetector(**SMALL).fit(np.ma.masked_array(X, X > 1))
    missing = np.where(X > 1, np.nan, X)
    np.testing.assert_array_equal(
        detector.decision_function(missing), detector.decision_function(np.ma.masked_array(X, X > 1))
    )
    with pytest.raises(ValueError, match="Complex data not supported"):
        detector.decision_function(X + 1j)


def test_numbers_of_numpy_are_numbers(tmp_path):
    made = Sequential(
        [
            Input((np.int64(8), np.int64(2))),
            Conv1D(np.int32(3), np.int64(3), padding="same", dilation_rate=np.int64(2)),
            MaxPooling1D(np.int64(2)),
            Flatten(),
            BatchNormalization(momentum=np.float32(0.5)),
            RepeatVector(np.int64(2)),
            Flatten(),
            Dropout(np.float32(0.25)),
            Dense(np.int64(4)),
        ]
    )
    made.compile(Adam(np.float32(0.001), clipnorm=np.float64(1)), "mse", loss_weights=[np.float32(1.5)])
    x, y = np.zeros((20, 8, 2)), np.zeros((20, 4))
    made.fit(x, y, epochs=np.int64(2), batch_size=np.int32(8), verbose=np.int64(0), validation_split=np.float32(0.2))
    made.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(load_model(tmp_path / "m.npz").predict(x), made.predict(x))
    detector = anomaly.TableDetector(
        hidden=(np.int64(8),), epochs=np.int64(1), random_state=np.uint8(0), neighbors=np.int32(5), verbose=np.int64(0)
    )
    detector.fit(X).save(tmp_path / "d.npz")
    anomaly.load_detector(tmp_path / "d.npz")


@pytest.mark.parametrize(
    "detector",
    [anomaly.TableDetector(**SMALL), anomaly.AutoencoderDetector(**SMALL)],
)
def test_labels_in_a_column_name_ravel(detector):
    with pytest.raises(ValueError, match=r"pass y\.ravel\(\)"):
        detector.fit(X, np.zeros((60, 1)))


@pytest.mark.parametrize("make", [anomaly.VariationalDetector, anomaly.AutoencoderDetector, anomaly.TableDetector])
def test_a_score_is_independent_of_the_batch_bit_by_bit(make):
    x = X.copy()
    x[::7, 1] = np.nan
    detector = make(**SMALL).fit(x)
    alone = np.concatenate([detector.decision_function(x[i : i + 1]) for i in range(20)])
    np.testing.assert_array_equal(alone, detector.decision_function(x)[:20])
