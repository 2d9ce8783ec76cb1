"""Writing the whole score of a detector as a header and a source file in C99."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from anomaly.detectors.autoencoder import LARGEST_INPUT
from anomaly.detectors.blend import LEAST_SCORE
from anomaly.export.c.features import feature_lines
from anomaly.export.c.header import header_text
from anomaly.export.c.members import buffer, member_expression, network
from anomaly.export.c.reasons import reason_lines
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


def export_c(
    detector: Any,
    folder: str | os.PathLike[str],
    prototypes: int | None = None,
    reasons: bool = False,
    *,
    int8: bool = False,
) -> tuple[Path, Path]:
    """Write the score of a detector for one record as a header and a source file in C99.

    The functions are ``NAME_score(const float *x)``, of the columns of a record in the order of
    ``feature_names_in_``, and ``NAME_is_anomaly``, whether it is above the threshold. NAME is that of the folder. A
    text of a column of categories is given as its number in the table ``NAME_codes_COLUMN`` of the header.

    Parameters
    ----------
    detector : TableDetector or AutoencoderDetector
        Fitted on columns of numbers, booleans and categories.
    folder : str or path
        Folder of the two files, which is made if it does not exist.
    prototypes : int, optional
        The most prototypes to keep of the remembered records, in whose place they are compared with. By default the
        detector must have prototypes or no records.
    reasons : bool, default False
        Whether there is also ``NAME_reasons(const float *x, float *reasons)``, the contribution of each column to the
        score: of an `AutoencoderDetector` those of `explain`, of a `TableDetector` by the errors of a network.
    int8 : bool, default False
        Whether the weights of dense layers are whole numbers of 8 bits, a quarter of their memory. The threshold is
        that of float32.

    Returns
    -------
    tuple of Path
        The header and the source file.

    Raises
    ------
    NotExportable
        If the detector holds what is not exported, such as times or remembered records.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from anomaly import TableDetector
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> detector = TableDetector(hidden=(8,), random_state=0).fit(x)
    >>> [path.suffix for path in export_c(detector, tempfile.mkdtemp(), prototypes=20)]
    ['.h', '.c']
    """
    exported = reduced(detector, prototypes)
    parts = parts_of(exported, "C")
    target = Path(folder)
    name = identifier(target.resolve().name)
    program = CProgram(int8=int8)
    width = parts.features.width
    text = "\n  ".join(feature_lines(program, parts.table, parts.category_weight))
    program.function("features", f"static int @(const float *x, float *f) {{\n  {text}\n}}")
    own, memory = _lines(program, parts, width)
    functions = [_function(program, width, f"float {name}_score(const float *x)", ["return NAN;"], own)]
    if reasons:
        columns, count = parts.features.columns, len(parts.names)
        lines, more = reason_lines(program, exported, columns, count, f"{name}_score")
        nothing = [f"for (int c = 0; c < {count}; c++) reasons[c] = NAN;", "return;"]
        functions.append(
            _function(program, width, f"void {name}_reasons(const float *x, float *reasons)", nothing, lines)
        )
        memory += more
    target.mkdir(parents=True, exist_ok=True)
    source = _source(program, name, functions)
    paths = target / f"{name}.h", target / f"{name}.c"
    for path, text in zip(paths, (header_text(program, name, parts, memory, reasons), source), strict=True):
        with atomic_write(path) as file:
            file.write(text.encode())
    return paths


def _lines(program: CProgram, parts: Parts, n: int) -> tuple[list[str], int]:
    """Return the lines that compute the score from n features, and the numbers of RAM of networks."""
    if isinstance(parts.score, Blended):
        return _ensemble(program, parts.score)
    function, memory = network(program, parts.score, "network")
    name = program.function("mean_square", _SQUARES)
    buffers = ", ".join(buffer(program, one, n) for one in ("moved", "found"))
    return [f"return {name}(f, {n}, {function}, {literal(LARGEST_INPUT)}, {buffers});"], memory


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


def _function(program: CProgram, width: int, signature: str, nothing: list[str], lines: list[str]) -> str:
    """Return a function of a record, with what it does if a value of the record has no features."""
    first = f"float *const f = {buffer(program, 'features_of', width)};"
    declared = [line for line in lines if line.startswith("static")]
    body = [line for line in lines if not line.startswith("static")]
    check = ["if (!features(x, f)) {", *(f"  {line}" for line in nothing), "}"]
    return f"{signature} {{\n" + "\n".join(f"  {line}" for line in [first, *declared, *check, *body]) + "\n}"


def _source(program: CProgram, name: str, functions: list[str]) -> str:
    decision = f"int {name}_is_anomaly(const float *x) {{ return {name}_score(x) > {name.upper()}_THRESHOLD; }}"
    # Blocks that are arrays come before the functions that name them, in the order in which they were added.
    texts = ["#include <math.h>\n" + f'#include "{name}.h"', *constant_texts(program), *program.functions.values()]
    return "\n\n".join([*texts, *functions, decision]) + "\n"
