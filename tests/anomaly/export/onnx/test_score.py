"""Scores of detectors as ONNX files in ONNX Runtime, beside those in Python."""

import numpy as np
import pytest

from anomaly import AutoencoderDetector, SequenceDetector, TableDetector
from anomaly.errors import IdentifierColumnWarning
from anomaly.export import export_onnx
from nnlite.export import NotExportable

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

STEP = 2.0**-12
"""Largest relative distance of two scores that are next to each other when rounded to 13 binary digits."""
DETECTORS = {
    "complete": (TableDetector(hidden=(8,), epochs=3, random_state=0), 0.0),
    "holes": (TableDetector(hidden=(8,), epochs=3, random_state=0), 0.08),
    "no records": (TableDetector(hidden=(8,), epochs=3, neighbors=0, random_state=0), 0.08),
    "standard scaling": (TableDetector(hidden=(8,), epochs=3, scaling="standard", random_state=0), 0.0),
    "regressions": (TableDetector(hidden=(8,), epochs=3, linear_share=0.5, random_state=0), 0.08),
    "autoencoder": (AutoencoderDetector(hidden=(8, 2, 8), epochs=3, random_state=0), 0.08),
}


def _records(seed, count, missing=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 5))
    x[:, 1] = 1e4 + x[:, 0] + 0.1 * x[:, 1]
    # A column with a heavy tail, one of few values, and one that is nearly always the same.
    x[:, 2] = np.exp(2.5 * x[:, 2])
    x[:, 3] = rng.integers(0, 3, count)
    x[:, 4] = np.where(rng.random(count) < 0.95, 7.0, x[:, 4])
    x[rng.random(x.shape) < missing] = np.nan
    return x


def _exported(detector, folder):
    detector.export(folder / "d.onnx")
    return onnxruntime.InferenceSession(folder / "d.onnx", providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module", params=DETECTORS)
def pair(request, tmp_path_factory):
    detector, missing = DETECTORS[request.param]
    detector.fit(_records(0, 500, missing))
    return detector, _exported(detector, tmp_path_factory.mktemp("onnx"))


def _assert_same(scores, labels, detector, records, most_others=0.0):
    expected = detector.decision_function(records)
    apart = np.abs(scores / expected - 1)
    # Rounding errors move few scores over the middle between two that are rounded.
    assert np.mean(apart > 1e-5) <= 0.005 + most_others
    assert np.mean(apart > STEP) <= most_others
    clear = (np.abs(expected / detector.threshold_ - 1) > STEP) & (apart <= STEP)
    np.testing.assert_array_equal(labels[clear], detector.predict(records)[clear])


@pytest.mark.parametrize("kind", ["fresh", "training", "far", "extreme"])
def test_scores_and_labels_are_those_of_python(pair, kind):
    detector, session = pair
    x = _records(0 if kind == "training" else 1, 500 if kind == "training" else 2000)
    rng = np.random.default_rng(2)
    if kind == "far":
        x *= rng.choice([-1, 1, 10, 1e3, 1e8], size=x.shape)
    if kind == "extreme":
        x = rng.choice([0.0, -0.0, 1.0, -1e308, 1e308, 1e-308, 1e4, 1e10, -3.0], size=x.shape)
    scores, labels = session.run(["score", "label"], {"records": x})
    _assert_same(scores, labels, detector, x)


def test_missing_cells_are_filled_as_in_python(pair):
    detector, session = pair
    x = _records(3, 2000, missing=0.1)
    x[:5] = np.nan
    scores, labels = session.run(None, {"records": x})
    # Of a record with few cells, many records are equally near: others of them may fill its holes.
    _assert_same(scores, labels, detector, x, most_others=0.005)


def test_records_without_any_cell_are_filled_as_in_python(pair):
    detector, session = pair
    x = np.full((3, 5), np.nan)
    np.testing.assert_allclose(session.run(["score"], {"records": x})[0], detector.decision_function(x), rtol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_nothing_is_computed_on_tensors_without_rows(pair, tmp_path, count):
    # ONNX Runtime up to 1.19 ends the process there.
    detector, _ = pair
    detector.export(tmp_path / "d.onnx")
    message = onnx.load(tmp_path / "d.onnx")
    results = {one.name for one in message.graph.output}
    inside = [name for node in message.graph.node for name in node.output if name not in results]
    message.graph.output.extend(onnx.ValueInfoProto(name=name) for name in inside)
    session = onnxruntime.InferenceSession(message.SerializeToString(), providers=["CPUExecutionProvider"])
    # The last operations take the spare row away again.
    values = session.run(inside, {"records": _records(7, count)})
    empty = [name for name, value in zip(inside, values, strict=True) if value.size == 0]
    last = [node for node in message.graph.node if set(node.output) & results]
    assert set(empty) <= {name for node in last for name in node.input}
    assert len(empty) == (2 if count == 0 else 0)


def test_scores_do_not_depend_on_what_min_and_max_make_of_nan(pair, tmp_path):
    # ONNX leaves it open. Here, both are the number.
    detector, session = pair
    detector.export(tmp_path / "d.onnx")
    message = onnx.load(tmp_path / "d.onnx")
    constants = {one.name: one.data_type for one in message.graph.initializer}
    nodes = []
    for node in list(message.graph.node):
        nodes.append(node)
        bound = constants.get(node.input[-1])
        if node.op_type not in ("Min", "Max") or bound in (None, onnx.TensorProto.INT64):
            continue
        x, limit, result = node.input[0], node.input[1], node.output[0]
        node.output[0] = f"{result}_bounded"
        nodes.append(onnx.helper.make_node("IsNaN", [x], [f"{result}_isnan"]))
        nodes.append(onnx.helper.make_node("Where", [f"{result}_isnan", limit, node.output[0]], [result]))
    assert len(nodes) > len(message.graph.node)
    del message.graph.node[:]
    message.graph.node.extend(nodes)
    changed = onnxruntime.InferenceSession(message.SerializeToString(), providers=["CPUExecutionProvider"])
    x = _records(8, 300, missing=0.1)
    np.testing.assert_array_equal(*(one.run(["score"], {"records": x})[0] for one in (changed, session)))


def test_an_infinite_number_has_no_score(pair):
    _, session = pair
    x = _records(4, 3)
    x[0, 1], x[1, 2] = np.inf, -np.inf
    scores, labels = session.run(None, {"records": x})
    assert np.isnan(scores).tolist() == [True, True, False]
    assert labels[:2].tolist() == [0, 0]


@pytest.mark.parametrize("count", [0, 1])
def test_any_number_of_records(pair, count):
    detector, session = pair
    x = _records(5, count)
    scores, labels = session.run(None, {"records": x})
    assert scores.shape == labels.shape == (count,)
    if count:
        _assert_same(scores, labels, detector, x)


def _mixed(seed, count):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=count)
    return {
        "a": a,
        "color": rng.choice(["red", "blue", "green", "NA"], count, p=[0.5, 0.3, 0.1, 0.1]).astype(object),
        "flag": a > 0,
        "level": rng.integers(0, 4, count).astype(float),
        "code": rng.integers(1, 30, count).astype(str).astype(object),
        "score": np.where(rng.random(count) < 0.2, np.nan, np.exp(2 * rng.normal(size=count))),
        "id": np.array([f"n{i}" for i in range(count)], object),
    }


@pytest.mark.parametrize("kind", [TableDetector, AutoencoderDetector])
def test_categories_are_read_by_a_label_encoder(kind, tmp_path):
    detector = kind(hidden=(8,) if kind is TableDetector else (8, 2, 8), epochs=3, categorical=["code"], random_state=0)
    with pytest.warns(IdentifierColumnWarning):
        detector.fit(_mixed(0, 500))
    session = _exported(detector, tmp_path)
    table = _mixed(1, 1000)
    table["color"][::40] = "never seen"
    table["color"][1::40] = ""
    table["code"][::30] = "3.0"
    table["level"][::70] = 17.0
    table["level"][5::70] = np.nan
    names = [one.name for one in session.get_inputs()]
    assert names == [name for name in table if detector.preprocessor_.kinds_[name] != "ignored"]
    feeds = {name: table[name] if table[name].dtype == object else table[name].astype(float) for name in names}
    outputs = [one.name for one in session.get_outputs()]
    assert outputs == ["score_1", "label"]
    scores, labels = session.run(None, {name: column[:, np.newaxis] for name, column in feeds.items()})
    _assert_same(scores, labels, detector, table)


def test_prototypes_make_the_file_smaller(pair, tmp_path):
    detector, _ = pair
    if not isinstance(detector, TableDetector) or detector.neighbors == 0:
        pytest.skip("it has no records")
    detector.export(tmp_path / "all.onnx")
    detector.export(tmp_path / "few.onnx", prototypes=40)
    assert (tmp_path / "few.onnx").stat().st_size < (tmp_path / "all.onnx").stat().st_size
    session = onnxruntime.InferenceSession(tmp_path / "few.onnx", providers=["CPUExecutionProvider"])
    x = _records(6, 500)
    _assert_same(*session.run(None, {"records": x}), detector.keep_records("prototypes", 40), x)


def test_weights_of_members_learned_from_labels_are_in_the_file(tmp_path):
    x = np.r_[_records(0, 400), 3 * _records(1, 20)]
    y = np.r_[np.zeros(400), np.ones(20)]
    detector = TableDetector(hidden=(8,), epochs=3, random_state=0).fit(x).learn_labels(x, y)
    records = _records(2, 300)
    if (detector.ensemble_.column_weights == 1).all():
        _assert_same(*_exported(detector, tmp_path).run(None, {"records": records}), detector, records)
    else:
        with pytest.raises(NotExportable, match="weights of columns"):
            detector.export(tmp_path / "d.onnx")


def test_the_file_says_what_it_is(pair, tmp_path):
    detector, session = pair
    detector.export(tmp_path / "d.onnx")
    message = onnx.load(tmp_path / "d.onnx")
    assert {one.domain: one.version for one in message.opset_import}[""] == 13
    assert message.ir_version == 7
    found = session.get_modelmeta().custom_metadata_map
    assert found["detector"] == type(detector).__name__
    assert float(found["threshold"]) == detector.threshold_


def test_what_is_not_exported_is_refused_by_name(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2))
    small = {"hidden": (4,), "epochs": 1, "random_state": 0}
    with pytest.raises(NotExportable, match="scaling='quantile'"):
        AutoencoderDetector(scaling="quantile", **small).fit(x).export(tmp_path / "d.onnx")
    times = {"x": x[:, 0], "at": np.datetime64("2024-01-01T00:00") + np.arange(100) * np.timedelta64(7, "h")}
    with pytest.raises(NotExportable, match="column 'at' has the kind 'datetime'"):
        TableDetector(**small).fit(times).export(tmp_path / "d.onnx")
    weights = {"x": x[:, 0], "weight": [f"{abs(v):.2f} kg" for v in x[:, 1]]}
    with pytest.raises(NotExportable, match="column 'weight' is text"):
        TableDetector(**small).fit(weights).export(tmp_path / "d.onnx")
    with pytest.raises(NotExportable, match="class SequenceDetector"):
        export_onnx(SequenceDetector(), tmp_path / "d.onnx")
    assert not list(tmp_path.iterdir())
