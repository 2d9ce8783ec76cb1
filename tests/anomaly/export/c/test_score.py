"""Scores of detectors in C, compiled once with sanitizers, beside those in Python."""

import copy
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from anomaly import AutoencoderDetector, TableDetector
from anomaly.export import export_c, reduced
from anomaly.export.parts import parts_of
from nnlite.export import NotExportable
from nnlite.export.c.int8 import quantized
from tests.nnlite.export.c.running import OTHER_PROCESSORS

FLAGS = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsanitize=address,undefined"]
STEP = 2.0**-12
"""Largest relative distance of two scores that are next to each other when rounded to 13 binary digits."""


def _records(rng, count):
    x = rng.normal(size=(count, 4))
    x[:, 1] = 1e4 + x[:, 0] + 0.1 * x[:, 1]
    # A column with a heavy tail.
    x[:, 2] = np.exp(2.5 * x[:, 2])
    return x.astype(np.float32)


@pytest.fixture(scope="module")
def detectors():
    x = _records(np.random.default_rng(0), 600)
    names = ["a b", "level*/", "bytes", "d"]
    table = TableDetector(hidden=(8,), epochs=3, random_state=0).fit(dict(zip(names, x.T, strict=True)))
    linear = TableDetector(hidden=(8,), epochs=3, linear_share=0.5, random_state=0).fit(x)
    network = AutoencoderDetector(hidden=(8, 2, 8), epochs=3, random_state=0).fit(x)
    return {
        "prototypes": (table, 40),
        "networks": (table.keep_records("none"), None),
        "autoencoder": (network, None),
        "regressions": (linear, 40),
    }


@pytest.fixture(scope="module")
def program(detectors, tmp_path_factory):
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    return _compiled(detectors, tmp_path_factory.mktemp("score"), "gcc", FLAGS)


def _compiled(detectors, folder, compiler, flags, **settings):
    sources, includes, cases = [], [], []
    for number, (name, (detector, prototypes)) in enumerate(detectors.items()):
        _, source = export_c(detector, folder / name, prototypes, **settings)
        sources.append(source)
        includes.append(f'#include "{name}/{name}.h"')
        cases.append(f"if (which == {number}) {{ y[0] = {name}_score(x); y[1] = (float){name}_is_anomaly(x); }}")
    main = folder / "main.c"
    main.write_text(
        "#include <stdio.h>\n" + "\n".join(includes) + "\nint main(int count, char **words) {\n"
        "  float x[4], y[2] = {0};\n  const int which = count > 1 ? words[1][0] - '0' : 0;\n"
        "  while (fread(x, sizeof *x, 4, stdin) == 4) {\n    " + "\n    ".join(cases) + "\n"
        "    fwrite(y, sizeof *y, 2, stdout);\n  }\n  return 0;\n}\n"
    )
    subprocess.run([compiler, *flags, *sources, main, "-lm", "-o", folder / "program"], check=True)
    return [folder / "program"]


def _run(program, number, x):
    done = subprocess.run([*program, str(number)], input=x.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, 2).T


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_scores_and_decisions_are_those_of_python(detectors, program, number):
    detector = reduced(*list(detectors.values())[number])
    rng = np.random.default_rng(1)
    x = _records(rng, 700)
    x[300:500] *= rng.choice([-1, 1, 10, 1e3], size=(200, 4)).astype(np.float32)
    x[500:] = rng.choice([0.0, -1e30, 1e30, 1e-30, 1e4], size=(200, 4))
    scores, flags = _run(program, number, x)
    expected = detector.decision_function(x)
    if number == 2:
        np.testing.assert_allclose(scores, expected, rtol=1e-5)
    else:
        # Of records so far away that float32 cannot tell which prototype is nearer, others may be the nearest.
        far = expected > 1e4
        np.testing.assert_allclose(scores[~far], expected[~far], rtol=STEP)
        np.testing.assert_allclose(scores[far], expected[far], rtol=0.1)
        # Rounding errors move few scores over the middle between two that are rounded.
        assert np.mean(np.abs(scores / expected - 1) > 1e-5) < 0.05
    clear = np.abs(expected / detector.threshold_ - 1) > STEP
    np.testing.assert_array_equal(flags[clear], detector.predict(x)[clear])
    assert 0 < flags.mean() < 1


def test_weights_of_8_bits_score_as_the_numbers_they_stand_for(detectors, program, tmp_path):
    few = {name: detectors[name] for name in ("networks", "autoencoder")}
    other = _compiled(few, tmp_path, "gcc", FLAGS, int8=True)
    x = _records(np.random.default_rng(4), 300)
    for number, (name, (detector, _)) in enumerate(few.items()):
        rounded = copy.deepcopy(detector)
        score = parts_of(rounded, "C").score
        models = [score] if name == "autoencoder" else [m.model for _, m in score.members if hasattr(m, "model")]
        for layer in (layer for model in models for layer in model.layers if hasattr(layer, "kernel")):
            whole, scales = quantized(layer.kernel.value)
            layer.kernel.value[:] = whole * scales
        expected, (scores, _) = rounded.decision_function(x), _run(other, number, x)
        assert np.abs(expected / detector.decision_function(x) - 1).max() > 1e-3
        np.testing.assert_allclose(scores, expected, rtol=1e-5 if name == "autoencoder" else STEP)


@pytest.mark.parametrize("processor", OTHER_PROCESSORS)
def test_other_processors_have_the_same_scores(detectors, program, processor, tmp_path):
    compiler, emulator = OTHER_PROCESSORS[processor]
    if shutil.which(compiler) is None or shutil.which(emulator) is None:
        pytest.skip(f"{compiler} or {emulator} is not installed: packages gcc-aarch64-linux-gnu, qemu-user and others")
    flags = [*FLAGS[:-1], "-static", "-ffp-contract=off"]
    _assert_same_elsewhere(detectors, program, [emulator, *_compiled(detectors, tmp_path, compiler, flags)])


def test_webassembly_has_the_same_scores(detectors, program, tmp_path):
    flags, runner = webassembly(tmp_path)
    _assert_same_elsewhere(detectors, program, [*runner, *_compiled(detectors, tmp_path, "clang", flags)])


def webassembly(folder):
    """Return the flags of clang and the command that runs its programs, or skip the test."""
    if shutil.which("node") is None or shutil.which("clang") is None or shutil.which("wasm-ld") is None:
        pytest.skip("node, clang or wasm-ld is not installed")
    probe = folder / "probe.c"
    probe.write_text("#include <math.h>\n#include <stdio.h>\nint main(void) { return (int)expf(0.0f) - 1; }\n")
    target = ["--target=wasm32-wasi", "-O1"]
    if subprocess.run(["clang", *target, probe, "-o", folder / "probe"], capture_output=True, check=False).returncode:
        pytest.skip("there is no C library for WebAssembly: packages wasi-libc and libclang-rt-dev-wasm32")
    runner = ["node", "--no-warnings", str(Path(__file__).with_name("run_wasm.mjs"))]
    return [*FLAGS[:-1], *target, "-ffp-contract=off"], runner


def _assert_same_elsewhere(detectors, program, other):
    x = _records(np.random.default_rng(3), 200)
    for number in range(len(detectors)):
        scores, flagged = _run(other, number, x)
        expected, expected_flags = _run(program, number, x)
        np.testing.assert_allclose(scores, expected, rtol=1e-5 if number == 2 else STEP)
        assert np.mean(np.abs(scores / expected - 1) > 1e-5) < 0.05
        assert np.mean(flagged != expected_flags) < 0.01


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_missing_value_has_no_score(program, number):
    x = np.array([[1, 2, 3, np.nan], [np.inf, 1, 2, 3]], np.float32)
    scores, flags = _run(program, number, x)
    assert np.isnan(scores).all()
    assert not flags.any()


def test_what_is_not_exported_is_refused_by_name(detectors, tmp_path):
    rng = np.random.default_rng(0)
    table, _ = detectors["prototypes"]
    with pytest.raises(NotExportable, match="number of prototypes"):
        export_c(table, tmp_path / "m")
    with pytest.raises(NotExportable, match="more than 5; their records"):
        export_c(table.keep_records("prototypes"), tmp_path / "m", prototypes=5)
    times = {"x": rng.normal(size=200), "at": np.datetime64("2024-01-01T00:00") + np.arange(200) * 3700}
    with pytest.raises(NotExportable, match="column 'at' has the kind 'datetime'"):
        export_c(AutoencoderDetector(hidden=(4,), epochs=1, dates="number").fit(times), tmp_path / "m")
    holes = rng.normal(size=(200, 2))
    holes[::3, 0] = np.nan
    with pytest.raises(NotExportable, match="missing cells"):
        export_c(TableDetector(hidden=(4,), epochs=1, neighbors=0).fit(holes), tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_prototypes_are_at_most_as_many_as_asked_for(detectors):
    table, _ = detectors["prototypes"]
    assert 10 < len(reduced(table, 40).ensemble_.comparison.records) <= 40
    with pytest.raises(ValueError, match="at_most"):
        table.keep_records("prototypes", at_most=3)
