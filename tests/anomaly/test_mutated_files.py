"""A short run of the mutator of `tests.anomaly.mutated_files`."""

import functools
import sys
import warnings

import numpy as np
import pytest

if sys.platform == "win32":
    pytest.skip("the mutator needs POSIX signals and resources", allow_module_level=True)

import anomaly
from anomaly.errors import DataError
from nnlite.archive import FileFormatError, dump_archive, read_archive
from tests.anomaly.mutated_files import detectors, run


def test_a_series_without_its_comparisons_is_refused(tmp_path):
    series = np.sin(np.arange(200) / 5)[:, np.newaxis]
    path = tmp_path / "m.npz"
    anomaly.SequenceDetector(window=8, random_state=0).fit(series).save(path)
    config, arrays = read_archive(path, "detector")
    for change in ({"ensemble": None}, {}):
        changed = {name: value for name, value in config.items() if name != "ensemble"} | change
        path.write_bytes(dump_archive("detector", changed, arrays))
        with pytest.raises(FileFormatError):
            anomaly.load_detector(path)


@pytest.mark.parametrize("window", [10**6, 1e300, 8.0, True, 0, -1, None])
def test_a_series_is_not_compared_in_windows_that_training_cannot_have_had(tmp_path, window):
    series = np.sin(np.arange(200) / 5)[:, np.newaxis] + np.linspace(0, 1, 400).reshape(200, 2)
    path = tmp_path / "m.npz"
    anomaly.SequenceDetector(window=8, random_state=0).fit(series).save(path)
    config, arrays = read_archive(path, "detector")
    for member in config["ensemble"]["members"]:
        for key in {"window", "span"} & set(member):
            before, member[key] = member[key], window
            path.write_bytes(dump_archive("detector", config, arrays))
            with pytest.raises(FileFormatError):
                anomaly.load_detector(path)
            member[key] = before


def test_no_mutated_file_is_a_crash_a_hang_or_a_demand_for_memory():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counts, failures = run(150)
    assert not failures, "\n".join(failures)
    assert counts["refused"] > 50
    assert counts["scored"] > 10


def test_scores_that_are_not_finite_are_an_error_and_not_normal(tmp_path):
    path, raised = tmp_path / "m.npz", {}
    for kind, (detector, some) in detectors().items():
        config, arrays = detector.to_state()
        # One network after the other; those of table detectors are "model", "0/model" and so on.
        for name in [name for name in arrays if name.endswith(("weights", "model"))]:
            huge = np.full_like(arrays[name], 3e38 if arrays[name].dtype == np.float32 else 1e300)
            path.write_bytes(dump_archive("detector", config, {**arrays, name: huge}))
            loaded = anomaly.load_detector(path)
            uses = {
                use: getattr(loaded, use, None) for use in ("decision_function", "predict", "explain", "score_terms")
            }
            uses["push"] = functools.partial(_scores_in_pieces, loaded) if hasattr(loaded, "stream") else None
            for use, method in uses.items():
                try:
                    with np.errstate(all="ignore"):
                        assert method is None or np.isfinite(method(some)).all(), (kind, name, use)
                except DataError as error:
                    raised.setdefault(kind, {})[use] = str(error)
    for kind in ("autoencoder", "variational", "conv", "image"):
        assert set(raised[kind]) >= {"decision_function", "predict", "explain"}
        assert all("scores are not finite numbers" in text for text in raised[kind].values())
    assert "push" in raised["conv"]


def _scores_in_pieces(detector, rows):
    stream = detector.stream()
    return np.append(stream.push(rows), stream.finish())
