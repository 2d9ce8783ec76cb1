#!/usr/bin/env bash
# liac-arff 2.5.0: numbers of an attribute that is declared "integer" lose their decimals without a word.
#
# Expected: Weka, whose format it is, reads numeric, real and integer alike, as numbers with decimals; so does SciPy. A
# strict reader would refuse 1.5 as no integer.
# Seen: 1.5 becomes 1, 0.99 becomes 0 and -0.5 becomes 0. Files converted from other programs declare integer where the
# first records hold whole numbers, so that all later measurements are cut, and outliers below 1 vanish.
#
# anomaly reads "integer" as numbers with decimals (anomaly/tables/arff_files.py, tests/anomaly/tables/test_arff_files.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "scipy==1.17.1" "liac-arff==2.5.0" "numpy==2.4.6"
"$folder/environment/bin/python" - <<'PYTHON'
import io
from importlib.metadata import version

import arff as liac
from scipy.io import arff

print("liac-arff", version("liac-arff"))
TEXT = "@relation r\n@attribute load integer\n@data\n1\n1.5\n0.99\n-0.5\n"
cut = [row[0] for row in liac.loads(TEXT)["data"]]
whole = arff.loadarff(io.StringIO(TEXT))[0]["load"].tolist()
print("liac-arff:", cut)
print("SciPy:", whole)
assert cut == [1, 1, 0, 0] and whole == [1.0, 1.5, 0.99, -0.5]
print("as described")
PYTHON
