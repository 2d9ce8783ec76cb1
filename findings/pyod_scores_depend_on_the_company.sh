#!/usr/bin/env bash
# PyOD 3.6.7: the score of a record by a fitted ECOD, COPOD or CD depends on the records that are scored beside it.
#
# Expected: after fit, decision_function is a function of each record, as it is for PCA, IForest, KNN and the others: scored
# alone, in a batch, or beside an outlier, a record has one score, so that a threshold of training means something.
# Seen: ECOD and COPOD rank training and scored records together; CD compares the scored ones with each other. One
# record replaced by a far one changes the scores of the 39 others: COPOD's by up to 4.2, where they span 6.7. CD gives a
# single record the score nan.
#
# Scores of anomaly do not depend on it, bit for bit (tests/anomaly/detectors/test_batches.py). benchmarks/ scores peers in one
# batch each, as their authors do.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "pyod==3.6.7" "numpy==2.4.6" "scipy==1.17.1" "scikit-learn<1.9"
"$folder/environment/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from pyod.models.cd import CD
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.pca import PCA

print("PyOD", version("pyod"), "scikit-learn", version("scikit-learn"))
rng = np.random.default_rng(0)
train, fresh = rng.normal(size=(300, 4)), rng.normal(size=(40, 4))
beside_a_far_one = fresh.copy()
beside_a_far_one[0] = 50.0
changes, alone = {}, {}
for detector in (PCA(), ECOD(), COPOD(), CD()):
    name = type(detector).__name__
    detector.fit(train)
    scores = detector.decision_function(fresh)
    changes[name] = np.abs(scores - detector.decision_function(beside_a_far_one))[1:].max()
    alone[name] = detector.decision_function(fresh[1:2])[0]
    print(f"{name}: others change by up to {changes[name]:.3g} of {np.ptp(scores):.3g}; alone {alone[name]:.4g}, "
          f"in the batch {scores[1]:.4g}")
assert changes["PCA"] < 1e-9
assert min(changes[name] for name in ("ECOD", "COPOD", "CD")) > 0.1
assert np.isnan(alone["CD"])
print("as described")
PYTHON
