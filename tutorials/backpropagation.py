"""Backpropagation, one equation at a time: an autoencoder trained by hand, then with layers, then with `Model`.

Run it from top to bottom (some seconds):  python tutorials/backpropagation.py

Part 1 computes the loss of a small network and the derivative with respect to each weight, in plain NumPy. Part 2 does
the same with layers. Part 3 checks the derivatives with central differences. Part 4 trains the network. Part 5 trains
it with `Model`, on the layers and on the compiled engine, and compares the losses.

Notation: x is the input, W and b are the weights of a layer, and da stands for the derivative of the loss with respect
to a, an array of the same shape as a.
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

# 1000 records of ten features. Three hidden causes generate them, so that an autoencoder with a code of three numbers
# can reconstruct them, except for the noise.
data = rng.normal(size=(1000, 3)) @ rng.normal(size=(3, 10)) + 0.1 * rng.normal(size=(1000, 10))
data = (data - data.mean(axis=0)) / data.std(axis=0)

# ----------------------------------------------------------------------------------------------
# Part 1. The chain rule in NumPy
# ----------------------------------------------------------------------------------------------
# The encoder maps a record to three numbers, the decoder maps these back to ten:
#
#     z = x W1 + b1,   h = tanh(z),   y = h W2 + b2,   loss = mean of (y - x)^2
x = data[:32]
W1, b1 = 0.3 * rng.normal(size=(10, 3)), np.zeros(3)
W2, b2 = 0.3 * rng.normal(size=(3, 10)), np.zeros(10)

z = x @ W1 + b1
h = np.tanh(z)
y = h @ W2 + b2
loss = np.mean((y - x) ** 2)

# Backward, from the loss to the first weights. Each line is the chain rule for one line above.
dy = 2 * (y - x) / y.size  # loss = mean of (y - x)^2, over all y.size elements
dW2 = h.T @ dy  # y = h W2 + b2: the weights act through every record, so their derivatives are sums over records
db2 = dy.sum(axis=0)
dh = dy @ W2.T  # each element of h acts through all elements of its row of y
dz = dh * (1 - h**2)  # h = tanh(z), and tanh' = 1 - tanh^2
dW1 = x.T @ dz
db1 = dz.sum(axis=0)

print("Part 1: the chain rule in NumPy")
print(f"  loss {loss:.4f}; shapes of dW1 {dW1.shape}, db1 {db1.shape}, dW2 {dW2.shape}, db2 {db2.shape}")

# ----------------------------------------------------------------------------------------------
# Part 2. The same with layers
# ----------------------------------------------------------------------------------------------
# A layer has two methods. `forward` returns the output and a cache, which holds what `backward` needs. `backward` takes
# the derivative with respect to the output, writes those with respect to the weights, and returns the one with respect
# to the input. nnlite/layers/dense.py contains the lines above for one layer.
encoder, decoder = Dense(3, activation="tanh", dtype="float64"), Dense(10, dtype="float64")
mean_squared_error = MeanSquaredError()


def forward(x):
    """Return the reconstruction of x, and the caches of both layers."""
    h, encoder_cache = encoder.forward(x)
    y, decoder_cache = decoder.forward(h)
    return y, (encoder_cache, decoder_cache)


def backward(dy, caches):
    """Write the gradients of all weights, beginning with the last layer."""
    encoder_cache, decoder_cache = caches
    dh = decoder.backward(dy, decoder_cache)
    encoder.backward(dh, encoder_cache)


for layer, values in ((encoder, (W1, b1)), (decoder, (W2, b2))):
    layer.build((None, len(values[0])))
    layer.set_weights(values)

y, caches = forward(x)
backward(mean_squared_error.gradient(x, y), caches)
assert np.isclose(mean_squared_error(x, y), loss)
for weight, gradient in zip((*encoder.weights, *decoder.weights), (dW1, db1, dW2, db2), strict=True):
    assert np.allclose(weight.gradient, gradient)

print("\nPart 2: the same with layers")
print(f"  loss {mean_squared_error(x, y):.4f}, and the same gradients")

# ----------------------------------------------------------------------------------------------
# Part 3. Are the derivatives right?
# ----------------------------------------------------------------------------------------------
# A derivative is the limit of (loss(w + step) - loss(w - step)) / (2 step). So compute that for every weight.
# (`nnlite.gradcheck` does it for every layer in the tests.)
step, largest = 1e-6, 0.0
weights = [*encoder.weights, *decoder.weights]
for weight in weights:
    for i in np.ndindex(weight.value.shape):
        value = weight.value[i]
        weight.value[i] = value + step
        loss_plus = mean_squared_error(x, forward(x)[0])
        weight.value[i] = value - step
        loss_minus = mean_squared_error(x, forward(x)[0])
        weight.value[i] = value
        difference = (loss_plus - loss_minus) / (2 * step) - weight.gradient[i]
        largest = max(largest, abs(difference))

print("\nPart 3: the derivatives and central differences")
print(f"  largest difference over {sum(weight.value.size for weight in weights)} weights: {largest:.1e}")

# ----------------------------------------------------------------------------------------------
# Part 4. Training
# ----------------------------------------------------------------------------------------------
# Stochastic gradient descent is one line: w -= rate * dw. Adam divides the steps by the recent size of the derivative,
# so that flat and steep directions get steps of similar size. Each weight has two moving averages: m of its derivative,
# and v of the square of its derivative.
initial = [weight.value.copy() for weight in weights]
averages = [np.zeros_like(weight.value) for weight in weights]
squares = [np.zeros_like(weight.value) for weight in weights]
rate, beta_1, beta_2, epsilon = 0.01, 0.9, 0.999, 1e-7
losses, t = [], 0
for _ in range(30):
    total = 0.0
    for first in range(0, len(data), 32):
        x = data[first : first + 32]
        y, caches = forward(x)
        backward(mean_squared_error.gradient(x, y), caches)
        t += 1
        for weight, m, v in zip(weights, averages, squares, strict=True):
            m += (1 - beta_1) * (weight.gradient - m)
            v += (1 - beta_2) * (weight.gradient**2 - v)
            corrected_rate = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)  # m and v begin at 0: too small at first
            weight.value[...] -= corrected_rate * m / (np.sqrt(v) + epsilon)
        total += mean_squared_error(x, y) * len(x)
    losses.append(total / len(data))

print("\nPart 4: thirty epochs of training")
print(f"  loss {losses[0]:.4f} in the first, {losses[-1]:.4f} in the last; about 0.01 of it is the noise")

# ----------------------------------------------------------------------------------------------
# Part 5. The same with `Model`
# ----------------------------------------------------------------------------------------------
# `Model` sorts the layers and calls them in this order, backward in reverse order (nnlite/network.py); `fit` is the
# loop above (nnlite/training.py). With backend="numpy" the same layers compute; with backend="numba" the whole loop is
# machine code (docs/engine.md).
print("\nPart 5: the same with Model")
for backend in ("numpy", "numba"):
    for _ in range(2):  # the first fit includes compilation, or loading of compiled code
        inputs = Input(shape=(10,))
        code = Dense(3, activation="tanh", dtype="float64")(inputs)
        model = Model(inputs, Dense(10, dtype="float64")(code))
        model.compile(optimizer=Adam(learning_rate=rate), loss="mse")
        model.set_weights(initial)
        began = time.perf_counter()
        history = model.fit(data, data, epochs=30, batch_size=32, shuffle=False, verbose=0, backend=backend).history
        seconds = time.perf_counter() - began
    apart = np.max(np.abs(np.array(history["loss"]) - losses))
    print(
        f"  {backend}: loss {history['loss'][-1]:.4f}, at most {apart:.0e} from ours in any epoch; "
        f"{1000 * seconds:.0f} ms"
    )
