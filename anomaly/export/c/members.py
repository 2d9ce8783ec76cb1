"""Members of an ensemble in C: networks, prototypes, isolation forests and linear regressions."""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly.detectors.table.denoiser import Denoiser
from anomaly.detectors.table.isolation import IsolationForest, average_path_length
from anomaly.detectors.table.linear import LinearRegressions
from anomaly.detectors.table.neighbors import NearestNeighbors
from anomaly.detectors.table.prototypes import Prototypes
from nnlite.export import NotExportable
from nnlite.export.c.program import CProgram, literal
from nnlite.export.c.source import function_body
from nnlite.export.graph import Tensor
from nnlite.models import Model
from nnlite.types import Array

_DENOISER = """static float @(const float *f, const float *noise, const float *weights, int copies, int n,
    void (*network)(const float *, float *), float *moved, float *found) {
  float sum = 0.0f;
  for (int k = 0; k < copies; k++, noise += n) {
    float total = 0.0f;
    for (int j = 0; j < n; j++) moved[j] = f[j] + noise[j];
    network(moved, found);
    for (int j = 0; j < n; j++) total += weights[j] * (f[j] - found[j]) * (f[j] - found[j]);
    sum += total / (float)n;
  }
  return sum / (float)copies;
}"""

_COMPARED = """static float @(float v, int kind) {
  if (kind == 1) return 0.0f;
  if (kind == 2) return 2.0f * v / (1.0f + sqrtf(1.0f + 20.0f * fabsf(v)));
  if (kind == 3 && fabsf(v) > 2.0f) return copysignf(2.0f * (4.0f * sqrtf(sqrtf(fabsf(v) / 2.0f)) - 3.0f), v);
  return v;
}"""

_NEAREST = """static float @(const float *f, const float *records, const float *local, const float *kinds, int count,
    int n, int k, int most, float contrast, float unit, float *now, float *best, float *own) {
  int found = 0;
  for (int j = 0; j < n; j++) now[j] = compared(f[j], (int)kinds[j]);
  for (int i = 0; i < count; i++) {
    float square = 0.0f;
    for (int j = 0; j < n; j++) {
      const float apart = now[j] - compared(records[i * n + j], (int)kinds[j]);
      square += apart * apart;
    }
    if (found == most && square >= best[most - 1]) continue;
    int place = found < most ? found++ : most - 1;
    for (; place > 0 && best[place - 1] > square; place--) {
      best[place] = best[place - 1];
      own[place] = own[place - 1];
    }
    best[place] = square;
    own[place] = local[i];
  }
  float near = 0.0f, all = 0.0f, usual = 0.0f;
  for (int i = 0; i < found; i++) {
    const float distance = sqrtf(best[i]);
    if (i < k) near += distance;
    all += distance;
    usual += own[i];
  }
  return near / ((float)k * unit) + contrast * all / usual;
}"""

_FOREST = """static float @(const float *f, const unsigned char *features, const float *thresholds,
    const float *lengths, int trees, int nodes, float usual) {
  float sum = 0.0f;
  for (int t = 0; t < trees; t++) {
    int node = 0;
    while (node < nodes) node = 2 * node + 1 + (f[features[t * nodes + node]] > thresholds[t * nodes + node]);
    sum += lengths[t * (nodes + 1) + node - nodes];
  }
  return exp2f(-sum / (float)trees / usual);
}"""

_REGRESSIONS = """static float @(const float *f, const float *center, const float *coefficients, const float *weights,
    int n) {
  float total = 0.0f;
  for (int i = 0; i < n; i++) {
    float residual = 0.0f;
    for (int j = 0; j < n; j++) residual += coefficients[i * n + j] * (f[j] - center[j]);
    total += weights[i] * residual * residual;
  }
  return total / (float)n;
}"""

_MOST_FEATURES = 256


def member_expression(program: CProgram, member: Any, number: int) -> tuple[str, int]:
    """Return the score of a member as an expression in C of the features f, and its numbers of RAM."""
    with program.within(f"member {number} {member.kind}"):
        if type(member) is Denoiser:
            return _denoiser(program, member, number)
        if type(member) is Prototypes:
            return _prototypes(program, member)
        if type(member) is IsolationForest:
            return _forest(program, member)
        if type(member) is LinearRegressions:
            return _regressions(program, member)
        if isinstance(member, NearestNeighbors):
            raise NotExportable(
                "the model remembers records, which are too many for C; export it with a number of prototypes, or "
                "keep_records('prototypes') or keep_records('none') first"
            )
    raise NotExportable(f"members of the class {type(member).__name__} are not exported to C")


def network(program: CProgram, model: Model, name: str) -> tuple[str, int]:
    """Add a network as a function of the features; return its name and its numbers of RAM."""
    first = len(program.steps)
    results = program.apply(model, [Tensor("x", tuple(model.inputs[0].shape))])
    length, body = function_body(program, results, first)
    return program.function(name, f"static void @(const float *x, float *y) {{\n{body}}}"), length


def buffer(program: CProgram, name: str, size: int) -> str:
    """Return the name of a static array that several functions may write to."""
    return program.function(f"{name}_{size}", f"static float @[{size}];")


def _denoiser(program: CProgram, member: Denoiser, number: int) -> tuple[str, int]:
    function, length = network(program, member.model, f"network_{number}")
    name = program.function("denoise", _DENOISER)
    copies, n = member.noise_samples.shape
    arrays = [program.floats(member.noise_samples), program.floats(member.weights)]
    buffers = [buffer(program, "moved", n), buffer(program, "found", n)]
    call = f"{name}(f, {', '.join(arrays)}, {copies}, {n}, {function}, {', '.join(buffers)})"
    return f"{call} / {literal(member.scale)}", length


def _prototypes(program: CProgram, member: Prototypes) -> tuple[str, int]:
    program.function("compared", _COMPARED)
    name = program.function("nearest", _NEAREST)
    count, n = member.records.shape
    kinds = np.zeros(n, np.float32)
    if member.magnify:
        kinds[:] = 2
    elif member.tails is not None:
        kinds[member.tails] = 3
    if member.left_out is not None:
        kinds[member.left_out] = 1
    arrays = [program.floats(one) for one in (member.records, member.local_distances, kinds)]
    numbers = [count, n, member.k, member.n_local, literal(member.contrast), literal(member.unit)]
    buffers = [buffer(program, "moved", n), *(buffer(program, one, member.n_local) for one in ("best", "own"))]
    call = f"{name}(f, {', '.join(arrays)}, {', '.join(map(str, numbers))}, {', '.join(buffers)})"
    return f"{call} / {literal(member.scale)}", 0


def _forest(program: CProgram, member: IsolationForest) -> tuple[str, int]:
    if member.width > _MOST_FEATURES:
        raise NotExportable(f"an isolation forest of {member.width} features; C has {_MOST_FEATURES} at most")
    trees, nodes = member.features.shape
    numbers = ", ".join(map(str, member.features.ravel().tolist()))
    features = program.function("splits", f"static const unsigned char @[{trees * nodes}] = {{{numbers}}};")
    arrays = [features, program.floats(member.thresholds), program.floats(_path_lengths(member))]
    usual = literal(float(average_path_length(member.subsample)))
    name = program.function("isolate", _FOREST)
    return f"{name}(f, {', '.join(arrays)}, {trees}, {nodes}, {usual}) / {literal(member.scale)}", 0


def _regressions(program: CProgram, member: LinearRegressions) -> tuple[str, int]:
    arrays = [program.floats(one) for one in (member.center, member.coefficients, member.weights)]
    name = program.function("regress", _REGRESSIONS)
    return f"{name}(f, {', '.join(arrays)}, {member.width}) / {literal(member.scale)}", 0


def _path_lengths(member: IsolationForest) -> Array:
    """Return the length of the path to each end of the trees."""
    splits = np.zeros((len(member.thresholds), 1))
    first = 0
    while splits.shape[1] < member.counts.shape[1]:
        count = splits.shape[1]
        splits = np.repeat(splits + np.isfinite(member.thresholds[:, first : first + count]), 2, axis=1)
        first += count
    return np.asarray(splits + average_path_length(np.maximum(member.counts, 1)))
