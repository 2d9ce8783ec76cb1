"""Dates of other calendars, and numbers in other signs, are warned of, where they are not read."""

import warnings
from datetime import date, timedelta

import numpy as np
import pytest

from anomaly.errors import SpellingWarning, TimeColumnWarning
from anomaly.preprocessing import TablePreprocessor
from anomaly.preprocessing.columns.number_forms import shape_of

DAYS = [date(2023, 3, 1) + timedelta(days=i % 60) for i in range(120)]
NUMBERS = np.random.default_rng(0).normal(size=120)
FAR_YEARS = {
    "Persian": lambda d: f"{d.year - 621}/{d.month:02}/{min(d.day, 29):02}",
    "Islamic": lambda d: f"{d.year - 579}-{d.month:02}-{min(d.day, 29):02} 07:{d.day:02}",
    "Buddhist": lambda d: f"{d.day:02}/{d.month:02}/{d.year + 543}",
}
ERAS = {
    "Reiwa": lambda d: f"R{d.year - 2018:02}.{d.month:02}.{d.day:02}",
    "Reiwa in Chinese characters": lambda d: f"令和{d.year - 2018}年{d.month}月{d.day}日",
    "Minguo": lambda d: f"{d.year - 1911}/{d.month:02}/{d.day:02}",
}
SIGNS = {
    "Chinese": lambda i: "一二三四五六七八九"[i % 9] + "十" + "一二三四五六七八九"[i // 9 % 9],
    "circled": lambda i: chr(0x2460 + i % 20),
}


def fit(cells):
    return TablePreprocessor("none", missing="nan").fit({"t": cells, "b": NUMBERS[: len(cells)]})


@pytest.mark.parametrize("name", FAR_YEARS)
def test_years_far_from_ours_are_warned_of(name):
    with pytest.warns(
        TimeColumnWarning, match="column 't': dates such as .* are taken for days of the Gregorian calen"
    ):
        fit([FAR_YEARS[name](d) for d in DAYS])


@pytest.mark.parametrize("name", ERAS)
def test_years_of_a_reign_are_warned_of(name):
    with pytest.warns(SpellingWarning, match="column 't': .* seem to name times, and are used as categories"):
        fit([ERAS[name](d) for d in DAYS])


@pytest.mark.parametrize("name", SIGNS)
def test_numbers_in_signs_that_are_not_read_are_warned_of(name):
    with pytest.warns(SpellingWarning, match="column 't': .* are numbers in signs that are not read"):
        fit([SIGNS[name](i) for i in range(120)])


def test_dates_of_our_years_and_few_classes_are_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit([f"{d} 07:{d.day:02}" for d in DAYS])
        fit(["一二三"[i % 3] for i in range(120)])
        fit([f"{d.year}年{d.month}月{d.day}日 {d.day % 24}時{d.month}分" for d in DAYS])


@pytest.mark.parametrize("text", ["2.5*10E3", "2.5x10E3", "2.5X10^3", "2.5*10**3", "2.5×10³"])
def test_powers_of_ten_are_read(text):
    assert shape_of(text)[:2] == ("2.5", 1000.0)
