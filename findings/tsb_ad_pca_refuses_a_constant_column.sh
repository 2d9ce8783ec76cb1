#!/usr/bin/env bash
# TSB-AD 1.5: PCA.decision_function raises ValueError if a column of the training series was constant.
#
# Expected: a detector that was fitted to a series of two columns, one of them constant, scores further rows of them.
# Seen: "XA and XB must have the same number of columns". fit leaves out the constant columns of the windows
# (zero_pruning=True, the default), and decision_function does not. Servers and spacecraft have many such columns: 43 to
# 46 of 55 in five series of MSL.
#
# `python -m benchmarks series` gives it the columns that vary alone (benchmarks/series/contestants/tsb_ad.py).
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


class StandIn(ModuleType):
    """TSB-AD imports PyTorch beside PCA, which does not use it."""

    def __getattr__(self, name):
        return type(name, (), {})


for name in ("torch", "torch.nn", "torch.nn.functional"):
    sys.modules[name] = StandIn(name)
from TSB_AD.models.PCA import PCA

print("TSB-AD", version("TSB_AD"))
wave = np.sin(np.arange(2000) / 10) + 0.1 * np.random.default_rng(0).normal(size=2000)
series = np.column_stack([wave, np.ones(2000)])
detector = PCA(slidingWindow=63).fit(series[:1000])
print("scores of the training series:", detector.decision_scores_.shape)
try:
    detector.decision_function(series[1000:])
    message = ""
except ValueError as error:
    message = str(error)
print("scores of further rows:", message or "given")
assert "same number of columns" in message
print("as described")
PYTHON
