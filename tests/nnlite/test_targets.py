"""Unknown targets: the loss that leaves them out, and what is refused."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnlite import losses
from nnlite.callbacks import TerminateOnNaN
from nnlite.layers import Dense, Input
from nnlite.losses import MaskedMeanSquaredError, MeanSquaredError
from nnlite.metrics import Metric
from nnlite.models import Model, Sequential, load_model
from nnlite.utils import set_random_seed
from tests.nnlite.arrays import draw

NAN = np.nan
ROWS = 40
X = draw(ROWS, 3)
GAPS = np.where(draw(ROWS, 3, seed=1) > 0.7, NAN, X)

NUMBERS = st.floats(-100, 100, width=32)
SHAPES = arrays.array_shapes(min_dims=2, max_dims=3, max_side=20)
PAIRS = st.tuples(st.sampled_from([np.float32, np.float64]), SHAPES).flatmap(
    lambda kind: st.tuples(*(arrays.arrays(*kind, elements=NUMBERS) for _ in range(2)))
)
GAPPED = PAIRS.flatmap(lambda pair: st.tuples(st.just(pair), arrays.arrays(bool, pair[0].shape)))


def network(loss="masked_mse", **compiled):
    set_random_seed(3)
    model = Sequential([Input((3,)), Dense(8, "tanh"), Dense(3, name="out")])
    model.compile("adam", loss, **compiled)
    return model


class KnownFraction(Metric):
    """Fraction of known targets: a metric with a value for unknown ones."""

    accepts_unknown = True

    def values(self, y_true, y_pred):
        """Return the fraction of each sample."""
        return np.isfinite(y_true).mean(axis=-1)


# -- the loss --------------------------------------------------------------------------------------


def test_values_by_hand():
    loss = MaskedMeanSquaredError()
    y = np.array([[1.0, NAN, 0.0, NAN], [NAN] * 4, [0.0] * 4])
    p = np.array([[3.0, 7.0, 2.0, NAN], [5.0] * 4, [1.0, 1.0, 1.0, 3.0]])
    assert loss.per_sample(y, p).tolist() == [2.0, 0.0, 3.0]
    assert loss(y, p) == pytest.approx(5 / 3)
    assert loss(y, p, np.array([1.0, 9.0, 2.0])) == pytest.approx(8 / 3)
    expected = [[1.0, 0.0, 1.0, 0.0], [0.0] * 4, [0.5, 0.5, 0.5, 1.5]]
    np.testing.assert_allclose(loss.gradient(y, p), np.divide(expected, 3))
    assert MaskedMeanSquaredError(reduction="sum")(y, p) == 5.0


@given(PAIRS)
def test_complete_targets_have_the_mean_squared_error_bit_by_bit(pair):
    masked, plain = MaskedMeanSquaredError(), MeanSquaredError()
    assert masked(*pair) == plain(*pair)
    np.testing.assert_array_equal(masked.per_sample(*pair), plain.per_sample(*pair))
    np.testing.assert_array_equal(masked.gradient(*pair), plain.gradient(*pair))


@given(GAPPED)
def test_unknown_targets_count_as_predicted_exactly(case):
    (y, p), unknown = case
    gaps, filled = (np.where(unknown, fill, y) for fill in (y.dtype.type(NAN), p))
    masked, plain = MaskedMeanSquaredError(), MeanSquaredError()
    np.testing.assert_array_equal(masked.per_sample(gaps, p), plain.per_sample(filled, p))
    np.testing.assert_array_equal(masked.gradient(gaps, p), plain.gradient(filled, p))
    assert not masked.gradient(gaps, p)[unknown].any()


def test_a_known_target_weighs_the_same_in_sparse_and_in_complete_records():
    y, p = np.zeros((2, 4)), np.ones((2, 4))
    y[0, 1:] = NAN
    gradient = MaskedMeanSquaredError().gradient(y, p)
    assert gradient[0, 0] == gradient[1, 0] != 0


def test_a_prediction_of_nan_for_a_known_target_is_seen():
    y = np.array([[0.0, NAN]])
    assert np.isnan(MaskedMeanSquaredError()(y, np.array([[NAN, 0.0]])))


@pytest.mark.parametrize("name", ["masked_mse", "masked_mean_squared_error", "MaskedMeanSquaredError"])
def test_names(name):
    assert type(losses.get(name)) is MaskedMeanSquaredError
    assert losses.get(name).name == "masked_mean_squared_error"


def test_the_function_returns_one_value_for_each_sample():
    assert losses.masked_mean_squared_error([[NAN, 0.0], [NAN, NAN]], [[1.0, 2.0], [1.0, 2.0]]).tolist() == [2.0, 0.0]
    assert type(losses.get(losses.masked_mean_squared_error)) is MaskedMeanSquaredError


def test_a_configuration_makes_an_equal_loss():
    config = MaskedMeanSquaredError(reduction="sum", name="own").get_config()
    made = losses.get({"class_name": "MaskedMeanSquaredError", "config": config})
    assert (type(made), made.reduction, made.name) == (MaskedMeanSquaredError, "sum", "own")


# -- training --------------------------------------------------------------------------------------


def test_a_saved_model_continues_training_bit_by_bit(tmp_path):
    model = network()
    model.fit(X, GAPS, epochs=2)
    model.save(tmp_path / "m.npz")
    loaded = load_model(tmp_path / "m.npz")
    assert loaded.evaluate(X, GAPS) == model.evaluate(X, GAPS)
    for one in (model, loaded):
        one.fit(X, GAPS, epochs=2, shuffle=False)
    np.testing.assert_array_equal(model.parameters, loaded.parameters)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_unknown_targets_pass_through_all_of_training_without_a_warning(backend):
    model = network()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(
            X,
            GAPS,
            epochs=3,
            backend=backend,
            verbose=0,
            validation_data=(X, GAPS, np.ones(ROWS)),
            sample_weight=np.linspace(0, 2, ROWS),
            callbacks=[TerminateOnNaN()],
        )
        assert np.isfinite(model.evaluate(X, GAPS, backend=backend))
        assert np.isfinite([model.train_on_batch(X, GAPS), model.test_on_batch(X, GAPS)]).all()
    assert len(model.history.history["val_loss"]) == 3
    assert np.isfinite([*model.history.history["loss"], *model.history.history["val_loss"]]).all()


def test_rows_without_a_known_target_leave_the_weights_alone():
    model = network()
    before = model.parameters.copy()
    assert model.train_on_batch(X, np.full_like(X, NAN)) == 0
    np.testing.assert_array_equal(model.parameters, before)


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["metrics", "weighted_metrics"])
@pytest.mark.parametrize("call", ["fit", "validation", "evaluate", "train_on_batch", "test_on_batch"])
def test_metrics_of_unknown_targets(kind, call):
    model = network(**{kind: ["mse", "mae"]})
    calls = {
        "fit": lambda: model.fit(X, GAPS),
        "validation": lambda: model.fit(X, X, validation_data=(X, GAPS)),
        "evaluate": lambda: model.evaluate(X, GAPS),
        "train_on_batch": lambda: model.train_on_batch(X, GAPS),
        "test_on_batch": lambda: model.test_on_batch(X, GAPS),
    }
    message = r"the metrics \['mse', 'mae'\] have no value where targets are unknown, and y for output 'out' holds NaN"
    with pytest.raises(ValueError, match=message):
        calls[call]()


def test_metrics_of_complete_targets_and_of_other_outputs_are_computed():
    assert len(network(metrics=["mse"]).evaluate(X, X)) == 2
    inputs = Input((3,))
    model = Model(inputs, [Dense(3, name="a")(inputs), Dense(3, name="b")(inputs)])
    model.compile("sgd", {"a": "masked_mse", "b": "mse"}, metrics={"b": "mae"})
    assert np.isfinite(model.evaluate(X, [GAPS, X])).all()


def test_a_metric_that_accepts_unknown_targets_is_computed():
    model = network(metrics=[KnownFraction("known")])
    assert model.evaluate(X, GAPS, return_dict=True)["known"] == pytest.approx(np.isfinite(GAPS).mean())


def test_targets_of_which_none_is_known():
    none = np.full_like(X, NAN)
    with pytest.raises(ValueError, match="y for output 'out' must have a known target to train on; found NaN in all"):
        network().fit(X, none)
    with pytest.raises(ValueError, match="must have a known target to validate on"):
        network().fit(X, GAPS, validation_data=(X, none))
    half = np.where(np.arange(ROWS)[:, np.newaxis] < ROWS / 2, X, NAN)
    with pytest.raises(ValueError, match="must have a known target to validate on; found NaN in all 20 rows"):
        network().fit(X, half, validation_split=0.5)


def test_class_weights_of_unknown_classes():
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "masked_mse")
    y = np.arange(ROWS) % 2.0
    y[5] = NAN
    with pytest.raises(ValueError, match="class_weight needs a class for every row; found y of NaN in row 5"):
        model.fit(X, y, class_weight={1: 2.0})
