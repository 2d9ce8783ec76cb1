"""Fitting and scoring on a cluster: the same results as on one machine, whatever workers do."""

import os
import random
import signal
import threading
import time
import warnings

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.cli import main
from anomaly.errors import DataError
from anomaly.large.digest import Digest
from anomaly.large.file_parts import parts_of
from anomaly.large.reading import FileReader, digest_of
from tests.anomaly.command_line import QUICK, fails

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")
pytest.importorskip("dask.dataframe")
pd = pytest.importorskip("pandas")

import anomaly.distributed as cluster_of_anomaly  # noqa: E402
from anomaly.distributed.cluster import Cluster  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
ROWS, FILES = 6000, 6


@pytest.fixture(scope="module")
def cluster():
    # Dask drops a worker of a local cluster that is not back in 15 seconds, which a busy machine takes to start it.
    patient = dask.config.set({"distributed.deploy.lost-worker-timeout": "120s"})
    with warnings.catch_warnings(), patient:
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None, memory_limit="1GB") as found:
            yield found


@pytest.fixture(scope="module")
def client(cluster):
    with distributed.Client(cluster, set_as_default=False) as found:
        yield found


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    load = rng.normal(size=ROWS)
    colors = rng.choice(["red", "green"], ROWS).astype(object)
    return pd.DataFrame({"load": load, "speed": load + 0.1 * rng.normal(size=ROWS), "color": colors})


@pytest.fixture(scope="module")
def files(frame, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for number in range(FILES):
        part = frame.iloc[number * ROWS // FILES : (number + 1) * ROWS // FILES]
        part.to_csv(folder / f"part-{number}.csv", index=False)
    return folder


def detector(**settings):
    return TableDetector(hidden=(8,), epochs=1, neighbors=1, random_state=0, **settings)


@pytest.fixture(scope="module")
def fitted(frame):
    return detector().fit(frame)


def test_a_frame_is_fitted_and_scored_as_on_one_machine(frame, fitted, client):
    import dask.dataframe as dd

    spread = dd.from_pandas(frame, npartitions=5)
    found = cluster_of_anomaly.fit(detector(), spread, client)
    assert found.threshold_ == fitted.threshold_
    assert (found.decision_scores_ == fitted.decision_scores_).all()
    scores = cluster_of_anomaly.score(found, spread, client)
    assert (scores == fitted.decision_function(frame)).all()


def test_an_array_is_cut_along_its_rows(frame, client):
    import dask.array as da

    numbers = frame[["load", "speed"]].to_numpy()
    spread = da.from_array(numbers, chunks=(700, 1))
    found = cluster_of_anomaly.fit(detector(), spread, client)
    parts = list(cluster_of_anomaly.iter_scores(found, spread, client))
    assert [len(part) for part in parts] == [*[700] * 8, 400]
    assert (np.concatenate(parts) == found.decision_function(numbers)).all()


def test_a_sample_does_not_depend_on_the_workers(files, client):
    paths = [str(path) for path in sorted(files.iterdir())]
    found = cluster_of_anomaly.fit(detector(), files, client, most_rows=500)
    alone = digest_of(FileReader(), list(parts_of(paths)), Digest(0, 500), ())
    same = detector().fit_sample(alone.finish())
    assert found.records_seen_ == ROWS
    assert found.threshold_ == same.threshold_
    assert (found.decision_scores_ == same.decision_scores_).all()


def _started(cluster):
    """Return the processes of the workers that have started: Dask does not replace one that dies before."""
    nannies = [one for one in list(cluster.workers.values()) if one.status.name == "running"]
    return [one.pid for one in nannies if one.process is not None and one.process.status.name == "running"]


def test_killed_workers_lose_and_change_nothing(files, fitted, cluster, client):
    expected = cluster_of_anomaly.score(fitted, files, client)
    before = cluster_of_anomaly.fit(detector(), files, client, most_rows=500)
    done, killed = threading.Event(), []

    def kill():
        draw = random.Random(0)
        while not done.is_set() and len(killed) < 4:
            time.sleep(draw.uniform(0.05, 0.6))
            pids = _started(cluster)
            if pids:
                killed.append(draw.choice(pids))
                try:
                    os.kill(killed[-1], signal.SIGKILL)
                except ProcessLookupError:
                    killed.pop()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        while thread.is_alive():
            after = cluster_of_anomaly.fit(detector(), files, client, most_rows=500)
            scores = cluster_of_anomaly.score(fitted, files, client)
            assert after.threshold_ == before.threshold_
            assert (scores == expected).all()
    finally:
        done.set()
        thread.join()
    assert len(killed) == 4


def test_one_clear_error_names_what_is_wrong(files, frame, fitted, client, tmp_path):
    import dask.dataframe as dd
    from dask import delayed

    other = frame.rename(columns={"speed": "pace"})
    parts = [delayed(frame.iloc[:100]), delayed(other.iloc[:100])]
    spread = dd.from_delayed(parts, meta=frame.iloc[:0], verify_meta=False)
    with pytest.raises(DataError, match=r"'partition 1' has not the same columns.*'pace', 'speed'"):
        cluster_of_anomaly.fit(detector(), spread, client)
    with pytest.raises(DataError, match="no file matches this pattern"):
        cluster_of_anomaly.fit(detector(), str(tmp_path / "*.parquet"), client)
    (tmp_path / "a.csv").write_text("load,speed,color\n1,2,red\n3,red\n")
    with pytest.raises(DataError, match=r"a.csv', line 3.*found 2 fields"):
        cluster_of_anomaly.score(fitted, tmp_path / "a.csv", client)
    with pytest.raises(DataError, match="expected a data frame or an array of Dask, or paths"):
        cluster_of_anomaly.fit(detector(), frame, client)
    text = dd.from_delayed(
        [delayed(frame.iloc[:9]), delayed(frame.iloc[9:20].assign(load="x"))], meta=frame.iloc[:0], verify_meta=False
    )
    with pytest.raises(DataError, match="some partitions have numbers, others have text or dates in 'load'"):
        cluster_of_anomaly.fit(detector(), text, client)


def test_a_scheduler_that_cannot_be_reached_is_named(files, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("anomaly.distributed.cluster._SECONDS_TO_CONNECT", 0.5)
    model = tmp_path / "m.npz"
    model.write_text("earlier")
    message = fails(capsys, "fit", files, "-m", model, "--scheduler", "tcp://127.0.0.1:9")
    assert "cannot reach a scheduler at 'tcp://127.0.0.1:9'" in message
    assert model.read_text() == "earlier"


def test_the_command_line_writes_the_same_files(files, cluster, capsys, tmp_path):
    address = ["--scheduler", cluster.scheduler_address]
    models = [tmp_path / "one.npz", tmp_path / "other.npz"]
    for model, more in zip(models, ([], address), strict=True):
        assert main(["fit", str(files), "-m", str(model), *more, *map(str, QUICK)]) == 0
    assert models[0].read_bytes() == models[1].read_bytes()
    outputs = [tmp_path / "one.csv", tmp_path / "other.csv"]
    for options in ([], ["--top", "2", "--columns", "color"]):
        for output, more in zip(outputs, ([], address), strict=True):
            assert main(["score", str(files), "-m", str(models[0]), "-o", str(output), *more, *options]) == 0
        assert outputs[0].read_bytes() == outputs[1].read_bytes()
    capsys.readouterr()
    (tmp_path / "bad.csv").write_text("load,speed,color\n1,2,red\nx,2,red\n")
    before = outputs[1].read_bytes()
    message = fails(capsys, "score", tmp_path / "bad.csv", "-m", models[0], "-o", outputs[1], *address)
    assert "column 'load': found 'x', expected a number" in message
    assert outputs[1].read_bytes() == before
    assert "no standard input" in fails(capsys, "score", "-", "-m", models[0], *address)


def test_fewer_workers_than_before_are_enough(client, monkeypatch):
    cluster, sizes = Cluster(distributed, client), iter([4, 0, 0, 1])
    monkeypatch.setattr(cluster, "_most_jobs", lambda: next(sizes, 1))
    assert list(cluster.run(abs, range(-5, 0), lambda: ())) == [5, 4, 3, 2, 1]


def _watching(client, monkeypatch, workers):
    """Return a cluster that looks at its workers often, and sees what is given."""
    monkeypatch.setattr("anomaly.distributed.cluster._SECONDS_BETWEEN_LOOKS", 0.05)
    monkeypatch.setattr("anomaly.distributed.cluster._MOST_SECONDS_WITHOUT_WORKERS", 0.2)
    monkeypatch.setattr("anomaly.distributed.cluster._MOST_SECONDS_IDLE", 0.2)
    cluster = Cluster(distributed, client)
    monkeypatch.setattr(cluster, "_workers", workers)
    return cluster


def test_without_workers_the_wait_has_an_end(client, monkeypatch):
    cluster = _watching(client, monkeypatch, dict)
    with pytest.raises(DataError, match="has had no workers for 0.2 seconds"):
        list(cluster.run(time.sleep, [5], lambda: ()))


def test_a_job_that_nobody_is_at_is_given_out_again(client, monkeypatch, tmp_path):
    started = tmp_path / "started"

    def first_time_slow(part):
        with started.open("a") as file:
            file.write("x")
        if started.stat().st_size == 1:
            time.sleep(3)
        return part

    seen = iter([{"a worker": ()}] * 8)
    cluster = _watching(client, monkeypatch, lambda: next(seen, {"a worker": ("job",)}))
    assert list(cluster.run(first_time_slow, [7], lambda: ())) == [7]
    assert started.read_text() == "xx"
