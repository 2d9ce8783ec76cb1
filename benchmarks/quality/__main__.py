"""Compare detectors: ``python -m benchmarks.quality --data FOLDER``.

Results are appended to a file of one JSON object a line, and those in the file are not measured again. Detectors of
other projects run in the Python where they are installed: ``--peers-python PATH``.
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from benchmarks.quality.contestants import OURS, PEERS
from benchmarks.quality.measure import measure_into, read
from benchmarks.quality.protocols import PROTOCOLS
from benchmarks.quality.summary import draw, table


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=__doc__.splitlines()[0],
        epilog="Further experiments: python -m benchmarks.quality.choices (choice of the defaults), "
        "benchmarks.quality.explanations (accuracy of explanations), benchmarks.quality.false_alarms (flagged normal "
        "records, of small tables too), benchmarks.quality.labels (gain from a few "
        "labelled anomalies), benchmarks.quality.label_learning (gain from labels of records chosen in many ways), "
        "benchmarks.quality.probabilities (calibration of probabilities), benchmarks.quality.thresholds (rules for "
        "thresholds).",
    )
    parser.add_argument("--data", default="../shared/data/adbench", help="folder of ADBench .npz files")
    parser.add_argument("--output", default="benchmarks/results/quality", help="folder for results and pictures")
    parser.add_argument("--seeds", type=int, default=5, help="number of splits (default: 5)")
    parser.add_argument("--protocols", nargs="+", choices=PROTOCOLS, default=list(PROTOCOLS))
    parser.add_argument("--tables", nargs="+", default=[], help="names of tables (default: all)")
    parser.add_argument("--detectors", nargs="+", choices=(*OURS, *PEERS), help="default: all that are installed")
    parser.add_argument("--peers-python", help="a Python with pyod, torch and scikit-learn")
    parser.add_argument("--in-this-python", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not Path(options.data).is_dir():
        parser.error(f"--data: there is no folder {options.data!r}")
    chosen = options.detectors or [*OURS, *(PEERS if options.peers_python else ())]
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / "results.jsonl"
    peers = [name for name in chosen if name in PEERS]
    if options.in_this_python:
        measure_into(results, options, chosen)
        return
    measure_into(results, options, [name for name in chosen if name in OURS])
    if peers:
        if not options.peers_python:
            parser.error(f"{', '.join(peers)}: --peers-python must name a Python that has them")
        command = [options.peers_python, "-m", "benchmarks.quality", "--in-this-python", "--detectors", *peers]
        command += ["--data", options.data, "--output", options.output, "--seeds", str(options.seeds)]
        command += ["--protocols", *options.protocols, *(["--tables", *options.tables] if options.tables else [])]
        subprocess.run(command, check=True)
    for protocol in options.protocols:
        print(f"\n{table(read(results), protocol)}")
        draw(read(results), protocol, folder / f"{protocol}.png")


if __name__ == "__main__":
    main()
