#!/usr/bin/env bash
# fastparquet 2026.9.0: durations are written as times of day, and three readers make three things of them.
#
# Expected: a column of timedelta64 is stored as integers or durations, or is refused; what is read back has its values.
# Seen: it is declared as a time of day of 64 bits, whatever its size. Of 0 s, 1 h, 2 days, -5 s and 25 h, pyarrow 26.0.1
# makes the times 00:00, 01:00, 00:00, 23:59:55 and 01:00; polars 2.1.0 makes those of a day or more, and the negative one,
# missing; pandas 3.1.1 and DuckDB 2.0.1 raise an error.
#
# anomaly takes such a column as seconds, with a warning (anomaly/tables/arrow_tables.py,
# tests/anomaly/tables/test_arrow_tables.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install --quiet "fastparquet==2026.9.0" "pyarrow==26.0.1" "polars==2.1.0" "pandas==3.1.1" \
  "duckdb==2.0.1" "numpy==2.4.6"
cd "$folder"
"$folder/environment/bin/python" - <<'PYTHON'
from datetime import time

import duckdb
import fastparquet
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

print("fastparquet", fastparquet.__version__)
frame = pd.DataFrame({"waiting": pd.to_timedelta([0, 3600, 2 * 86400, -5, 90000], unit="s")})
fastparquet.write("a.parquet", frame)
column = pq.read_table("a.parquet")["waiting"]
found = column.to_pylist()
print("written:", frame["waiting"].dt.total_seconds().tolist())
print("pyarrow:", column.type, found)
missing = pl.read_parquet("a.parquet")["waiting"].to_list()
print("polars:", missing)
errors = []
for name, read in {
    "pandas": lambda: pd.read_parquet("a.parquet", engine="pyarrow"),
    "DuckDB": lambda: duckdb.sql("select * from 'a.parquet'").fetchall(),
}.items():
    try:
        errors.append(f"read: {read()}")
    except (ValueError, duckdb.Error) as error:
        errors.append(str(error))
    print(f"{name}: {errors[-1]}")
assert str(column.type) == "time64[us]"
assert found == [time(0), time(1), time(0), time(23, 59, 55), time(1)]
assert missing == [time(0), time(1), None, None, None]
assert not any(error.startswith("read") for error in errors)
print("as described")
PYTHON
