"""What may have been meant by a name or a value that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

# Short beginnings are alike by chance, and so are those that differ in more than one of four letters.
_LEAST_BEGINNING, _SIMILARITY = 4, 0.75
# A message stays readable.
_MOST_NAMES = 10


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return what may have been meant by a name that does not exist, for the end of a message; "" if nothing is alike.

    Capitals, blanks, hyphens and underscores make no difference. A name may be the beginning of a longer one.

    Examples
    --------
    >>> did_you_mean("Tabel", ["TableDetector", "ImageDetector"])
    "; did you mean 'TableDetector'?"
    >>> did_you_mean("amuont", ["amount", "country"]), did_you_mean("Order ID", ["order_id"]), did_you_mean("x", ["y"])
    ("; did you mean 'amount'?", "; did you mean 'order_id'?", '')
    >>> did_you_mean("rleu", ["ReLU", "relu"])
    "; did you mean 'relu'?"
    """
    import difflib  # on first use, since most processes name nothing that does not exist

    plain: dict[str, list[str]] = {}
    for one in known:
        plain.setdefault(_plain(one), []).append(one)
    wanted = _plain(name)
    alike = difflib.get_close_matches(wanted, plain, n=1)
    if not alike and len(wanted) >= _LEAST_BEGINNING:
        beginnings = {one[: len(wanted)]: one for one in reversed(plain)}
        alike = [beginnings[one] for one in difflib.get_close_matches(wanted, beginnings, n=1, cutoff=_SIMILARITY)]
    if not alike:
        return ""
    # Of names that differ in capitals alone, such as those of a class and its function, that which is written alike.
    meant = max(plain[alike[0]], key=lambda one: difflib.SequenceMatcher(None, name, one).ratio())
    return f"; did you mean {meant!r}?"


def names_meant(names: Iterable[str], known: Iterable[str]) -> str:
    """Return what may have been meant by several names that do not exist, for the end of a message; perhaps "".

    Of several, those that differ from a known one in capitals, blanks, hyphens and underscores alone are all told.

    Examples
    --------
    >>> print(names_meant(["Temp", "Flow "], ["temp", "flow", "x"]))
    ; did you mean 'temp' by 'Temp', 'flow' by 'Flow '? Capitals, blanks, hyphens and underscores count
    >>> print(names_meant(["amuont", "b"], ["amount", "country"]))
    ; did you mean 'amount'?
    """
    names, known = list(names), list(known)
    plain = {_plain(one): one for one in reversed(known)}
    pairs = [f"{plain[_plain(name)]!r} by {name!r}" for name in names if _plain(name) in plain]
    if not pairs or len(names) == 1:
        return did_you_mean(names[0], known)
    more = f" and {len(pairs) - _MOST_NAMES:,} more" if len(pairs) > _MOST_NAMES else ""
    return f"; did you mean {', '.join(pairs[:_MOST_NAMES])}{more}? Capitals, blanks, hyphens and underscores count"


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ").replace("-", " ").strip()
