#!/usr/bin/env bash
# TSB-AD 1.5: PCA, which its tables call Sub-PCA, scores a sensor that stands still at its mean far below normal steps.
#
# Expected: a sensor repeats a noisy cycle, and then stands still at its mean for 200 steps. No window of training is
# like that, so its scores are high, or at least not the lowest of all.
# Seen: their mean is a quarter of that of normal steps, and their AUROC is 0.00. The score of a window x is the sum
# over all components v_j of |x - v_j| / lambda_j, with the components as points of length 1 and not as directions. It
# grows with |x|, and is lowest near 0. (PyOD's PCA, which it is adapted from, has the same sum.)
#
# `python -m benchmarks series --parts faults` shows it beside other detectors, by kind of fault.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "numpy==1.26.4" "scipy<1.14" "scikit-learn==1.5.2" "statsmodels==0.14.4" "pandas<3" hurst
"$folder/environment/bin/pip" install --quiet --no-deps "TSB-AD==1.5"
"$folder/environment/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version
from types import ModuleType

import numpy as np
from sklearn.metrics import roc_auc_score


class StandIn(ModuleType):
    """TSB-AD imports PyTorch beside PCA, which does not use it."""

    def __getattr__(self, name):
        return type(name, (), {})


for name in ("torch", "torch.nn", "torch.nn.functional"):
    sys.modules[name] = StandIn(name)
from TSB_AD.models.PCA import PCA

print("TSB-AD", version("TSB_AD"))
rng = np.random.default_rng(0)
steps = np.arange(4000)
sensor = np.sin(steps / 10) + 0.1 * rng.normal(size=4000)
sensor[3000:3200] = 0.0
truth = (steps >= 3000) & (steps < 3200)
detector = PCA(slidingWindow=63).fit(sensor[:2000, np.newaxis])
scores, truth = detector.decision_function(sensor[2000:, np.newaxis]), truth[2000:]
ratio, auroc = scores[truth].mean() / scores[~truth].mean(), roc_auc_score(truth, scores)
print(f"mean score of the still steps / of the others: {ratio:.2f}")
print(f"AUROC of the still steps: {auroc:.2f}")
assert ratio < 0.5
assert auroc < 0.1
print("as described")
PYTHON
