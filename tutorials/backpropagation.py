"""Backpropagation, one line of algebra at a time: an autoencoder trained without `Model`, then with it.

Run it from top to bottom (some seconds):  python tutorials/backpropagation.py

Part 1 sends a batch through two layers and its error back through them. Part 2 asks whether the derivatives are right.
Part 3 trains with them. Part 4 lets `Model` do the same, with the layers and with the compiled engine, and compares.
"""

import time

import numpy as np

from nnlite.layers import Dense, Input
from nnlite.losses import MeanSquaredError
from nnlite.models import Model
from nnlite.optimizers import Adam
from nnlite.utils import set_random_seed

set_random_seed(0)
rng = np.random.default_rng(0)

# Three hidden causes drive ten columns: what an autoencoder with three units in the middle can find out.
x = rng.normal(size=(1000, 3)) @ rng.normal(size=(3, 10)) + 0.1 * rng.normal(size=(1000, 10))
x = (x - x.mean(axis=0)) / x.std(axis=0)

# ----------------------------------------------------------------------------------------------
# Part 1. Forwards and backwards
# ----------------------------------------------------------------------------------------------
# A layer is two functions. `forward` returns its output, and what `backward` will need (the cache); `backward` takes
# the derivative of the loss by the output, writes those by the weights, and returns the one by the input.
encoder, decoder = Dense(3, activation="tanh", dtype="float64"), Dense(10, dtype="float64")
loss = MeanSquaredError()


def forward(batch):
    """Return the reconstruction, and the cache of each layer."""
    code, encoder_cache = encoder.forward(batch)
    restored, decoder_cache = decoder.forward(code)
    return restored, (encoder_cache, decoder_cache)


def backward(d_restored, caches):
    """Send the derivative back: the last layer first. Each finds its part of the chain rule in its own cache."""
    encoder_cache, decoder_cache = caches
    d_code = decoder.backward(d_restored, decoder_cache)
    encoder.backward(d_code, encoder_cache)


for layer, width in ((encoder, 10), (decoder, 3)):
    layer.build((None, width))  # draws the weights

batch = x[:32]
restored, caches = forward(batch)
# The mean squared error is the mean of (y - x)^2 over all numbers of the batch: its derivative is 2 (y - x) / n.
d_restored = 2 * (restored - batch) / batch.size
assert np.allclose(d_restored, loss.gradient(batch, restored))
backward(d_restored, caches)

print("Part 1: one batch, forwards and backwards")
print(f"  loss {loss(batch, restored):.4f}; the decoder's gradient has the shape of its kernel: "
      f"{decoder.kernel.gradient.shape} and {decoder.kernel.value.shape}")  # fmt: skip

# ----------------------------------------------------------------------------------------------
# Part 2. Is it right?
# ----------------------------------------------------------------------------------------------
# A derivative says how the loss changes if a weight changes a little. So change it a little and look.
# (`nnlite.gradcheck` does this for every layer in the tests.)
step, worst = 1e-6, 0.0
for weight in (encoder.kernel, encoder.bias, decoder.kernel, decoder.bias):
    for place in np.ndindex(weight.value.shape):
        before = weight.value[place]
        around = []
        for change in (step, -step):
            weight.value[place] = before + change
            around.append(loss(batch, forward(batch)[0]))
        weight.value[place] = before
        worst = max(worst, abs((around[0] - around[1]) / (2 * step) - weight.gradient[place]))

print("\nPart 2: the derivatives, against small changes")
print(
    f"  largest difference over {sum(w.value.size for w in (*encoder.weights, *decoder.weights))} weights: {worst:.1e}"
)

# ----------------------------------------------------------------------------------------------
# Part 3. Training
# ----------------------------------------------------------------------------------------------
# Stochastic gradient descent would be one line: w -= rate * dw. Adam divides by the recent size of the derivative, so
# that flat and steep directions are walked alike. Every weight has two running means: of its derivative, and of the
# square of it.
weights = [*encoder.weights, *decoder.weights]
start = [weight.value.copy() for weight in weights]
means, squares = ([np.zeros_like(weight.value) for weight in weights] for _ in range(2))
rate, beta_1, beta_2, epsilon = 0.01, 0.9, 0.999, 1e-7
losses, t = [], 0
for _ in range(30):
    total = 0.0
    for first in range(0, len(x), 32):
        batch = x[first : first + 32]
        restored, caches = forward(batch)
        backward(loss.gradient(batch, restored), caches)
        t += 1
        for weight, m, v in zip(weights, means, squares, strict=True):
            m += (1 - beta_1) * (weight.gradient - m)
            v += (1 - beta_2) * (weight.gradient**2 - v)
            size = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
            weight.value[...] -= size * m / (np.sqrt(v) + epsilon)
        total += loss(batch, restored) * len(batch)
    losses.append(total / len(x))

print("\nPart 3: thirty passes through the data")
print(f"  loss {losses[0]:.4f} in the first, {losses[-1]:.4f} in the last; noise of 0.1 makes about 0.01 of it")

# ----------------------------------------------------------------------------------------------
# Part 4. The same, by `Model`
# ----------------------------------------------------------------------------------------------
# `Model` sorts the layers, walks through them as above, and calls the optimizer. With backend="numpy" the very
# functions above do the work; with backend="numba" the whole loop runs as machine code (docs/engine.md).
print("\nPart 4: the same with Model")
for backend in ("numpy", "numba"):
    for _ in range(2):  # the first time, machine code has to be made or loaded
        inputs = Input(shape=(10,))
        code = Dense(3, activation="tanh", dtype="float64")(inputs)
        model = Model(inputs, Dense(10, dtype="float64")(code))
        model.compile(optimizer=Adam(learning_rate=rate), loss="mse")
        model.set_weights(start)
        began = time.perf_counter()
        history = model.fit(x, x, epochs=30, batch_size=32, shuffle=False, verbose=0, backend=backend).history["loss"]
        seconds = time.perf_counter() - began
    apart = np.max(np.abs(np.array(history) - losses))
    print(f"  {backend}: loss {history[-1]:.4f}, at most {apart:.0e} from ours in any epoch; {1000 * seconds:.0f} ms")
