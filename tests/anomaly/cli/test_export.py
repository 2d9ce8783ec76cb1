"""The command export."""

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.__main__ import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    numbers = {"a": rng.normal(size=200), "b": rng.normal(size=200)}
    TableDetector(hidden=(4,), epochs=1, random_state=0).fit(numbers).save(folder / "numbers.npz")
    mixed = {**numbers, "color": rng.choice(["red", "blue", "green"], 200)}
    TableDetector(hidden=(4,), epochs=1, neighbors=0, random_state=0).fit(mixed).save(folder / "mixed.npz")
    holes = {**numbers, "a": np.where(rng.random(200) < 0.3, np.nan, numbers["a"])}
    TableDetector(hidden=(4,), epochs=1, neighbors=0, random_state=0).fit(holes).save(folder / "holes.npz")
    return folder


def test_two_files_are_written_with_the_name_of_the_folder(folder, tmp_path, capsys):
    out = tmp_path / "pump"
    assert main(["export", "--model", str(folder / "numbers.npz"), "--c", str(out), "--prototypes", "20"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["pump.c", "pump.h"]
    printed = capsys.readouterr().out
    assert "pump.h and " in printed
    assert "Flash: " in printed
    header = (out / "pump.h").read_text()
    assert "float pump_score(const float *x);" in header
    assert "x[1]: b" in header


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("numbers.npz", "number of prototypes"),
        ("holes.npz", "columns with missing cells"),
    ],
)
def test_what_cannot_be_exported_is_one_line(folder, tmp_path, capsys, model, words):
    assert main(["export", "--model", str(folder / model), "--c", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_codes_of_categories_and_reasons(folder, tmp_path, capsys):
    out = tmp_path / "pump"
    command = ["export", "--model", str(folder / "mixed.npz")]
    assert main([*command, "--c", str(out), "--reasons"]) == 0
    header = (out / "pump.h").read_text()
    assert "void pump_reasons(const float *x, float *reasons);" in header
    assert 'pump_codes_2[3] = {\n  "blue", /* 0 */\n  "green", /* 1 */\n  "red", /* 2 */\n};' in header
    assert main([*command, "--onnx", str(tmp_path / "m.onnx"), "--reasons"]) == 2
    assert "--reasons goes with --c" in capsys.readouterr().err


def test_too_few_prototypes_are_refused(folder, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["export", "--model", str(folder / "numbers.npz"), "--c", str(tmp_path / "out"), "--prototypes", "2"])
    assert "at least 4; found '2'" in capsys.readouterr().err


def test_an_onnx_file_is_written(folder, tmp_path, capsys):
    session = pytest.importorskip("onnxruntime").InferenceSession
    out = tmp_path / "m.onnx"
    assert main(["export", "--model", str(folder / "mixed.npz"), "--onnx", str(out)]) == 0
    assert f"written: {out}, " in capsys.readouterr().out
    assert [one.name for one in session(out).get_inputs()] == ["a", "b", "color"]


def test_one_format_at_a_time(folder, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["export", "--model", str(folder / "numbers.npz"), "--c", str(tmp_path), "--onnx", str(tmp_path / "m")])
    assert "not allowed with" in capsys.readouterr().err
