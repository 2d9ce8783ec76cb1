"""Values as their column writes them: a number with its unit and marks, a date in its format, a time of day.

A text of the column is the model: the digits in it are exchanged. Each result is read again, and left out where it does
not mean the value: what a column's form cannot write is not guessed.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from anomaly.preprocessing.columns.clock_forms import ClockForm
from anomaly.preprocessing.columns.date_forms import ISO, DateForm
from anomaly.preprocessing.columns.forms import Form
from anomaly.preprocessing.columns.number_forms import NumberForm, shape_of
from anomaly.preprocessing.columns.numerals import normalized
from anomaly.preprocessing.columns.parsing import MICROSECONDS_PER_DAY
from anomaly.preprocessing.columns.pattern_forms import PatternForm
from anomaly.tables.patterns import DelayedPattern

_SECONDS_PER_DAY = 86400
_DIGITS = DelayedPattern(r"\d+(?:[.,]\d+)?")
_TIME_AFTER = DelayedPattern(r"(?P<joint>\D{1,3})\d{1,2}:\d\d(?P<seconds>:\d\d)?(?P<fraction>[.,]\d+)?(?P<rest>\D*)")
_DAY_DIRECTIVES = frozenset("Ymdy")
_CLOCKS = (
    "{h:02}:{m:02}", "{h}:{m:02}", "{h:02}:{m:02}:{s:02}", "{h}:{m:02}:{s:02}", "{h:02}.{m:02}.{s:02}",
    "{h}h {m}m", "{h}h {m:02}m", "{h}h{m:02}", "{i}:{m:02} {p}m", "{i:02}:{m:02} {p}m", "{i}:{m:02}{p}m",
)  # fmt: skip


def written_like(form: Form | None, value: Any, found: Any) -> str | None:
    """Return a value as its column writes it, or None if that is as usual or not known.

    Parameters
    ----------
    form : Form or None
        Form of the cells of the column.
    value : float, datetime64 or str
        The value, as `TablePreprocessor.inverse_transform` returns it.
    found : str or other
        A cell of the column, whose unit and precision are taken if it is text of the form; else those of the form's
        example.

    Examples
    --------
    >>> from anomaly.preprocessing.columns.numerals import Style
    >>> form = NumberForm(Style(",", "."), "", {"€": 1.0}, False, "20,00 €")
    >>> written_like(form, -1071.5, "-11.729,51 €"), written_like(form, 3.0, None)
    ('-1.071,50 €', '3,00 €')
    >>> import numpy as np
    >>> form = DateForm("%d.%m.%Y", True, None, "31.01.2026 10:00")
    >>> written_like(form, np.datetime64("2026-03-01T06:05"), "02.03.2026 00:57")
    '01.03.2026 06:05'
    """
    if isinstance(form, NumberForm) and isinstance(value, float) and math.isfinite(value):
        write: Any = _number
    elif isinstance(form, PatternForm) and isinstance(value, float) and math.isfinite(value):
        write = _pattern
    elif isinstance(form, DateForm) and isinstance(value, np.datetime64) and not np.isnat(value):
        write = _date
    elif isinstance(form, ClockForm) and (isinstance(value, str) or (isinstance(value, float) and value >= 0.0)):
        write = _clock
    else:
        return None
    for model in (found, form.example):
        if isinstance(model, str) and form.parse(model) is not None:
            text: str | None = write(form, value, normalized(model))
            if text is not None:
                return text
    return None


def _number(form: NumberForm, value: float, model: str) -> str | None:
    shape = shape_of(model)
    if shape is None or abs(shape.factor) != 1.0:
        return None
    head, _, tail = model.partition(shape.numeral)
    amount = abs(value) / form.units[shape.unit]
    decimals = len(shape.numeral.partition(form.style.decimal)[2])
    # A small value in a column of whole numbers keeps two digits, so that it is not written as zero.
    if amount and not float(f"{amount:.{decimals}f}"):
        decimals = min(1 - math.floor(math.log10(amount)), 15)
    group = form.style.group
    whole, _, rest = f"{amount:{',' if group else ''}.{decimals}f}".partition(".")
    numeral = whole.replace(",", group) + (form.style.decimal + rest if rest else "")
    before, after = (re.sub(r"[-+()]", "", part) for part in (head, tail))
    for mark in shape.marks:
        before, after = before.replace(mark, ""), after.replace(mark, "")
    negative = "-" if value < 0 and float(f"{amount:.{decimals}f}") else ""
    text = f"{negative}{before.lstrip()}{numeral}{after.rstrip()}"
    again = form.parse(text)
    tolerance = 0.51 * 10.0**-decimals * form.units[shape.unit]
    return text if again is not None and abs(again - value) <= tolerance else None


def _pattern(form: PatternForm, value: float, model: str) -> str | None:
    """Write the one number that differs; where there are several, they cannot be told from the value."""
    if len(form.kept) != 1:
        return None
    number = list(_DIGITS.finditer(model))[form.kept[0]]
    _, mark, rest = re.split(r"([.,])", number[0]) if not number[0].isdigit() else ("", "", "")
    numeral = f"{abs(value):.{len(rest)}f}".replace(".", mark or ".")
    text = model[: number.start()] + numeral + model[number.end() :]
    again = form.parse(text)
    return text if again is not None and abs(again - value) <= 0.51 * 10.0 ** -len(rest) else None


def _date(form: DateForm, value: np.datetime64, model: str) -> str | None:
    days = form.parse(model)
    if days is None:
        return None
    pattern = "%Y-%m-%d" if form.format == ISO else form.format
    if not set(re.findall(r"%(.)", pattern)) <= _DAY_DIRECTIVES:
        return None
    day = _moment(round(days * MICROSECONDS_PER_DAY)).strftime(pattern)
    if not model.startswith(day):
        return None
    rest = model[len(day) :]
    wanted = int(value.astype("M8[us]").astype(np.int64))
    if not rest:
        return str(_moment(wanted).strftime(pattern))
    time = _TIME_AFTER.fullmatch(rest)
    if time is None:
        return None
    step = 1 if time["seconds"] else 60
    moment = _moment(round(wanted / 1e6 / step) * step * 1_000_000)
    clock = moment.strftime("%H:%M:%S" if time["seconds"] else "%H:%M")
    text = f"{moment.strftime(pattern)}{time['joint']}{clock}{time['rest']}"
    again = form.parse(text)
    return text if again is not None and abs(again - wanted / MICROSECONDS_PER_DAY) * _SECONDS_PER_DAY <= step else None


def _moment(microseconds: int) -> Any:
    return np.datetime64(microseconds, "us").item()


def _clock(form: ClockForm, value: str | float, model: str) -> str | None:
    if isinstance(value, str):
        hours, _, minutes = value.partition(":")
        wanted = 3600 * int(hours) + 60 * int(minutes)
    else:
        wanted = round(value)
    own = form.parse(model)
    seconds = 0 if own is None else round(own * (_SECONDS_PER_DAY if form.is_time else 1))
    for layout in _CLOCKS:
        if _clock_text(layout, seconds) == model.lower():
            text = _clock_text(layout, wanted)
            return text.upper() if model.isupper() else text
    return None


def _clock_text(layout: str, seconds: int) -> str:
    h, m = seconds // 3600, seconds // 60 % 60
    return layout.format(h=h, m=m, s=seconds % 60, i=(h - 1) % 12 + 1, p="ap"[h % 24 >= 12])
