#!/usr/bin/env bash
# pythresh 1.1.1: one score that is far enough makes FGD flag nothing at all, not even that score.
#
# Expected: a record that scores a hundred times as high as any other is flagged, and the farther the surer.
# Seen: of 420 scores between 0 and 15, 26 are flagged; with one more of 100, it is flagged beside them; with one of 1,000
# instead, none is: the limit, between the first two peaks of a density over the whole range, is not found, and becomes the
# highest score. A warning says that no score is beyond it.
#
# The rules of anomaly.thresholds flag it however far it is (tests/anomaly/thresholds/test_thresholds.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "pythresh==1.1.1" "pyod==3.6.7" "numpy==2.4.6" "scipy==1.17.1"
"$folder/environment/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from pythresh.thresholds.fgd import FGD

print("pythresh", version("pythresh"))
rng = np.random.default_rng(0)
scores = np.concatenate([rng.gamma(2, 1, 400), rng.gamma(2, 1, 20) + 8])
print("without:", int(np.sum(FGD().eval(scores))), "flagged")
found = {}
for far in (100.0, 1000.0):
    labels = FGD().eval(np.append(scores, far))
    found[far] = int(np.sum(labels)), int(labels[-1])
    print(f"with one score of {far:,.0f}: {found[far][0]} flagged, that one: {found[far][1]}")
assert found[100.0][1] == 1 and found[1000.0] == (0, 0)
print("as described")
PYTHON
