"""Writing the whole score of a detector as a header and a source file in C99."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.detectors.autoencoder import LARGEST_INPUT
from anomaly.detectors.blend import LEAST_SCORE
from anomaly.export.c.features import feature_lines
from anomaly.export.c.members import buffer, member_expression, network
from anomaly.export.parts import Blended, Parts, parts_of, reduced
from nnlite.export.c.program import CProgram, literal
from nnlite.export.c.source import constant_texts, identifier
from nnlite.files import atomic_write

_BLEND = """static float @(const float *scores, const float *units, const float *weights, int n, float *z) {
  float highest = -INFINITY, psi = 0.0f;
  for (int m = 0; m < n; m++) {
    z[m] = logf(scores[m] > LEAST ? scores[m] : LEAST) / units[m];
    if (z[m] > highest) highest = z[m];
  }
  if (highest > 0.0f) highest = 0.0f;
  for (int m = 0; m < n; m++)
    psi += weights[m] * ((z[m] > 0.0f ? z[m] : 0.0f) + BOUND * expf(((z[m] < 0.0f ? z[m] : 0.0f) - highest) / BOUND));
  psi /= BOUND;
  return expf(POWER * (psi > 1.0f ? BOUND * (psi - 1.0f) : highest + BOUND * logf(psi)));
}"""

_ROUNDED = """static float @(float score) {
  int exponent;
  const float fraction = frexpf(score, &exponent);
  return ldexpf(rintf(fraction * 8192.0f) / 8192.0f, exponent);
}"""

_SQUARES = """static float @(const float *f, int n, void (*network)(const float *, float *), float limit, float *moved,
    float *found) {
  float sum = 0.0f;
  for (int j = 0; j < n; j++) moved[j] = f[j] < -limit ? -limit : f[j] > limit ? limit : f[j];
  network(moved, found);
  for (int j = 0; j < n; j++) sum += (f[j] - found[j]) * (f[j] - found[j]);
  return sum / (float)n;
}"""


def export_c(detector: Any, folder: str | os.PathLike[str], prototypes: int | None = None) -> tuple[Path, Path]:
    """Write the score of a detector for one record as a header and a source file in C99.

    The functions are ``NAME_score(const float *x)``, of the columns of a record in the order of
    ``feature_names_in_``, and ``NAME_is_anomaly``, whether it is above the threshold. NAME is that of the folder.

    Parameters
    ----------
    detector : TableDetector or AutoencoderDetector
        Fitted on columns of numbers.
    folder : str or path
        Folder of the two files, which is made if it does not exist.
    prototypes : int, optional
        The most prototypes to keep of the remembered records, in whose place they are compared with. By default the
        detector must have prototypes or no records.

    Returns
    -------
    tuple of Path
        The header and the source file.

    Raises
    ------
    NotExportable
        If the detector holds what is not exported, such as categories or remembered records.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from anomaly import TableDetector
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> detector = TableDetector(hidden=(8,), random_state=0).fit(x)
    >>> [path.suffix for path in export_c(detector, tempfile.mkdtemp(), prototypes=20)]
    ['.h', '.c']
    """
    parts = parts_of(reduced(detector, prototypes), "C")
    target = Path(folder)
    name = identifier(target.resolve().name)
    program = CProgram()
    lines, length, memory = _lines(program, parts)
    header, source = _texts(program, name, parts, lines, length, memory)
    target.mkdir(parents=True, exist_ok=True)
    paths = target / f"{name}.h", target / f"{name}.c"
    for path, text in zip(paths, (header, source), strict=True):
        with atomic_write(path) as file:
            file.write(text.encode())
    return paths


def _lines(program: CProgram, parts: Parts) -> tuple[list[str], int, int]:
    """Return the lines of the score, the number of features, and the numbers of RAM of networks."""
    lines = feature_lines(program, parts.table)
    if isinstance(parts.score, Blended):
        members, memory = _ensemble(program, parts.score)
        return [*lines, *members], len(lines), memory
    n = len(lines)
    function, memory = network(program, parts.score, "network")
    name = program.function("mean_square", _SQUARES)
    buffers = ", ".join(buffer(program, one, n) for one in ("moved", "found"))
    return [*lines, f"return {name}(f, {n}, {function}, {literal(LARGEST_INPUT)}, {buffers});"], n, memory


def _ensemble(program: CProgram, blend: Blended) -> tuple[list[str], int]:
    count = len(blend.members)
    memory, lines = 0, [f"static float scores[{count}], z[{count}];"]
    for place, (number, member) in enumerate(blend.members):
        expression, length = member_expression(program, member, number)
        lines.append(f"scores[{place}] = {expression};")
        memory += length
    text = _BLEND.replace("LEAST", literal(LEAST_SCORE)).replace("BOUND", literal(blend.bound))
    name = program.function("blend", text.replace("POWER", literal(blend.power)))
    rounded = program.function("rounded", _ROUNDED)
    units, weights = program.floats(blend.units), program.floats(blend.weights)
    lines.append(f"return {rounded}({name}(scores, {units}, {weights}, {count}, z));")
    return lines, memory + 2 * count


def _texts(program: CProgram, name: str, parts: Parts, lines: list[str], width: int, memory: int) -> tuple[str, str]:
    columns = len(parts.names)
    declared = [line for line in lines if line.startswith("static")]
    body = [line for line in lines if not line.startswith("static")]
    score = [
        f"float {name}_score(const float *x) {{",
        f"  static float f[{width}];",
        *(f"  {line}" for line in declared),
        f"  for (int i = 0; i < {columns}; i++) if (!isfinite(x[i])) return NAN;",
        *(f"  {line}" for line in body),
        "}",
    ]
    decision = f"int {name}_is_anomaly(const float *x) {{ return {name}_score(x) > {name.upper()}_THRESHOLD; }}"
    # Blocks that are arrays come before the functions that name them, in the order in which they were added.
    texts = ["#include <math.h>\n" + f'#include "{name}.h"', *constant_texts(program), *program.functions.values()]
    source = "\n\n".join([*texts, "\n".join(score), decision]) + "\n"
    return _header(program, name, parts, width, memory), source


def _threshold(value: float) -> str:
    """Return the largest float32 number that is not above a threshold: the same scores are above it."""
    number = np.float32(value)
    if float(number) > value:
        number = np.nextafter(number, np.float32(-np.inf))
    return literal(float(number))


def _header(program: CProgram, name: str, parts: Parts, width: int, memory: int) -> str:
    upper = name.upper()
    floats = sum(array.nbytes for array in program.constants.values())
    splits = sum(text.count(",") + 1 for text in program.functions.values() if text.startswith("static const unsigned"))
    arrays = [text for text in program.functions.values() if text.startswith("static float") and "(" not in text]
    memory += width + sum(int(text[text.index("[") + 1 : text.index("]")]) for text in arrays)
    names = "\n".join(f" *   x[{i}]: {_plain(column)}" for i, column in enumerate(parts.names))
    return f"""/* The score of a {parts.kind} for one record, in float32, written by nnlite-anomaly.
 *
{names}
 *
 * Flash: {floats + splits} bytes of constants, without the code. RAM: {4 * memory} bytes, static.
 * The score of a record with a missing or infinite value is NaN. Not for several threads at once.
 */
#ifndef {upper}_H
#define {upper}_H

#ifdef __cplusplus
extern "C" {{
#endif

#define {upper}_COLUMNS {len(parts.names)}
#define {upper}_THRESHOLD {_threshold(parts.threshold)}

float {name}_score(const float *x);
int {name}_is_anomaly(const float *x);

#ifdef __cplusplus
}}
#endif

#endif
"""


def _plain(text: str) -> str:
    """Return text that is safe in a comment."""
    return "".join(character if character.isalnum() or character in " _.-" else "_" for character in text)
