"""The command report."""

import hashlib
import json
import re

from tests.anomaly.command_line import LABELS, run


def test_a_report_on_records_names_data_reasons_and_hashes(folder, capsys, tmp_path):
    data, model, page = folder / "numbered.csv", folder / "m.npz", tmp_path / "page.html"
    code, out, err = run(capsys, "report", data, "-m", model, "-o", page, "--id", "number", *LABELS, "--limit", "20")
    assert (code, out, err) == (0, f"{page}\n", "")
    text = page.read_text()
    assert "<title>Anomalies in numbered.csv</title>" in text
    assert hashlib.sha256(data.read_bytes()).hexdigest() in text
    assert hashlib.sha256(model.read_bytes()).hexdigest() in text
    keys = re.search(r'"key":(\[[^]]*\])', text)
    assert keys is not None
    assert len(json.loads(keys[1])) == 20
    assert all(key.startswith("r") for key in json.loads(keys[1]))
    assert ", expected " in text


def test_a_report_on_a_series_has_its_time_line(series_folder, capsys, tmp_path):
    page = tmp_path / "page.html"
    labels = ["--label", "state", "--normal", "ok"]
    code, _, err = run(
        capsys, "report", series_folder / "test.csv", "-m", series_folder / "m.npz", "-o", page, *labels, "--title", "T"
    )
    assert (code, err) == (0, "")
    text = page.read_text()
    assert "<title>T</title>" in text
    assert '"sensors":["a","b"]' in text
    assert '"from":"2024-01-01 ' in text


def test_a_report_that_cannot_be_written_is_refused_at_once(folder, capsys, tmp_path):
    data, model = folder / "test.csv", folder / "m.npz"
    code, _, err = run(capsys, "report", data, "-m", model, "-o", tmp_path / "no" / "page.html")
    assert code == 2
    assert "there is no folder" in err
    code, _, err = run(capsys, "report", data, "-m", model, "-o", "-")
    assert code == 2
    assert "a report cannot go to standard output" in err
    code, _, err = run(capsys, "report", data, "-m", model, "-o", data)
    assert code == 2
    assert "name another file" in err
