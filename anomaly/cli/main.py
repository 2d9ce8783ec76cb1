"""The entry point of the command ``anomaly``: it builds the chosen command's parser, runs it and reports errors."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

import anomaly
from anomaly.cli.commands import COMMANDS, EXIT_CODES
from anomaly.errors import DataWarning

# A command returns its exit code, or None for 0.
_Run = Callable[[argparse.Namespace], int | None]


class _Parser(argparse.ArgumentParser):
    """Argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"anomaly: error: {message} (see '{self.prog} --help')\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command and its arguments, by default those of the process.

    Returns
    -------
    int
        Exit code: 0, or for `drift` 1 if the data has drifted; 2 if the input or the arguments are invalid, after one
        line on standard error; 3 if rows were left out; 130 if interrupted.

    Examples
    --------
    >>> from anomaly.cli import main
    >>> main(["info", "--model", "nowhere.npz"])
    2
    """
    with warnings.catch_warnings():
        # Each is shown, and not only the first of each place in the source.
        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = _show_warning
        return _exit_code(arguments)


def _exit_code(arguments: Sequence[str] | None) -> int:
    """Run a command and turn its errors into one line and an exit code."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has closed the pipe. Python would complain again on closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("anomaly: interrupted", file=sys.stderr)
        return 130
    except DataWarning as warning:
        print(f"anomaly: error: {_one_line(warning)} (a warning without --strict)", file=sys.stderr)
        return 2
    except (ValueError, OSError) as error:
        print(f"anomaly: error: {_one_line(error)}", file=sys.stderr)
        return 2
    return code or 0


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse arguments; the result's `run` is the function to call with it."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = _Parser(
        prog="anomaly",
        description="Detect anomalies in tables and time series: fit a model to a CSV file, score another, evaluate.",
        epilog=f"Begin with 'anomaly demo'. Each command has --help with an example.\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"anomaly {anomaly.__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    chosen = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, text in COMMANDS.items():
        if name == chosen:
            import_module(f"anomaly.cli.{name.replace('-', '_')}").add_parser(subparsers)
        else:
            # A line in the list of commands; importing every command would delay the start.
            subparsers.add_parser(name, help=text)
    return parser.parse_args(arguments)


def _run(arguments: Sequence[str] | None) -> int | None:
    """Run a command and return its exit code; errors are raised."""
    options = parse(arguments)
    # The demo runs other commands.
    options.run_command = _run
    if options.strict:
        warnings.simplefilter("error", DataWarning)
    run: _Run = options.run
    return run(options)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning as one line, without its place in the source."""
    print(f"anomaly: warning: {' '.join(str(message).split())}", file=sys.stderr)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename!r}" if error.filename else ""
        return f"{error.strerror}{where}"
    return " ".join(str(error).split())
