"""The command ``anomaly``: one file a command, with its arguments and its work."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Everything else is imported here, so that an interruption of the imports is no traceback either.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command and its arguments, by default those of the process.

    Returns
    -------
    int
        Exit code: 0, or for `drift` 1 if the data has drifted; 2 if the input or the arguments are invalid, after one
        line on standard error; 3 if rows were left out; 4 for a fault of the program; 130 if interrupted.

    Examples
    --------
    >>> from anomaly.cli import main
    >>> main(["info", "--model", "nowhere.npz"])
    2
    """
    try:
        from anomaly.cli.dispatch import run_command_line

        return run_command_line(arguments)
    except KeyboardInterrupt:
        import signal
        import sys
        from contextlib import suppress

        if arguments is None:
            # Whoever presses the keys again, while the process ends, ends it at once.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        if sys.stderr is not None:
            with suppress(OSError):  # a full disk
                print("anomaly: interrupted", file=sys.stderr)
        return 130
