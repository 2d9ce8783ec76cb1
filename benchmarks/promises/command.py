"""Simulate the promises of docstrings, help texts and the README: ``python -m benchmarks promises``.

Each promise is simulated over seeds and kinds of data, and the result is printed beside the promised value. The exit
code is 1 if a promise does not hold.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.promises.catalogue import FAMILIES, family
from benchmarks.promises.promise import Promise
from benchmarks.promises.run import Outcome, outcomes

_VERDICTS = {True: "yes", False: "NO", None: "unclear"}


def main(arguments: list[str] | None = None) -> int:
    """Simulate the chosen promises, and print their table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks promises", description=str(__doc__).splitlines()[0])
    parser.add_argument(
        "--only",
        nargs="+",
        default=[""],
        metavar="WORD",
        help="families, or promises whose name contains one of the words",
    )
    parser.add_argument(
        "--seeds", type=_positive, help="number of seeds of each simulation (default: the promise's own)"
    )
    parser.add_argument("--short", action="store_true", help="few seeds and no long simulations: about 40 seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the outcomes to this file")
    parser.add_argument("--list", action="store_true", help="list the promises and their places only")
    options = parser.parse_args(arguments)
    found = []
    for name in FAMILIES:
        chosen = [promise for promise in family(name) if _is_chosen(options.only, name, promise)]
        if options.list:
            print("\n".join(f"{name:12}{promise.where}: {promise.what}: “{promise.quote}”" for promise in chosen))
            continue
        for outcome in outcomes(name, chosen, options.seeds, options.short):
            if not found:
                print(_line("promise", "data", "promised", "measured", "holds"))
            found.append(outcome)
            print(_row(outcome), flush=True)
    if options.list:
        return 0
    if not found:
        parser.error(f"--only: no promise has {' or '.join(map(repr, options.only))} in its name")
    broken = sum(outcome.holds is False for outcome in found)
    unclear = sum(outcome.holds is None for outcome in found)
    print(f"\n{len(found)} measured: {broken} do not hold, {unclear} need more seeds")
    if options.json:
        options.json.write_text(json.dumps([outcome.to_dict() for outcome in found], indent=1) + "\n")
    return 1 if broken else 0


def _is_chosen(words: Sequence[str], name: str, promise: Promise) -> bool:
    """Return whether a word is the name of the family or, if no family has this name, a part of the promise's name."""
    return any(word == name or (word not in FAMILIES and word in f"{promise.where} {promise.what}") for word in words)


def _row(outcome: Outcome) -> str:
    measured = f"{outcome.measured:.4g}" + (f" +- {outcome.margin:.2g}" if outcome.margin else "")
    name = f"{outcome.where.removeprefix('anomaly.')}: {outcome.what}"
    return _line(name, outcome.data, outcome.promised, measured, _VERDICTS[outcome.holds])


def _line(name: str, data: str, promised: str, measured: str, holds: str) -> str:
    return f"{name:<86}  {data:<24}  {promised:<18}  {measured:<20}  {holds}"


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1; found {text}")
    return value
