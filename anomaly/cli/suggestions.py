"""What may have been meant by a command, an option or one of its values that does not exist."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from nnlite.suggestions import did_you_mean

_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")


def unknown_command(name: str, known: Sequence[str]) -> str:
    """Return the message on a command that does not exist.

    Examples
    --------
    >>> print(unknown_command("scroe", ["score", "fit"]))
    argument COMMAND: invalid choice: 'scroe'; did you mean 'score'? The commands are score, fit
    """
    meant = did_you_mean(name, known)
    return f"argument COMMAND: invalid choice: {name!r}{meant or ';'} The commands are {', '.join(known)}"


def unknown_option(arguments: Sequence[str], usage: str) -> str | None:
    """Return the message on the first long option that a command does not have; None if it has all of them.

    Parameters
    ----------
    arguments : sequence of str
        The command line.
    usage : str
        What the command's parser says of its usage: it names all its options.

    Examples
    --------
    >>> unknown_option(["a.csv", "--modle", "m.npz"], "anomaly score --model MODEL.npz [--id COL]")
    "unrecognized arguments: --modle; did you mean '--model'?"
    >>> unknown_option(["a.csv", "--mod=m.npz", "--", "--file"], "anomaly score --model MODEL.npz") is None
    True
    """
    known = [*dict.fromkeys(_OPTION.findall(usage)), "--help"]
    for argument in arguments:
        if argument == "--":
            break
        name = argument.partition("=")[0]
        # The beginning of an option stands for it. What has blanks is no option to the parser either.
        if name.startswith("--") and " " not in argument and not any(one.startswith(name) for one in known):
            return f"unrecognized arguments: {name}{did_you_mean(name, known)}"
    return None


def one_of(*choices: str) -> dict[str, Any]:
    """Return the arguments of `add_argument` for certain values, which say what may have been meant by another.

    Examples
    --------
    >>> from argparse import ArgumentParser
    >>> parser = ArgumentParser(exit_on_error=False)
    >>> option = parser.add_argument("--format", **one_of("csv", "jsonl"))
    >>> parser.parse_args(["--format", "jsnl"])
    Traceback (most recent call last):
    argparse.ArgumentError: argument --format: must be one of csv, jsonl; found 'jsnl'; did you mean 'jsonl'?
    """

    def read(text: str) -> str:
        if text not in choices:
            meant = did_you_mean(text, choices)
            raise ArgumentTypeError(f"must be one of {', '.join(choices)}; found {text!r}{meant}")
        return text

    return {"type": read, "choices": choices}
