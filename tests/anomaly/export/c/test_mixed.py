"""Categories and reasons in C, compiled once with sanitizers, beside those in Python."""

import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from anomaly import AutoencoderDetector, TableDetector
from anomaly.export import export_c, reduced
from anomaly.export.c.features import codes_of
from anomaly.export.c.reasons import reason_lines
from anomaly.preprocessing.fitted import FittedTable
from nnlite.export import NotExportable
from nnlite.export.c.program import CProgram
from tests.anomaly.export.c.test_score import FLAGS, STEP, webassembly
from tests.nnlite.export.c.running import OTHER_PROCESSORS

NAMES = ["level", "flow", "color", "doors", "open", "remark", "pressure"]
COLORS = ['re"d', "blå??", "*/ green", "grey"]


def _table(rng, count):
    level = rng.normal(size=count)
    color = rng.choice(4, size=count, p=[0.5, 0.3, 0.19, 0.01])
    remark = rng.choice(3, size=count)
    return {
        "level": level.astype(np.float32),
        "flow": (3 * level + 0.2 * rng.normal(size=count)).astype(np.float32),
        "color": np.array([COLORS[one] for one in color], object),
        "doors": rng.choice([2.0, 4.0, 5.0], size=count),
        "open": level > 0.3,
        "remark": np.array([None if one == 2 else f"r{one}" for one in remark], object),
        "pressure": (color + 0.3 * rng.normal(size=count)).astype(np.float32),
    }


@pytest.fixture(scope="module")
def detectors():
    table = _table(np.random.default_rng(0), 700)
    mixed = TableDetector(hidden=(8,), epochs=4, random_state=0).fit(table)
    return {
        "prototypes": (mixed, 30),
        "networks": (mixed.keep_records("none"), None),
        "autoencoder": (AutoencoderDetector(hidden=(8, 3, 8), epochs=10, random_state=0).fit(table), None),
    }


def _codes(detector):
    table = FittedTable.from_state(*detector.preprocessor_.get_state())
    return {column.name: codes_of(column) for column in table.columns}


def _encoded(detector, table):
    """Return the records of a table as C takes them."""
    columns = []
    for name in NAMES:
        codes = {text: code for code, text in enumerate(_codes(detector)[name])}
        values = table[name].tolist()
        columns.append([np.nan if x is None else codes.get(x, 77.5) if isinstance(x, str) else x for x in values])
    return np.array(columns, np.float32).T


def _compiled(detectors, folder, compiler, flags):
    sources, includes, cases = [], [], []
    for number, (name, (detector, prototypes)) in enumerate(detectors.items()):
        _, source = export_c(detector, folder / name, prototypes, reasons=True)
        sources.append(source)
        includes.append(f'#include "{name}/{name}.h"')
        cases.append(
            f"if (which == {number}) {{ {name}_reasons(x, y + 2); y[0] = {name}_score(x); "
            f"y[1] = (float){name}_is_anomaly(x); }}"
        )
    main = folder / "main.c"
    main.write_text(
        "#include <stdio.h>\n" + "\n".join(includes) + "\nint main(int count, char **words) {\n"
        "  float x[7], y[9] = {0};\n  const int which = count > 1 ? words[1][0] - '0' : 0;\n"
        "  if (which == 9) puts(networks_codes_2[1]);\n"
        "  while (fread(x, sizeof *x, 7, stdin) == 7) {\n    " + "\n    ".join(cases) + "\n"
        "    fwrite(y, sizeof *y, 9, stdout);\n  }\n  return 0;\n}\n"
    )
    subprocess.run([compiler, *flags, *sources, main, "-lm", "-o", folder / "program"], check=True)
    return [folder / "program"]


@pytest.fixture(scope="module")
def program(detectors, tmp_path_factory):
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    return _compiled(detectors, tmp_path_factory.mktemp("mixed"), "gcc", FLAGS)


def _run(program, number, x):
    done = subprocess.run([*program, str(number)], input=x.tobytes(), capture_output=True, check=True)
    found = np.frombuffer(done.stdout, np.float32).reshape(-1, 9)
    return found[:, 0], found[:, 1], found[:, 2:]


def _faulty(rng, count):
    table = _table(rng, count)
    table["flow"][: count // 3] += rng.choice([-4, 4, 100], size=count // 3).astype(np.float32)
    table["color"][count // 4 : count // 3] = "unknown"
    table["doors"][count // 3 : count // 2] = rng.choice([3.0, 6.0, 1e3, -1e30], size=count // 2 - count // 3)
    table["open"][count // 2 : 2 * count // 3] ^= True
    table["pressure"][count // 2 : 2 * count // 3] -= 3
    return table


@pytest.mark.parametrize("number", [0, 1, 2])
def test_scores_of_categories_are_those_of_python(detectors, program, number):
    detector = reduced(*list(detectors.values())[number])
    table = _faulty(np.random.default_rng(1), 600)
    scores, flags, _ = _run(program, number, _encoded(detector, table))
    expected = detector.decision_function(table)
    # See `test_score`: float32 does not tell which prototype is nearest to a record that is very far away.
    far = (expected > 1e3) & (number < 2)
    np.testing.assert_allclose(scores[~far], expected[~far], rtol=1e-5 if number == 2 else STEP)
    np.testing.assert_allclose(scores[far], expected[far], rtol=0.1)
    assert np.mean(np.abs(scores / expected - 1)[~far] > 1e-5) < 0.05
    clear = np.abs(expected / detector.threshold_ - 1) > STEP
    np.testing.assert_array_equal(flags[clear], detector.predict(table)[clear])
    assert 0 < flags.mean() < 1


def test_reasons_of_an_autoencoder_are_those_of_explain(detectors, program):
    detector = detectors["autoencoder"][0]
    table = _faulty(np.random.default_rng(2), 900)
    scores, _, reasons = _run(program, 2, _encoded(detector, table))
    expected = detector.explain(table)
    error = np.abs(reasons - expected).max(axis=1) / scores
    # A difference of logarithms that is small for all columns has fewer digits.
    assert np.quantile(error, 0.98) < 1e-5
    assert error.max() < 1e-3
    np.testing.assert_array_equal(reasons.argmax(axis=1)[error < 1e-5], expected.argmax(axis=1)[error < 1e-5])
    np.testing.assert_allclose(reasons.sum(axis=1), scores, rtol=1e-5)
    usual = scores < np.median(detector.decision_scores_) * 0.999
    assert 0 < usual.sum() < len(usual)
    np.testing.assert_allclose(reasons[usual], detector.score_terms(table)[usual], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("number", [0, 1])
def test_reasons_of_a_table_detector_are_the_errors_of_its_coarsest_network(detectors, program, number):
    detector = reduced(*list(detectors.values())[number])
    table = _faulty(np.random.default_rng(3), 600)
    scores, _, reasons = _run(program, number, _encoded(detector, table))
    ensemble = detector.ensemble_
    shares = ensemble.view(np.concatenate(list(detector._chunks(table))))
    np.testing.assert_allclose(reasons / scores[:, np.newaxis], shares, rtol=1e-5, atol=1e-6)
    # So are those in Python of records below the median, which have nothing to explain.
    usual = scores < 0.99 * np.exp(ensemble.levels[0])
    assert 0 < usual.sum() < len(usual)
    expected = detector.explain(table)[usual]
    np.testing.assert_allclose(reasons[usual], expected, rtol=1e-5, atol=STEP)


def test_texts_that_are_missing_or_unknown(detectors, program):
    detector = detectors["autoencoder"][0]
    table = _table(np.random.default_rng(4), 6)
    x = _encoded(detector, table)
    color, remark = NAMES.index("color"), NAMES.index("remark")
    x[0, remark], x[1, color], x[2, color], x[3, color], x[4, color] = np.nan, np.nan, -1, 1.5, np.inf
    scores, flags, reasons = _run(program, 2, x)
    assert np.isnan(scores).tolist() == [False, True, False, False, False, False]
    assert np.isnan(reasons[1]).all()
    assert not flags[1]
    table["remark"][0], table["color"][2:5] = None, "unknown"
    expected = detector.decision_function(table)
    np.testing.assert_allclose(np.delete(scores, 1), np.delete(expected, 1), rtol=1e-5)


def test_the_header_has_the_texts_in_the_order_of_their_codes(detectors, program):
    found = subprocess.run([*program, "9"], input=b"", capture_output=True, check=True).stdout.decode().strip()
    codes = _codes(detectors["networks"][0])["color"]
    assert set(codes) == set(COLORS)
    assert found == codes[1]


@pytest.mark.parametrize("processor", OTHER_PROCESSORS)
def test_other_processors_have_the_same_reasons(detectors, program, processor, tmp_path):
    compiler, emulator = OTHER_PROCESSORS[processor]
    if shutil.which(compiler) is None or shutil.which(emulator) is None:
        pytest.skip(f"{compiler} or {emulator} is not installed: packages gcc-aarch64-linux-gnu, qemu-user and others")
    other = _compiled(detectors, tmp_path, compiler, [*FLAGS[:-1], "-static", "-ffp-contract=off"])
    _assert_same_elsewhere(detectors, program, [emulator, *other])


def test_webassembly_has_the_same_reasons(detectors, program, tmp_path):
    flags, runner = webassembly(tmp_path)
    _assert_same_elsewhere(detectors, program, [*runner, *_compiled(detectors, tmp_path, "clang", flags)])


def _assert_same_elsewhere(detectors, program, other):
    table = _faulty(np.random.default_rng(5), 200)
    for number, (detector, _) in enumerate(detectors.values()):
        x = _encoded(detector, table)
        scores, _, reasons = _run(other, number, x)
        expected, _, expected_reasons = _run(program, number, x)
        near = expected < 1e3
        np.testing.assert_allclose(scores[near], expected[near], rtol=1e-5 if number == 2 else STEP)
        error = np.abs(reasons - expected_reasons).max(axis=1) / expected
        assert np.mean(error[near] > (1e-5 if number == 2 else STEP)) < 0.02


def test_a_table_of_categories_alone_has_no_function_without_use(tmp_path):
    colors = np.random.default_rng(0).choice(COLORS[:3], size=(300, 2)).astype(object)
    table = {"a": colors[:, 0], "b": colors[:, 1]}
    detector = AutoencoderDetector(hidden=(4,), epochs=2, random_state=0).fit(table)
    _, source = export_c(detector, tmp_path / "m", reasons=True)
    assert "scaled" not in source.read_text()
    if shutil.which("gcc") is not None:
        subprocess.run(["gcc", *FLAGS, "-c", source, "-o", tmp_path / "m.o"], check=True)


def test_without_a_network_there_are_no_reasons():
    memory = SimpleNamespace(ensemble_=SimpleNamespace(coarsest=None))
    with pytest.raises(NotExportable, match="has none"):
        reason_lines(CProgram(), memory, np.arange(2), 2, "score")
