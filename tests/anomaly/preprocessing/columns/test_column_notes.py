"""What is read in one way and may be meant in another is said: codes, versions, levels that look the same."""

import warnings

import numpy as np
import pytest

from anomaly.errors import DataWarning, SpellingWarning
from anomaly.preprocessing import TablePreprocessor

LEVELS = {
    "capitals": ("on", "ON", "paused"),
    "coding of letters": ("caf\u00e9", "cafe\u0301", "tea"),
    "no-break blank": ("dark red", "dark\u00a0red", "blue"),
    "blanks": ("dark red", "dark  red", "blue"),
    "no width": ("zero", "zero\u200b", "one two"),
    "mark of bytes": ("zero", "\ufeffzero", "one two"),
    "full width": ("Ａ", "A", "B"),
    "ligature": ("o\ufb03ce", "office", "home"),
    "sharp s": ("Stra\u00dfe", "STRASSE", "Weg"),
}


def warned(cells):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        names = TablePreprocessor("none", missing="nan", dates="number").fit({"a": cells}).get_feature_names_out()
    return names, [str(one.message) for one in caught if issubclass(one.category, SpellingWarning)]


@pytest.mark.parametrize("name", LEVELS)
def test_levels_that_look_the_same_are_named(name):
    names, texts = warned(LEVELS[name] * 20)
    assert len(names) == 4  # one for each category, and one for unseen values
    (text,) = texts
    assert "column 'a': " in text
    assert "are different categories" in text


@pytest.mark.parametrize("levels", [("on", "off", "paused"), ("a-b", "ab", "a b"), ("caf\u00e9", "cafe", "tea")])
def test_levels_that_differ_need_no_word(levels):
    assert warned(levels * 20)[1] == []


@pytest.mark.parametrize(
    "write",
    [
        lambda i: f"{1000 + 37 * i:05}",
        lambda i: f"{37**5 * (i + 1) % 10**8:010}",
        lambda i: ("00123", "01234", "80331")[i % 3],
        lambda i: f"{1 + i % 12:02}",
        lambda i: None if i % 7 == 0 else f"{990 + (i * 7) % 30:04}",
    ],
)
def test_numbers_with_zeros_before_them_are_named_as_codes(write):
    _, texts = warned([write(i * 31 % 200) for i in range(200)])
    (text,) = texts
    assert "without the zeros before them" in text
    assert "--categorical" in text


def test_measured_values_of_one_width_need_no_word():
    rng = np.random.default_rng(0)
    assert warned([f"{x:07.2f}" for x in rng.normal(90, 20, 200)])[1] == []


def test_versions_that_may_be_dates_are_named():
    rng = np.random.default_rng(0)
    parts = rng.integers((1, 1, 2015), (5, 13, 2024), (200, 3))
    _, texts = warned([".".join(map(str, row)) for row in parts.tolist()])
    assert any("taken as dates; if they are versions" in text for text in texts)
    parts = rng.integers((1, 1, 2015), (29, 13, 2024), (200, 3))
    assert warned([".".join(map(str, row)) for row in parts.tolist()])[1] == []
