"""What other exporters make of a classifier: runs in a Python that has them.

    PYTHON benchmarks/c/peer.py FOLDER

fits a network of scikit-learn, writes its weights (``weights.npz``) and emlearn's program (``peer.h``), and prints the
versions, the folder of emlearn's headers and what m2cgen says as JSON.
"""

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import emlearn
import m2cgen
import numpy as np
from sklearn.neural_network import MLPClassifier


def main(folder: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 10))
    y = np.argmax(x @ rng.normal(size=(10, 3)), axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = MLPClassifier((32, 16), max_iter=60, random_state=0).fit(x, y)
    weights = [
        np.asarray(one, np.float32) for pair in zip(fitted.coefs_, fitted.intercepts_, strict=True) for one in pair
    ]
    np.savez(folder / "weights.npz", *weights)
    emlearn.convert(fitted, method="inline", dtype="float").save(file=str(folder / "peer.h"), name="peer")
    try:
        m2cgen.export_to_c(fitted)
        refusal = ""
    except NotImplementedError as error:
        refusal = str(error)
    found = {name: version(name) for name in ("emlearn", "m2cgen")}
    print(json.dumps({**found, "headers": str(Path(emlearn.__file__).parent), "refusal": refusal}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
