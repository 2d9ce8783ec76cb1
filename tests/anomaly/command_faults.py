"""Every command beside every fault: closed streams, full disks, interruptions, odd surroundings.

    python -m tests.anomaly.command_faults [--fault TEXT] [--command TEXT] [--rounds N]

Whatever happens: no traceback, an exit code of the documented ones, all inputs as they were, no temporary file left,
and an output that was there before is either as it was or complete.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from anomaly.cli import main as run_command

SECONDS = 120
QUICK = "--epochs 2 --hidden 4"
LABELS = "--label state --normal ok"

COMMANDS = {
    "fit": f"fit data.csv -m out.npz {QUICK}",
    "fit series": "fit series.csv -m out.npz --series --time time --window 8",
    "fit pipe": f"fit - -m out.npz {QUICK} < data.csv",
    "score": "score data.csv -m m.npz",
    "score file": "score data.csv -m m.npz -o out.csv --top 2 --expected",
    "score lines": "score data.csv -m m.npz -o out.jsonl --why",
    "score sorted": "score data.csv -m m.npz --sort --limit 5 --why",
    "score pipe": "score - -m m.npz -o out.csv < data.csv",
    "score series": "score series.csv -m s.npz -o out.csv",
    "evaluate": f"evaluate labelled.csv -m m.npz {LABELS} --json out.json",
    "drift": "drift data.csv -m m.npz",
    "update": "update data.csv -m m.npz -o out.npz",
    "learn-labels": f"learn-labels labelled.csv -m m.npz {LABELS} -o out.npz",
    "compare": "compare data.csv --runs 2 --rows 60 --json out.json",
    "plot": "plot data.csv -m m.npz -o pictures",
    "report": "report data.csv -m m.npz -o out.html",
    "export c": "export -m n.npz --c program --prototypes 20",
    "score progress": "score data.csv -m m.npz -o out.csv --progress",
    "score skipping": "score odd.csv -m m.npz -o out.csv --on-bad-row report --bad-rows bad.csv",
    "fit progress": f"fit data.csv -m out.npz {QUICK} --progress --verbose",
    "info": "info -m m.npz",
    "info json": "info -m m.npz --json out.json",
    "completion": "completion bash",
    "demo": "demo -o demo --records 300",
    "help": "--help",
    "help of a command": "score --help",
    "version": "--version",
    "nothing": "",
    "no command": "scroe data.csv",
}
USUAL = {"score skipping": 3, "nothing": 2, "no command": 2}
"""Exit codes without a fault that are not 0."""
SIGNS = ("Traceback", "Exception ignored", "fault of this program", "Fatal Python")
NAMES = ("out.npz", "out.csv", "out.jsonl", "out.json", "out.html")


class Fault(NamedTuple):
    """A fault: a command for the shell with the place of the command, and what is allowed.

    Attributes
    ----------
    shell : str
        With ``{}`` for the command.
    codes : tuple of int
        Exit codes that are allowed beside that of the command without a fault.
    environment : dict of str to str
        Variables to set; those with an empty text are removed.
    """

    shell: str
    codes: tuple[int, ...] = ()
    environment: dict[str, str] = {}  # noqa: RUF012


NOWHERE = "/proc/nowhere"
FAULTS = {
    "nothing": Fault("{}"),
    "stdin closed": Fault("{} <&-", (2,)),
    "stdout closed": Fault("{} >&-", (2,)),
    "stderr closed": Fault("{} 2>&-"),
    "all closed": Fault("{} <&- >&- 2>&-", (2,)),
    "stdout full": Fault("{} > /dev/full", (2,)),
    "stderr full": Fault("{} 2> /dev/full"),
    "both full": Fault("{} > /dev/full 2>&1", (2,)),
    "reader gone": Fault("set -o pipefail; {} | true", (0,)),
    "reader of errors gone": Fault("{} 2> >(true)"),
    "files of 1 KB": Fault("ulimit -f 1; {}", (2,)),
    "no file": Fault("ulimit -f 0; {}", (2,)),
    "few open files": Fault("ulimit -n 12; {}", (2, 4)),
    "little memory": Fault("ulimit -v 700000; {}", (2, 4)),
    "no matplotlib": Fault("{}", (2,), {"PYTHONPATH": "{hidden}/matplotlib"}),
    "no numba": Fault("{}", (), {"PYTHONPATH": "{hidden}/numba:{hidden}/llvmlite"}),
    "no home": Fault("{}", (), {"HOME": "", "XDG_CACHE_HOME": "", "NNLITE_CACHE_DIR": "", "TMPDIR": ""}),
    "home nowhere": Fault("{}", (), dict.fromkeys(("HOME", "XDG_CACHE_HOME", "NNLITE_CACHE_DIR"), NOWHERE)),
    "nowhere to cache": Fault(
        "{}", (2,), dict.fromkeys(("HOME", "XDG_CACHE_HOME", "NNLITE_CACHE_DIR", "TMPDIR"), NOWHERE)
    ),
    "a plain locale": Fault("{}", (), {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    "ascii streams": Fault("{}", (2,), {"PYTHONIOENCODING": "ascii:strict"}),
    "optimised": Fault("{}", (), {"PYTHONOPTIMIZE": "2"}),
    "warnings are errors": Fault("{}", (2,), {"PYTHONWARNINGS": "error"}),
    "a narrow terminal": Fault("{}", (), {"COLUMNS": "1", "LINES": "1", "TERM": "dumb"}),
    "output is a loop of links": Fault("{loop}; {}", (2,)),
    "output is a folder": Fault("{folder}; {}", (2,)),
    "output is a dead link": Fault("{dead}; {}", (2,)),
    "interrupted": Fault("{}", (130, -2, 143)),
    "interrupted twice": Fault("{}", (130, -2, 143)),
    "interrupted in the dark": Fault("{} 2> /dev/full", (130, -2)),
    "terminated": Fault("{}", (143, -15)),
}
SIGNALS = {name: signal.SIGTERM if name == "terminated" else signal.SIGINT for name in [*FAULTS][-4:]}
"""Which is sent at a random moment."""


def prepare(root: Path) -> None:
    """Fill a folder with data and models."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(80, 3)).round(4)
    kinds = rng.choice(["süd", "北"], 80)
    header = "größe,b,c,kind"
    lines = [",".join(map(str, row)) + f",{kind}" for row, kind in zip(rows.tolist(), kinds, strict=True)]
    (root / "data.csv").write_text("\n".join([header, *lines]) + "\n", "utf-8")
    (root / "numbers.csv").write_text("\n".join([header[:-5], *(line.rpartition(",")[0] for line in lines)]) + "\n")
    (root / "odd.csv").write_text("\n".join([header, *lines, "1,2,3,süd,5", "x\x1b[2J,2,3,süd"]) + "\n", "utf-8")
    states = ["bad" if i % 9 == 4 else "ok" for i in range(80)]
    labelled = [f"{line},{state}" for line, state in zip(lines, states, strict=True)]
    (root / "labelled.csv").write_text("\n".join([f"{header},state", *labelled]) + "\n", "utf-8")
    steps = np.sin(np.arange(200) / 5) + rng.normal(0, 0.05, 200)
    series = [f"2024-01-01 {i // 60:02}:{i % 60:02},{value:.4f}" for i, value in enumerate(steps)]
    (root / "series.csv").write_text("\n".join(["time,a", *series]) + "\n")
    fit = ["fit", "-q", "--epochs", "2", "--hidden", "4"]
    for name, data in (("m", "data"), ("n", "numbers")):
        assert run_command([*fit, str(root / f"{data}.csv"), "-m", str(root / f"{name}.npz")]) == 0
    series_fit = ["fit", "-q", str(root / "series.csv"), "--series", "--time", "time", "--window", "8"]
    assert run_command([*series_fit, "-m", str(root / "s.npz")]) == 0
    for package in ("matplotlib", "numba", "llvmlite"):
        folder = root / "hidden" / package / package
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(f"raise ModuleNotFoundError('hidden', name={package!r})\n")


@contextlib.contextmanager
def copied(root: Path) -> Iterator[Path]:
    """Yield a folder with copies of what `prepare` made."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(shutil.copytree(root, Path(name) / "work"))


def trial(root: Path, command: str, name: str, rng: random.Random, seconds: float = 2.0) -> str:
    """Run a command beside a fault; return what is wrong, or nothing.

    Parameters
    ----------
    root : Path
        What `prepare` filled.
    command, name : str
        Names of the command and of the fault.
    rng : random.Random
        Decides when a signal is sent.
    seconds : float, default 2
        The latest time of a signal.
    """
    fault = FAULTS[name]
    with copied(root) as folder:
        before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        output = next((one for one in NAMES if one in COMMANDS[command]), "unused")
        if name == "nothing" or name in SIGNALS:
            (folder / output).write_bytes(b"earlier")
        process = subprocess.Popen(
            ["bash", "-c", _shell(command, name, output)],
            cwd=folder,
            env=_environment(fault, folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if name in SIGNALS:
            time.sleep(rng.uniform(0.05, seconds))
            process.send_signal(SIGNALS[name])
            if name == "interrupted twice":
                time.sleep(rng.choice((0, 0.002, 0.02, 0.2)))
                process.send_signal(SIGNALS[name])
        try:
            said = b"".join(process.communicate(timeout=SECONDS))
        except subprocess.TimeoutExpired:
            process.kill()
            return "HANG"
        codes = (USUAL.get(command, 0), *fault.codes)
        return "; ".join(_wrong(folder, before, codes, name, output, process.returncode, said))


def _shell(command: str, name: str, output: str) -> str:
    words, _, source = COMMANDS[command].partition(" < ")
    fault = FAULTS[name].shell
    text = f"{sys.executable} -m anomaly {words}" + (f" < {source}" if source and "<" not in fault else "")
    parts = {
        "{loop}": f"ln -s {output} .loop; ln -s .loop {output}",
        "{folder}": f"mkdir {output}",
        "{dead}": f"ln -s nowhere/else {output}",
        # The signal is for the program, not for the shell.
        "{}": f"exec {text}" if name in SIGNALS else text,
    }
    for part, replacement in parts.items():
        fault = fault.replace(part, replacement)
    return fault


def _environment(fault: Fault, folder: Path) -> dict[str, str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    for key, value in fault.environment.items():
        if not value:
            environment.pop(key, None)
            continue
        value = value.replace("{hidden}", str(folder / "hidden"))
        environment[key] = f"{value}{os.pathsep}{paths}" if key == "PYTHONPATH" else value
    return environment


def _wrong(
    folder: Path, before: dict[str, bytes], codes: tuple[int, ...], name: str, output: str, code: int, said: bytes
) -> Iterator[str]:
    text = said.decode("utf-8", "replace")
    # Before its first line runs, the program cannot know of a signal.
    is_ours = name not in SIGNALS or "anomaly/cli" in text or "Exception ignored" in text
    if is_ours and any(sign in text for sign in SIGNS):
        yield f"said {text[-700:]}"
    if code not in codes:
        yield f"exit code {code}, none of {codes}: {text[-300:]}"
    for path, content in before.items():
        if path != output and (folder / path).read_bytes() != content:
            yield f"{path} has changed"
    left = [one.name for one in folder.rglob(".*") if one.name != ".loop"]
    if left:
        yield f"left behind: {left}"
    made = folder / output
    if made.is_file() and not _is_whole(made):
        yield f"{output} is not whole: {made.stat().st_size} bytes, exit code {code}"


def _is_whole(path: Path) -> bool:
    """Tell whether a file is the one that was there before, or a complete one."""
    content = path.read_bytes()
    text = content.decode("utf-8", "replace")
    checks: dict[str, Any] = {
        ".npz": lambda: content.startswith(b"PK") and b"PK\x05\x06" in content,
        ".json": lambda: json.loads(text),
        ".jsonl": lambda: len([json.loads(line) for line in text.splitlines()]) == 80,
        ".csv": lambda: text.endswith("\n") and len({len(row) for row in csv.reader(text.splitlines())}) == 1,
        ".html": lambda: text.rstrip().endswith("</html>"),
    }
    return content == b"earlier" or bool(checks[path.suffix]())


def run(faults: str = "", commands: str = "", rounds: int = 1, share: float = 1.0, seed: int = 0) -> dict[str, str]:
    """Try commands beside faults, those whose name has a text; return what was wrong by command and fault.

    Parameters
    ----------
    faults, commands : str
        Parts of names.
    rounds : int, default 1
        Number of times that each signal is sent.
    share : float, default 1.0
        Fraction of the pairs that is tried.
    seed : int, default 0
        Draws them, and the times of signals.
    """
    rng, found, count = random.Random(seed), {}, 0
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        for command in [one for one in COMMANDS if commands in one]:
            for fault in [one for one in FAULTS if faults in one]:
                for turn in range(rounds if fault in SIGNALS else 1):
                    if share < 1 and rng.random() >= share:
                        continue
                    count += 1
                    wrong = trial(Path(name), command, fault, rng)
                    if wrong:
                        found[f"{command} / {fault} / {turn}"] = wrong
                        print(f"{command} / {fault}: {wrong}", flush=True)
    print(f"{count} trials, {len(found)} wrong")
    return found


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fault", default="", help="those whose name has this text")
    parser.add_argument("--command", default="")
    parser.add_argument("--rounds", type=int, default=1, help="of each signal")
    options = parser.parse_args()
    return int(bool(run(options.fault, options.command, options.rounds)))


if __name__ == "__main__":
    sys.exit(main())
