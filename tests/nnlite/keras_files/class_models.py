"""Models of classes with ``call``, whose weights Keras orders by their attributes: the same code for Keras and nnlite.

All layers have four features, so that weights in a wrong order are wrong values, not an error.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

RANDOM_SEEDS = range(16)


def models(keras: Any) -> dict[str, Any]:
    """Return functions of no argument that make a model and the shape of its input, by name."""
    layers, ops, Model = keras.layers, keras.ops, keras.Model

    def dense(activation=None, **settings):
        return layers.Dense(4, activation=activation, **settings)

    class Block(layers.Layer):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.second, self.norm, self.first = dense(), layers.BatchNormalization(), dense("tanh", name="first")

        def call(self, x):
            return x + self.second(self.norm(self.first(x)))

    class Late(Model):
        """A list and a dictionary that are filled behind another layer, and an attribute that is replaced."""

        def __init__(self):
            super().__init__()
            self.blocks, self.named = [], {}
            self.out = dense()
            self.blocks.append(dense("tanh"))
            self.blocks += [Block(), [dense(), dense("tanh")]]
            self.named["z"] = dense()
            self.named.update({"a": dense("tanh")})
            self.last = dense()
            self.last = Block()

        def call(self, x):
            first, block, (a, b) = self.blocks
            return self.last(self.out(b(a(block(first(self.named["a"](self.named["z"](x))))))))

    class Own(layers.Layer):
        """Weights of its own, of which one does not train, and a layer that is made with them."""

        def __init__(self):
            super().__init__()
            self.out = dense()

        def build(self, input_shape):
            self.shift = self.add_weight(shape=(4,), initializer="zeros", trainable=False)
            self.inner = dense("tanh")
            self.scale = self.add_weight(name="scale", shape=(4,), initializer="ones")

        def call(self, x):
            return self.out(self.inner(x) * self.scale + self.shift)

    class Autoencoder(Model):
        def __init__(self):
            super().__init__()
            self.encoder = keras.Sequential([dense("relu"), layers.BatchNormalization(), dense()])
            self.decoder, self.own = Own(), Own()
            self.encoder.trainable = False

        def call(self, x):
            return self.decoder(self.encoder(self.own(x)))

    class Positions(layers.Layer):
        def __init__(self):
            super().__init__()
            self.steps, self.places = layers.Dense(4), layers.Embedding(5, 4)

        def call(self, x):
            return self.steps(x) + self.places(ops.arange(0, 5, 1))

    class Attending(layers.Layer):
        def __init__(self):
            super().__init__()
            self.attention = layers.MultiHeadAttention(num_heads=2, key_dim=4)
            self.feeding = keras.Sequential([dense("relu"), dense()])
            self.after, self.before = layers.LayerNormalization(), layers.LayerNormalization()

        def call(self, x, training=False):
            y = self.before(x + self.attention(x, x))
            return self.after(y + self.feeding(y))

    class Series(Model):
        def __init__(self):
            super().__init__()
            self.out = dense()
            self.both = layers.Bidirectional(layers.LSTM(4, return_sequences=True))
            self.cells = layers.RNN([layers.GRUCell(4), layers.SimpleRNNCell(4)])

        def call(self, x):
            return self.out(self.cells(self.both(x)))

    class Decoding(layers.Layer):
        """A block that is called with several arguments."""

        def __init__(self):
            super().__init__()
            self.attention, self.own = layers.MultiHeadAttention(2, 2), dense()

        def call(self, x, context, double=False, training=False):
            y = self.own(x) + self.attention(x, context)
            return 2 * y if double else y

    class Translating(Model):
        def __init__(self):
            super().__init__()
            self.decoding, self.again = Decoding(), Decoding()
            self.both = layers.Bidirectional(layers.RNN(layers.GRUCell(4), return_sequences=True), merge_mode="sum")

        def call(self, x):
            context = self.both(x)
            return self.again(self.decoding(x, context), context=context, double=True)

    def graph():
        inputs = keras.Input((4,))
        block = Block()
        return Model(inputs, dense()(layers.add([block(dense("tanh")(inputs)), Block()(dense()(inputs))]))), (4,)

    def chain():
        return keras.Sequential([keras.Input((4,)), dense(), Block(), layers.Dropout(0.1), Block(), Own()]), (4,)

    def transformer():
        inputs = keras.Input((5, 4))
        return Model(inputs, dense()(layers.Flatten()(Attending()(Attending()(Positions()(inputs)))))), (5, 4)

    found = {
        "late": lambda: (Late(), (4,)),
        "autoencoder": lambda: (Autoencoder(), (4,)),
        "series": lambda: (Series(), (5, 4)),
        "translating": lambda: (Translating(), (5, 4)),
        "graph": graph,
        "chain": chain,
        "transformer": transformer,
    }
    return found | {f"random {seed}": lambda seed=seed: random_model(keras, seed) for seed in RANDOM_SEEDS}


def random_model(keras: Any, seed: int) -> tuple[Any, tuple[int, ...]]:
    """Return a model of nested classes, with attributes, lists, dictionaries and weights in random order."""
    layers, rng = keras.layers, random.Random(seed)
    leaves = (
        lambda: layers.Dense(4, activation="tanh"),
        lambda: layers.Dense(4),
        layers.BatchNormalization,
        layers.LayerNormalization,
        lambda: keras.Sequential([layers.Dense(4, activation="tanh"), layers.BatchNormalization(), layers.Dense(4)]),
    )

    def kind(depth: int, base: Any) -> Any:
        n = rng.randint(2, 4)
        places = [rng.choice(["attribute", "list", "dictionary"]) for _ in range(n)]
        inner = [
            kind(depth - 1, rng.choice([layers.Layer, keras.Model])) if rng.random() < depth / 3 else None
            for _ in range(n)
        ]
        made_of = [rng.choice(leaves) for _ in range(n)]
        order, names = rng.sample(range(n), n), rng.sample("abcdefghij", n)
        has_weights, in_build = rng.random() < 0.5, rng.random() < 0.5

        class Random(base):
            def __init__(self):
                super().__init__()
                if has_weights and not in_build:
                    self.declare()
                self.listed, self.named, parts = [], {}, []
                for number, place in enumerate(places):
                    part = (inner[number] or made_of[number])()
                    parts.append(part)
                    if place == "attribute":
                        setattr(self, names[number], part)
                    elif place == "list":
                        self.listed.append(part)
                    else:
                        self.named[names[number]] = part
                self.parts = tuple(parts)

            def declare(self):
                self.shift = self.add_weight(shape=(4,), initializer="zeros", trainable=False, name="shift")
                self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")

            def build(self, input_shape):
                if has_weights and in_build:
                    self.declare()
                super().build(input_shape)

            def call(self, x):
                y = x * self.scale + self.shift if has_weights else x
                for number in order:
                    y = self.parts[number](y)
                return y + x

        return Random

    top = kind(2, keras.Model)
    if seed % 2:
        return top(), (4,)
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(4)(layers.add([top()(layers.Dense(4)(inputs)), inputs]))), (4,)


def with_known_weights(keras: Any, name: str) -> tuple[Any, Any]:
    """Return a model whose weights are known numbers in their order, and its input."""
    model, shape = models(keras)[name]()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, *shape)).astype(np.float32)
    model(x)
    model.set_weights([rng.uniform(0.2, 1.0, one.shape).astype(np.float32) / one.ndim for one in model.get_weights()])
    return model, x
