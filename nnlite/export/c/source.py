"""Writing a collected program as a header and a source file in C99."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

import nnlite.export.c.activations
import nnlite.export.c.convolution
import nnlite.export.c.dense
import nnlite.export.c.merging
import nnlite.export.c.normalization
import nnlite.export.c.pooling
import nnlite.export.c.recurrent
import nnlite.export.c.reshaping  # noqa: F401, each registers its rules
from nnlite.export.c.activations import copy
from nnlite.export.c.memory import lifetimes, places
from nnlite.export.c.program import BUFFER, CProgram, Tensor, literal, size_of
from nnlite.files import atomic_write
from nnlite.network import Network
from nnlite.types import Array

_A_LINE = 8


def export_c(model: Network, filepath: str | os.PathLike[str], int8: bool = False) -> tuple[Path, Path]:
    """Write the computation of a model for one record as a header and a source file in C99.

    Parameters
    ----------
    model : Network
        Model whose input shapes are known.
    filepath : str or path
        Name of the source file, with the ending ".c", or of a folder, which is made if it does not exist: the files
        then have the name of the model.
    int8 : bool, default False
        Whether weights of dense layers are whole numbers of 8 bits, each output with its own scale.

    Returns
    -------
    tuple of Path
        The header and the source file.

    Raises
    ------
    NotExportable
        If a layer is not exported to C.
    ValueError
        If the model has no weights yet.

    See Also
    --------
    nnlite.models.Model.export : The same as a method, with details.
    """
    target = Path(filepath)
    if target.suffix == ".c":
        name = identifier(target.stem)
        source = target
    else:
        name = identifier(model.name)
        source = target / f"{name}.c"
    header_text, source_text = c_texts(model, name, source.with_suffix(".h").name, int8)
    source.parent.mkdir(parents=True, exist_ok=True)
    for path, text in ((source.with_suffix(".h"), header_text), (source, source_text)):
        with atomic_write(path) as file:
            file.write(text.encode())
    return source.with_suffix(".h"), source


def identifier(name: str) -> str:
    """Return a name as C has it at the beginning of others.

    Examples
    --------
    >>> identifier("my-model.2"), identifier("2nd")
    ('my_model_2', 'm_2nd')
    """
    text = re.sub(r"[^0-9A-Za-z_]", "_", name)
    return text if re.match(r"[A-Za-z]", text) else f"m_{text}"


def c_texts(model: Network, name: str, header: str, int8: bool = False) -> tuple[str, str]:
    """Return the texts of the header and of the source file."""
    if not model.inputs:
        raise ValueError(
            f"model {model.name!r} does not know the shape of its inputs yet; fit it, call it on data, or give the "
            "first layer an Input"
        )
    program = CProgram(int8=int8)
    many = len(model.inputs) > 1
    inputs = [Tensor(f"x{i}" if many else "x", tuple(one.shape)) for i, one in enumerate(model.inputs)]
    results = program.apply(model, inputs)
    length, body = function_body(program, results)
    signature = _signature(name, inputs, results)
    table = cost_table(program, length)
    text = "\n\n".join(
        [
            f'#include <math.h>\n#include "{header}"',
            *constant_texts(program),
            *program.functions.values(),
            f"{signature} {{\n{body}}}",
        ]
    )
    return _header(name, inputs, results, signature, table), text + "\n"


def function_body(program: CProgram, results: list[Tensor], first: int = 0) -> tuple[int, str]:
    """Return the length of the work array, and the lines of a function with the steps from the first one on.

    The parameters of the outputs are y, or y0, y1 and so on.
    """
    outputs = _owned(program, results)
    steps = program.steps[first:]
    lives = lifetimes(steps)
    inner = {one: size for one, size in program.sizes.items() if one not in outputs and one in lives}
    offsets, length = places(inner, lives)
    lines = [f"static float work[{length}];"] if length else []
    lines += [f"float *const {one} = work + {offset};" for one, offset in offsets.items()]
    lines += [f"float *const {one} = {place};" for one, place in outputs.items()]
    layer = ""
    for step in steps:
        if step.layer != layer:
            layer = step.layer
            lines.append(f"/* {_comment(layer)} */")
        lines.append(step.text)
    return length, "".join(f"  {line}\n" for line in lines)


def constant_texts(program: CProgram) -> list[str]:
    """Return the definitions of the constants."""
    return [_constant(one, array, program.owners[one]) for one, array in program.constants.items()]


def _owned(program: CProgram, results: list[Tensor]) -> dict[str, str]:
    """Return the parameter for each buffer that is an output; one that is an input, or twice, is copied."""
    outputs: dict[str, str] = {}
    for i, result in enumerate(results):
        fits = BUFFER.fullmatch(result.name) and result.name not in outputs
        outputs[result.name if fits else copy(program, result)] = f"y{i}" if len(results) > 1 else "y"
    return outputs


def _signature(name: str, inputs: list[Tensor], results: list[Tensor]) -> str:
    outputs = [f"y{i}" for i in range(len(results))] if len(results) > 1 else ["y"]
    parameters = [f"const float *{one.name}" for one in inputs] + [f"float *{one}" for one in outputs]
    return f"void {name}_predict({', '.join(parameters)})"


def _comment(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z_. -]", "_", text) or "output"


def _constant(name: str, array: Array, owner: str) -> str:
    whole = array.dtype == np.int8
    numbers = [str(one) if whole else literal(one) for one in np.ravel(array).tolist()]
    kind = "signed char" if whole else "float"
    lines = [", ".join(numbers[i : i + _A_LINE]) for i in range(0, len(numbers), _A_LINE)]
    return f"/* {_comment(owner)} */\nstatic const {kind} {name}[{len(numbers)}] = {{\n" + ",\n".join(lines) + "};"


def cost_table(program: CProgram, length: int) -> str:
    """Return the table of layers: shape of the output, bytes of constants, and operations."""
    held: dict[str, int] = {}
    for name, array in program.constants.items():
        held[program.owners[name]] = held.get(program.owners[name], 0) + array.nbytes
    done: dict[str, int] = {}
    for step in program.steps:
        done[step.layer] = done.get(step.layer, 0) + step.operations
    lines = [f"{'layer':<40} {'output':<16} {'flash bytes':>12} {'operations':>12}"]
    for layer, (kind, shape) in program.layers.items():
        size = " x ".join(map(str, shape))
        lines.append(
            f"{_comment(f'{layer} - {kind}'):<40} {size:<16} {held.get(layer, 0):>12} {done.get(layer, 0):>12}"
        )
    lines.append(f"{'in all':<40} {'':<16} {sum(held.values()):>12} {sum(done.values()):>12}")
    lines.append(f"RAM: {4 * length} bytes, static, and the inputs and outputs of the caller.")
    lines.append("Flash: the weights, without the code. Operations: products with their sums, and calls of functions.")
    return "\n".join(f" * {line}".rstrip() for line in lines)


def _header(name: str, inputs: list[Tensor], outputs: list[Tensor], signature: str, table: str) -> str:
    guard = f"{name.upper()}_H"
    sizes = []
    for word, tensors in (("INPUT", inputs), ("OUTPUT", outputs)):
        for i, one in enumerate(tensors):
            number = f"_{i}" if len(tensors) > 1 else ""
            shape = " x ".join(str(size) for size in one.shape[1:])
            sizes.append(f"#define {name.upper()}_{word}{number}_SIZE {size_of(one)} /* {shape} */")
    return f"""/* A neural network for one record, in float32, written by nnlite.
 *
{table}
 *
 * The inputs and outputs must not overlap. Not for several threads at once: the RAM is shared by all calls.
 */
#ifndef {guard}
#define {guard}

#ifdef __cplusplus
extern "C" {{
#endif

{chr(10).join(sizes)}

{signature};

#ifdef __cplusplus
}}
#endif

#endif
"""
