"""``python -m benchmarks speed``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.arguments import positive, some_of
from benchmarks.speed.contestants import PEERS
from benchmarks.speed.environment import PROJECT, describe_machine
from benchmarks.speed.jobs import JOBS
from benchmarks.speed.report import on_machine, section, summary
from benchmarks.speed.results import as_dict, write
from benchmarks.speed.rounds import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark from command-line arguments."""
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
        earlier="" if options.earlier is None else str(options.earlier.absolute()),
        say=(lambda _: None) if options.silent else (lambda text: print(text, file=sys.stderr, flush=True)),
    )
    # After SIGTERM the context managers end the worker processes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated before the last measurement"))
    run(settings, options.jobs, options.output, options.picture)
    return 0


def run(settings: Settings, jobs: Iterable[str], output: Path | None = None, picture: Path | None = None) -> None:
    """Run the jobs, print the report, and write the files."""
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
            # After every job, so that an interrupted run keeps its results.
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
        "the warm-up they take turns; medians over the rounds are compared. Peers that are not installed are skipped.",
        epilog="jobs: " + ", ".join(JOBS) + "; peers: " + ", ".join(peer.name for peer in PEERS),
    )
    parser.add_argument(
        "--jobs", type=some_of(JOBS), default=list(JOBS), metavar="A,B", help="jobs to measure (default: all)"
    )
    peers = [peer.name for peer in PEERS]
    parser.add_argument(
        "--peers",
        type=some_of(peers, or_none=True),
        default=peers,
        metavar="A,B",
        help="peers to compare, or 'none' (default: all)",
    )
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter with the peers (default: this one)")
    parser.add_argument(
        "--tensorflow-python", default="", help="interpreter with TensorFlow (default: that of the peers)"
    )
    parser.add_argument("--rounds", type=positive, help="rounds of each contestant (default: 5)")
    parser.add_argument(
        "--threads", choices=("one", "all", "both"), default="both", help="number of threads (default: both)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="smaller jobs and two rounds, without verdicts on the targets"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw the ratios; the growth of cost goes to FILE-growth"
    )
    program = PROJECT.parent / "shared" / "peers" / "dense_adam_limit.c"
    parser.add_argument(
        "--c-program",
        type=Path,
        default=program,
        metavar="FILE",
        help="source of the C program (default: in ../shared/peers)",
    )
    parser.add_argument(
        "--memory-gigabytes",
        type=float,
        default=1.0,
        metavar="GB",
        help="size of the memory-mapped file (default: 1; the target applies at 4)",
    )
    records = PROJECT.parent / "shared" / "data" / "nslkdd" / "KDDTrain+_20Percent.txt"
    parser.add_argument(
        "--nslkdd", type=Path, default=records, metavar="FILE", help="NSL-KDD records (default: in ../shared/data)"
    )
    parser.add_argument(
        "--earlier",
        type=Path,
        metavar="FOLDER",
        help="sources of an earlier version, such as a worktree, to compare with in score-csv and fit-large",
    )
    parser.add_argument("--silent", action="store_true", help="no progress messages on standard error")
    return parser
