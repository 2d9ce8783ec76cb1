import copy
import pickle

import numpy as np
import pytest

from nnlite.graph import topological_order
from nnlite.layers import (
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Flatten,
    Input,
    InputLayer,
    Reshape,
)
from nnlite.losses import Huber
from nnlite.models import Model, Sequential, clone_model
from nnlite.optimizers import Adam
from nnlite.utils import clear_session, set_random_seed, to_categorical
from tests.nnlite.arrays import draw_single as draw


def autoencoder():
    inputs = Input((4,))
    code = Dense(2, "relu", name="code")(inputs)
    return Model(inputs, Dense(4, name="output")(code))


def test_a_model_computes_its_layers_in_order():
    model = autoencoder()
    x = draw(3, 4)
    code, output = model.get_layer("code"), model.get_layer("output")
    expected = np.maximum(x @ code.kernel.value + code.bias.value, 0) @ output.kernel.value
    np.testing.assert_allclose(model.predict(x), expected + output.bias.value, rtol=1e-5)


def test_all_weights_are_one_vector():
    model = autoencoder()
    assert model.parameters.shape == (22,)
    model.parameters[...] = 0
    assert all((weight == 0).all() for weight in model.get_weights())
    model.get_layer("code").kernel.value[0, 0] = 5
    assert 5 in model.parameters


def test_trainable_weights_come_first_in_the_vector():
    model = Sequential([Input((3,)), BatchNormalization(), Dense(2)])
    vector = model.weight_vector
    assert vector.n_trainable == 3 + 3 + 6 + 2
    assert [name for name, _ in vector.layout] == ["gamma", "beta", "kernel", "bias"]
    np.testing.assert_array_equal(model.parameters[vector.n_trainable :], [0, 0, 0, 1, 1, 1])


def test_weights_of_a_frozen_layer_are_not_trainable():
    model = autoencoder()
    model.get_layer("code").trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(draw(8, 4), draw(8, 4), epochs=2)
    after = model.get_weights()
    assert model.weight_vector.n_trainable == 12
    np.testing.assert_array_equal(after[0], before[0])
    assert (after[2] != before[2]).any()


def test_freezing_a_model_freezes_all_its_layers():
    model = autoencoder()
    model.trainable = False
    assert not model.trainable
    assert model.trainable_weights == []
    assert len(model.non_trainable_weights) == 4


def test_two_models_of_the_same_layers_share_their_weights():
    model = autoencoder()
    encoder = Model(model.input, model.get_layer("code").output)
    x = draw(6, 4)
    model.compile("sgd", "mse")
    model.fit(x, x, epochs=1)
    np.testing.assert_array_equal(encoder.predict(x), model.get_layer("code")(x))
    # Training the part moves the weights to its own vector; the whole still sees them.
    encoder.compile("sgd", "mse")
    encoder.fit(x, draw(6, 2), epochs=3)
    np.testing.assert_array_equal(encoder.get_weights()[0], model.get_weights()[0])
    model.fit(x, x, epochs=1)
    np.testing.assert_array_equal(encoder.get_weights()[0], model.get_weights()[0])


def test_a_model_is_a_layer_of_a_larger_one():
    encoder = Sequential([Input((4,)), Dense(2, "tanh")], name="encoder")
    decoder = Sequential([Input((2,)), Dense(4)], name="decoder")
    inputs = Input((4,))
    model = Model(inputs, decoder(encoder(inputs)))
    x = draw(5, 4)
    np.testing.assert_array_equal(model.predict(x), decoder.predict(encoder.predict(x)))
    assert model.count_params() == encoder.count_params() + decoder.count_params()
    model.compile("adam", "mse")
    before = encoder.get_weights()[0]
    model.fit(x, x, epochs=2)
    assert (encoder.get_weights()[0] != before).any()


def test_a_nested_model_with_several_inputs_and_outputs():
    a, b = Input((2,)), Input((3,))
    inner = Model([a, b], [Concatenate()([a, b]), Dense(2)(b)], name="inner")
    left, right = Input((2,)), Input((3,))
    joined, projected = inner([left, right])
    outer = Model([left, right], Dense(1)(Concatenate()([joined, projected])))
    assert outer.predict([draw(4, 2), draw(4, 3)]).shape == (4, 1)
    only_one = Model([left, right], joined)
    only_one.compile("sgd", "mse")
    only_one.fit([draw(4, 2), draw(4, 3)], draw(4, 5))


def test_inputs_and_outputs_by_name():
    a, b = Input((2,), name="a"), Input((3,), name="b")
    model = Model({"a": a, "b": b}, {"sum": Dense(1)(Concatenate()([a, b])), "b2": Dense(2)(b)})
    assert model.input_names == ["a", "b"]
    assert model.output_names == ["b2", "sum"]  # as in Keras, in the order of the names
    pair = Model([a, b], [Dense(1, name="z")(a), Dense(1, name="y")(b)])
    assert pair.output_names == Model.from_config(pair.get_config()).output_names == ["z", "y"]
    model.compile("sgd", {"sum": "mse", "b2": "mae"}, loss_weights={"b2": 0.5}, metrics={"sum": "mae"})
    x = {"b": draw(4, 3), "a": draw(4, 2)}
    y = {"sum": draw(4, 1), "b2": draw(4, 2)}
    history = model.fit(x, y, epochs=1).history
    assert set(history) == {"loss", "sum_loss", "b2_loss", "sum_mean_absolute_error"} or set(history) == {
        "loss",
        "sum_loss",
        "b2_loss",
        "sum_mae",
    }
    with pytest.raises(ValueError, match=r"x must have one entry for each of \['a', 'b'\]; found \['a'\]"):
        model.predict({"a": draw(4, 2)})
    with pytest.raises(ValueError, match="x must be a list of 2 arrays"):
        model.predict(draw(4, 2))
    with pytest.raises(ValueError, match="same number of rows"):
        model.predict([draw(4, 2), draw(3, 3)])
    with pytest.raises(ValueError, match=r"the keys of loss must be names of outputs, .*; found \['c'\]"):
        model.compile("sgd", {"c": "mse"})


def test_sequential_learns_its_input_from_the_data():
    model = Sequential([Dense(3, "relu"), Dense(2)])
    assert not model.built
    model.compile("sgd", "mse")
    model.fit(draw(6, 5), draw(6, 2))
    assert model.built
    assert model.input_shape == (None, 5)
    assert model.output_shape == (None, 2)


def test_sequential_takes_the_shape_from_its_first_layer():
    assert Sequential([Dense(3, input_shape=(5,)), Dense(2)]).count_params() == 26
    assert Sequential([Dense(3, input_dim=5)]).count_params() == 18


def test_sequential_build_and_call():
    model = Sequential([Dense(3)])
    assert model.build((None, 4)) == (None, 3)
    assert model(draw(2, 4)).shape == (2, 3)
    unbuilt = Sequential([Dense(3)])
    assert unbuilt(draw(2, 4)).shape == (2, 3)
    assert unbuilt(Input((4,))).shape == (None, 3)


def test_sequential_grows_and_shrinks():
    model = Sequential()
    model.add(Input((4,)))
    model.add(Dense(3))
    model.add(Dense(2))
    assert [layer.units for layer in model.layers] == [3, 2]
    assert model.pop().units == 2
    assert model.output_shape == (None, 3)
    assert model.count_params() == 15
    model.pop()
    with pytest.raises(ValueError, match="no layers to remove"):
        model.pop()


def test_sequential_rejects_invalid_chains():
    with pytest.raises(TypeError, match="takes layers; found str"):
        Sequential(["relu"])
    with pytest.raises(ValueError, match="must be the first"):
        Sequential([Dense(2), Input((3,))])
    with pytest.raises(ValueError, match="already has a layer 'same'"):
        Sequential([Dense(2, name="same"), Dense(2, name="same")])
    with pytest.raises(ValueError, match="has no layers yet"):
        Sequential(name="empty").predict(draw(2, 2))


def test_a_graph_must_start_at_its_inputs():
    a, b = Input((2,), name="a"), Input((2,), name="b")
    with pytest.raises(ValueError, match="depend on the input 'b', which is not among its inputs"):
        Model(a, Add()([a, b]))
    with pytest.raises(ValueError, match="no output of model .* depends on its input 'b'"):
        Model([a, b], Dense(2)(a))
    with pytest.raises(ValueError, match=r"must come from Input"):
        Model(Dense(2)(a), Dense(2)(a))
    with pytest.raises(TypeError, match="inputs must be symbolic tensors"):
        Model(draw(2, 2), a)
    with pytest.raises(ValueError, match="outputs must not be empty"):
        Model(a, [])


def test_layers_of_a_model_need_names_of_their_own():
    inputs = Input((2,))
    with pytest.raises(ValueError, match=r"several layers named \['twin'\]"):
        Model(inputs, Dense(2, name="twin")(Dense(2, name="twin")(inputs)))


def test_layers_of_two_dtypes_are_rejected():
    inputs = Input((2,))
    model = Model(inputs, Dense(2, dtype="float64")(Dense(2)(inputs)))
    with pytest.raises(ValueError, match="must have one dtype; found float32, float64"):
        _ = model.parameters


def test_get_layer():
    model = autoencoder()
    assert isinstance(model.get_layer(index=0), InputLayer)
    assert model.get_layer(index=-1) is model.get_layer("output")
    with pytest.raises(ValueError, match="has no layer 'nope'; it has"):
        model.get_layer("nope")
    with pytest.raises(ValueError, match="has 3 layers; found index=9"):
        model.get_layer(index=9)
    with pytest.raises(ValueError, match="either a name or an index"):
        model.get_layer()


def test_set_random_seed_gives_the_same_bits():
    def run():
        set_random_seed(3)
        model = Sequential([Input((4,)), Dense(8, "relu"), Dropout(0.2), Dense(4)])
        model.compile("adam", "mse")
        x = draw(50, 4)
        model.fit(x, x, epochs=3)
        return model.parameters.copy()

    np.testing.assert_array_equal(run(), run())


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, None])
def test_set_random_seed_rejects_invalid_seeds(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        set_random_seed(seed)


@pytest.mark.parametrize("through", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_complete_and_independent(through):
    model = autoencoder()
    model.compile("adam", "mse")
    x = draw(9, 4)
    model.fit(x, x, epochs=2)
    other = through(model)
    np.testing.assert_array_equal(other.predict(x), model.predict(x))
    before = model.get_weights()[0]
    other.fit(x, x, epochs=1)
    np.testing.assert_array_equal(model.get_weights()[0], before)


@pytest.mark.parametrize("loss", ["mse", Huber(0.5), {"out": "mse"}])
@pytest.mark.parametrize("through", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_of_unbuilt_models_stay_compiled(through, loss):
    model = Sequential([Dense(2), Dense(3, name="out")])
    model.compile(Adam(0.02), loss, loss_weights={"out": 2}, metrics={"out": ["mae"]}, weighted_metrics=["mse"])
    other = through(model)
    assert not other.built
    x = draw(9, 4)
    results = []
    for one in (model, other):
        set_random_seed(3)
        results.append(one.fit(x, x[:, :3], epochs=3).history)
    assert results[0] == results[1]
    assert set(results[0]) == {"loss", "mae", "mse"}
    assert other.optimizer.learning_rate == model.optimizer.learning_rate
    assert through(Sequential([Dense(2)])).compiled is False


def test_a_chain_that_was_built_by_hand_after_compile_is_copied():
    model = Sequential([Dense(2)])
    model.compile("sgd", "mse")
    model.build((None, 3))
    assert copy.deepcopy(model).train_on_batch(draw(4, 3), draw(4, 2)) > 0


def test_a_clone_has_the_same_layers_and_fresh_weights():
    model = autoencoder()
    other = clone_model(model)
    assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
    assert (other.get_weights()[0] != model.get_weights()[0]).any()
    with pytest.raises(RuntimeError, match="has not been compiled"):
        other.fit(draw(2, 4), draw(2, 4))


def test_a_chain_of_a_thousand_layers_works():
    inputs = Input((2,))
    x = inputs
    for _ in range(1000):
        x = Activation("linear")(x)
    model = Model(inputs, x)
    data = draw(3, 2)
    np.testing.assert_array_equal(model.predict(data), data)


def test_topological_order_puts_each_node_after_its_inputs():
    inputs = Input((2,))
    a = Dense(2)(inputs)
    b = Dense(2)(a)
    c = Add()([b, a, inputs])
    nodes = topological_order([c])
    position = {id(node): i for i, node in enumerate(nodes)}
    assert len(nodes) == 4
    for node in nodes:
        assert all(position[id(tensor.node)] < position[id(node)] for tensor in node.inputs)


def test_one_layer_may_give_several_outputs():
    a, b = Input((2,)), Input((2,))
    shared = Dense(1, name="shared")
    model = Model([a, b], [shared(a), shared(b)])
    assert model.output_names == ["shared", "shared_1"]


def test_reshaping_layers_in_a_model():
    model = Sequential([Input((6,)), Reshape((2, 3)), Dense(4), Flatten()])
    assert model.output_shape == (None, 8)
    assert model.predict(draw(5, 6)).shape == (5, 8)


def test_summary_names_every_layer_and_counts_weights():
    lines = []
    model = Sequential([Input((3,)), BatchNormalization(name="norm"), Dense(2, name="out")], name="net")
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "Model: 'net'" in text
    assert "norm (BatchNormalization)" in text
    assert "out (Dense)" in text
    assert "Total params: 20 (80.00 B)" in text
    assert "Trainable params: 14" in text
    assert "Non-trainable params: 6" in text
    assert max(map(len, lines)) <= 80


def test_summary_of_a_graph_names_connected_layers(capsys):
    a, b = Input((2,), name="left"), Input((2,), name="right")
    Model([a, b], Add(name="total")([a, b])).summary(line_length=90)
    printed = capsys.readouterr().out
    assert "Connected to" in printed
    assert "left, right" in printed


def test_summary_of_a_large_model_counts_in_larger_units():
    lines = []
    Sequential([Input((1000,)), Dense(1000)]).summary(print_fn=lines.append)
    assert any("1,001,000 (3.82 MB)" in line for line in lines)


def test_clear_session_restarts_the_numbering():
    clear_session()
    assert Dense(2).name == "dense"
    assert Dense(2).name == "dense_1"
    clear_session()
    assert Dense(2).name == "dense"


def test_to_categorical():
    assert to_categorical([[1], [0]], 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    with pytest.raises(ValueError, match="from 0 to 1; found 0 to 2"):
        to_categorical([0, 2], 2)
