"""Further layers, losses, metrics, activations and constraints: values of Keras 3.15.1, and gradients."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnlite import Sequential, activations, constraints, layers, losses, metrics, optimizers, utils
from nnlite.gradcheck import check_layer, check_loss
from nnlite.layers import Input
from tests.nnlite.arrays import draw

GOLDEN = json.loads((Path(__file__).parent / "more_of_keras.json").read_text(encoding="utf-8"))
X = (np.arange(12, dtype="float32").reshape(2, 6) - 5.5) / 3
Y = np.array([[0, 1, 0], [1, 0, 0]], "float32")
P = np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.4]], "float32")
IMAGES = np.sin(np.arange(2 * 4 * 5 * 2, dtype="float32")).reshape(2, 4, 5, 2)
SERIES = np.sin(np.arange(2 * 6 * 4, dtype="float32")).reshape(2, 6, 4)


def close(found, key):
    np.testing.assert_allclose(np.asarray(found), GOLDEN[key], atol=2e-5)


@pytest.mark.parametrize("key", [key for key in GOLDEN if key.startswith("A.")])
def test_activations(key):
    name = key[2:]
    settings = {"threshold": 0.2, "default_value": -1.0} if name == "threshold" else {}
    close(getattr(activations, name)(X, **settings), key)
    function = activations.Threshold(**settings) if settings else getattr(activations, name)
    x = draw(3, 5) + 0.013
    y, step, dy = function(x), 1e-6, draw(3, 5, seed=2)
    numeric = np.empty_like(x)
    for i in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[i] = step
        numeric[i] = ((function(x + moved) - function(x - moved)) * dy).sum() / (2 * step)
    np.testing.assert_allclose(function.backward(dy, x, y), numeric, atol=1e-6)


def test_sparsemax_is_a_projection_on_the_simplex():
    x = np.array([[2.0, 1.5, -1.0], [0.1, 0.2, 0.3], [3.0, 0.0, 0.0]])
    y = activations.sparsemax(x)
    np.testing.assert_allclose(y.sum(axis=1), 1)
    # By hand: the mean of the support minus one, divided by its size, is taken off.
    np.testing.assert_allclose(y, [[0.75, 0.25, 0], [0.7 / 3, 1 / 3, 1.3 / 3], [1, 0, 0]])
    np.testing.assert_allclose(activations.Sparsemax(axis=0)(x.T).T, y)
    check_layer(layers.Activation("sparsemax", dtype="float64"), x)


@pytest.mark.parametrize("key", [key for key in GOLDEN if key.startswith("S.") and "{" in key])
def test_losses(key):
    name, _, settings = key[2:].partition("{")
    loss = getattr(losses, name)(**json.loads("{" + settings))
    close(loss(Y, P), key)
    again = losses.get({"class_name": name, "config": loss.get_config()})
    assert again(Y, P) == loss(Y, P)
    check_loss(loss, Y, P.astype(float))


def test_generalized_cross_entropy():
    loss = losses.CategoricalGeneralizedCrossEntropy(0.6)
    close(loss(np.array([1, 0]), P), "S.GCE")
    check_loss(loss, np.array([1, 0]), P.astype(float))
    with pytest.raises(ValueError, match="q must be a number above 0 and below 1"):
        losses.CategoricalGeneralizedCrossEntropy(1.0)


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("SensitivityAtSpecificity", 0.6),
        ("SpecificityAtSensitivity", 0.7),
        ("PrecisionAtRecall", 0.6),
        ("RecallAtPrecision", 0.7),
    ],
)
def test_metrics_at_operating_points(name, bound):
    labels = np.array([0, 1, 0, 1, 1, 0])
    scores = np.array([0.1, 0.4, 0.35, 0.8, 0.55, 0.6], "float32")
    weights = np.array([1, 2, 1, 0.5, 1, 1])
    kind = getattr(metrics, name)
    coarse = kind(bound, num_thresholds=7)
    close([kind(bound)(labels, scores), coarse(labels, scores, sample_weight=weights)], f"M.{name}")
    assert kind.from_config(coarse.get_config()).get_config() == coarse.get_config()


def test_intersection_and_correlation():
    true, predicted = np.array([0, 1, 2, 2, 1, 0]), np.array([0, 2, 2, 1, 1, 5])
    close(metrics.IoU(3, [0, 2])(true, predicted), "M.IoU")
    close(metrics.MeanIoU(3, ignore_class=0)(true, predicted), "M.MeanIoU")
    one_hot = np.eye(3)[true]
    assert metrics.OneHotMeanIoU(3)(one_hot, one_hot) == pytest.approx(1, abs=1e-6)
    labels, scores = [0, 1, 0, 1, 1, 0], np.array([0.1, 0.4, 0.35, 0.8, 0.55, 0.6], "float32")
    close(metrics.BinaryIoU(threshold=0.5)(labels, scores), "M.BinaryIoU")
    close(metrics.PearsonCorrelation()(Y + P * 0.3, P), "M.Pearson")
    close(metrics.ConcordanceCorrelation()(Y + P * 0.3, P), "M.Conc")


@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        ("MaxNorm", constraints.MaxNorm(1.5)),
        ("NonNeg", constraints.NonNeg()),
        ("UnitNorm", constraints.UnitNorm(1)),
        ("MinMaxNorm", constraints.MinMaxNorm(1, 2, 0.5)),
    ],
)
def test_constraints(name, constraint):
    close(constraint(np.array([[0.5, -1.0], [2.0, 3.0]], "float32")), f"C.{name}")
    again = constraints.get({"class_name": name, "config": constraint.get_config()})
    assert again.get_config() == constraint.get_config()


def test_training_within_constraints_as_keras_does_and_after_loading(tmp_path):
    x = np.array([[1, 2], [3, -1], [0, 1.0]], "float32")
    y = np.array([[9, -9], [2, -3], [4, 5.0]], "float32")
    dense = layers.Dense(
        2, kernel_constraint="max_norm", bias_constraint=constraints.NonNeg(), kernel_initializer="ones"
    )
    model = Sequential([Input((2,)), dense])
    model.compile(optimizers.SGD(0.5), "mse")
    history = model.fit(x, y, epochs=4, batch_size=3, verbose=0, shuffle=False).history["loss"]
    for found, wanted in zip([history, *model.get_weights()], GOLDEN["T"], strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    model.save(tmp_path / "model.npz")
    again = type(model).from_config(model.get_config())
    assert again.layers[0].get_config()["kernel_constraint"]["class_name"] == "MaxNorm"


LAYERS = {
    "DepthwiseConv1D": (
        lambda **s: layers.DepthwiseConv1D(3, padding="same", depth_multiplier=2, dilation_rate=2, **s),
        SERIES,
    ),
    "DepthwiseConv2D": (
        lambda **s: layers.DepthwiseConv2D((2, 3), strides=2, padding="same", activation="tanh", **s),
        IMAGES,
    ),
    "SeparableConv1D": (lambda **s: layers.SeparableConv1D(3, 2, depth_multiplier=2, activation="relu", **s), SERIES),
    "SeparableConv2D": (lambda **s: layers.SeparableConv2D(3, 2, padding="same", **s), IMAGES),
    "GroupNormalization": (lambda **s: layers.GroupNormalization(2, **s), SERIES),
    "GroupNormalization1": (lambda **s: layers.GroupNormalization(3, axis=1, **s), SERIES),
    "UnitNormalization": (lambda **s: layers.UnitNormalization(axis=(1, 2), **s), IMAGES),
    "PReLU": (lambda **s: layers.PReLU(shared_axes=[1], **s), SERIES),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    make, x = LAYERS[name]
    layer = make()
    layer.build(x.shape)
    layer.set_weights([np.cos(np.arange(w.size) + i).reshape(w.shape) for i, w in enumerate(layer.get_weights())])
    y = np.asarray(layer(x))
    shape, total, first = GOLDEN[f"L.{name}"]
    assert list(y.shape) == shape
    assert np.abs(y).sum() == pytest.approx(total, rel=1e-5, abs=1e-4)
    np.testing.assert_allclose(y.ravel()[:3], first, atol=2e-5)
    check_layer(make(dtype="float64"), draw(*x.shape, seed=3))
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize("kind", [layers.GaussianDropout, layers.AlphaDropout, layers.SpatialDropout2D])
def test_kinds_of_dropout(kind):
    shape = (40, 8, 8, 20) if kind is layers.SpatialDropout2D else (40, 500)
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    layer = kind(0.3, seed=1)
    np.testing.assert_array_equal(layer(x), x)
    y = np.asarray(layer(x, training=True))
    assert abs(y.mean()) < 0.05
    if kind is layers.AlphaDropout:
        assert y.std() == pytest.approx(1, abs=0.02)
    check_layer(kind(0.3, seed=1, dtype="float64"), x[:3, :2].astype(float), training=True)


@pytest.mark.parametrize("shape", [(2, -1), (0, 1), "ab", 3, (1.5, 2)])
def test_shapes_of_noise_are_checked(shape):
    with pytest.raises(ValueError, match="noise_shape must be a tuple of whole numbers"):
        layers.Dropout(0.5, noise_shape=shape)


def test_single_weights_are_updated_by_their_gradients():
    layer = layers.Dense(1, kernel_initializer="ones", bias_constraint="non_neg")
    layer.build((None, 2))
    optimizer = optimizers.SGD(0.5, momentum=0.9)
    gradients = [np.full((2, 1), 1.0), np.array([3.0])]
    for _ in range(2):
        optimizer.apply_gradients(zip(gradients, layer.trainable_variables, strict=True))
    np.testing.assert_allclose(layer.kernel.numpy(), 1 - 0.5 - 0.95, rtol=1e-6)
    assert layer.bias.numpy() == 0
    assert optimizer.iterations == 2
    with pytest.raises(ValueError, match="weights of another model"):
        optimizer.apply_gradients(zip(gradients, layers_of_another(), strict=True))


def layers_of_another():
    layer = layers.Dense(1)
    layer.build((None, 2))
    return layer.trainable_variables


def test_losses_and_metrics_of_ones_own_as_programs_for_keras_write_them():
    class Quartic(losses.Loss):
        def call(self, y_true, y_pred):
            return np.mean((y_pred - y_true) ** 4, axis=-1)

    class Largest(metrics.Metric):
        def __init__(self, name="largest", **settings):
            super().__init__(name=name, **settings)
            self.seen = self.add_weight(name="seen", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen.assign(max(float(self.seen), float(np.max(y_pred))))

        def result(self):
            return self.seen

        def reset_state(self):
            self.seen.assign(0.0)

    with pytest.warns(UserWarning, match="has no gradient"):
        check_loss(Quartic(), Y, P.astype(float), tolerance=1e-5)
    model = Sequential([Input((3,)), layers.Dense(3, kernel_initializer="ones")])
    model.compile("sgd", Quartic(), metrics=[Largest()])
    with pytest.warns(UserWarning, match="has no gradient"):
        history = model.fit(P, Y, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]
    assert 0.9 < float(history["largest"][0]) <= 1.2


FORMATS = [
    (lambda **s: layers.Conv1D(3, 2, **s), 1),
    (lambda **s: layers.Conv2D(3, 2, padding="same", activation="tanh", **s), 2),
    (lambda **s: layers.Conv2DTranspose(3, 2, strides=2, **s), 2),
    (lambda **s: layers.SeparableConv2D(3, 2, **s), 2),
    (lambda **s: layers.MaxPooling2D(2, **s), 2),
    (lambda **s: layers.AveragePooling1D(2, **s), 1),
    (lambda **s: layers.GlobalAveragePooling2D(**s), 2),
    (lambda **s: layers.GlobalMaxPooling1D(keepdims=True, **s), 1),
    (lambda **s: layers.UpSampling2D(2, **s), 2),
    (lambda **s: layers.ZeroPadding2D(1, **s), 2),
    (lambda **s: layers.Cropping2D(1, **s), 2),
    (lambda **s: layers.Flatten(**s), 2),
]


@pytest.mark.parametrize(("make", "axes"), FORMATS)
def test_channels_first_are_channels_last_with_the_axes_moved(make, axes):
    x = draw(*(2, 6, 5, 3)[: axes + 1], 4, seed=3)
    last, first = make(dtype="float64"), make(dtype="float64", data_format="channels_first")
    y = np.asarray(last(x))
    first.build(np.moveaxis(x, -1, 1).shape)
    first.set_weights(last.get_weights())
    found = np.asarray(first(np.moveaxis(x, -1, 1)))
    np.testing.assert_allclose(np.moveaxis(found, 1, -1) if found.ndim > 2 else found, y, rtol=1e-12)
    assert first.compute_output_shape((None, *np.moveaxis(x, -1, 1).shape[1:])) == (None, *found.shape[1:])
    assert type(first).from_config(first.get_config()).data_format == "channels_first"
    check_layer(first, np.moveaxis(x, -1, 1))


@pytest.mark.parametrize("kind", [layers.Multiply, layers.Maximum, layers.Minimum])
def test_masked_steps_are_left_out_of_products_and_extremes(kind):
    a, b = draw(2, 3, 2, seed=3), draw(2, 3, 2, seed=4)
    a[0, 1], b[0, 2], a[1, 2], b[1, 2] = 0, 0, 0, 0
    masked = layers.Masking(dtype="float64")
    y = np.asarray(kind(dtype="float64")([masked(a), masked(b)]))
    plain = np.asarray(kind(dtype="float64")([a, b]))
    np.testing.assert_array_equal(y[0], [plain[0, 0], b[0, 1], a[0, 2]])
    np.testing.assert_array_equal(y[1], [plain[1, 0], plain[1, 1], [0, 0]])
    layer = kind(dtype="float64")
    masks = [(one != 0).any(axis=-1) for one in (a, b)]
    y, cache = layer.forward([a, b], mask=masks)
    dy = draw(2, 3, 2, seed=5)
    for own, dx in zip((a, b), layer.backward(dy, cache), strict=True):
        for i in np.ndindex(own.shape):
            value, values = own[i], []
            for own[i] in (value + 1e-6, value - 1e-6):
                values.append((layer.forward([a, b], mask=masks)[0] * dy).sum())
            own[i] = value
            assert dx[i] == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-6)


def test_arrays_carry_the_masks_of_layers_to_the_next_ones():
    x = np.array([[[1.0], [2.0], [0.0]]], "float32")
    assert layers.GlobalAveragePooling1D()(layers.Masking()(x)).numpy().tolist() == [[1.5]]
    cell = layers.LSTM(2, kernel_initializer="ones")
    np.testing.assert_array_equal(cell(layers.Masking()(x)), cell(x[:, :2]))
    assert not np.array_equal(cell(layers.Masking()(x) + 0), cell(x[:, :2]))


def test_the_metric_accuracy_compares_and_its_name_means_what_fits():
    assert metrics.Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]) == 0.75
    assert metrics.get("accuracy")([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]) == 0.5
    again = metrics.get({"class_name": "ExactAccuracy", "config": {"name": "same"}})
    assert type(again) is metrics.Accuracy
    assert type(metrics.get({"class_name": "Accuracy", "config": {"name": "accuracy"}})) is metrics.FittingAccuracy


def test_a_registered_name_does_not_replace_what_is_built_in():
    def mse(y_true, y_pred):
        raise AssertionError

    utils.register_keras_serializable()(mse)
    try:
        assert losses.get("mse")(np.zeros((1, 1)), np.ones((1, 1))) == 1
    finally:
        utils.get_custom_objects().pop("mse")
