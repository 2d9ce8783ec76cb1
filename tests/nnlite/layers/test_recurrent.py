"""Recurrent layers, wrappers and masks: outputs and errors, apart from gradients and values of Keras."""

import numpy as np
import pytest

from nnlite.layers import (
    GRU,
    LSTM,
    Add,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Dense,
    Dropout,
    GlobalAveragePooling1D,
    Input,
    Masking,
    Permute,
    RepeatVector,
    SimpleRNN,
    SpatialDropout1D,
    TimeDistributed,
)
from nnlite.metrics import Metric
from nnlite.models import Model, Sequential
from nnlite.optimizers import SGD
from nnlite.random import seeded
from tests.nnlite.arrays import draw

RECURRENT = [SimpleRNN, LSTM, GRU]
D = {"dtype": "float64"}

# What Keras 3.15.1 finds in a masked model; the loss is a mean over batches, the others are means over steps.
LOSS = {3: 1.365791916847229, 10: 1.456064224243164}
WEIGHTED_LOSS = {3: 0.8299189805984497, 10: 0.8388967514038086}
MAE, MSE, WEIGHTED = 1.456064224243164, 2.7490954399108887, 1.317421317100525


@pytest.mark.parametrize("make", RECURRENT)
def test_two_parts_of_a_series_with_the_state_between_equal_the_whole_series(make):
    layer = make(4, return_state=True, **D)
    x = draw(3, 10, 2)
    whole = layer(x)
    _, *states = layer(x[:, :6])
    for found, expected in zip(layer(x[:, 6:], states), whole, strict=True):
        np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("make", RECURRENT)
def test_an_initial_state_can_be_a_tensor_of_the_graph(make):
    inputs, others = Input((5, 2), dtype="float64"), Input((7, 2), dtype="float64")
    _, *states = make(3, return_state=True, **D)(inputs)
    outputs = make(3, return_sequences=True, **D)(others, initial_state=states)
    model = Model([inputs, others], outputs)
    y = model.predict([draw(4, 5, 2), draw(4, 7, 2, seed=1)])
    assert y.shape == (4, 7, 3)
    assert not np.allclose(y, model.predict([draw(4, 5, 2, seed=2), draw(4, 7, 2, seed=1)]))


@pytest.mark.parametrize("make", RECURRENT)
def test_go_backwards_equals_a_reversed_series(make):
    ahead, back = make(3, return_sequences=True, **D), make(3, return_sequences=True, go_backwards=True, **D)
    x = draw(2, 5, 2)
    y = ahead(x[:, ::-1])
    back.build(x.shape)
    back.set_weights(ahead.get_weights())
    np.testing.assert_allclose(back(x), y)


@pytest.mark.parametrize("make", RECURRENT)
def test_a_masked_step_has_no_effect(make):
    layer = make(3, return_sequences=True, **D)
    x, mask = draw(1, 6, 2), np.array([[True, False, True, True, False, True]])
    y = layer(x, mask=mask)
    np.testing.assert_allclose(y[:, mask[0]], layer(x[:, mask[0]]))
    np.testing.assert_array_equal(y[:, 1], y[:, 0])


@pytest.mark.parametrize("make", RECURRENT)
def test_a_fully_masked_series_gives_the_initial_state(make):
    layer = make(3, **D)
    x, none = draw(2, 4, 2), np.zeros((2, 4), bool)
    assert not layer(x, mask=none).any()
    states = [draw(2, 3, seed=i) for i in range(layer.n_states)]
    np.testing.assert_array_equal(layer(x, initial_state=states, mask=none), states[0])


def test_the_initial_bias_of_the_forget_gate_is_one():
    layer = LSTM(2)
    layer.build((None, 3, 1))
    assert layer.bias.value.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    closed = LSTM(2, unit_forget_bias=False)
    closed.build((None, 3, 1))
    assert not closed.bias.value.any()


def test_dropout_has_one_mask_for_all_steps():
    layer = SimpleRNN(4, "linear", kernel_initializer="identity", recurrent_initializer="zeros", dropout=0.5, seed=1)
    layer.return_sequences = True
    y = layer(np.ones((8, 5, 4)), training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert set(y.ravel().tolist()) == {0.0, 2.0}
    assert (layer(np.ones((1, 5, 4))) == 1).all()


def test_layers_keep_no_state_between_calls():
    layer = GRU(3, return_sequences=True)
    x = draw(2, 5, 2)
    y = layer(x)
    layer(x + 1)
    np.testing.assert_array_equal(layer(x), y)


def test_bidirectional_equals_two_layers():
    both = Bidirectional(LSTM(3, return_sequences=True, **D))
    x = draw(2, 5, 2)
    y = both(x)
    ahead, back = LSTM(3, return_sequences=True, **D), LSTM(3, return_sequences=True, go_backwards=True, **D)
    for layer, weights in ((ahead, both.get_weights()[:3]), (back, both.get_weights()[3:])):
        layer.build(x.shape)
        layer.set_weights(weights)
    np.testing.assert_allclose(y, np.concatenate([ahead(x), back(x)[:, ::-1]], axis=-1))


def test_bidirectional_accepts_a_backward_layer_and_initial_weights():
    x = draw(2, 5, 2)
    first = Bidirectional(LSTM(3), backward_layer=GRU(2, go_backwards=True))
    assert first(x).shape == (2, 5)
    again = Bidirectional(LSTM(3), weights=first.get_weights(), backward_layer=GRU(2, go_backwards=True))
    np.testing.assert_array_equal(again(x), first(x))


def test_freezing_a_wrapper_freezes_the_layer_inside():
    layer = TimeDistributed(Dense(2), trainable=False)
    layer.build((None, 3, 4))
    assert layer.trainable_weights == []
    layer.trainable = True
    assert len(layer.trainable_weights) == 2


def test_time_distributed_dense_is_dense():
    x = draw(2, 5, 3)
    layer = TimeDistributed(Dense(2, **D))
    y = layer(x)
    np.testing.assert_allclose(y, layer.layer(x))
    assert TimeDistributed(BatchNormalization()).build((None, None, 3)) == (None, None, 3)


def test_spatial_dropout_drops_whole_channels():
    y = SpatialDropout1D(0.5, seed=1)(np.ones((4, 6, 8)), training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert set(y.ravel().tolist()) == {0.0, 2.0}


# -- masks ---------------------------------------------------------------------------------------


def masked(*layers):
    return Sequential([Input((4, 2)), Masking(-1.0), *layers])


def output_mask(model, x):
    return model.run(np.asarray(x, model.dtype))[2]


def short():
    x = draw(3, 4, 2)
    x[0, 2:] = x[1, 0] = x[2] = -1
    return x


def test_layers_with_the_same_steps_propagate_masks_and_others_drop_them():
    expected = [[True, True, False, False], [False, True, True, True], [False] * 4]
    for layers in ([Dense(3), Dropout(0.1)], [LSTM(3, return_sequences=True)], [TimeDistributed(Dense(2))]):
        assert output_mask(masked(*layers), short()).tolist() == expected
    for layer in (Conv1D(2, 3, padding="same"), LSTM(3), GlobalAveragePooling1D(), Permute((2, 1))):
        assert output_mask(masked(layer), short()) is None


def test_nested_models_propagate_masks():
    encoder = masked(GRU(3, return_sequences=True))
    inputs = Input((4, 2))
    model = Model(inputs, Dense(2)(encoder(inputs)))
    assert output_mask(model, short())[0].tolist() == [True, True, False, False]


def test_masks_of_joined_tensors():
    inputs = Input((4, 2))
    marked = Masking(-1.0)(inputs)
    # Along features, as in Keras 3, a step is valid if it is in any tensor; one without a mask is valid throughout.
    features = Model(inputs, Concatenate()([marked, inputs]))
    assert output_mask(features, short()).all()
    x = short()
    x[0, 1:3] = 9
    x[0, 3] = -1
    twice = Model(inputs, Concatenate()([Masking(-1.0)(inputs), Masking(-1.0)(inputs)]))
    assert output_mask(twice, x)[0].tolist() == [True, True, True, False]
    either = Model(inputs, Concatenate()([marked, Masking(9.0)(inputs)]))
    assert output_mask(either, x)[0].tolist() == [True, True, True, True]
    steps = Model(inputs, Concatenate(axis=1)([marked, inputs]))
    assert output_mask(steps, short())[0].tolist() == [True, True, False, False, True, True, True, True]


def test_a_step_of_a_sum_is_valid_if_it_is_in_any_term():
    inputs = Input((4, 2))
    both = Model(inputs, Add()([Masking(-1.0)(inputs), Masking(9.0)(inputs)]))
    assert output_mask(both, short()).all()
    one = Model(inputs, Add()([Masking(-1.0)(inputs), Dense(2)(inputs)]))
    assert output_mask(one, short()) is None


def test_bidirectional_propagates_masks_with_outputs_of_all_steps():
    ahead, back = Bidirectional(GRU(2, return_sequences=True), merge_mode=None)(Masking(-1.0)(inputs := Input((4, 2))))
    masks = output_mask(Model(inputs, [ahead, back]), short())
    assert [mask[0].tolist() for mask in masks] == [[True, True, False, False]] * 2


def test_a_mean_excludes_masked_steps_and_is_zero_if_all_are_masked():
    x = short()
    y = masked(GlobalAveragePooling1D()).predict(x)
    np.testing.assert_allclose(y[0], x[0, :2].mean(axis=0), rtol=1e-6)
    assert y[2].tolist() == [0, 0]


def test_layers_that_use_masks_accept_one_in_a_call():
    x = short()
    counts = (x != -1).any(axis=-1)
    np.testing.assert_array_equal(GlobalAveragePooling1D()(x, mask=counts), masked(GlobalAveragePooling1D())(x))
    for layer in (BatchNormalization(), TimeDistributed(BatchNormalization())):
        y = layer(x, training=True, mask=counts)
        np.testing.assert_array_equal(y[counts], masked(layer)(x, training=True)[counts])
        assert not np.allclose(y, layer(x, training=True))
    dense = TimeDistributed(Dense(2))
    np.testing.assert_array_equal(dense(x, mask=counts), dense(x))
    rows = np.array([True, True, False])
    np.testing.assert_allclose(BatchNormalization()(x[:, 0], training=True, mask=rows)[:2].mean(axis=0), 0, atol=1e-6)


def test_a_mask_of_wrong_shape_is_rejected():
    with pytest.raises(ValueError, match=r"mask must have one value per row and step, shape \(3, 4\); found \(3,\)"):
        GlobalAveragePooling1D()(short(), mask=np.ones(3))
    with pytest.raises(ValueError, match="masks come from a Masking layer"):
        GlobalAveragePooling1D()(Input((4, 2)), mask=np.ones((3, 4)))
    with pytest.raises(TypeError, match=r"layer 'plain' \(Dense\) takes no mask"):
        Dense(2, name="plain")(short(), mask=np.ones((3, 4)))


def test_the_loss_is_the_mean_over_valid_steps():
    x = short()
    model = masked(Dense(2))
    model.compile("sgd", "mse")
    counted = (x != -1).any(axis=-1)
    errors = ((model.predict(x) - x) ** 2).mean(axis=-1)
    assert model.evaluate(x, x, verbose=0) == pytest.approx(errors[counted].mean(), rel=1e-5)
    weights = np.array([1.0, 3.0, 1.0])
    weighted = (errors * weights[:, None])[counted].mean()
    assert model.evaluate(x, x, sample_weight=weights, verbose=0) == pytest.approx(weighted, rel=1e-5)
    each = np.broadcast_to(weights[:, None, None], (3, 4, 1))
    assert model.evaluate(x, x, sample_weight=each, verbose=0) == pytest.approx(weighted, rel=1e-5)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("batch_size", [3, 10])
def test_metrics_exclude_masked_steps_and_do_not_depend_on_the_batches(backend, batch_size):
    counts = np.arange(7) < (np.arange(10) % 6 + 1)[:, np.newaxis]
    x = np.where(counts[..., np.newaxis], np.sin(np.arange(210.0)).reshape(10, 7, 3), 0)
    y, weights = np.cos(np.arange(140.0)).reshape(10, 7, 2), np.abs(np.sin(np.arange(70.0) * 3)).reshape(10, 7)
    model = Sequential([Input((7, 3)), Masking(), Dense(2, kernel_initializer="ones")])
    model.compile("sgd", "mae", metrics=["mae", "mse", "rmse"], weighted_metrics=["mae"])
    asked = {"verbose": 0, "backend": backend, "batch_size": batch_size, "return_dict": True}
    plain = model.evaluate(x, y, **asked)
    assert [plain["mae"], plain["weighted_mae"]] == pytest.approx([MAE, MAE], rel=1e-6)
    assert plain["loss"] == pytest.approx(LOSS[batch_size], rel=1e-6)
    assert plain["mse"] == pytest.approx(MSE, rel=1e-6)
    assert plain["rmse"] == pytest.approx(MSE**0.5, rel=1e-6)
    weighted = model.evaluate(x, y, sample_weight=weights, **asked)
    assert weighted["loss"] == pytest.approx(WEIGHTED_LOSS[batch_size], rel=1e-6)
    assert weighted["mae"] == pytest.approx(MAE, rel=1e-6)
    assert weighted["weighted_mae"] == pytest.approx(WEIGHTED, rel=1e-6)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_accuracies_exclude_masked_steps(backend):
    x = short()
    counted, y = (x != -1).any(axis=-1), np.random.default_rng(0).integers(0, 2, (3, 4))
    model = masked(Dense(2, activation="softmax"))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    hits = model.predict(x).argmax(axis=-1) == y
    found = model.evaluate(x, y, batch_size=2, verbose=0, backend=backend, return_dict=True)
    assert hits.mean() != hits[counted].mean()
    assert found["accuracy"] == pytest.approx(hits[counted].mean())


def test_a_metric_of_one_value_per_row_is_weighted_by_its_fraction_of_valid_steps():
    class Last(Metric):
        def values(self, y_true, y_pred):
            return np.abs(y_true - y_pred)[:, -1, 0]

    x, shares = short(), np.array([2, 3, 0]) / 4
    model = masked(Dense(2))
    model.compile("sgd", "mse", metrics=[Last("last")])
    errors = np.abs(model.predict(x) - x)[:, -1, 0]
    found = model.evaluate(x, x, verbose=0, return_dict=True)
    assert found["last"] == pytest.approx(np.average(errors, weights=shares), rel=1e-6)


def test_a_fully_masked_batch_has_loss_and_gradient_zero():
    model = masked(Dense(2))
    model.compile("sgd", "mse")
    before = model.parameters.copy()
    assert model.train_on_batch(-np.ones((3, 4, 2)), np.zeros((3, 4, 2))) == 0
    np.testing.assert_array_equal(model.parameters, before)


def test_batch_normalization_computes_statistics_of_valid_steps():
    # The values are those of Keras 3.15.1.
    counts = np.arange(5) < np.array([2, 5, 1, 0])[:, np.newaxis]
    x = np.where(counts[..., np.newaxis], np.sin(np.arange(40.0)).reshape(4, 5, 2) * 2 + 1, 0)
    model = Sequential([Input((5, 2)), Masking(), BatchNormalization(momentum=0.5)])
    y = [
        [-0.12552005052566528, 1.0212517976760864],
        [1.1913623809814453, 0.009170889854431152],
        *[[-0.8496408462524414, -0.9173151254653931]] * 3,
    ]
    np.testing.assert_allclose(model(x, training=True)[0], y, rtol=2e-5)
    averages = [[0.5866706371307373, 0.634773850440979], [1.4530599117279053, 1.4572031497955322]]
    np.testing.assert_allclose(model.get_weights()[2:], averages, rtol=1e-6)
    model.compile(SGD(0.1), "mse")
    targets = np.cos(np.arange(40.0)).reshape(4, 5, 2)
    assert model.train_on_batch(x, targets) == pytest.approx(1.5072134733200073, rel=1e-6)
    trained = [[0.8971676826477051, 0.9031229019165039], [0.010451403446495533, -0.0016461730701848865]]
    np.testing.assert_allclose(model.get_weights()[:2], trained, rtol=1e-4)


def test_batch_normalization_of_a_fully_masked_batch_uses_mean_and_variance_zero():
    model = masked(BatchNormalization(momentum=0.5))
    assert np.isfinite(model(-np.ones((3, 4, 2)), training=True)).all()
    assert [w.tolist() for w in model.get_weights()[2:]] == [[0.0, 0.0], [0.5, 0.5]]


# -- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", RECURRENT)
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": 0}, "units must be a whole number of at least 1; found 0"),
        ({"units": 3, "dropout": 1.0}, "dropout must be a number of at least 0 and below 1"),
        ({"units": 3, "recurrent_dropout": -0.1}, "recurrent_dropout must be a number of at least 0"),
        ({"units": 3, "stateful": True}, "stateful=True is not supported.*return_state=True"),
        ({"units": 3, "activation": "tanhh"}, "unknown activation 'tanhh'"),
    ],
)
def test_errors_name_bad_arguments(make, settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)


@pytest.mark.parametrize("make", RECURRENT)
def test_inputs_and_states_of_wrong_shape_are_rejected(make):
    with pytest.raises(ValueError, match=r"takes input of shape \(rows, steps, features\)"):
        make(3)(Input((4,)))
    with pytest.raises(ValueError, match="needs at least one step"):
        make(3)(np.zeros((2, 0, 4)))
    layer = make(3)
    with pytest.raises(ValueError, match="initial_state must be"):
        layer(np.zeros((2, 5, 4)), initial_state=[np.zeros((2, 4))] * layer.n_states)
    with pytest.raises(ValueError, match="initial_state must be"):
        layer(np.zeros((2, 5, 4)), initial_state=[np.zeros((2, 3))] * 3)
    states = [np.zeros((3, 3))] * layer.n_states
    with pytest.raises(
        ValueError, match=f"{layer.name}.*initial_state must have as many rows as the input, 2; found 3"
    ):
        layer(np.zeros((2, 5, 4)), initial_state=states)
    with pytest.raises(ValueError, match=r"mask must have one value per row and step, shape \(2, 5\)"):
        layer(np.zeros((2, 5, 4)), mask=np.ones((2, 4), bool))
    with pytest.raises(ValueError, match="masks come from a Masking layer"):
        layer(Input((5, 4)), mask=np.ones((2, 5), bool))


def test_wrappers_reject_invalid_arguments():
    with pytest.raises(TypeError, match="Bidirectional wraps SimpleRNN, LSTM, GRU, or RNN of one cell; found Dense"):
        Bidirectional(Dense(3))
    with pytest.raises(TypeError, match="TimeDistributed wraps a layer; found str"):
        TimeDistributed("dense")
    with pytest.raises(ValueError, match="merge_mode must be one of"):
        Bidirectional(LSTM(3), merge_mode="max")
    with pytest.raises(ValueError, match="must have the opposite go_backwards"):
        Bidirectional(LSTM(3), backward_layer=LSTM(3))
    with pytest.raises(ValueError, match="must have the same return_sequences"):
        Bidirectional(LSTM(3), backward_layer=LSTM(3, go_backwards=True, return_sequences=True))
    with pytest.raises(ValueError, match="merge_mode='sum' needs both layers to have equal units"):
        Bidirectional(LSTM(3), "sum", backward_layer=LSTM(4, go_backwards=True)).build((None, 4, 2))
    with pytest.raises(ValueError, match="pass it to the wrapper"):
        TimeDistributed(Dense(3, activity_regularizer="l2"))
    with pytest.raises(ValueError, match=r"takes input of shape \(rows, steps, ...\)"):
        TimeDistributed(Dense(3))(Input((4,)))
    with pytest.raises(ValueError, match="dtype must be that of the layer inside"):
        TimeDistributed(Dense(3), dtype="float64")


def test_nan_as_mask_value_is_rejected():
    with pytest.raises(ValueError, match="mask_value must be a number; found NaN"):
        Masking(float("nan"))


def test_reordering_rejects_invalid_arguments():
    with pytest.raises(ValueError, match="dims must contain each axis from 1 on once"):
        Permute((0, 1))
    with pytest.raises(ValueError, match="needs records of 2 axes"):
        Permute((2, 1))(Input((4,)))
    with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
        RepeatVector(0)
    with pytest.raises(ValueError, match=r"takes input of shape \(rows, features\)"):
        RepeatVector(3)(Input((4, 2)))
    with pytest.raises(ValueError, match=r"takes input of shape \(rows, steps, channels\)"):
        SpatialDropout1D(0.5)(Input((4,)))


@pytest.mark.parametrize("make", RECURRENT)
def test_a_recurrent_autoencoder_learns(make):
    t = np.arange(12)[:, np.newaxis]
    x = np.sin(t / 2 + np.random.default_rng(0).uniform(0, 6, (64, 1, 2)))
    layers = [
        Input((12, 2)),
        make(12),
        RepeatVector(12),
        make(12, return_sequences=True),
        TimeDistributed(Dense(2)),
    ]
    with seeded(0):
        model = Sequential(layers)
        model.compile("adam", "mse")
        model.optimizer.learning_rate = 0.02
        losses = model.fit(x, x, epochs=30, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]
