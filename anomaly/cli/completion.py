"""The command ``anomaly completion``, and what a shell may complete: commands, options, files, columns, labels.

The library argcomplete (extra ``completion``) talks to the shell, which runs ``anomaly`` at each press of the tab key,
with the line so far in its environment.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from anomaly.cli.options import Subparsers, add_command
from anomaly.cli.source import STANDARD
from anomaly.cli.suggestions import one_of
from anomaly.tables import Table
from anomaly.tables.csv_files import iter_csv
from anomaly.tables.csv_form import CsvForm
from anomaly.tables.other_files import is_other_file

SHELLS = ("bash", "zsh", "fish")
"""The shells."""

_EXTRA = "completion needs the package 'argcomplete': install it, or this package with the extra 'completion'"
_ROWS = 1000
_MOST_LABELS = 50
_MODELS = ("npz",)
_DATA = ("csv", "tsv", "txt", "gz", "parquet", "feather", "arff", "mat", "xlsx")


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "completion",
        run,
        'eval "$(anomaly completion bash)"',
        "Put the example into ~/.bashrc, the same with zsh into ~/.zshrc; for fish, put\n"
        "'anomaly completion fish | source' into ~/.config/fish/config.fish. It needs the extra 'completion'.",
    )
    parser.add_argument("shell", **one_of(*SHELLS), help="the shell")


def run(options: argparse.Namespace) -> None:
    """Print the text that makes a shell complete."""
    print(_library().shellcode(["anomaly"], shell=options.shell))


def complete(make_parser: Callable[[str | None], argparse.ArgumentParser], output: TextIO | None = None) -> None:
    """Answer a shell: write what may come next, and end the process.

    Parameters
    ----------
    make_parser : callable
        From the command on the line, or None, to the parser.
    output : text file, optional
        Where to write it; by default the file descriptor that the shell reads.
    """
    library = _library()
    line = os.environ["COMP_LINE"]
    words = library.split_line(line, int(os.environ.get("COMP_POINT", len(line))))[3]
    # Before the command may be the interpreter and its module.
    skipped = int(os.environ.get("_ARGCOMPLETE", "1"))
    parser = make_parser(next((word for word in words[skipped:] if not word.startswith("-")), None))
    chosen: dict[str, Any] = {"always_complete_options": "long", "default_completer": _Completer(library)}
    if output is not None:
        chosen |= {"output_stream": output, "exit_method": lambda _: None}
    library.CompletionFinder()(parser, **chosen)


def _library() -> Any:
    try:
        import argcomplete
    except ImportError:
        raise ValueError(_EXTRA) from None
    return argcomplete


class _Completer:
    """Completes an argument by what its help calls its value."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def __call__(self, prefix: str, action: argparse.Action, parsed_args: object, **others: object) -> Any:
        name, options = str(action.metavar or ""), vars(parsed_args)
        if name == "COL":
            return complete_column(prefix, options)
        if action.dest == "normal":
            return complete_label(prefix, options)
        if name == "FOLDER":
            return self._library.DirectoriesCompleter()(prefix, **others)
        endings = _MODELS if name.endswith(".npz") else _DATA if name.endswith(".csv") else ()
        is_file = bool(endings) or name == "FILE" or name.endswith(".html")
        return self._library.FilesCompleter(endings)(prefix, **others) if is_file else []


def complete_column(prefix: str, options: Mapping[str, Any]) -> list[str]:
    """Return the columns of the data that begin with a prefix; of a list with commas, those that may be next."""
    begun, comma, rest = prefix.rpartition(",")
    table = _beginning(options)
    names: Sequence[str] = () if table is None else table.names
    return [f"{begun}{comma}{name}" for name in names if name.startswith(rest)]


def complete_label(prefix: str, options: Mapping[str, Any]) -> list[str]:
    """Return values of the column of labels that begin with a prefix."""
    table, label = _beginning(options), options.get("label")
    if table is None or label not in table.names:
        return []
    found = list(dict.fromkeys(str(cell) for cell in table[label].tolist()))
    return [value for value in found[:_MOST_LABELS] if value.startswith(prefix)]


def _beginning(options: Mapping[str, Any]) -> Table | None:
    """Return the first rows of the data on the line, if they are in a file of text."""
    path = options.get("data")
    if not path or path == STANDARD or is_other_file(path) or not os.path.isfile(path):
        return None
    given = {name: options.get(name) for name in ("delimiter", "encoding", "comment", "skip_lines")}
    try:
        form = CsvForm(**{name: value for name, value in given.items() if value is not None})
        return next(iter_csv(path, form, chunk_rows=_ROWS, backend="numpy"), None)
    except (ValueError, OSError):
        return None
