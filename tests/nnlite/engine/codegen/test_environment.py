"""Numba's settings in the environment: no compilation at all, or for another processor."""

import os
import subprocess
import sys

import pytest

from nnlite.engine.codegen import host, native

PROGRAM = """
import numpy as np
from nnlite import Sequential
from nnlite.layers import Dense, Input
model = Sequential([Input((4,)), Dense(8, "relu"), Dense(4)])
model.compile("adam", "mse")
x = np.ones((5000, 4))
print(model.fit(x, x, epochs=20, verbose=0).backend)
try: model.fit(x, x, backend="numba")
except ValueError as error: print(error)
"""


def run(tmp_path, program=PROGRAM, **variables):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "NNLITE_CACHE_DIR": str(tmp_path),
        **variables,
    }
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_without_compilation_the_layers_compute(tmp_path):
    backend, error = run(tmp_path, NUMBA_DISABLE_JIT="1")
    assert backend == "numpy"
    assert "NUMBA_DISABLE_JIT is set" in error


def test_another_processor_has_machine_code_of_its_own(tmp_path):
    program = "from nnlite.engine.codegen.host import host; print(host().fingerprint)"
    found = [
        run(tmp_path, program, **variables)[0]
        for variables in ({}, {"NUMBA_CPU_NAME": "generic"}, {"NUMBA_CPU_FEATURES": "-avx512f"}, {})
    ]
    assert len(set(found)) == 3
    assert found[0] == found[3]


@pytest.mark.parametrize("name", ["ENABLE_AVX", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK"])
def test_what_changes_the_code_changes_its_key(name, monkeypatch):
    before = host.chosen_processor()
    monkeypatch.setenv(f"NUMBA_{name}", "0")
    assert host.chosen_processor() != before


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"avx", "avx2", "avx512f", "sse2"}),
        ({"NUMBA_ENABLE_AVX": "0"}, {"sse2"}),
        ({"NUMBA_CPU_NAME": "generic"}, set()),
        ({"NUMBA_CPU_NAME": "haswell"}, {"avx", "avx2", "avx512f", "sse2"}),
        ({"NUMBA_CPU_FEATURES": "+sse2, +avx,-avx2"}, {"sse2", "avx"}),
    ],
)
def test_tiles_are_for_the_processor_that_is_compiled_for(variables, expected, monkeypatch):
    for name in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_ENABLE_AVX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert host._used({"avx": True, "avx2": True, "avx512f": True, "sse2": True, "amx": False}) == expected


@pytest.mark.skipif(native.cache_folder() is None, reason="needs a folder for the cache")
def test_a_kernel_cannot_stand_for_another(tmp_path, monkeypatch):
    monkeypatch.setattr(native, "cache_folder", lambda: tmp_path)
    native._write("dense.product", "float32", "symbol", b"code")
    assert native._read("dense.product", "float32") == ("symbol", b"code")
    (tmp_path / "loss.mse-float32").write_bytes((tmp_path / "dense.product-float32").read_bytes())
    (tmp_path / "dense.product-float64").write_bytes((tmp_path / "dense.product-float32").read_bytes())
    assert native._read("loss.mse", "float32") is None
    assert native._read("dense.product", "float64") is None
