"""Progress of jobs: what parts add up to, whatever they are made of."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from anomaly.detectors.network_training import FitSettings, fit_network
from nnlite.job import Job, Plan, counted, is_running, report, side_by_side
from nnlite.job_line import Clock, format_line
from nnlite.layers import Dense, GaussianNoise, Input
from nnlite.models import Model
from nnlite.random import seeded


def divide(rng, depth, seen, job):
    """Do work that is divided at random: by plans, loops and reports, one inside another."""
    kind = rng.integers(4) if depth else 3
    if kind == 0:
        plan = Plan(a=rng.random(), b=rng.random(), _c=0.0)
        for name in ("a", "b", "_c")[: rng.integers(4)]:
            with plan(name):
                divide(rng, depth - 1, seen, job)
    elif kind == 1:
        for _ in counted(range(rng.integers(4)), "pieces"):
            divide(rng, depth - 1, seen, job)
    elif kind == 2:
        for _ in counted([3, 5, 9], total=rng.choice([1.0, 17.0, 40.0]), size=float):
            divide(rng, depth - 1, seen, job)
    else:
        for done in range(int(rng.integers(4))):
            report(done, 3, "steps")
    seen.append(job.fraction)


@pytest.mark.parametrize("seed", range(40))
def test_the_fraction_never_falls_and_never_exceeds_one(seed):
    rng, seen = np.random.default_rng(seed), []
    with Job() as job:
        divide(rng, 4, seen, job)
    assert seen == sorted(seen)
    assert all(0 <= fraction <= 1 for fraction in seen)


@pytest.mark.parametrize("seed", range(20))
def test_a_part_is_done_at_its_end_whatever_happened_inside(seed):
    rng = np.random.default_rng(seed)
    with Job() as job:
        plan = Plan(first=3, second=1)
        with plan("first"):
            divide(rng, 3, [], job)
        assert job.fraction == pytest.approx(0.75)
        with plan("second"):
            divide(rng, 3, [], job)
        assert job.fraction == pytest.approx(1.0)


def test_threads_have_parts_of_their_own():
    with Job() as job:
        parts = side_by_side(4)

        def work(part):
            with part:
                for _ in counted(range(100), "steps"):
                    pass

        threads = [threading.Thread(target=work, args=(part,)) for part in parts[:3]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert job.fraction == pytest.approx(0.75)
    assert job.tally == {"steps": 300}


def failing():
    with Job():
        for number in counted(range(3)):
            _ = 1 / number


def test_a_loop_left_by_an_error_leaves_no_job_behind():
    with pytest.raises(ZeroDivisionError) as caught:
        failing()
    assert not is_running()
    # Its frames, and the loop in them, end now.
    del caught
    assert not is_running()


def test_without_a_job_values_pass_as_they_are():
    values = iter("ab")
    assert counted(values) is values
    with Plan(a=1)("a"), side_by_side(2)[1]:
        report(1, 2)
        assert not is_running()


def test_work_of_unknown_length_is_counted_and_not_estimated():
    with Job() as job:
        assert list(counted(iter("abc"), "rows", float("inf"))) == ["a", "b", "c"]
    assert (job.fraction, job.tally) == (0.0, {"rows": 3.0})


@pytest.mark.parametrize("fraction", [0.0, 0.004, 0.5, 1.0])
def test_a_line_fits_every_terminal(fraction):
    job, clock = Job(), Clock(0.0)
    job.begin("networks")
    job.add(fraction)
    job.count(123_456, "steps")
    clock.update(job.fraction, job.tally, 4000.0)
    lines = [format_line("learn-labels", job, clock, 4000.0, width) for width in range(130)]
    assert all(len(line) <= width for width, line in enumerate(lines))
    assert sorted(map(len, lines)) == list(map(len, lines))
    assert "networks" in lines[-1]
    assert "steps/s" in lines[-1]


def test_the_time_left_follows_what_is_done():
    clock = Clock(100.0)
    assert clock.seconds_left(101.0) is None
    clock.update(0.5, {}, 110.0)
    assert clock.seconds_left(110.0) == pytest.approx(10.0)
    assert clock.seconds_left(125.0) == 0.0
    clock.update(0.75, {}, 130.0)
    assert clock.seconds_left(130.0) == pytest.approx(10.0)


def test_a_rate_is_that_of_the_last_seconds():
    clock = Clock(0.0)
    for second in range(1, 31):
        clock.update(0.0, {"rows": 10.0 * second if second < 20 else 190.0 + 1000.0 * (second - 19)}, float(second))
    assert clock.rate("rows") == pytest.approx(1000.0)


@pytest.mark.parametrize("patience", [None, 2])
def test_a_training_gives_the_same_weights_whether_a_job_waits_for_it_or_not(patience):
    x = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)

    def fitted():
        with seeded(0):
            inputs = Input((3,))
            model = Model(inputs, Dense(3)(GaussianNoise(0.1)(Dense(4, activation="relu")(inputs))))
            model.compile(optimizer="adam", loss="mse")
            history = fit_network(model, x, x, FitSettings(60, 32, patience), steps=1)
        return model.parameters.copy(), history["loss"]

    with Job() as job:
        watched, losses = fitted()
    alone, others = fitted()
    assert (watched == alone).all()
    assert losses == others
    assert job.tally["steps"] == len(losses) * -(-int(300 * (0.9 if patience else 1)) // 32)
