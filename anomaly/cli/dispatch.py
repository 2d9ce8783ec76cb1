"""The entry point of the command ``anomaly``: it builds the chosen command's parser, runs it and reports errors."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any, NoReturn

import anomaly
from anomaly.cli.commands import COMMANDS, EXIT_CODES, FAULT, ROWS_LEFT_OUT, WRONG_USE
from anomaly.cli.streams import (
    discard_output,
    discard_unwritten_output,
    ending_cleanly,
    open_missing_streams,
    say_aside,
)
from anomaly.errors import DataWarning

# A command returns its exit code, or None for 0.
_Run = Callable[[argparse.Namespace], int | None]


class _Parser(argparse.ArgumentParser):
    """Argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"anomaly: error: {message} (see '{self.prog} --help')\n")


def run_command_line(arguments: Sequence[str] | None) -> int:
    """Run a command, and turn its warnings and errors into lines and an exit code; see `anomaly.cli.main`."""
    open_missing_streams()
    if "_ARGCOMPLETE" in os.environ and arguments is None:
        # A shell asks what may come next: see `anomaly completion`.
        from anomaly.cli.completion import complete

        complete(lambda chosen: _parser_of(chosen)[0])
    with warnings.catch_warnings(), ending_cleanly():
        # Each is shown, and not only the first of each place in the source.
        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = _shower()
        return _exit_code(arguments)


def _exit_code(arguments: Sequence[str] | None) -> int:
    """Run a command and turn its errors into one line and an exit code."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code or 0
    except BrokenPipeError:
        # The reader (head, less) has closed the pipe.
        discard_output()
        return 0
    except DataWarning as warning:
        return _report(f"{warning} (a warning without --strict)")
    except ImportError as error:
        package = (error.name or "anomaly").partition(".")[0]
        if package in ("anomaly", "nnlite"):
            return _report_fault(error)
        return _report(f"this needs the package {package!r}, which cannot be imported ({error}): install it")
    except (ValueError, OSError) as error:
        return _report(_text_of(error))
    except MemoryError as error:
        return _report(f"there is not enough memory for this{f' ({error})' if str(error) else ''}", FAULT)
    except Exception as error:
        return _report_fault(error)


def _report(text: str, code: int = 2) -> int:
    """Print an error as one line, and return the exit code."""
    # What could not be written, as to a full disk, would fail again at the end of the process.
    discard_unwritten_output()
    say_aside(f"anomaly: error: {' '.join(text.split())}")
    return code


def _report_fault(error: Exception) -> int:
    if os.environ.get("ANOMALY_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    return _report(
        f"a fault of this program, {type(error).__name__}: {error}. Please report it, with what the command prints if "
        "the environment sets ANOMALY_TRACEBACK=1",
        FAULT,
    )


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse arguments; the result's `run` is the function to call with it."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    chosen = next((argument for argument in arguments if not argument.startswith("-")), None)
    parser, commands = _parser_of(chosen)
    if not arguments:
        parser.print_help()
        parser.exit(WRONG_USE)
    _check_known(arguments, chosen, parser, commands)
    return parser.parse_args(arguments)


def _parser_of(chosen: str | None) -> tuple[_Parser, Mapping[str, _Parser]]:
    """Return the parser that knows the arguments of one command, and the parsers of the commands."""
    parser = _Parser(
        prog="anomaly",
        description="Detect anomalies in tables and time series: fit a model to a CSV file, score another, evaluate.",
        epilog=f"Begin with 'anomaly demo'. Each command has --help with an example.\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"anomaly {anomaly.__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, text in COMMANDS.items():
        if name == chosen:
            import_module(f"anomaly.cli.{name.replace('-', '_')}").add_parser(subparsers)
        else:
            # A line in the list of commands; importing every command would delay the start.
            subparsers.add_parser(name, help=text)
    return parser, subparsers.choices


def _check_known(
    arguments: Sequence[str], chosen: str | None, parser: _Parser, commands: Mapping[str, _Parser]
) -> None:
    """Exit with what may have been meant, if there is no such command, or the command has no such option."""
    if chosen is None or arguments[0] != chosen:
        return
    from anomaly.cli.suggestions import unknown_command, unknown_option

    if chosen not in commands:
        parser.error(unknown_command(chosen, list(commands)))
    wrong = unknown_option(arguments[1:], commands[chosen].format_usage())
    if wrong is not None:
        commands[chosen].error(wrong)


def _run(arguments: Sequence[str] | None) -> int | None:
    """Run a command and return its exit code; errors are raised."""
    options = parse(arguments)
    # The demo runs other commands.
    options.run_command = _run
    if options.strict:
        warnings.simplefilter("error", DataWarning)
    with _shown_progress(vars(options)):
        run: _Run = options.run
        code = run(options)
    bad = getattr(options, "left_out", None)
    if bad is None:
        return code
    from anomaly.cli.left_out import tell_left_out

    tell_left_out(bad, options.bad_rows, getattr(options, "spreadsheet", False))
    return ROWS_LEFT_OUT if len(bad) and not code else code


def _shown_progress(options: Mapping[str, Any]) -> AbstractContextManager[Any]:
    """Return the context in which a command shows its progress, if it is to."""
    from anomaly.cli.progress import is_wanted, progress_shown
    from nnlite.job import is_running

    writes_rows, verbose = options.get("output") == "-", options.get("verbose", False)
    # The demo runs other commands.
    if is_running() or not is_wanted(options["quiet"], options["progress"], writes_rows, verbose):
        return nullcontext()
    return progress_shown(options["command"])


def _shower() -> Callable[..., None]:
    """Return a function that prints a warning as one line, without its place in the source, and each text once."""
    shown: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        text = " ".join(str(message).split())
        if text not in shown:
            say_aside(f"anomaly: warning: {text}")
        shown.add(text)

    return show


def _text_of(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename!r}" if error.filename else ""
        return f"{error.strerror}{where}"
    return str(error)
