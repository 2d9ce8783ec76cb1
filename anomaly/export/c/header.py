"""The header of a detector in C: its functions, its threshold, the codes of categories and what it takes."""

from __future__ import annotations

import re

import numpy as np

from anomaly.export.c.features import codes_of
from anomaly.export.parts import Parts
from nnlite.export.c.program import CProgram, literal

_ARRAY = re.compile(r"static (float|double|unsigned char) \w+\[(\d+)\];")
_BYTES = {"float": 4, "double": 8, "unsigned char": 1}


def header_text(program: CProgram, name: str, parts: Parts, memory: int, reasons: bool) -> str:
    """Return the text of the header.

    Parameters
    ----------
    program : CProgram
        The program, with all of its functions.
    name : str
        First part of the names.
    parts : Parts
        Parts of the score.
    memory : int
        Numbers of RAM of networks and members.
    reasons : bool
        Whether there is a function of the reasons.
    """
    upper = name.upper()
    floats = sum(array.nbytes for array in program.constants.values())
    splits = sum(text.count(",") + 1 for text in program.functions.values() if text.startswith("static const unsigned"))
    arrays = [found for text in program.functions.values() if (found := _ARRAY.fullmatch(text))]
    ram = 4 * memory + sum(_BYTES[found[1]] * int(found[2]) for found in arrays)
    names = "\n".join(f" *   x[{i}]: {_plain(column)}" for i, column in enumerate(parts.names))
    third = _REASONS.replace("NAME", name).replace("UPPER", upper) if reasons else ""
    return f"""/* The score of a {parts.kind} for one record, in float32, written by nnlite-anomaly.
 *
{names}
 *
 * Flash: {floats + splits} bytes of constants, without the code. RAM: {ram} bytes, static.
 * The score of a record with a missing or infinite value is NaN. Not for several threads at once.
 */
#ifndef {upper}_H
#define {upper}_H

#ifdef __cplusplus
extern "C" {{
#endif

#define {upper}_COLUMNS {len(parts.names)}
#define {upper}_THRESHOLD {_threshold(parts.threshold)}
{_codes(name, parts)}
float {name}_score(const float *x);
int {name}_is_anomaly(const float *x);
{third}
#ifdef __cplusplus
}}
#endif

#endif
"""


_REASONS = """
/* The contribution of each column to the score, UPPER_COLUMNS numbers that add up to it. */
void NAME_reasons(const float *x, float *reasons);
"""


def _codes(name: str, parts: Parts) -> str:
    """Return the table of the codes of each column of categories."""
    tables = []
    for position, column in enumerate(parts.table.columns):
        texts = codes_of(column)
        if not texts:
            continue
        lines = [f"  {quoted(text)}, /* {code} */" for code, text in enumerate(texts)]
        tables.append(
            f"\n/* x[{position}], {_plain(column.name)}, is the number of its text here; any other number is a text\n"
            f" * that training did not have. */\nstatic const char *const {name}_codes_{position}[{len(texts)}] = {{\n"
            + "\n".join(lines)
            + "\n};\n"
        )
    return "".join(tables)


def quoted(text: str) -> str:
    r"""Return a text as C writes it, in UTF-8, with other characters than letters and digits as octal numbers.

    Examples
    --------
    >>> print(quoted("red"), quoted('a"'))
    "red" "a\042"
    """
    safe = b" _.,:;+-=()<>[]"
    parts = (
        chr(one) if chr(one).isascii() and (chr(one).isalnum() or one in safe) else f"\\{one:03o}"
        for one in text.encode("utf-8", "surrogatepass")
    )
    return f'"{"".join(parts)}"'


def _threshold(value: float) -> str:
    """Return the largest float32 number that is not above a threshold: the same scores are above it."""
    number = np.float32(value)
    if float(number) > value:
        number = np.nextafter(number, np.float32(-np.inf))
    return literal(float(number))


def _plain(text: str) -> str:
    """Return text that is safe in a comment."""
    return "".join(character if character.isalnum() or character in " _.-" else "_" for character in text)
