"""What the service answers."""

import json
import os
import threading

import numpy as np
import pytest

pytest.importorskip("starlette")

from anomaly import SequenceDetector, TableDetector
from anomaly.serve import Limits, create_app, requests
from anomaly.serve.limits import RefusedError
from anomaly.serve.requests import ARROW, JSON
from tests.anomaly.serve.asgi import Client


def _table(seed, count):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=count)
    return {"a": a, "b": a + 0.1 * rng.normal(size=count), "color": rng.choice(["red", "blue"], count).astype(object)}


def _fitted(seed):
    return TableDetector(hidden=(4,), epochs=2, random_state=seed).fit(_table(seed, 200))


@pytest.fixture(scope="module")
def detectors():
    return [_fitted(0), _fitted(1)]


@pytest.fixture
def model(detectors, tmp_path):
    detectors[0].save(tmp_path / "m.npz")
    return tmp_path / "m.npz"


@pytest.fixture
def client(model):
    with Client(create_app(model, Limits(bytes=20_000, rows=100, explained=50), refresh=0)) as client:
        yield client


def _columns(table):
    return {name: column.tolist() for name, column in table.items()}


@pytest.mark.parametrize("form", ["columns", "records"])
def test_scores_are_those_of_the_detector(client, detectors, form):
    table = _table(2, 50)
    table["b"][0] = 9.0
    body = _columns(table)
    if form == "records":
        body = [dict(zip(table, row, strict=True)) for row in zip(*body.values(), strict=True)]
    answer = client.post("/score?reasons=2", json={form: body})
    assert answer.status_code == 200
    found = answer.json()
    assert found["scores"] == detectors[0].decision_function(table).tolist()
    assert found["labels"] == detectors[0].predict(table).tolist()
    assert found["threshold"] == detectors[0].threshold_
    assert [reasons is not None for reasons in found["reasons"]] == [label == 1 for label in found["labels"]]
    assert found["labels"][0] == 1
    assert found["reasons"][0][0]["column"] == "b"
    assert 0.9 < sum(one["fraction"] for one in found["reasons"][0]) <= 1


def test_arrow_goes_in_and_comes_out(client, detectors):
    arrow = pytest.importorskip("pyarrow")
    ipc = pytest.importorskip("pyarrow.ipc")
    table = _table(3, 40)
    sent = arrow.table(_columns(table))
    sink = arrow.BufferOutputStream()
    with ipc.new_stream(sink, sent.schema) as writer:
        writer.write_table(sent, max_chunksize=15)
    headers = {"content-type": ARROW}
    answer = client.post("/score?reasons=1&of=all", content=sink.getvalue().to_pybytes(), headers=headers)
    assert answer.headers["content-type"] == ARROW
    found = ipc.open_stream(answer.content).read_all()
    assert found["score"].to_pylist() == detectors[0].decision_function(table).tolist()
    assert found.schema.metadata[b"threshold"] == repr(detectors[0].threshold_).encode()
    assert [len(one) for one in found["reasons"].to_pylist()] == [1] * 40
    truncated = client.post("/score", content=sink.getvalue().to_pybytes()[:-300], headers=headers)
    assert truncated.status_code == 400
    assert "Arrow" in truncated.json()["error"]


def test_what_is_unpacked_counts(client):
    arrow = pytest.importorskip("pyarrow")
    ipc = pytest.importorskip("pyarrow.ipc")
    sent = arrow.table({"a": [0.0] * 90, "b": [0.0] * 90, "color": ["red" * 1000] * 90})
    sink = arrow.BufferOutputStream()
    with ipc.new_stream(sink, sent.schema, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(sent)
    assert sink.getvalue().size < 20_000
    answer = client.post("/score", content=sink.getvalue().to_pybytes(), headers={"content-type": ARROW})
    assert answer.status_code == 413


def _arrow_body(columns, **options):
    arrow, ipc = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.ipc")
    table, sink = arrow.table(columns), arrow.BufferOutputStream()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_nothing_is_unpacked_that_is_too_large(client, monkeypatch, compression):
    ipc = pytest.importorskip("pyarrow.ipc")
    body = _arrow_body({"a": [0.0], "color": ["red" * 100_000]}, compression=compression)
    assert len(body) < 20_000
    monkeypatch.setattr(ipc, "open_stream", lambda *_: pytest.fail("unpacked"))
    assert client.post("/score", content=body, headers={"content-type": ARROW}).status_code == 413


def test_few_bytes_are_not_many_cells(client):
    arrow = pytest.importorskip("pyarrow")
    long = arrow.DictionaryArray.from_arrays(arrow.array([0] * 90), ["red" * 1000])
    cases = {
        # Nobody waits for the end of a list of so many values.
        "of a list without values": ({"a": arrow.FixedSizeListArray.from_arrays(arrow.nulls(10**8), 10**8)}, 422),
        "of lists in categories": ({"a": arrow.DictionaryArray.from_arrays([0], arrow.array([[1]]))}, 422),
        "of nulls": ({f"k{i}": arrow.nulls(100) for i in range(201)}, 413),
        "of a long category": ({"color": long}, 413),
    }
    for columns, status in cases.values():
        answer = client.post("/score", content=_arrow_body(columns), headers={"content-type": ARROW})
        assert (answer.status_code, answer.content[:9]) == (status, b'{"error":')


@pytest.mark.parametrize("damage", [b"\xff\xff\xff\x7f", b"\xf0\xff\xff\xff", b"\x00\x00\x00\x00"])
def test_a_damaged_stream_of_arrow_has_one_clear_answer(client, damage):
    body = _arrow_body({"a": [0.5] * 9, "b": [0.5] * 9, "color": ["red"] * 9}, compression="zstd")
    for at in range(0, len(body) - 4, 8):
        changed = body[:at] + damage + body[at + 4 :]
        answer = client.post("/score", content=changed, headers={"content-type": ARROW})
        assert answer.status_code in (200, 400, 413, 422)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "no JSON"),
        (b"[" * 19_000, 400, "no JSON"),
        (b"[]", 400, '"records" or "columns"'),
        (b"{}", 400, '"records" or "columns"'),
        (b'{"records": []}', 400, "no records"),
        (b'{"columns": {}}', 400, "no records"),
        (b'{"records": [1]}', 400, "list of objects"),
        (b'{"columns": {"a": 1}}', 400, "object of lists"),
        (b'{"columns": {"a": [1]}, "tpo": 3}', 400, "'tpo'"),
        (b'{"columns": {"a": [1], "b": [2]}}', 422, "columns missing: 'color'"),
        (b'{"columns": {"a": [1], "b": [2, 3], "color": ["red"]}}', 422, ""),
        (b'{"columns": {"a": ["x"], "b": [2], "color": ["red"]}}', 422, "expected a number"),
        (b'{"columns": {"a": [[1]], "b": [2], "color": ["red"]}}', 422, ""),
        (b'{"columns": {"a": [Infinity], "b": [2], "color": ["red"]}}', 422, "finite"),
        (b'{"columns": {"a": [1' + b"0" * 400 + b'], "b": [2], "color": ["red"]}}', 422, ""),
        (b'{"columns": {"a": [%s], "b": [2], "color": ["red"]}}' % b",".join([b"1"] * 101), 413, "at most 100 records"),
        (b" " * 20_001, 413, "at most 20000 bytes"),
        (
            b'{"records": [%s]}' % b",".join(b'{"%d": 1, "x%d": 1, "y%d": 1}' % (i, i, i) for i in range(100)),
            413,
            "cells",
        ),
    ],
)
def test_wrong_bodies_have_one_clear_answer(client, body, status, words):
    answer = client.post("/score", content=body, headers={"content-type": JSON})
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert client.post("/score", json={"columns": _columns(_table(0, 2))}).status_code == 200


@pytest.mark.parametrize("query", ["reasons=-1", "reasons=x", "reasons=101", "top=3", "reasons=1&of=some"])
def test_wrong_options_are_refused(client, query):
    answer = client.post(f"/score?{query}", json={"columns": _columns(_table(0, 2))})
    assert answer.status_code == 400


def test_reasons_have_a_limit_of_their_own(client):
    body = {"columns": _columns(_table(0, 60))}
    assert client.post("/score?reasons=1&of=all", json=body).status_code == 413


def test_a_page_of_another_origin_cannot_send_a_form(client):
    answer = client.post("/score", content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415
    assert "access-control-allow-origin" not in answer.headers


def test_other_names_of_the_host_are_refused(model):
    with Client(create_app(model, refresh=0, hosts=["localhost"])) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/health", headers={"host": "rebound.example"}).status_code == 400


def test_missing_cells_are_null(client, detectors):
    found = client.post("/score", json={"records": [{"a": None, "color": "red"}, {"a": 1.0, "b": 1.0}]}).json()
    expected = detectors[0].decision_function([{"a": None, "b": None, "color": "red"}, {"a": 1.0, "b": 1.0}])
    assert found["scores"] == expected.tolist()


def test_health_and_metrics(client, model, detectors):
    table = _table(2, 50)
    client.post("/score", json={"columns": _columns(table)})
    client.post("/score", content=b"", headers={"content-type": JSON})
    health = client.get("/health").json()
    assert health["status"] == "ok"
    assert health["columns"] == ["a", "b", "color"]
    assert health["reload_error"] is None
    text = client.get("/metrics").text
    assert client.get("/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'anomaly_requests_total{status="200"} 1\n' in text
    assert 'anomaly_requests_total{status="400"} 1\n' in text
    assert "anomaly_records_total 50\n" in text
    assert f"anomaly_flagged_total {int(detectors[0].predict(table).sum())}\n" in text
    assert 'anomaly_request_seconds_bucket{le="+Inf"} 2\n' in text
    assert f'anomaly_model_info{{sha256="{health["model"]}"}} 1\n' in text
    for line in text.splitlines():
        assert line.startswith("# ") or float(line.rpartition(" ")[2]) >= 0


def test_a_new_model_takes_the_place_of_the_old(model, detectors):
    lines = []
    app = create_app(model, refresh=0.02, report=lines.append)
    with Client(app) as client:
        body = {"columns": _columns(_table(2, 20))}
        first = client.post("/score", json=body).json()
        detectors[1].save(model)
        found = _until(client, lambda health: health["model"] != first["model"])
        again = client.post("/score", json=body).json()
        assert again["scores"] == detectors[1].decision_function(_table(2, 20)).tolist()
        assert again["model"] == found["model"]
        assert lines == [f"took the model {found['model']} in place of {first['model']}"]
        # A bad file, and none. The bad one comes at once: an empty file that is then written may be read twice.
        bad = model.with_name("bad")
        bad.write_bytes(b"PK no model")
        for spoil in (lambda: os.replace(bad, model), lambda: os.remove(model)):
            spoil()
            _until(client, lambda health: health["reload_error"] and "kept the model" in lines[-1])
            assert client.post("/score", json=body).json() == again
            lines.append("seen")
        assert "anomaly_model_reload_failures 2" in client.get("/metrics").text
        detectors[0].save(model)
        assert _until(client, lambda health: health["model"] == first["model"])["reload_error"] is None


def _until(client, reached):
    for _ in range(1000):
        health = client.get("/health").json()
        if reached(health):
            return health
        threading.Event().wait(0.01)
    raise AssertionError("the model's file was not read anew")


def test_models_of_series_are_refused(tmp_path):
    x = np.sin(np.arange(400.0))[:, np.newaxis]
    SequenceDetector(window=8, epochs=1, members=1, random_state=0).fit(x).save(tmp_path / "s.npz")
    with pytest.raises(ValueError, match="SequenceDetector; a service scores records"):
        create_app(tmp_path / "s.npz")


def test_too_many_waiting_requests_are_refused_at_once(model, monkeypatch):
    app = create_app(model, Limits(waiting=0), refresh=0)
    entered, go = threading.Event(), threading.Event()
    score = TableDetector.decision_function

    def slow(self, table):
        entered.set()
        go.wait(20)
        return score(self, table)

    monkeypatch.setattr(TableDetector, "decision_function", slow)
    # With reasons, since a small request for scores alone holds up the next one until it is answered.
    body = {"columns": _columns(_table(0, 3))}
    with Client(app) as client:
        answers = []
        first = threading.Thread(target=lambda: answers.append(client.post("/score?reasons=1", json=body)))
        first.start()
        assert entered.wait(20)
        refused = client.post("/score?reasons=1", json=body)
        go.set()
        first.join()
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert answers[0].status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        '{"columns": {"a": [NaN, 1e400, 1], "b": [1, 2, null]}}',
        '\ufeff{"columns": {"a": [1, 2], "b": [0.1, 18446744073709551617]}}',
        '{"columns": {"a": [1, 123456789012345678901234567890], "b": [true, null]}}',
        '{"columns": {"a": [1, 0.30000000000000004], "b": ["\\ud800", "x"]}}',
        '{"columns": {"a": [1, 2]',
    ],
)
def test_both_parsers_read_the_same(text, monkeypatch):
    pytest.importorskip("orjson")
    found = []
    for _ in range(2):
        try:
            table = requests.read_records(text.encode(), JSON, Limits())
            found.append([repr(column.tolist()) for column in table.columns])
        except RefusedError as error:
            found.append([error.text])
        monkeypatch.setattr(requests, "_fast_loads", None)
    assert found[0] == found[1]


def test_a_fault_is_no_end_of_the_service(client, monkeypatch, capsys):
    monkeypatch.setattr(TableDetector, "decision_function", lambda self, table: 1 / 0)
    answer = client.post("/score", json={"columns": _columns(_table(0, 3))})
    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert json.loads(client.get("/health").content)["status"] == "ok"
