"""A first autoencoder, what is wrong with it, and the version that works.

Run it from top to bottom (about ten seconds):  python tutorials/seed_example.py

Part 1 is the kind of program that introductions to anomaly detection show. It is written for Keras and runs here after
changing its two import lines. It runs, and it finds "outliers". Part 2 asks whether those mean anything. Part 3 does
the job.
"""

# ----------------------------------------------------------------------------------------------
# Part 1. The program of the introductions
# ----------------------------------------------------------------------------------------------
import numpy as np

from nnlite.layers import Dense, Input  # was: from keras.layers import Input, Dense
from nnlite.models import Model  # was: from keras.models import Model
from nnlite.utils import set_random_seed

set_random_seed(0)  # added: the same figures in every run

# Random data; "100 outliers" are made by adding 0.5.
n_samples = 1000
n_features = 10
n_outlier = 100
X = np.random.randn(n_samples, n_features)  # noqa: NPY002
X[:, :n_outlier] += 0.5

# An autoencoder: ten numbers are squeezed through five and restored.
input_layer = Input(shape=(n_features,))
encoder = Dense(5, activation="relu")(input_layer)
decoder = Dense(n_features, activation="sigmoid")(encoder)
autoencoder = Model(input_layer, decoder)
autoencoder.compile(optimizer="adam", loss="mse")

# Training: the records are their own targets.
autoencoder.fit(X, X, epochs=100, batch_size=32, shuffle=True, verbose=0)

# Detection: where a value is off by more than 0.5, call it an outlier.
reconstruction_error = autoencoder.predict(X)
outliers = np.where(np.abs(reconstruction_error - X) > 0.5)[0]

print("Part 1: the program runs")
print(f"  final loss {autoencoder.history.history['loss'][-1]:.3f}")
print(f"  'outliers': {len(outliers):,} found among {n_samples:,} records - more than there are records")

# ----------------------------------------------------------------------------------------------
# Part 2. What is wrong with it
# ----------------------------------------------------------------------------------------------
print("\nPart 2: what is wrong")

# (a) There is nothing to find. `X[:, :100]` picks the first 100 *columns*; there are ten, so every value of every
# record is shifted. The author meant `X[:100]`, the first 100 rows.
first, rest = X[:100].mean(), X[100:].mean()
print(f"  (a) mean of the 'outlier' rows {first:.2f}, of all others {rest:.2f}: all were shifted alike")

# (b) The output cannot reach the data. A sigmoid gives numbers between 0 and 1; most of the data lies outside.
outside = np.mean((X < 0) | (X > 1))
produced = autoencoder.predict(X)
reach = f"{produced.min():.2f} to {produced.max():.2f}"
print(f"  (b) {outside:.0%} of the values lie outside [0, 1]; the network gives {reach}")

# (c) `np.where(...)[0]` lists the row of every *cell* that is off, so a record comes once for each bad cell.
records = np.unique(outliers)
print(f"  (c) the {len(outliers):,} numbers name {len(records):,} different records: nearly all of them are 'outliers'")

# (d) Even a right network could not help here: independent random columns have no structure to learn.
# Five numbers cannot stand for ten unrelated ones, whoever chooses them. The best that *any* five can do:
centred = X - X.mean(axis=0)
variances = np.linalg.svd(centred, compute_uv=False) ** 2
best = variances[5:].sum() / variances.sum()
print(f"  (d) the best five linear features still lose {best:.0%} of the variance of independent columns")

# ----------------------------------------------------------------------------------------------
# Part 3. The version that works
# ----------------------------------------------------------------------------------------------
# Records with structure: three hidden causes drive ten columns. The values of the anomalies are normal in every single
# column, but violate the dependencies between columns: no limit on a single column could find them.
rng = np.random.default_rng(0)
causes = rng.normal(size=(n_samples, 3))
X = causes @ rng.normal(size=(3, n_features)) + 0.1 * rng.normal(size=(n_samples, n_features))
truth = np.zeros(n_samples, dtype=int)
truth[:n_outlier] = 1
for column in range(n_features):
    X[:n_outlier, column] = rng.permutation(X[:n_outlier, column])

# Train on records known to be normal, test on the others.
normal = X[truth == 0]
train, test = normal[:600], np.concatenate([normal[600:], X[truth == 1]])
test_truth = np.concatenate([np.zeros(len(normal) - 600, dtype=int), np.ones(n_outlier, dtype=int)])

# Standardize by the training records; a linear output can take any value.
mean, spread = train.mean(axis=0), train.std(axis=0)
train_scaled, test_scaled = (train - mean) / spread, (test - mean) / spread

input_layer = Input(shape=(n_features,))
encoder = Dense(3, activation="linear")(Dense(16, activation="relu")(input_layer))
decoder = Dense(n_features)(Dense(16, activation="relu")(encoder))
autoencoder = Model(input_layer, decoder)
autoencoder.compile(optimizer="adam", loss="mse")
autoencoder.fit(train_scaled, train_scaled, epochs=100, batch_size=32, verbose=0)

# One score a record: its mean squared error. The threshold is the score that 1 % of the training records exceed.
train_score = np.mean((autoencoder.predict(train_scaled) - train_scaled) ** 2, axis=1)
test_score = np.mean((autoencoder.predict(test_scaled) - test_scaled) ** 2, axis=1)
threshold = np.quantile(train_score, 0.99)
found = test_score > threshold

print("\nPart 3: the version that works")
print(f"  final loss {autoencoder.history.history['loss'][-1]:.3f} (1 would be no better than the mean)")
print(f"  anomalies found: {np.sum(found & (test_truth == 1))} of {n_outlier}")
print(f"  false alarms: {np.sum(found & (test_truth == 0))} of {np.sum(test_truth == 0)}")

# `AutoencoderDetector` is these steps as a class, and those left out here: categories, missing values, explanations,
# files. `TableDetector`, the default of the command line, blends several networks with the distances to the nearest
# training records.
from anomaly import AutoencoderDetector, TableDetector  # noqa: E402
from anomaly.metrics import roc_auc_score  # noqa: E402

print(f"  the same by hand: ROC AUC {roc_auc_score(test_truth, test_score):.3f}")
for kind in (AutoencoderDetector, TableDetector):
    detector = kind(random_state=0).fit(train)
    print(f"  {kind.__name__}: ROC AUC {roc_auc_score(test_truth, detector.decision_function(test)):.3f}")
