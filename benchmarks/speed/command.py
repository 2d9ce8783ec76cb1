"""``python -m benchmarks speed``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.speed.contestants import PEERS
from benchmarks.speed.environment import PROJECT, describe_machine
from benchmarks.speed.jobs import JOBS
from benchmarks.speed.report import on_machine, section, summary
from benchmarks.speed.results import as_dict, write
from benchmarks.speed.rounds import Settings


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write what was asked for."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    for path in (options.output, options.picture):
        if path is not None and not path.absolute().parent.is_dir():
            parser.error(f"there is no folder {path.parent} for {path.name}; create it first")
    settings = Settings(
        peers=[peer for peer in PEERS if peer.name in options.peers],
        python=sys.executable,
        peers_python=options.peers_python,
        tensorflow_python=options.tensorflow_python,
        rounds=options.rounds or (2 if options.quick else 5),
        threads=("one", "all") if options.threads == "both" else (options.threads,),
        quick=options.quick,
        c_program=str(options.c_program.absolute()),
        memory_gigabytes=options.memory_gigabytes,
        nslkdd=str(options.nslkdd.absolute()),
        say=(lambda _: None) if options.silent else (lambda text: print(text, file=sys.stderr, flush=True)),
    )
    # Ended from outside, it ends the processes that it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before all was measured"))
    run(settings, options.jobs, options.output, options.picture)
    return 0


def run(settings: Settings, jobs: Iterable[str], output: Path | None = None, picture: Path | None = None) -> None:
    """Do the jobs, print the report, and write the files."""
    machine = describe_machine()
    print(on_machine(machine), end="\n\n", flush=True)
    results = []
    for name in jobs:
        settings.say(f"{name}: {(JOBS[name].__doc__ or '').splitlines()[0]}")
        result = JOBS[name](settings)
        for figure in result.figures:
            figure.judged = figure.judged and not settings.quick
        results.append(result)
        print(section(result), flush=True)
        if output is not None:
            # After every job, so that a run that is interrupted leaves what it found.
            write(output, as_dict(results, settings, machine))
    print(summary(results, settings.versions))
    if picture is not None:
        from benchmarks.speed.picture import save_all

        for path in save_all(picture, results):
            print(f"picture: {path}")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks speed",
        description="Measure nnlite and its peers side by side. Every contestant is a process of its own; after "
        "warming up they take turns; medians over the rounds are compared. Whoever is not installed is skipped.",
        epilog="jobs: " + ", ".join(JOBS) + "; peers: " + ", ".join(peer.name for peer in PEERS),
    )
    parser.add_argument("--jobs", type=_names(JOBS), default=list(JOBS), metavar="A,B", help="what to measure; all")
    names = [peer.name for peer in PEERS]
    parser.add_argument("--peers", type=_names(names), default=names, metavar="A,B", help="against whom; 'none'; all")
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter that has the peers; this one")
    parser.add_argument("--tensorflow-python", default="", help="interpreter that has TensorFlow; that of the peers")
    parser.add_argument("--rounds", type=_positive, help="turns of each contestant; 5")
    parser.add_argument("--threads", choices=("one", "all", "both"), default="both", help="both")
    parser.add_argument("--quick", action="store_true", help="smaller jobs and two rounds: to try it out, not to judge")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw ratios; growth beside it as FILE-growth")
    program = PROJECT.parent / "shared" / "peers" / "dense_adam_limit.c"
    parser.add_argument(
        "--c-program", type=Path, default=program, metavar="FILE", help="the C program; ../shared/peers"
    )
    parser.add_argument(
        "--memory-gigabytes",
        type=float,
        default=1.0,
        metavar="GB",
        help="size of the memory-mapped file; 1, judged at 4",
    )
    records = PROJECT.parent / "shared" / "data" / "nslkdd" / "KDDTrain+_20Percent.txt"
    parser.add_argument(
        "--nslkdd", type=Path, default=records, metavar="FILE", help="records of NSL-KDD; ../shared/data/nslkdd"
    )
    parser.add_argument("--silent", action="store_true", help="don't say on standard error what is going on")
    return parser


def _names(known: Iterable[str]):
    def parse(text: str) -> list[str]:
        given = [] if text == "none" else text.split(",")
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)} not known; choose from {', '.join(known)}")
        return given

    return parse


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of rounds; give 1 or more")
    return int(text)
