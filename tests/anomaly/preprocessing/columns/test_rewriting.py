"""Values as their column writes them."""

import numpy as np
import pytest

from anomaly.preprocessing import TablePreprocessor

pytestmark = pytest.mark.filterwarnings("ignore::anomaly.errors.SpellingWarning")


def objects(texts):
    cells = np.empty(len(texts), object)
    cells[:] = texts
    return cells


def fitted(texts):
    """Return a preprocessor of a column of these texts, beside numbers."""
    table = {"c": objects(texts), "n": np.arange(len(texts)) ** 1.5}
    return TablePreprocessor().fit(table)


EUROS = [f"{v:,.2f}".translate(str.maketrans(",.", ".,")) + " €" for v in np.linspace(-900, 4000, 40)]
DOLLARS = [f"${v:,.2f}" for v in np.linspace(3, 4000, 40)]
WEIGHTS = [f"{v:.1f} kg" if v < 900 else f"{v / 1000:.4f} t" for v in np.linspace(100, 2000, 40)]
PERCENT = [f"{v}%" for v in range(40)]


@pytest.mark.parametrize(
    ("texts", "value", "found", "written"),
    [
        (EUROS, -71.5, "-11.729,51 €", "-71,50 €"),
        (EUROS, 1234567.891, "3,00 €", "1.234.567,89 €"),
        (EUROS, 5.0, None, "5,00 €"),
        (EUROS, 0.001, "3,00 €", "0,0010 €"),
        (DOLLARS, -5.25, "$1,000.00", "-$5.25"),
        (PERCENT, 12.0, "90%", "12%"),
        (WEIGHTS, 500e3, "1.5000 t", "0.5000 t"),
        (WEIGHTS, 500e3, "120.0 kg", "500.0 kg"),
        ([f"r{v // 3}" for v in range(120)], 7.0, "r12", "r7"),
        ([f"{v / 2}/100" for v in range(120)], 7.2, "12.5/100", "7.2/100"),
        ([f"{v},5" for v in range(40)], 7.25, "9,5", "7,2"),
    ],
)
def test_a_number_has_the_unit_marks_and_decimals_of_its_column(texts, value, found, written):
    assert fitted(texts).written_like("c", value, found) == written


DAYS = np.datetime64("2026-01-01T07:00") + np.arange(60).astype("m8[D]") + (np.arange(60) * 37 % 1440).astype("m8[m]")


@pytest.mark.parametrize(
    ("form", "found", "written"),
    [
        ("%d.%m.%Y %H:%M", "16.03.2026 00:57", "02.04.2026 06:05"),
        ("%d.%m.%Y, %H:%M Uhr", "16.03.2026, 00:57 Uhr", "02.04.2026, 06:05 Uhr"),
        ("%m/%d/%Y %H:%M:%S", "03/16/2026 00:57:00", "04/02/2026 06:05:00"),
        ("%d/%m/%y %H:%M", None, "02/04/26 06:05"),
    ],
)
def test_a_date_has_the_format_of_its_column(form, found, written):
    preprocessor = fitted([one.item().strftime(form) for one in DAYS])
    assert preprocessor.written_like("c", np.datetime64("2026-04-02T06:05"), found) == written


@pytest.mark.parametrize(
    ("form", "written"),
    [
        (lambda h, m: f"{h:02}:{m:02}", "18:05"),
        (lambda h, m: f"{h:02}:{m:02}:00", "18:05:00"),
        (lambda h, m: f"{(h - 1) % 12 + 1}:{m:02} {'AP'[h >= 12]}M", "6:05 PM"),
        (lambda h, m: f"{h}h {m}m", "18h 5m"),
    ],
)
def test_a_time_of_day_has_the_form_of_its_column(form, written):
    texts = [form(i * 17 % 24, i * 7 % 60) for i in range(48)]
    assert fitted(texts).written_like("c", "18:05", texts[5]) == written


def test_what_means_another_value_is_not_written():
    preprocessor = fitted([f"{one.item():%d.%m.%Y %H:%M} +0100" for one in DAYS])
    text = preprocessor.written_like("c", np.datetime64("2026-04-02T06:05"), "16.03.2026 00:57 +0100")
    column = preprocessor._fitted.columns[0]
    wanted = (np.datetime64("2026-04-02T06:05") - np.datetime64("1970-01-01")) / np.timedelta64(1, "D")
    assert text is None or abs(column.form.parse(text) - wanted) < 1 / 1440


@pytest.mark.parametrize("texts", [EUROS, DOLLARS])
@pytest.mark.parametrize("value", [-12345.678, -0.5, 0.0, 0.004, 1.0, 999.999, 1e6])
def test_a_written_number_reads_as_the_value(texts, value):
    preprocessor = fitted(texts)
    form = preprocessor._fitted.columns[0].form
    for found in (texts[3], texts[-1]):
        text = preprocessor.written_like("c", value, found)
        assert form.parse(text) == pytest.approx(value, rel=0.01, abs=0.06)


@pytest.mark.parametrize(
    ("cells", "value"),
    [(np.arange(40) * 1.5, 2.0), (objects(["a", "b"] * 20), "a"), (objects(EUROS), float("nan"))],
)
def test_columns_without_a_form_and_missing_values_are_written_as_usual(cells, value):
    preprocessor = TablePreprocessor().fit({"c": cells, "n": np.arange(40) ** 1.5})
    assert preprocessor.written_like("c", value, cells[0]) is None
    assert preprocessor.written_like("unknown", value, cells[0]) is None
