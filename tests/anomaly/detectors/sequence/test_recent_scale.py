import numpy as np
import pytest

from anomaly.detectors.sequence.recent_scale import MEMORY, RecentScale, RunForm

CLEAR = 4.0
BY_CAUSE = RunForm(by_cause=True)


def scale_after(values, causes=None, form=BY_CAUSE):
    reference = np.random.default_rng(0).normal(size=2000)
    scale = RecentScale(reference.tolist(), gap=20, hold=400, form=form)
    levels = [scale.level()]
    for k, value in enumerate(values):
        scale.push(float(value), causes is None or bool(causes[k]), CLEAR)
        levels.append(scale.level())
    return np.array(levels)


def normal(n, seed=1):
    return np.random.default_rng(seed).normal(size=n)


def test_the_level_is_the_quantile_of_the_last_values():
    values = -np.abs(normal(MEMORY + 100))
    assert scale_after(values)[-1] == pytest.approx(np.quantile(values[-MEMORY:], 0.99))


@pytest.mark.parametrize("n_faults", [1, 10, 40])
def test_short_runs_far_above_do_not_raise_it_however_many(n_faults):
    values = np.concatenate([np.r_[normal(300, seed=k), np.full(50, 9.0)] for k in range(n_faults)])
    found = scale_after(values)
    assert found[-1] < found[0] + 0.3
    former = scale_after(values, form=RunForm())
    assert n_faults < 40 or former[-1] > 2


def test_short_runs_that_are_slightly_higher_do_raise_it():
    values = np.concatenate([np.r_[normal(300, seed=k), np.full(50, 3.5)] for k in range(20)])
    found = scale_after(values)
    assert found[-1] > found[0] + 0.5


@pytest.mark.parametrize("level", [3.5, 9.0])
def test_a_run_that_lasts_is_the_new_normal(level):
    found = scale_after(np.r_[normal(600), np.full(420, level)])
    assert found[990] < level
    assert found[-1] == level


def test_high_values_without_a_cause_enter_up_to_their_median():
    causes = np.r_[np.ones(600), np.zeros(810)]
    with_fault = np.r_[normal(600), np.full(450, 5.0), np.full(360, 9.0)]
    found = scale_after(with_fault, causes)
    assert found[1390] < 4
    assert found[-1] == 5.0


def test_a_gap_ends_a_run():
    scale = RecentScale([0.0] * 1000, gap=5, hold=400, form=BY_CAUSE)
    for _ in range(100):
        scale.push(0.0, True, CLEAR)
    for _ in range(4):
        for _ in range(150):
            scale.push(9.0, True, CLEAR)
        scale.restart(CLEAR)
    assert scale.level() == 0.0
