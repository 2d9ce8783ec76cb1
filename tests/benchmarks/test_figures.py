"""The arithmetic of the report."""

import pytest

from benchmarks.speed.figures import Figure, JobResult, Measurement, Target, difference, ratio, single
from benchmarks.speed.jobs.growth import _exponent
from benchmarks.speed.jobs.training import _compare, deviation
from benchmarks.speed.report import amount, on_machine, seconds, section, summary, verdict


def test_a_ratio_is_that_of_medians_and_its_quartiles_are_those_of_rounds():
    figure = ratio("faster", [10.0, 20.0, 90.0], [1.0, 4.0, 3.0])
    assert figure.value == pytest.approx(20 / 3)
    assert (figure.low, figure.high) == pytest.approx((7.5, 20.0))  # of 10, 5 and 30


def test_a_difference_is_that_of_medians():
    figure = difference("more", [3.0, 5.0, 4.0], [1.0, 1.5, 1.2], "s")
    assert figure.value == pytest.approx(4.0 - 1.2)
    assert (figure.low, figure.high) == pytest.approx((2.4, 3.15))


@pytest.mark.parametrize(
    ("sense", "value", "met"),
    [("at least", 2.0, True), ("at least", 1.99, False), ("at most", 2.0, True), ("at most", 2.01, False)],
)
def test_a_bound_is_good_enough_and_one_side_of_it_is_not(sense, value, met):
    assert Target(sense, 2.0).met(value) is met


def test_a_figure_of_another_job_is_not_judged():
    figure = Figure("what", 1.0, 1.0, 1.0, target=Target("at least", 5))
    assert figure.met is False
    assert verdict(figure) == "at least 5.00x: MISSED"
    figure.judged = False
    assert figure.met is None
    assert "no verdict" in verdict(figure)


def test_a_figure_without_a_target_is_neither_met_nor_missed():
    assert single("what", [1.0], "s").met is None


def measured(contestant, values, **more):
    return Measurement(contestant, "one", values, **more)


def test_peers_are_compared_by_medians_and_the_c_program_by_the_best_of_seven():
    ours = measured("nnlite", [2.0, 2.0], firsts=[1.0, 1.0])
    peer, program = measured("JAX program", [8.0, 8.0]), measured("C program", [0.9, 0.9], firsts=[0.5, 0.5])
    result = JobResult("train", "training", [ours, peer, program])
    _compare(result, ours, peer, {"JAX program": 3.0})
    _compare(result, ours, program, {})
    assert [figure.value for figure in result.figures] == [4.0, 2.0]
    assert [figure.met for figure in result.figures] == [True, False]


def test_a_loss_that_differs_is_named():
    close, far = measured("close", [1.0], loss=0.52), measured("far", [1.0], loss=0.6)
    result = JobResult("train", "training", [measured("nnlite", [1.0], loss=0.5), close, far])
    assert deviation(result, far) == pytest.approx(0.2)
    lines = section(result).splitlines()
    assert "+4.0%)" in next(line for line in lines if "close" in line)
    assert "+20.0%, DIFFERS)" in next(line for line in lines if "far" in line)


def test_the_report_counts_targets_and_names_who_was_skipped():
    result = JobResult("train", "training", [measured("nnlite", [0.01])], skipped={"Keras": "not installed"})
    result.figures = [Figure("a", 3.0, 2.0, 4.0, target=Target("at least", bound)) for bound in (2, 4)]
    assert summary([result], {"numpy": "2"}) == "1 of 2 targets met\nnumpy 2"
    text = section(result)
    assert "skipped Keras: not installed" in text
    assert "10.0 ms" in text


@pytest.mark.parametrize(
    ("value", "text"), [(12.34, "12.3 s"), (0.5, "500 ms"), (0.0015, "1.50 ms"), (2.5e-6, "2.50 µs"), (3e-9, "3.00 ns")]
)
def test_times_are_written_in_the_unit_that_suits_them(value, text):
    assert seconds(value) == text


def test_amounts_keep_three_digits():
    assert [amount(value, "x") for value in (146.2, 35.14, 1.181)] == ["146x", "35.1x", "1.18x"]
    assert amount(187.4, "MB") == "187 MB"


def test_time_that_grows_with_the_square_has_exponent_two():
    assert _exponent([1, 10, 100], [2.0, 200.0, 20_000.0]) == pytest.approx(2.0)


def test_a_busy_machine_is_named():
    machine = {"processor": "a processor", "cores": 2, "system": "a system", "load": [1.5, 0.1, 0.0]}
    assert "other programs are running" in on_machine(machine)
    assert "other programs" not in on_machine({**machine, "load": [0.1, 0.1, 0.0]})
    assert "other programs" not in on_machine({**machine, "load": None})
