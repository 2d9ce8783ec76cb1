"""Inference of the form of a column of numbers from its training values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from anomaly.preprocessing.columns.number_forms import SPECIAL_FORMS, NumberForm, Shape, SpecialForm, shape_of
from anomaly.preprocessing.columns.numerals import Style, are_ambiguous, styles_of
from anomaly.preprocessing.columns.parsing import category_text
from anomaly.preprocessing.columns.units import scale_of
from nnlite.types import Array

# Numbers with letters that are few and frequent, such as 4wd and 2wd, are categories.
_MOST_LEVELS, _LEAST_ROWS_PER_LEVEL = 20, 5
_FEWEST_FRACTIONS = 10
_MOST_UNITS = 12
_FIRST_CELLS = 100


class FoundNumbers(NamedTuple):
    """The form of the numbers of a column, or the reason that they have none.

    Attributes
    ----------
    form : NumberForm or SpecialForm or None
        The form of all values.
    note : str
        How the form was understood, where it might be another; empty if there is no doubt.
    problem : str
        What is wrong with a column of numbers; empty if it is none, or nothing is wrong.
    misfit : str or None
        The first text that is not of the form of the others.
    misfits : frozenset of str
        All of these texts, where those of the form are most.
    """

    form: NumberForm | SpecialForm | None
    note: str = ""
    problem: str = ""
    misfit: str | None = None
    misfits: frozenset[str] = frozenset()


def find_number_form(counts: Mapping[str, int], decimal: str | None = None, likely: str = ".") -> FoundNumbers:
    """Return the form of the numbers of a column, or the reason that they have none.

    Parameters
    ----------
    counts : mapping of str to int
        Number of cells of each text, in the order of the rows.
    decimal : {".", ","}, optional
        The decimal mark, if it is known.
    likely : {".", ","}, default "."
        That of other columns, for numbers such as 1,234 that may be either.

    Examples
    --------
    >>> find_number_form({f"{i},5 kWh": 1 for i in range(30)}).form.summary
    "unit 'kWh', decimals after a comma"
    >>> find_number_form({f"{i} {'C' if i < 30 else 'F'}": 1 for i in range(50)}).problem
    "its numbers have units that are not of one scale: 'C' (30 values), 'F' (20 values)"
    >>> find_number_form({"red": 3, "A12": 1}).form
    """
    special = _find_special(counts)
    if special is not None:
        return FoundNumbers(special)
    shapes = {text: shape for text in counts if (shape := shape_of(text)) is not None}
    total, number_rows = sum(counts.values()), sum(counts[text] for text in shapes)
    if 2 * number_rows <= total or _are_levels(counts, shapes):
        return FoundNumbers(None)
    units, prefixes = Counter[str](), Counter[str]()
    for text, shape in shapes.items():
        units[shape.unit] += counts[text]
        prefixes[shape.prefix] += counts[text]
    if len(prefixes) > _MOST_UNITS or len(units) > _MOST_UNITS:
        return FoundNumbers(None)
    if len(prefixes) > 1:
        parts = {text: shape.prefix for text, shape in shapes.items()}
        return _mixture("begin in several ways", prefixes, counts, parts)
    factors = scale_of(units)
    if factors is None:
        parts = {text: shape.unit for text, shape in shapes.items()}
        return _mixture("have units that are not of one scale", units, counts, parts)
    misfit = next((text for text in counts if text not in shapes), None)
    if misfit is not None:
        problem = f"{number_rows:,} of its {total:,} values are numbers"
        return FoundNumbers(None, problem=problem, misfit=misfit, misfits=frozenset(set(counts) - set(shapes)))
    return _with_style(shapes, prefixes.most_common(1)[0][0], factors, decimal, likely)


def decides_on_comma(texts: Iterable[str]) -> bool:
    """Return whether texts are numbers whose commas can be decimal alone.

    Examples
    --------
    >>> decides_on_comma(["20,3", "21,25"]), decides_on_comma(["1,234"]), decides_on_comma(["red", "1,5"])
    (True, False, False)
    """
    shapes = [shape_of(text) for text in texts]
    numerals = [shape.numeral for shape in shapes if shape is not None]
    styles = styles_of(numerals) if numerals and len(numerals) == len(shapes) else []
    return bool(styles) and all(style.decimal == "," for style in styles)


def has_decimal_commas(cells: Array) -> bool:
    """Return whether the first texts of a column of objects are numbers with a decimal comma, beyond doubt."""
    first = [text for cell in cells[:_FIRST_CELLS].tolist() if (text := category_text(cell)) is not None]
    return any("," in text for text in first) and decides_on_comma(first)


def _with_style(
    shapes: Mapping[str, Shape], prefix: str, factors: Mapping[str, float], decimal: str | None, likely: str
) -> FoundNumbers:
    numerals = [shape.numeral for shape in shapes.values()]
    styles = styles_of(numerals)
    if decimal is not None:
        styles = [style for style in styles if style.decimal == decimal]
    if not styles:
        return FoundNumbers(
            None, problem="its numbers have no common marks of decimals and thousands", misfit=_odd(shapes)
        )
    style, notes = styles[0], []
    if len(styles) > 1 and style == Style(",", ""):
        style = Style(".", ",") if likely == "." or not are_ambiguous(numerals) else style
        if style.decimal == ",":
            notes.append(f"{numerals[0]!r} has a decimal comma, as other columns do")
        elif are_ambiguous(numerals):
            notes.append(f"{numerals[0]!r} is read as {numerals[0].replace(',', '')}: commas are marks of thousands")
    doubtful = _doubtful_group(numerals, style)
    if doubtful is not None:
        whole = doubtful.replace(style.group, "")
        notes.append(f"{doubtful!r} is read as {whole}, beside numbers with decimals: {style.group!r} marks thousands")
    marks = sorted({mark for shape in shapes.values() for mark in shape.marks})
    if marks:
        notes.append(f"the marks {', '.join(map(repr, marks[:5]))} around numbers are left out")
    if len(factors) > 1 and set(factors) != {"st", "nd", "rd", "th"}:
        notes.append(
            "the units " + ", ".join(f"{unit!r} ({factor:g})" for unit, factor in factors.items()) + " are converted"
        )
    form = NumberForm(style, prefix, dict(factors), bool(marks), next(iter(shapes)))
    return FoundNumbers(form, "; ".join(notes))


def _doubtful_group(numerals: Sequence[str], style: Style) -> str | None:
    """Return a number such as 20.251 whose mark may be a decimal one, where others have a decimal comma; or vice versa.

    Where a number has both marks, there is no doubt.
    """
    if style.group not in (",", ".") or any(style.group in one and style.decimal in one for one in numerals):
        return None
    if not any(style.decimal in one for one in numerals):
        return None
    group = re.escape(style.group)
    return next((one for one in numerals if re.fullmatch(rf"[1-9]\d{{0,2}}{group}\d{{3}}", one)), None)


def _odd(shapes: Mapping[str, Shape]) -> str:
    """Return the first text with marks that do not fit those of the texts before it."""
    numerals: list[str] = []
    for text, shape in shapes.items():
        numerals.append(shape.numeral)
        if not styles_of(numerals):
            return text
    return next(iter(shapes))


def _mixture(what: str, found: Counter[str], counts: Mapping[str, int], parts: Mapping[str, str]) -> FoundNumbers:
    """Return the problem of a mixture, if there is enough of it to be one, and not text that begins with numbers."""
    listed = ", ".join(
        f"{name!r} ({count:,} values)" if name else f"none ({count:,} values)" for name, count in found.most_common()
    )
    (_, most), total = found.most_common(1)[0], sum(counts.values())
    if len(found) > 4 and 2 * most <= total:
        return FoundNumbers(None)
    usual = found.most_common(1)[0][0]
    others = [text for text in counts if parts.get(text) != usual]
    misfits = frozenset(others if 2 * most > total else ())
    return FoundNumbers(None, problem=f"its numbers {what}: {listed}", misfit=others[0], misfits=misfits)


def are_few(counts: Mapping[str, int]) -> bool:
    """Return whether texts are few and frequent, as those of categories are."""
    return len(counts) <= _MOST_LEVELS and sum(counts.values()) >= _LEAST_ROWS_PER_LEVEL * len(counts)


def _are_levels(counts: Mapping[str, int], shapes: Mapping[str, Shape]) -> bool:
    if not are_few(counts):
        return False
    return any(re.search(r"[^\W\d_]", shape.unit + shape.prefix) for shape in shapes.values()) or len(shapes) < len(
        counts
    )


def _find_special(counts: Mapping[str, int]) -> SpecialForm | None:
    """Return hexadecimal numbers or fractions, if all texts are such."""
    first = next(iter(counts), "")
    for name in SPECIAL_FORMS:
        form = SpecialForm(name, first)
        if form.parse(first) is not None and all(form.parse(text) is not None for text in counts):
            enough = len(counts) >= _FEWEST_FRACTIONS
            if enough if name == "fractions" else _is_marked(counts):
                return form
    return None


def _is_marked(counts: Mapping[str, int]) -> bool:
    """Return whether hexadecimal numbers have a mark each, and not all a # or an H, which codes have too."""
    return all(re.match(r"[+-]?(0[xXbBoO]|&[hH])|[0-9][0-9a-fA-F]*[hH]$", text) for text in counts)
