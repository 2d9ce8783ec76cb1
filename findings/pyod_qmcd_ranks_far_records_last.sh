#!/usr/bin/env bash
# PyOD 3.6.7: QMCD gives new records the lowest scores of all if they lie far outside the training data.
#
# Expected: larger scores are more anomalous; records six standard deviations away in each column come first.
# Seen: fitted on 500 normal records, it finds 20 at a distance of 3 (AUROC 0.98), and ranks those at 6, 20 or 100 behind
# every usual record (AUROC 0.00); none is flagged. Its discrepancy is of a cube whose opposite sides touch, and training
# alone is scaled into it. The records that it was fitted on, far ones among them, are ranked right.
#
# anomaly's detectors rank the farther record higher (tests/anomaly/detectors/test_distance.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "pyod==3.6.7" "numpy==2.4.6" "scipy==1.17.1" "scikit-learn<1.9"
"$folder/environment/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from pyod.models.qmcd import QMCD
from sklearn.metrics import roc_auc_score

print("PyOD", version("pyod"))
rng = np.random.default_rng(0)
train, usual, far = (rng.normal(size=(n, 4)) for n in (500, 200, 20))
labels = np.repeat([0, 1], [200, 20])
detector = QMCD().fit(train)
found = {}
for distance in (3, 6, 20, 100):
    records = np.vstack([usual, far + distance])
    found[distance] = roc_auc_score(labels, detector.decision_function(records)), detector.predict(records)[200:].sum()
    print(f"at a distance of {distance}: AUROC {found[distance][0]:.3f}, flagged {found[distance][1]} of 20")
assert found[3][0] > 0.9
assert all(found[distance][0] < 0.1 and found[distance][1] == 0 for distance in (6, 20, 100))
print("as described")
PYTHON
