"""Check random models: ``python -m benchmarks fuzz --minutes 30``.

Every model is generated from a seed: layers, data, training, changes by callbacks. Backends are compared with each
other, gradients with numeric ones, predictions in batches with predictions of all records at once, models with their
files and configurations, two fits with one, evaluations with a direct computation. A failure is printed with its seed
and with the smallest model that fails in the same way.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import count

from tests.nnlite.random_models.cases import draw_case
from tests.nnlite.random_models.checks import CHECKS, failure, failures
from tests.nnlite.random_models.shrinking import shrink


def main(arguments: list[str] | None = None) -> int:
    """Run the requested checks; return 1 if one has failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fuzz", description=str(__doc__).splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.0, help="duration (default: 1)")
    parser.add_argument("--seed", type=int, help="check only the model of this seed, and print it")
    parser.add_argument("--first", type=int, default=0, help="seed of the first model (default: 0)")
    parser.add_argument("--models", type=int, help="number of models to check, in place of a duration")
    parser.add_argument("--checks", nargs="+", choices=CHECKS, default=list(CHECKS), help="default: all")
    parser.add_argument("--as-drawn", action="store_true", help="print failing models without shrinking them")
    options = parser.parse_args(arguments)
    if options.minutes <= 0 or (options.models is not None and options.models < 1):
        parser.error("--minutes and --models must be above 0")
    # Warnings have tests of their own; here only results matter.
    warnings.simplefilter("ignore")
    failed = run(_seeds(options), options.checks, shrinking=not options.as_drawn, silent=options.seed is None)
    return 1 if failed else 0


def _seeds(options: argparse.Namespace) -> Iterator[int]:
    if options.seed is not None:
        yield options.seed
        return
    end = time.monotonic() + 60 * options.minutes
    for seed in count(options.first):
        if time.monotonic() > end if options.models is None else seed - options.first >= options.models:
            return
        yield seed


def run(seeds: Iterator[int], checks: list[str], shrinking: bool, silent: bool) -> Counter[str]:
    """Check models; print failures and a summary. Return the number of failures of each check."""
    failed: Counter[str] = Counter()
    models, start = 0, time.monotonic()
    for seed in seeds:
        case = draw_case(seed)
        models += 1
        if not silent:
            print(f"seed {seed}\n{case}", flush=True)
        for check, message in failures(case, checks).items():
            failed[check] += 1
            print(f"seed {seed}, {check}: {message}", flush=True)
            if shrinking:
                smaller = shrink(case, check)
                print(f"{smaller}\n  {failure(smaller, check)}", flush=True)
    print(f"{models:,} models in {time.monotonic() - start:.0f} s; failures: {sum(failed.values())}")
    for check in checks:
        print(f"  {check:15} {failed[check]}")
    return failed
