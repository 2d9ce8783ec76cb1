#!/usr/bin/env bash
# PyOD 3.6.7: HDBSCAN scores a new record by its neighbours' scores, not by its distance from them; the farthest pass.
#
# Expected: a record a hundred standard deviations away in each column, nearer to no training record than all others, is an
# outlier.
# Seen: its score is the mean of the training scores of its nearest records, weighted by relative distance, and so never
# exceeds theirs, however far it is. Of 20 such records 3 are flagged, and 4 at a distance of 10,000: those whose nearest
# records were noise already.
#
# anomaly's detectors rank the farther record higher, and flag it (tests/anomaly/detectors/test_distance.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "pyod==3.6.7" "numpy==2.4.6" "scipy==1.17.1" "scikit-learn<1.9"
"$folder/environment/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from pyod.models.hdbscan import HDBSCAN

print("PyOD", version("pyod"))
rng = np.random.default_rng(0)
train, far = rng.normal(size=(500, 4)), rng.normal(size=(20, 4))
detector = HDBSCAN().fit(train)
highest = detector.decision_scores_.max()
flagged, scores = {}, {}
for distance in (6, 100, 10_000):
    flagged[distance] = int(detector.predict(far + distance).sum())
    scores[distance] = detector.decision_function(far + distance).max()
    print(f"at a distance of {distance:,}: flagged {flagged[distance]} of 20, highest score {scores[distance]:.3f} "
          f"(threshold {detector.threshold_:.3f}, highest in training {highest:.3f})")
assert max(flagged.values()) <= 5
assert max(scores.values()) <= highest
print("as described")
PYTHON
