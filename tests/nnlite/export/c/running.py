"""Exported programs, compiled by one run of gcc with sanitizers, and their comparison with `predict`."""

import shutil
import subprocess

import numpy as np
import pytest

from nnlite.data import as_list
from nnlite.export.c import export_c
from nnlite.export.c.source import identifier

RELATIVE = 1e-5
"""Largest error relative to the largest output: sums of terms of both signs round differently in another order."""

FLAGS = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


def with_random_weights(model):
    """Draw matrices anew, alike in every run, and add positive numbers to vectors, so that variances stay positive."""
    rng = np.random.default_rng(2)
    model.set_weights(
        [
            rng.uniform(-0.5, 0.5, weight.shape) if weight.ndim > 1 else weight + 0.1 * rng.random(weight.shape)
            for weight in model.get_weights()
        ]
    )
    return model


OTHER_PROCESSORS = {
    "32-bit ARM": ("arm-linux-gnueabihf-gcc", "qemu-arm"),
    "AArch64": ("aarch64-linux-gnu-gcc", "qemu-aarch64"),
}
"""Compilers for other processors, and what runs their programs."""


def compiled(models, folder, compiler="gcc", more=SANITIZERS, int8=False):
    """Export models, and compile them with a program that runs them on records from its standard input."""
    sources, includes, cases = [], [], []
    for i, model in enumerate(models):
        header, source = export_c(model, folder / f"net{i}.c", int8)
        sources.append(source)
        includes.append(f'#include "{header.name}"')
        cases.append(_case(identifier(source.stem), i, model))
    main = folder / "main.c"
    main.write_text(
        "#include <stdio.h>\n"
        + "\n".join(includes)
        + "\nstatic float x[1 << 16], y[1 << 16];\nint main(void) {\n  int which;\n"
        + "  while (fread(&which, sizeof which, 1, stdin) == 1) {\n"
        + "\n".join(cases)
        + "\n  }\n  return 0;\n}\n"
    )
    program = folder / "program"
    subprocess.run([compiler, *FLAGS, *more, *sources, main, "-lm", "-o", program], check=True, cwd=folder)
    return program


def _case(name, number, model):
    takes = [int(np.prod(one.shape[1:])) for one in model.inputs]
    gives = [int(np.prod(one.shape[1:])) for one in model.outputs]
    parts = [f"x + {sum(takes[:i])}" for i in range(len(takes))] + [f"y + {sum(gives[:i])}" for i in range(len(gives))]
    return (
        f"    if (which == {number}) {{\n"
        f"      if (fread(x, sizeof *x, {sum(takes)}, stdin) != {sum(takes)}) return 1;\n"
        f"      {name}_predict({', '.join(parts)});\n"
        f"      fwrite(y, sizeof *y, {sum(gives)}, stdout);\n"
        "    }"
    )


def run(program, number, model, inputs):
    """Return the outputs of one of the compiled models; `program` may be a list, with what runs it."""
    command = program if isinstance(program, list) else [program]
    rows = len(inputs[0])
    records = np.concatenate([np.reshape(one, (rows, -1)).astype(np.float32) for one in inputs], axis=1)
    mark = np.full((rows, 1), number, np.int32).view(np.float32)
    sent = np.concatenate([mark, records], axis=1).tobytes()
    done = subprocess.run(command, input=sent, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    shapes = [tuple(one.shape[1:]) for one in model.outputs]
    found = np.frombuffer(done.stdout, np.float32).reshape(rows, -1)
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    return [one.reshape(rows, *shape) for one, shape in zip(np.split(found, ends, axis=1), shapes, strict=True)]


def assert_same_results(program, number, model, inputs, names=None, cancelling=()):
    """Compare the outputs of a compiled model with those of `predict`; some cancel to the last digits of the input."""
    inputs = [one.astype(np.float32) for one in inputs]
    expected = as_list(model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0, backend="numpy"))
    for i, (found, wanted) in enumerate(zip(run(program, number, model, inputs), expected, strict=True)):
        largest = float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0))
        if names and names[i] in cancelling:
            largest = float(np.nanmax(np.abs(inputs[0])))
        np.testing.assert_allclose(
            found, wanted, rtol=RELATIVE, atol=RELATIVE * largest, err_msg=names[i] if names else f"output {i}"
        )
