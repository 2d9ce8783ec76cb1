#!/usr/bin/env bash
# aeon 1.6.0: range_pr_vus_score gives flags at random five times the figure of scores at random, and one flag a half.
#
# Expected: of 10,000 steps 500 are anomalous, in ten events. Scores at random have a VUS-PR of about that fraction
# (0.06 with buffers up to 20), and so have flags at random, which are scores of two levels. A detector that flags one
# step of one event and no other has found a tenth of the events, and one step of 500.
# Seen: flags on a random half of the steps have 0.29, and the one flag has 0.53; TSB-AD 1.5 gives 0.06 for both. The
# area is made of trapezoids from precision 1 at recall 0, so that between two levels precision is taken to fall
# linearly, though no threshold reaches anything between them. The fewer the levels, the higher the figure. Alarms two
# steps late and two steps early differ, too (0.958 and 0.960): the buffer after an event is a step shorter.
#
# anomaly.metrics.vus_pr has TSB-AD's definition, and aeon's by name (tests/anomaly/metrics/test_surface.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "aeon==1.6.0" "numpy==2.3.5" "scikit-learn==1.9.1"
"$folder/environment/bin/pip" install --quiet --no-deps "TSB-AD==1.5"
"$folder/environment/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from aeon.benchmarking.metrics.anomaly_detection import range_pr_vus_score
from TSB_AD.evaluation.basic_metrics import generate_curve

print("aeon", version("aeon"), " TSB-AD", version("TSB_AD"))
rng = np.random.default_rng(0)
n = 10_000
truth = np.zeros(n, int)
for start in range(500, n, 1000):
    truth[start : start + 50] = 1
one_flag = np.zeros(n)
one_flag[525] = 1.0
scores = {
    "scores at random": rng.random(n),
    "flags at random, half": (rng.random(n) < 0.5).astype(float),
    "one flag, in an event": one_flag,
    "events, two steps late": np.roll(truth, 2).astype(float),
    "events, two steps early": np.roll(truth, -2).astype(float),
}
found = {}
for name, values in scores.items():
    found[name] = range_pr_vus_score(truth, values, 20), float(generate_curve(truth, values, 20)[7])
    print(f"{name:25} aeon {found[name][0]:.3f}  TSB-AD {found[name][1]:.3f}")
assert max(found["scores at random"]) < 0.07
assert found["flags at random, half"][0] > 0.25 > 0.07 > found["flags at random, half"][1]
assert found["one flag, in an event"][0] > 0.5 > 0.07 > found["one flag, in an event"][1]
late, early = found["events, two steps late"], found["events, two steps early"]
assert abs(late[0] - early[0]) > 0.001 > abs(late[1] - early[1])
print("as described")
PYTHON
