#!/usr/bin/env bash
# pythresh 1.1.1: what FILTER flags depends on the order in which the scores come.
#
# Expected: a threshold of outlier scores is a number that their distribution determines, so that sorted or shuffled scores
# get the same labels; the documentation says nothing of an order.
# Seen: the scores are filtered as a signal in time. Of the same 420 scores it flags 2 in one order, and between 72 and 86 in
# others. Tables of records have no order; series do, but their peaks are what a filter smooths away.
#
# The rules of anomaly.thresholds do not depend on the order (tests/anomaly/thresholds/test_thresholds.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "pythresh==1.1.1" "pyod==3.6.7" "numpy==2.4.6" "scipy==1.17.1"
"$folder/environment/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from pythresh.thresholds.filter import FILTER

print("pythresh", version("pythresh"))
rng = np.random.default_rng(0)
scores = np.concatenate([rng.gamma(2, 1, 400), rng.gamma(2, 1, 20) + 8])
orders = {"as drawn": scores, "ascending": np.sort(scores)}
orders |= {f"shuffled, seed {seed}": np.random.default_rng(seed).permutation(scores) for seed in range(4)}
flagged = {name: int(np.sum(FILTER().eval(ordered))) for name, ordered in orders.items()}
for name, count in flagged.items():
    print(f"{name}: {count} of {len(scores)} flagged")
assert flagged["as drawn"] < 10 and min(flagged[f"shuffled, seed {seed}"] for seed in range(4)) > 50
print("as described")
PYTHON
