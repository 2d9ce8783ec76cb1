"""Reasons in C: the contributions of the columns to a score."""

from __future__ import annotations

from typing import Any

import numpy as np

from anomaly.detectors.autoencoder import LARGEST_INPUT, AutoencoderDetector
from anomaly.detectors.network_attribution import levels_of, log_of
from anomaly.export.c.members import buffer, network
from nnlite.export import NotExportable
from nnlite.export.c.program import CProgram, literal
from nnlite.types import Array

# By the errors of a network in noisy copies, as `Ensemble.view` has them.
_SHARES = """static void @(const float *f, const float *noise, const float *weights, const float *columns, int copies,
    int n, void (*network)(const float *, float *), float *moved, float *found, int width, float score,
    float *reasons) {
  double total = 0.0;
  for (int c = 0; c < width; c++) reasons[c] = 0.0f;
  for (int k = 0; k < copies; k++, noise += n) {
    for (int j = 0; j < n; j++) moved[j] = f[j] + noise[j];
    network(moved, found);
    for (int j = 0; j < n; j++) reasons[(int)columns[j]] += weights[j] * (f[j] - found[j]) * (f[j] - found[j]);
  }
  for (int c = 0; c < width; c++) total += reasons[c];
  for (int c = 0; c < width; c++) reasons[c] = total > 0.0 ? (float)(score * (reasons[c] / total)) : 0.0f;
}"""

# The terms of the score of an autoencoder by column; returns their sum.
_TERMS = """static double @(const float *f, const float *columns, int n, void (*network)(const float *, float *),
    float *moved, float *found, int width, float *terms) {
  double sum = 0.0;
  for (int c = 0; c < width; c++) terms[c] = 0.0f;
  for (int j = 0; j < n; j++) moved[j] = f[j] < -LIMIT ? -LIMIT : f[j] > LIMIT ? LIMIT : f[j];
  network(moved, found);
  for (int j = 0; j < n; j++) terms[(int)columns[j]] += (f[j] - found[j]) * (f[j] - found[j]) / (float)n;
  for (int c = 0; c < width; c++) sum += terms[c];
  return sum;
}"""

# What the network makes of each column from all others, and how far the record is from it.
_EXPECT = """static void @(const float *f, const float *columns, int n, void (*network)(const float *, float *),
    float *moved, float *found, int width, float *expected, float *apart) {
  for (int c = 0; c < width; c++) {
    int has = 0;
    for (int j = 0; j < n; j++) has += (int)columns[j] == c;
    apart[c] = 0.0f;
    if (!has) continue;
    for (int j = 0; j < n; j++) moved[j] = f[j] < -4.0f ? -4.0f : f[j] > 4.0f ? 4.0f : f[j];
    for (int j = 0; j < n; j++) if ((int)columns[j] == c) moved[j] = 0.0f;
    network(moved, found);
    for (int j = 0; j < n; j++) if ((int)columns[j] == c) {
      expected[j] = found[j];
      apart[c] += (f[j] - found[j]) * (f[j] - found[j]);
    }
    apart[c] = sqrtf(apart[c]);
  }
}"""

# Which columns to replace: those that deviate most, and the one with the largest error; then the `most` of them.
_CHOOSE = """static void @(const float *apart, const double *view, int width, int without, int most,
    unsigned char *chosen) {
  double sum = 0.0, largest = 0.0;
  int worst = -1;
  float farthest = 0.0f;
  for (int c = 0; c < width; c++) {
    if (c == without) continue;
    sum += view[c];
    if (view[c] > largest) { largest = view[c]; worst = c; }
    if (apart[c] > farthest) farthest = apart[c];
  }
  for (int c = 0; c < width; c++) {
    int rank = 0;
    for (int d = 0; d < width; d++)
      rank += d != without && (apart[d] > apart[c] || (d < c && !(apart[d] < apart[c])));
    const int far = rank < 5 && apart[c] >= 0.25f * farthest;
    chosen[c] = c != without && apart[c] > 0.0f && (far || (c == worst && largest >= 0.2 * sum));
  }
  for (int c = width - 1; c >= 0 && most > 0; c--) {
    int rank = 0;
    for (int d = 0; d < width; d++) rank += chosen[d] && (apart[d] > apart[c] || (d < c && !(apart[d] < apart[c])));
    if (chosen[c] && rank >= most) chosen[c] = 2;
  }
  for (int c = 0; c < width; c++) if (chosen[c] == 2) chosen[c] = 0;
}"""

_LOG = """static double @(double score) { return log(score > 1e-9 ? score : 1e-9); }"""

# As `anomaly.detectors.attribution` says, of one record.
_EXPLAIN = """static void @(float *f, const float *columns, const float *normal, int n,
    void (*network)(const float *, float *), float *moved, float *found, float *expected, float *own, int width,
    float *apart, float *terms, double *view, double *drops, unsigned char *chosen, double usual, double high,
    float *reasons) {
  const double score = column_terms(f, columns, n, network, moved, found, width, reasons), log_score = log_of(score);
  double least = log_score, sum = 0.0, second = 0.0;
  int best = -1, other = -1;
  if (log_score <= usual) return;
  for (int c = 0; c < width; c++) view[c] = score > 0.0 ? reasons[c] / score : 0.0;
  for (int c = 0; c < width; c++) drops[c] = 0.0;
  expect(f, columns, n, network, moved, found, width, expected, apart);
  for (int j = 0; j < n; j++) own[j] = f[j];
  for (int round = 0; round < 2; round++) {
    const int before = best;
    const double from = least;
    choose(apart, view, width, before, round ? 2 : 0, chosen);
    for (int c = 0; c < width; c++) {
      if (!chosen[c]) continue;
      for (int j = 0; j < n; j++) if ((int)columns[j] == c) f[j] = expected[j];
      double left = 0.0;
      column_terms(f, columns, n, network, moved, found, width, terms);
      for (int d = 0; d < width; d++) left += d == c || d == before ? normal[d] : terms[d];
      left = log_of(left);
      for (int j = 0; j < n; j++) if ((int)columns[j] == c) f[j] = own[j];
      if (round == 0) {
        drops[c] = log_score > left ? log_score - left : 0.0;
        if (left < least) { least = left; best = c; }
      } else if (from - left > second) {
        second = from - left;
        other = c;
      }
    }
    if (round == 0) {
      if (best < 0 || least <= high) break;
      for (int j = 0; j < n; j++) if ((int)columns[j] == best) f[j] = expected[j];
    } else if (other >= 0 && second > drops[other]) {
      const double gain = (second - drops[other]) / 2.0;
      drops[best] += gain;
      drops[other] += gain;
    }
  }
  for (int c = 0; c < width; c++) sum += drops[c];
  for (int c = 0; c < width; c++)
    reasons[c] = (float)(score * (0.99 * (sum > 0.0 ? drops[c] / sum : view[c]) + 0.01 * view[c]));
}"""


def reason_lines(program: CProgram, detector: Any, columns: Array, n_columns: int, score: str) -> tuple[list[str], int]:
    """Return the lines that compute the reasons of a record from its features f, and the numbers of RAM of networks.

    Those of an `AutoencoderDetector` are its `explain`. A `TableDetector` splits the score by the errors of its network
    with the most noise, as `explain` does for records below the median; it replaces no columns, which takes records.

    Parameters
    ----------
    program : CProgram
        The program, to which functions are added.
    detector : TableDetector or AutoencoderDetector
        Fitted.
    columns : ndarray of int of shape (n_features,)
        Column of each feature.
    n_columns : int
        Number of columns.
    score : str
        Name of the function of the score, of a record x.

    Raises
    ------
    NotExportable
        If the detector has no network.
    """
    n = len(columns)
    found = [buffer(program, one, n) for one in ("moved", "found")]
    of_features = program.floats(columns)
    if isinstance(detector, AutoencoderDetector):
        levels = levels_of(log_of(detector.decision_scores_))
        return _explained(program, np.asarray(detector.normal_terms_), levels, of_features, found, n), 0
    member = detector.ensemble_.coarsest
    if member is None:
        raise NotExportable("reasons in C are the errors of a network, and the detector has none; export it without")
    number = next(i for i, one in enumerate(detector.ensemble_.members) if one is member)
    function, memory = f"network_{number}", 0
    if function not in program.functions:
        function, memory = network(program, member.model, function)
    arrays = [program.floats(member.noise_samples), program.floats(member.weights), of_features]
    numbers = [len(member.noise_samples), n, function, *found, n_columns, f"{score}(x)", "reasons"]
    return [f"{program.function('shares', _SHARES)}(f, {', '.join(map(str, [*arrays, *numbers]))});"], memory


def _explained(
    program: CProgram, normal: Array, levels: tuple[float, float], columns: str, found: list[str], n: int
) -> list[str]:
    """Return the lines of the replacements of an autoencoder; the normal terms and levels are of `NetworkSubject`."""
    n_columns = len(normal)
    for name, text in (("column_terms", _TERMS), ("expect", _EXPECT), ("choose", _CHOOSE), ("log_of", _LOG)):
        program.function(name, text.replace("LIMIT", literal(LARGEST_INPUT)))
    floats = [buffer(program, one, n) for one in ("expected", "own")]
    by_column = [buffer(program, one, n_columns) for one in ("apart", "terms_of")]
    doubles = [program.function(f"{one}_{n_columns}", f"static double @[{n_columns}];") for one in ("view", "drops")]
    chosen = program.function(f"chosen_{n_columns}", f"static unsigned char @[{n_columns}];")
    inputs, work = ["f", columns, program.floats(normal), n, "network"], [*found, *floats]
    name = program.function("explain", _EXPLAIN)
    arguments = [*inputs, *work, n_columns, *by_column, *doubles, chosen, *map(repr, levels), "reasons"]
    return [f"{name}({', '.join(map(str, arguments))});"]
