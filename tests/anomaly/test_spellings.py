"""A table of the spellings of numbers and times: each is read, refused by name, or used with a warning."""

import csv
import json
import warnings
from datetime import datetime

import numpy as np
import pytest

from anomaly.errors import (
    BlindColumnWarning,
    ConstantColumnWarning,
    DataError,
    DataWarning,
    FileFormWarning,
    IdentifierColumnWarning,
    SpellingWarning,
    TimeColumnWarning,
)
from anomaly.preprocessing import TablePreprocessor
from anomaly.tables import as_table
from anomaly.tables.csv_files import read_csv
from tests.anomaly import field_spellings, laboratory_spellings
from tests.anomaly import more_spellings as more
from tests.anomaly.command_line import fails, rows, run
from tests.anomaly.spellings import DATES, MOMENTS, NUMBERS, moments, values

OTHER = np.random.default_rng(5).normal(size=300)
X, T = values(), moments()
ONES = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
TENS = ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC")
ROMAN = [ten + one for ten in TENS for one in ONES]
FURTHER = {"more": more, "field": field_spellings, "laboratory": laboratory_spellings}
ALL_NUMBERS = NUMBERS | {
    f"{where}: {name}": spell for where, of in FURTHER.items() for name, spell in of.NUMBERS.items()
}
ALL_MOMENTS = MOMENTS | {
    f"{where}: {name}": spell for where, of in FURTHER.items() for name, spell in of.MOMENTS.items()
}
ALL_DATES = DATES | {f"more: {name}": spell for name, spell in more.DATES.items()}


def fitted(cells, **settings):
    """Return a preprocessor fitted on one column beside another one, and the classes of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        preprocessor = TablePreprocessor("core", missing="nan", **settings).fit({"v": cells, "o": OTHER[: len(cells)]})
    return preprocessor, {warning.category for warning in caught}


def features(preprocessor, cells):
    """Return the features of later cells of the column."""
    table = preprocessor.transform({"v": cells, "o": np.zeros(len(cells))})
    return table[:, preprocessor.feature_columns_ == 0]


@pytest.mark.parametrize("name", ALL_NUMBERS)
def test_numbers_are_read_in_every_spelling(name):
    spell = ALL_NUMBERS[name]
    preprocessor, found = fitted([spell(x) for x in X])
    assert preprocessor.kinds_["v"] == "number"
    assert found <= {SpellingWarning}
    near, far = np.abs(features(preprocessor, [spell(20.3), spell(999.0)])).max(axis=1)
    assert near < 3
    assert far > 8
    with pytest.raises(DataError, match="row 1, column 'v': found 'oops', expected a"):
        features(preprocessor, ["oops"])
    config, arrays = preprocessor.get_state()
    copy = TablePreprocessor.from_state(json.loads(json.dumps(config)), arrays)
    later = [spell(x) for x in values(20, seed=1)]
    np.testing.assert_array_equal(features(copy, later), features(preprocessor, later))
    assert copy.describe() == preprocessor.describe()


@pytest.mark.parametrize("name", ALL_MOMENTS)
def test_times_are_read_in_every_spelling(name):
    spell = ALL_MOMENTS[name]
    preprocessor, found = fitted([spell(t) for t in T])
    assert found <= {TimeColumnWarning}
    assert preprocessor.kinds_["v"] == "datetime"
    reference, _ = fitted(np.array(T, "M8[s]"))
    later = moments(20, seed=1, start=datetime(2024, 1, 8))
    hours = features(preprocessor, [spell(t) for t in later])[:, :2]
    np.testing.assert_allclose(hours, features(reference, np.array(later, "M8[s]"))[:, :2], atol=1e-3)
    with pytest.raises(DataError, match="row 1, column 'v': found 'oops', expected"):
        features(preprocessor, ["oops"])
    config, arrays = preprocessor.get_state()
    copy = TablePreprocessor.from_state(json.loads(json.dumps(config)), arrays)
    np.testing.assert_array_equal(features(copy, [spell(later[0])]), features(preprocessor, [spell(later[0])]))


@pytest.mark.parametrize("name", ALL_DATES)
def test_dates_say_nothing_and_are_named(name):
    preprocessor, found = fitted([ALL_DATES[name](t) for t in T])
    assert found <= {TimeColumnWarning}
    assert preprocessor.left_out_["v"].startswith("a date without a time of day")
    assert features(preprocessor, [ALL_DATES[name](datetime(2031, 5, 1))]).size == 0


@pytest.mark.parametrize("name", more.TIMES_LEFT_OUT)
def test_times_in_spellings_of_numbers_are_left_out(name):
    preprocessor, found = fitted([more.TIMES_LEFT_OUT[name](t) for t in T])
    assert IdentifierColumnWarning in found
    assert preprocessor.left_out_["v"].startswith("left out: it holds times (seconds since 1970)")


@pytest.mark.parametrize("name", more.NO_NUMBERS)
def test_codes_made_of_numbers_are_no_numbers(name):
    cells = more.cells_of_no_numbers(name)
    preprocessor, found = fitted(cells)
    assert found <= {IdentifierColumnWarning, BlindColumnWarning}
    assert preprocessor.kinds_["v"] in ("category", "ignored")
    if not found:
        known, new = features(preprocessor, [cells[0], "something new"])
        assert not (known == new).all()


REFUSED = {
    "two units": [f"{x:.2f} {'C' if i % 2 else 'F'}" for i, x in enumerate(X)],
    "two currencies": [f"{'$' if i % 3 else '€'}{x:.2f}" for i, x in enumerate(X)],
    "with and without a unit": [f"{x:.2f}{' C' if i % 3 else ''}" for i, x in enumerate(X)],
    "point and comma": [f"{x:.2f}".replace(".", ",.."[i % 3]) for i, x in enumerate(X)],
    "point and comma in few values": [("1,5", "2.5", "3.5")[i % 3] for i in range(300)],
    "a typing error": [*(f"{x:.2f}" for x in X[1:]), "2o.3"],
    "a typing error among units": [*(f"{x:.2f} C" for x in X[1:]), "abc"],
    "a text among dates": [*(t.strftime("%d.%m.%Y %H:%M") for t in T[1:]), "soon"],
    "a text among ISO dates": [*(t.strftime("%Y-%m-%d %H:%M") for t in T[1:]), "soon"],
    "two formats of dates": [t.strftime("%d/%m/%Y" if t.day > 15 else "%d-%m-%Y") for t in T],
    "day or month first": [t.strftime("%d/%m/%Y %H:%M") for t in T if t.day <= 12],
}


@pytest.mark.parametrize("name", REFUSED)
def test_mixtures_are_refused_by_name(name):
    with pytest.raises(DataError, match="column 'v'.*(Write all|Correct it|--date-format)"):
        fitted(REFUSED[name])


WARNED = {
    "row numbers": (np.arange(300), IdentifierColumnWarning),
    "numbers of a sample": (np.random.default_rng(0).permutation(1000)[:300], IdentifierColumnWarning),
    "a meter": (np.cumsum(X), IdentifierColumnWarning),
    "a countdown": (1e4 - np.cumsum(X), IdentifierColumnWarning),
    "names": ([f"A{i:05}-{i * 7919 % 1000}" for i in range(300)], IdentifierColumnWarning),
    "addresses": ([f"192.168.{i // 200}.{i % 200}" for i in range(300)], IdentifierColumnWarning),
    "identifiers": ([f"{i * 2654435761 % 2**32:08x}-beef" for i in range(300)], IdentifierColumnWarning),
    "hexadecimal, unmarked": ([f"{i * 2654435761 % 2**32:08x}z" for i in range(300)], IdentifierColumnWarning),
    "sentences": ([f"pump {i} is hot" for i in range(300)], IdentifierColumnWarning),
    "half met once": ([f"user{i % 200}" for i in range(250)] + ["root"] * 50, BlindColumnWarning),
    "coordinates": ([f"48°{i * 17 % 60}'{i * 29 % 53}\"N" for i in range(300)], SpellingWarning),
    "constant": (np.full(300, 7.0), ConstantColumnWarning),
    "constant text": (["ok"] * 300, ConstantColumnWarning),
    "minutes since 1970, in order": (np.sort(28_400_000 + np.arange(300) * 7919 % 90_000), IdentifierColumnWarning),
    "days since 1970, several rows each": (19_700 + np.arange(300) // 30, IdentifierColumnWarning),
    "years with decimals, several rows each": (2024 + np.arange(300) // 30 / 100, IdentifierColumnWarning),
    "year and day, several rows each": (24_060 + np.arange(300) // 30, IdentifierColumnWarning),
    "booleans in three ways": (
        [("True", "no", "1", "False", "yes", "0")[i * 7 % 6] for i in range(300)],
        SpellingWarning,
    ),
    "booleans and switches": ([("on", "0", "1", "off")[i % 4] for i in range(300)], SpellingWarning),
    "numbers of versions": ([f"{1 + i % 3}.{1 + i % 15}.{4 * (i % 12)}" for i in range(300)], SpellingWarning),
    "hours and minutes in digits": ([t.hour * 100 + t.minute for t in T], SpellingWarning),
    "hours, minutes and seconds in digits": ([f"{t:%H%M}{i % 60:02}" for i, t in enumerate(T)], SpellingWarning),
    "hours and minutes around a point": ([t.strftime("%H.%M") for t in T], SpellingWarning),
    "fractions of a day": ([round((t.hour * 60 + t.minute) / 1440, 6) for t in T], SpellingWarning),
    "seconds since 1904": ([(t - datetime(1904, 1, 1)).total_seconds() for t in T], SpellingWarning),
    "seconds since 1900": ([(t - datetime(1900, 1, 1)).total_seconds() for t in T], SpellingWarning),
    "minutes since 1970": ([(t - datetime(1970, 1, 1)).total_seconds() // 60 for t in T], SpellingWarning),
    "year and week in digits": ([f"{23 + i % 2}{1 + i * 7 % 52:02}" for i in range(300)], SpellingWarning),
    "century, year and day in digits": ([f"1{23 + i % 2}{1 + i * 7 % 365:03}" for i in range(300)], SpellingWarning),
    "period and year": ([f"{1 + i % 12:03}.2024" for i in range(300)], SpellingWarning),
    "month and year around a point": ([1 + i % 12 + 0.2024 for i in range(300)], SpellingWarning),
    "day, hour and minute in digits": ([f"{t:%d%H%M}Z" for t in T], SpellingWarning),
    "military hours": ([f"{t:%H%M} hrs" for t in T], SpellingWarning),
    "weeks without a year": ([f"KW{t:%V}" for t in T], SpellingWarning),
    "weeks and years": ([f"CW {t:%V/%y}" for t in T], SpellingWarning),
    "months and two digits": ([f"{t:%b'%y}" for t in T], SpellingWarning),
    "fiscal periods": ([f"PD{t:%m} FY{t:%y}" for t in T], SpellingWarning),
    "year and period": ([f"{t.year}/{t.month:03}" for t in T], SpellingWarning),
    "day and shift": ([f"{t:%Y-%m-%d} {'early' if t.hour < 14 else 'late'}" for t in T], SpellingWarning),
    "calendar versions": ([f"24.{1 + i % 12}.{1 + i % 7}" for i in range(300)], SpellingWarning),
    "versions, all of them dates": ([f"{10 + i % 10}.{1 + i % 4}.{20 + i % 3}" for i in range(300)], SpellingWarning),
    "Roman numbers": ([ROMAN[int(x * 3) % 99 + 1] for x in X], SpellingWarning),
    "prices of bonds": ([f"{int(x)}-{int(x % 1 * 32):02}" for x in X], SpellingWarning),
    "a point among decimal commas": (["20.251", *(f"{x:.3f}".replace(".", ",") for x in X[1:])], SpellingWarning),
    "a comma among decimal points": (["20,251", *(f"{x:.3f}" for x in X[1:])], SpellingWarning),
    "commas that may be either": ([f"{x:.3f}".replace(".", ",") for x in X], SpellingWarning),
}


@pytest.mark.parametrize("name", WARNED)
def test_columns_that_say_nothing_are_warned_of(name):
    cells, category = WARNED[name]
    preprocessor, found = fitted(cells)
    assert found == {category}
    if category is IdentifierColumnWarning:
        assert preprocessor.left_out_["v"].startswith("left out: ")
        assert fitted(cells, keep=["v"])[0].kinds_["v"] in ("number", "category")


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("year", [2019 + i * 7 % 5 for i in range(300)], "ignored"),
        ("model", [2019 + i * 7 % 5 for i in range(300)], "category"),
        ("date", [round(2021 + i * 7 % 100 / 33, 2) for i in range(300)], "ignored"),
        ("pressure", [round(2021 + i * 7 % 100 / 33, 2) for i in range(300)], "number"),
        ("sample date", [24_001 + i * 7 % 90 for i in range(300)], "ignored"),
        ("power", [24_001 + i * 7 % 90 for i in range(300)], "number"),
        ("stage", np.repeat(np.arange(30), 10), "number"),
    ],
)
def test_a_name_says_that_numbers_are_times(name, cells, kind):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        preprocessor = TablePreprocessor("core", missing="nan").fit({name: cells, "o": OTHER})
    assert preprocessor.kinds_[name] == kind
    assert [one.category for one in caught] == [TimeColumnWarning] * (kind == "ignored")


def test_each_way_of_writing_a_boolean_is_the_same_level():
    cells = WARNED["booleans in three ways"][0]
    preprocessor, _ = fitted(cells)
    truths, lies = (
        features(preprocessor, ["True", "1", "yes", "on"]),
        features(preprocessor, ["no", "0", "False", "off"]),
    )
    assert (truths == truths[0]).all()
    assert (lies == lies[0]).all()
    assert (truths[0] != lies[0]).any()
    assert fitted([("0", "1", "t")[i % 3] for i in range(300)])[0].describe()[0].count("'") == 6  # a code of three


def test_a_revision_behind_a_date_is_no_hour_and_many_alike_names_are_told():
    preprocessor, _ = fitted([f"{1 + i % 10}.{1 + i % 4}.{20 + i % 3}-1" for i in range(300)])
    assert preprocessor.kinds_["v"] == "category"
    with pytest.raises(DataError, match="did you mean 'V' by 'v', ' o' by 'o'"):
        preprocessor.transform({"V": ["1"], " o": [1.0]})


def test_a_version_that_is_new_is_unseen():
    preprocessor, _ = fitted(WARNED["numbers of versions"][0])
    known, new = features(preprocessor, ["1.1.0", "1.99.1"])
    assert preprocessor.kinds_["v"] == "category"
    assert (known != new).any()
    dates = [*(t.strftime("%d.%m.%y") for t in T[1:]), "31.13.24"]
    with pytest.raises(DataError, match="found '31.13.24'"):
        fitted(dates)


def table_with_totals(**last):
    rng = np.random.default_rng(0)
    cells = {"temp": rng.normal(20, 2, 60).round(2), "flow": rng.normal(50, 5, 60).round(3)}
    cells = {name: [f"{x}" for x in (*column, round(column.sum(), 2))] for name, column in cells.items()}
    cells = {"shop": [*(["north", "south"] * 30), "Total"], **cells}
    return {name: [*column[:-1], last.get(name, column[-1])] for name, column in cells.items()}


@pytest.mark.parametrize(
    ("last", "is_total"), [({}, True), ({"flow": ""}, True), ({"flow": "51.2"}, False), ({"shop": ""}, True)]
)
def test_a_last_row_that_holds_sums_is_warned_of(last, is_total):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TablePreprocessor("core", missing="nan").fit(table_with_totals(**last))
    assert [one.category for one in caught] == [FileFormWarning] * is_total
    assert all("row 61, the last row, holds the sums of the rows above it" in str(one.message) for one in caught)


@pytest.mark.parametrize("kind", ["sum", "mean"])
def test_a_matrix_that_ends_with_sums_or_means_is_warned_of(kind):
    numbers = np.random.default_rng(0).normal(20, 2, (60, 3)).round(4)
    with pytest.warns(FileFormWarning, match=f"row 61, the last row, holds the {kind}s"):
        TablePreprocessor("core", missing="nan").fit(np.vstack([numbers, getattr(numbers, kind)(axis=0).round(4)]))


def test_a_last_row_near_the_means_is_no_row_of_means():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 5, (60, 3)).astype(float)
    for last in (counts.mean(axis=0).round(), counts.mean(axis=0) + np.array([0.0, 0.0, 0.1])):
        TablePreprocessor("core", missing="nan").fit(np.vstack([counts, last]))


def test_a_time_of_day_behind_the_first_day_of_a_spreadsheet_is_a_time_of_day():
    preprocessor, found = fitted([t.strftime("1899-12-30 %H:%M:%S") for t in T])
    assert (preprocessor.kinds_["v"], found) == ("datetime", set())
    assert fitted([t.strftime("2023-12-30 %H:%M:%S") for t in T])[0].kinds_["v"] == "ignored"


def test_digits_of_a_time_may_have_decimals_of_a_second():
    preprocessor, found = fitted([t.strftime("%Y%m%d%H%M%S.1234567") for t in T])
    assert (preprocessor.kinds_["v"], found) == ("datetime", {TimeColumnWarning})


def test_times_as_numbers_are_numbers_where_they_are_kept():
    preprocessor, found = fitted([MOMENTS["seconds since 1970"](t) for t in T], keep=["v"])
    assert (preprocessor.kinds_["v"], found) == ("number", set())


@pytest.mark.parametrize(
    ("settings", "hour"), [({}, [8, 8]), ({"time_zone": "UTC"}, [7, 6]), ({"time_zone": "Asia/Tokyo"}, [16, 15])]
)
def test_hours_are_those_of_the_wall_clock_in_winter_and_in_summer(settings, hour):
    cells = [t.strftime("%Y-%m-%dT%H:%M:00+01:00") for t in T]
    preprocessor, _ = fitted(cells, **settings)
    found = features(preprocessor, ["2024-01-15T08:00:00+01:00", "2024-07-15T08:00:00+02:00"])
    plain = [f"2024-01-15T{h:02}:00:00" for h in hour]
    np.testing.assert_allclose(found[:, :2], features(preprocessor, plain)[:, :2], atol=1e-6)


def test_a_format_that_is_named_decides_and_a_wrong_one_is_refused():
    cells = REFUSED["day or month first"]
    names = {"%d/%m/%Y": "%m/%d/%Y", "%m/%d/%Y": "%d/%m/%Y"}
    for form in names:
        for given in (form, [f"v={form}"], [f"o={names[form]}", form]):
            assert form in fitted(cells, date_format=given)[0].describe()[0]
    with pytest.raises(DataError, match="unknown directive"):
        fitted(cells, date_format="%d/%m/%K")


# Each spelling is tested alone above; the command line reads those of some kinds.
IN_FILE = dict(list(NUMBERS.items())[::6])


@pytest.fixture(scope="module")
def file_of_all(tmp_path_factory):
    """Return a folder with files of columns in several spellings."""
    path = tmp_path_factory.mktemp("spellings")
    write(path / "train.csv", [[spell(x) for spell in IN_FILE.values()] for x in X])
    normal = [[spell(20.3) for spell in IN_FILE.values()]]
    far = [[spell(999.0 if i == j else 20.3) for j, spell in enumerate(IN_FILE.values())] for i in range(len(IN_FILE))]
    write(path / "new.csv", normal + far)
    return path


def write(path, records):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(IN_FILE), *records])


def test_the_command_line_finds_the_far_value_of_each_spelling(file_of_all, capsys):
    folder = file_of_all
    code, out, err = run(capsys, "fit", folder / "train.csv", "-m", folder / "m.npz", "--hidden", "8", "--epochs", "5")
    assert code == 0, err
    for name in IN_FILE:
        assert f"  {name} " in out
    code, out, err = run(
        capsys, "score", folder / "new.csv", "-m", folder / "m.npz", "-o", folder / "s.csv", "--top", "1"
    )
    assert code == 0, err
    scored = rows(folder / "s.csv")[1:]
    assert scored[0][2] == "0"
    assert [row[2] for row in scored[1:]] == ["1"] * len(IN_FILE)
    assert [row[3] for row in scored[1:]] == list(IN_FILE)
    write(folder / "bad.csv", [["oops"] * len(IN_FILE)])
    assert "line 2 (row 1), column 'celsius': found 'oops', expected a number in the form of" in fails(
        capsys, "score", folder / "bad.csv", "-m", folder / "m.npz"
    )
    code, _, err = run(capsys, "fit", folder / "train.csv", "-m", folder / "n.npz", "--strict")
    assert code == 2
    assert not (folder / "n.npz").exists()
    assert len(as_table(read_csv(folder / "new.csv")).names) == len(IN_FILE)


def test_there_are_as_many_spellings_as_promised():
    assert len(ALL_NUMBERS) + len(ALL_MOMENTS) + len(ALL_DATES) + len(REFUSED) + len(WARNED) >= 250
    assert issubclass(SpellingWarning, DataWarning)
