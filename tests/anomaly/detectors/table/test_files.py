import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly import TableDetector, load_detector
from anomaly.datasets import make_transactions
from anomaly.errors import DataError
from anomaly.thresholds import MADThreshold
from nnlite.archive import FileFormatError
from tests.anomaly.detectors.planes import planes


def test_a_loaded_detector_is_the_same(mixed, tmp_path):
    detector, data = mixed
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    np.testing.assert_array_equal(loaded.decision_function(data.columns), detector.decision_function(data.columns))
    np.testing.assert_array_equal(loaded.explain(data.columns), detector.explain(data.columns))
    np.testing.assert_array_equal(loaded.predict(data.columns), detector.predict(data.columns))
    np.testing.assert_array_equal(loaded.labels_, detector.labels_)
    np.testing.assert_array_equal(loaded.decision_scores_, detector.decision_scores_)
    np.testing.assert_array_equal(loaded.encode(data.columns), detector.encode(data.columns))
    assert loaded.get_params() == detector.get_params()
    assert loaded.history_ == detector.history_
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()


def test_a_file_from_before_timestamps_had_hours_still_scores_the_same():
    # Its time stamp is one number, days since 1970, as it was when it was learned.
    loaded = load_detector(Path(__file__).parents[1] / "saved" / "first_format.npz")
    data = make_transactions(n_records=60, random_state=0)
    assert loaded.preprocessor_.kinds_["timestamp"] == "date"
    np.testing.assert_allclose(loaded.decision_function(data.columns), loaded.decision_scores_, rtol=3e-4)


def test_a_file_from_when_scores_were_averaged_still_scores_alike():
    loaded = load_detector(Path(__file__).parents[1] / "saved" / "averaged_scores.npz")
    data = make_transactions(n_records=60, random_state=0)
    assert loaded.fine_share == 0
    assert [member.kind for member in loaded.members_] == ["denoiser", "denoiser", "neighbours"]
    np.testing.assert_allclose(loaded.decision_function(data.columns), loaded.decision_scores_, rtol=3e-4)


def test_a_file_from_when_weighted_members_were_summed_still_scores_the_same(tmp_path):
    loaded = load_detector(Path(__file__).parents[1] / "saved" / "summed_weights.npz")
    x = [[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]]
    scores = loaded.decision_function(x)
    np.testing.assert_allclose(scores, [5.142578125, 1.792724609375, 0.7454833984375], rtol=3e-4)
    loaded.save(tmp_path / "again.npz")
    np.testing.assert_array_equal(load_detector(tmp_path / "again.npz").decision_function(x), scores)
    anew = loaded.learn_labels(np.random.default_rng(1).normal([3, 0, 0], 0.5, size=(8, 3)), np.ones(8))
    anew.save(tmp_path / "anew.npz")
    assert (anew.decision_function(x) != scores).any()
    np.testing.assert_array_equal(load_detector(tmp_path / "anew.npz").decision_function(x), anew.decision_function(x))


def test_remembered_records_are_in_the_file_once(fitted, tmp_path):
    fitted.save(tmp_path / "m.npz")
    with zipfile.ZipFile(tmp_path / "m.npz") as archive:
        assert len([name for name in archive.namelist() if name.endswith("records.npy")]) == 1
    loaded = load_detector(tmp_path / "m.npz")
    plain, fine, forest = loaded.members_[-3:]
    assert fine.records is plain.records
    assert fine.magnify
    assert forest.kind == "isolation"


def test_parameters_of_every_kind_survive(tmp_path):
    detector = TableDetector(
        hidden=np.array([4, 4]), epochs=np.int64(1), threshold=MADThreshold(2.5), random_state=np.random.default_rng(0)
    ).fit(planes()[0])
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    assert loaded.hidden == (4, 4)
    assert repr(loaded.threshold) == "MADThreshold(k=2.5, log=False)"
    # A generator has no description; the fitted detector no longer needs it.
    assert loaded.random_state is None


def test_every_truncation_of_a_file_is_one_clear_error(fitted, tmp_path):
    path = tmp_path / "m.npz"
    fitted.save(path)
    content = path.read_bytes()
    for size in range(0, len(content), len(content) // 40):
        path.write_bytes(content[:size])
        with pytest.raises(FileFormatError):
            load_detector(path)


@pytest.fixture(scope="module")
def small_file(tmp_path_factory):
    """A small detector of mixed columns, its file, and its scores of the training records."""
    path = tmp_path_factory.mktemp("fuzz") / "m.npz"
    columns = make_transactions(n_records=40, random_state=0).columns
    detector = TableDetector(hidden=(2,), draws=1, epochs=1, random_state=0).fit(columns)
    detector.save(path)
    return path.read_bytes(), columns, detector.decision_function(columns)


def load_bytes(content, folder):
    path = folder / "altered.npz"
    path.write_bytes(content)
    return load_detector(path)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=3))
def test_altered_bytes_are_a_clear_error_or_change_nothing(small_file, tmp_path_factory, changes):
    content, columns, expected = small_file
    altered_content = bytearray(content)
    for where, byte in changes:
        altered_content[int(where * len(content))] = byte
    try:
        loaded = load_bytes(bytes(altered_content), tmp_path_factory.getbasetemp())
    except FileFormatError:
        return
    np.testing.assert_array_equal(loaded.decision_function(columns), expected)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_cut_and_joined_bytes_are_a_clear_error_or_change_nothing(small_file, tmp_path_factory, data):
    content, columns, expected = small_file
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    filling = data.draw(st.binary(max_size=20))
    try:
        loaded = load_bytes(content[:start] + filling + content[end:], tmp_path_factory.getbasetemp())
    except FileFormatError:
        return
    np.testing.assert_array_equal(loaded.decision_function(columns), expected)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_foreign_bytes_are_a_clear_error(tmp_path_factory, content):
    with pytest.raises(FileFormatError):
        load_bytes(content, tmp_path_factory.getbasetemp())


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=4,
)


def spots(value, path=()):
    """Yield the way to every value within a JSON value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from spots(child, (*path, key))


@settings(max_examples=300, deadline=None)
@given(data=st.data(), foreign=json_values)
def test_an_altered_description_is_a_clear_error_or_a_detector(small_file, tmp_path_factory, data, foreign):
    content, columns, _ = small_file
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    spot = data.draw(st.sampled_from(list(spots(config))))
    holder = config
    for key in spot[:-1]:
        holder = holder[key]
    holder[spot[-1]] = foreign
    members["config.json"] = json.dumps(config).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    try:
        loaded = load_bytes(made.getvalue(), tmp_path_factory.getbasetemp())
    except FileFormatError:
        return
    # Whoever alters a name or a number and all checksums makes another detector, but a whole one. An absurd number may
    # give absurd scores: NumPy's warnings of that are not the matter here.
    try:
        with np.errstate(all="ignore"):
            assert loaded.decision_function(columns).shape == (40,)
    except DataError as error:
        assert "column" in str(error) or "row" in str(error)  # noqa: PT017
    assert loaded.get_params()


def altered(fitted, path, change):
    fitted.save(path)
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(contents["config.json"])
    change(config)
    contents["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(kind="model"),
        lambda c: c.update(detector="Popen"),
        lambda c: c.pop("detector"),
        lambda c: c.update(threshold="low"),
        lambda c: c.update(parameters=[1]),
        lambda c: c["parameters"].update(evil=1),
        lambda c: c["parameters"].update(ignore=True),
        lambda c: c["parameters"].update(hidden="wide"),
        lambda c: c["parameters"].update(threshold={"threshold": "Evil", "config": {}}),
        lambda c: c["members"][0].update(network={}),
        lambda c: c["members"][0]["network"]["model"]["config"]["layers"][-1]["config"].update(units=4),
        lambda c: c.update(preprocessing={}),
        lambda c: c.pop("history"),
        lambda c: c["arrays"].remove("member_0/disturbances"),
        lambda c: c["members"].pop(),
        lambda c: c["members"][0].update(scale=0.0),
        lambda c: c["members"][-2].update(k=280),
        lambda c: c["members"][-2].update(magnify="yes"),
        lambda c: c["members"][-3].update(magnify=True),
        lambda c: c["members"][-1].update(width=2),
        lambda c: c["members"][0].update(spread=-1.0),
        lambda c: c["parameters"].pop("fine_share"),
        lambda c: c["parameters"].pop("forest_share"),
        lambda c: c["parameters"].update(trim=0.1),
        lambda c: c["members"][-1].update(kind="Popen"),
        lambda c: c["parameters"].update(noise=[0.5, 1.0]),
    ],
)
def test_an_altered_file_is_one_clear_error(fitted, tmp_path, change):
    with pytest.raises(FileFormatError):
        load_detector(altered(fitted, tmp_path / "m.npz", change))


def test_a_model_file_is_no_detector(fitted, tmp_path):
    fitted.model_.save(tmp_path / "m.npz")
    with pytest.raises(FileFormatError, match="holds a 'model'; expected a 'detector'"):
        load_detector(tmp_path / "m.npz")


def test_scoring_imports_nothing_that_it_does_not_use(mixed, tmp_path):
    mixed[0].save(tmp_path / "m.npz")
    idle = [
        "numpy.random",
        "difflib",
        "html",
        "statistics",
        "zoneinfo",
        "anomaly.drift",
        "anomaly.detectors.plot_data",
        "anomaly.detectors.table.fitting",
        "anomaly.detectors.table.held_out",
        "anomaly.detectors.table.incremental",
        "anomaly.detectors.table.kept_records",
        "anomaly.detectors.table.label_learning",
        "anomaly.large.drawn",
        "anomaly.metrics.records",
        "anomaly.preprocessing.columns.learning",
        "anomaly.preprocessing.columns.rewriting",
        "anomaly.thresholds.budget",
        "anomaly.thresholds.labelled",
        "nnlite.engine.codegen.host",
    ]
    program = (
        "import sys; sys.modules['numba'] = None; import anomaly;"
        "detector = anomaly.load_detector(sys.argv[1]);"
        "detector.decision_function([{name: None for name in detector.feature_names_in_}]);"
        "print(*sorted(set(sys.argv[2:]) & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "m.npz"), *idle]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []


def test_scoring_plain_numbers_loads_no_other_forms_of_cells(fitted, tmp_path):
    fitted.save(tmp_path / "m.npz")
    program = (
        "import sys, numpy, anomaly; detector = anomaly.load_detector(sys.argv[1]);"
        "detector.decision_function(numpy.zeros((10, detector.n_features_in_)));"
        "print(*[name for name in sys.modules if name.endswith('_forms') or name.endswith('.forms')])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "m.npz")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []


def test_scoring_loads_numpy_alone(mixed, tmp_path):
    mixed[0].save(tmp_path / "m.npz")
    program = (
        "import sys, anomaly; d = anomaly.load_detector(sys.argv[1]);"
        "d.decision_function([{n: None for n in d.feature_names_in_}]);"
        "heavy = {'numba', 'matplotlib', 'scipy', 'sklearn', 'pandas', 'polars'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "m.npz")], check=True)
