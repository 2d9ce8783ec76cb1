#!/usr/bin/env bash
# SciPy 1.17.1: scipy.io.arff.loadarff drops the cells of a record beyond the last attribute.
#
# Expected: a record with more cells than there are attributes is an error, as one with fewer is, and as Weka and
# liac-arff have it.
# Seen: "1,2,9" under two attributes is read as 1 and 2, so that a decimal comma or an unquoted comma in a text shifts
# the cells behind it in silence.
#
# anomaly reads ARFF itself (anomaly/tables/arff_files.py): this is an error that names the line, held by
# tests/anomaly/tables/test_arff_files.py.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "scipy==1.17.1" "liac-arff==2.5.0" "numpy==2.4.6"
"$folder/environment/bin/python" - <<'PYTHON'
import io

import arff as liac
import scipy
from scipy.io import arff

print("SciPy", scipy.__version__)
NUMBERS = "@relation r\n@attribute x real\n@attribute y real\n@data\n"

longer = arff.loadarff(io.StringIO(NUMBERS + "1,2,9\n3,4\n"))[0].tolist()
print("three cells under two attributes:", longer)
try:
    arff.loadarff(io.StringIO(NUMBERS + "1\n3,4\n"))
    shorter = "read"
except IndexError as error:
    shorter = repr(error)
print("one cell under two attributes:", shorter)
try:
    liac.loads(NUMBERS + "1,2,9\n3,4\n")
    peer = "read"
except liac.BadDataFormat as error:
    peer = repr(error)
print("liac-arff on three cells:", peer)
assert longer == [(1.0, 2.0), (3.0, 4.0)] and shorter != "read" and peer != "read"
print("as described")
PYTHON
