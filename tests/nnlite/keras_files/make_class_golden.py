"""Write golden/classes.json with Keras 3: ``KERAS_BACKEND=torch python make_class_golden.py`` where it is there."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

from class_models import models, with_known_weights  # noqa: E402


def main() -> None:
    """Write the shapes and flags of all weights, the output, and the arrays of a weights file, of every model."""
    import h5py
    import keras

    found = {}
    for name in models(keras):
        model, x = with_known_weights(keras, name)
        path = Path(tempfile.mkdtemp()) / "m.weights.h5"
        model.save_weights(path)
        arrays = {}
        with h5py.File(path) as file:
            file.visititems(
                lambda key, one, a=arrays: a.update({key: float(one[()].sum())}) if hasattr(one, "shape") else None
            )
        found[name] = {
            "shapes": [list(one.shape) for one in model.get_weights()],
            "trainable": [bool(one.trainable) for one in model.weights],
            "layers": [type(one).__name__ for one in model.layers],
            "output": np.asarray(model.predict(x, verbose=0)).tolist(),
            "arrays": arrays,
        }
    (FOLDER / "golden" / "classes.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
