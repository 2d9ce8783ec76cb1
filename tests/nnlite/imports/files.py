"""Writing of safetensors files, as tests need them."""

import json
from pathlib import Path

from nnlite.imports import read_safetensors

REFERENCE = Path(__file__).parents[1] / "reference" / "torch_weights.safetensors"
"""Modules of PyTorch 2.14.1 with inputs ``x.KIND`` and outputs ``y.KIND``; made by ``make_torch_reference``."""

KINDS = {"f": "F", "i": "I", "u": "U"}


def content_of(arrays, **changes):
    """Return the bytes of a file; `changes` replace fields of every entry."""
    header, data = {"__metadata__": {"by": "a test"}}, b""
    for name, array in arrays.items():
        place = [len(data), len(data) + array.nbytes]
        dtype = f"{KINDS[array.dtype.kind]}{8 * array.dtype.itemsize}"
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": place, **changes}
        data += array.tobytes()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def reference():
    """Return the tensors of all modules, and the inputs and outputs."""
    return read_safetensors(REFERENCE)


def module_file(folder, kind, name):
    """Write the tensors of one module of the reference, under another name; return the file."""
    tensors = {key: array for key, array in reference().items() if key.startswith(f"{kind}.")}
    path = folder / "weights.safetensors"
    path.write_bytes(content_of({f"{name}{key.removeprefix(kind)}": array for key, array in tensors.items()}))
    return path
