"""Attention computes the values of Keras 3.15.1, and its gradients are those of differences."""

import numpy as np
import pytest

from nnlite.gradcheck import check_layer
from nnlite.layers import LSTM, AdditiveAttention, Attention, Dense, Input, Masking, MultiHeadAttention
from nnlite.models import Model, load_model

_RNG = np.random.default_rng(0)
Q, V, K = (_RNG.normal(size=shape).astype("float32") for shape in ((2, 4, 3), (2, 5, 6), (2, 5, 3)))
QUERY_MASK = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], bool)
VALUE_MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]], bool)
MASKS = {"mask": [QUERY_MASK, VALUE_MASK]}
CAUSAL = {"use_causal_mask": True, "return_attention_scores": True}
CASES = {
    "att": (lambda: Attention(), [[Q, K]], {}),
    "att3": (lambda: Attention(use_scale=True), [[Q, V, K]], {}),
    "attmask": (lambda: Attention(), [[Q, V, K]], MASKS),
    "attcausal": (lambda: Attention(score_mode="concat", use_scale=True), [[Q, V, K]], CAUSAL),
    "add": (lambda: AdditiveAttention(), [[Q, V, K]], MASKS),
    "add0": (lambda: AdditiveAttention(use_scale=False), [[Q, K]], {}),
    "mha": (lambda: MultiHeadAttention(2, 4), [Q, Q], {}),
    "mha3": (
        lambda: MultiHeadAttention(2, 4, value_dim=3, output_shape=7, use_bias=False),
        [Q, V, K],
        {"use_causal_mask": True},
    ),
    "mhaatt": (
        lambda: MultiHeadAttention(2, 4),
        [Q, V],
        {"attention_mask": _RNG.random((2, 4, 5)) > 0.4},
    ),
}
# Of Keras: the shape, the sum and the first four values of each output.
EXPECTED = {
    "att": [[[2, 4, 3], -2.0547, [0.27917, -0.14074, 1.03568, 0.36052]]],
    "att3": [[[2, 4, 6], 8.2702, [0.5366, 0.40465, 0.13155, -0.10155]]],
    "attmask": [[[2, 4, 6], 2.8849, [-0.58089, -0.13876, -0.17795, 0.34372]]],
    "attcausal": [[[2, 4, 6], -2.0058, [0.90347, 0.09401, -0.7435, -0.92173]], [[2, 4, 5], 8.0, [1.0, 0.0, 0.0, 0.0]]],
    "add": [[[2, 4, 6], 3.5552, [-0.24137, -0.07362, 0.23268, 0.68294]]],
    "add0": [[[2, 4, 3], 2.5845, [0.01844, 0.29964, 0.68122, 0.1485]]],
    "mha": [[[2, 4, 3], -0.7633, [0.46836, 0.71512, 0.21612, 0.2857]]],
    "mha3": [[[2, 4, 7], -2.0278, [0.43404, -0.54778, 0.49195, 1.73946]]],
    "mhaatt": [[[2, 4, 3], 7.4446, [2.45612, -2.4901, 0.66117, 1.27257]]],
}


def with_known_weights(layer):
    layer.set_weights([np.random.RandomState(i + 1).uniform(-1, 1, w.shape) for i, w in enumerate(layer.get_weights())])
    return layer


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_keras(name):
    make, arrays, settings = CASES[name]
    layer = make()
    layer(*arrays, **settings)
    found = with_known_weights(layer)(*arrays, **settings)
    for one, (shape, total, first) in zip(found if isinstance(found, list) else [found], EXPECTED[name], strict=True):
        assert list(one.shape) == shape
        assert float(one.sum()) == pytest.approx(total, abs=1e-3)
        np.testing.assert_allclose(one.ravel()[:4], first, atol=2e-5)


@pytest.mark.parametrize(
    "layer",
    [
        Attention(dtype="float64"),
        Attention(use_scale=True, dropout=0.3, dtype="float64", seed=1),
        Attention(score_mode="concat", use_scale=True, use_causal_mask=True, dtype="float64"),
        Attention(return_attention_scores=True, dtype="float64"),
        AdditiveAttention(dtype="float64", dropout=0.3),
        AdditiveAttention(use_scale=False, dtype="float64"),
        MultiHeadAttention(2, 3, dtype="float64", bias_initializer="glorot_uniform"),
        MultiHeadAttention(2, 3, 4, 0.3, False, 5, use_causal_mask=True, return_attention_scores=True, dtype="float64"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("count", [2, 3])
def test_gradients(layer, count):
    again = type(layer).from_config(layer.get_config())
    arrays = [Q, K] if count == 2 else [Q, V, K]
    # A bias of the keys moves all scores of a query alike, so that its derivative is 0, but for rounding.
    biased = isinstance(layer, MultiHeadAttention) and layer.use_bias
    check_layer(again, [one.astype("float64") for one in arrays], training=True, tolerance=0.05 if biased else 1e-6)
    if biased:
        (key_bias,) = (weight for weight in again.weights if weight.name == "key_bias")
        assert np.abs(key_bias.gradient).max() < 1e-12


@pytest.mark.parametrize("make", [Attention, AdditiveAttention, lambda: MultiHeadAttention(2, 4)])
def test_masked_steps_and_masked_training(make, tmp_path):
    x = np.random.default_rng(1).normal(size=(6, 5, 3)).astype("float32")
    x[:, 3:] = 0
    inputs = Input((5, 3))
    steps = Masking()(inputs)
    layer = make()
    attended = layer(steps, steps) if isinstance(layer, MultiHeadAttention) else layer([steps, steps])
    model = Model(inputs, Dense(1)(LSTM(3)(attended)))
    before = model.predict(x, verbose=0)
    short = Model(inputs, Dense(1)(LSTM(3)(attended)))
    short.set_weights(model.get_weights())
    np.testing.assert_allclose(short.predict(x, verbose=0), before, atol=1e-6)
    other = x.copy()
    other[:, 4] = 0
    np.testing.assert_allclose(model.predict(other, verbose=0), before, atol=1e-6)
    model.compile("adam", "mse")
    history = model.fit(x, x.sum(axis=(1, 2)), epochs=3, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    model.save(tmp_path / "m.npz")
    np.testing.assert_allclose(load_model(tmp_path / "m.npz").predict(x), model.predict(x), atol=1e-6)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="query and key"):
        Attention()([Input((4, 3)), Input((5, 2))])
    with pytest.raises(ValueError, match="score_mode"):
        Attention(score_mode="cosine")
    with pytest.raises(ValueError, match="query_mask, value_mask"):
        Attention()([Q, K], mask=QUERY_MASK)
    with pytest.raises(ValueError, match="series"):
        MultiHeadAttention(2, 2)(Input((4,)), Input((4,)))
    with pytest.raises(ValueError, match="num_heads"):
        MultiHeadAttention(0, 2)
