"""Changed files of models in every format: each is refused, or loaded and used, within bounds.

    python -m tests.nnlite.mutated_models --files 50000

changes models of this package, files of Keras (`.keras`, `.weights.h5`, `.h5`) and weights of PyTorch (safetensors), as
`tests.anomaly.mutated_files` changes detectors.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nnlite.archive import dump_archive, read_archive
from nnlite.imports import load_torch_weights
from nnlite.layers import (
    GRU,
    LSTM,
    Add,
    BatchNormalization,
    Conv1D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Input,
    MaxPooling1D,
    RepeatVector,
    TimeDistributed,
    UpSampling1D,
    ZeroPadding2D,
)
from nnlite.models import Model, Sequential, load_model
from nnlite.utils import set_random_seed
from tests.anomaly.mutated_files import MEGABYTES, change_array, change_json, changed_bytes, peak, trial
from tests.nnlite.imports.files import content_of

FORMATS = ("npz", "keras", "weights.h5", "h5", "safetensors")


def models() -> list[tuple[Model, np.ndarray]]:
    """Return small models with many kinds of layers, each with an input."""
    set_random_seed(0)
    rng = np.random.default_rng(0)
    inputs = Input((5,))
    hidden = Dense(5, "relu")(inputs)
    merged = Model(inputs, Dense(2)(Add()([inputs, Dropout(0.2)(BatchNormalization()(hidden))])))
    convolved = [Conv1D(3, 3, dilation_rate=2), MaxPooling1D(2), UpSampling1D(2), Flatten(), Dense(2)]
    recurrent = [LSTM(4), RepeatVector(3), GRU(3, return_sequences=True), TimeDistributed(Dense(2))]
    pictures = [Conv2DTranspose(2, 3, strides=2, padding="same"), ZeroPadding2D(1), Flatten(), Dense(2)]
    words = [Embedding(7, 3), GlobalAveragePooling1D(), Dense(2)]
    found = [
        (merged, rng.normal(size=(4, 5))),
        (Sequential([Input((12, 2)), *convolved]), rng.normal(size=(3, 12, 2))),
        (Sequential([Input((6, 2)), *recurrent]), rng.normal(size=(3, 6, 2))),
        (Sequential([Input((4, 4, 1)), *pictures]), rng.normal(size=(3, 4, 4, 1))),
        (Sequential([Input((6,)), *words]), rng.integers(0, 7, (3, 6)).astype(float)),
    ]
    for model, x in found:
        model.compile("adam", "mse")
        model.fit(x, model.predict(x), epochs=1, verbose=0)
    return [(model, x.astype(np.float32)) for model, x in found]


def mutated(content: bytes, form: str, rng: random.Random) -> tuple[bytes, bool]:
    """Return a changed file, and whether nothing but bytes that checksums cover was changed."""
    if form == "npz" and rng.random() < 0.8:
        config, arrays = read_archive(content, "model")
        for _ in range(rng.choice((1, 1, 2, 5))):
            change_json(config, rng) if rng.random() < 0.7 or not arrays else change_array(arrays, rng)
        try:
            return dump_archive("model", config, arrays), False
        except ValueError:  # a dtype that no file has
            return content, False
    if form == "keras" and rng.random() < 0.85:
        return _changed_members(content, rng), False
    if form == "safetensors" and rng.random() < 0.5:
        return _changed_header(content, rng), False
    return changed_bytes(content, rng), form in ("npz", "keras")


def _changed_members(content: bytes, rng: random.Random) -> bytes:
    """Change a member of a `.keras` file, whose checksum is right then."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(changed, "w") as after:
        chosen = rng.choice(("config.json", "config.json", "config.json", "model.weights.h5", "metadata.json"))
        for name in before.namelist():
            member = before.read(name)
            if name == chosen and name.endswith(".json"):
                config = json.loads(member)
                for _ in range(rng.choice((1, 1, 2, 5))):
                    change_json(config, rng)
                member = json.dumps(config).encode()
            elif name == chosen:
                member = changed_bytes(member, rng)
            if rng.random() < 0.98:
                after.writestr(name, member)
    return changed.getvalue()


def _changed_header(content: bytes, rng: random.Random) -> bytes:
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    change_json(header, rng)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def files(folder: Path) -> list[tuple[str, Path, Callable[[], Model], np.ndarray]]:
    """Write a file of each model and format; return formats, paths, what loads them, and inputs."""
    found = []
    for number, (model, x) in enumerate(models()):
        for form in FORMATS if number == 1 else FORMATS[:-1]:
            path = folder / f"{number}.{form}"
            if form == "safetensors":
                # PyTorch has fewer layers.
                model = Sequential([Input((3,)), Dense(4, name="a"), Dense(2, name="b")])
                model.compile("adam", "mse")
                x = x[:, 0, :1] * np.ones(3, np.float32)
                arrays = {
                    f"{layer.name}.{name}": weight.value.T if name == "weight" else weight.value
                    for layer in model.layers
                    for name, weight in zip(("weight", "bias"), layer.weights, strict=False)
                }
                path.write_bytes(content_of(arrays))
            elif form == "weights.h5":
                model.save_weights(path)
            else:
                model.save(path)
            found.append((form, path, _loader(model, path, form), x))
    return found


def _loader(model: Model, path: Path, form: str) -> Callable[[], Model]:
    def load() -> Model:
        if form == "safetensors":
            load_torch_weights(model, path)
            return model
        if form == "weights.h5":
            model.load_weights(path)
            return model
        return load_model(path)

    return load


def run(count: int, seed: int = 0) -> tuple[Counter[str], list[str]]:
    """Try so many changed files; return how often each result was found, and descriptions of what must not be."""
    counts: Counter[str] = Counter()
    failures = []
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kinds = [
            (form, path, path.read_bytes(), load, x, load().predict(x, verbose=0))
            for form, path, load, x in files(Path(name))
        ]
        for number in range(count):
            rng = random.Random(f"{seed} {number}")
            form, path, content, load, x, expected = kinds[number % len(kinds)]
            changed, is_covered = mutated(content, form, rng)
            path.write_bytes(changed)
            before = peak()
            result = trial(load, lambda model, x=x: model.predict(x, verbose=0), expected if is_covered else None)
            if peak() - before > MEGABYTES:
                result = f"MEMORY {result}"
            counts[f"{form} {result.splitlines()[0]}"] += 1
            # Finite weights may give any output.
            if result not in ("refused", "scored", "error", "NOT FINITE"):
                failures.append(f"seed {seed} {number}, {path.name}: {result}")
    return counts, failures


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    counts, failures = run(options.files, options.seed)
    for failure in failures:
        print(failure)
    print(f"{options.files:,} files in {time.monotonic() - began:,.0f} s: {dict(sorted(counts.items()))}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
