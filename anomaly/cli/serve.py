"""The command ``anomaly serve``: a scoring service over HTTP."""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from typing import Any

from anomaly.cli.options import Subparsers, add_command, add_model, at_least
from anomaly.errors import DataError


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of the command."""
    parser = add_command(
        subparsers,
        "serve",
        run,
        "anomaly serve --model m.npz --port 8000",
        "POST /score takes records as JSON or Arrow, GET /health and GET /metrics say how it is. The model's file is\n"
        "read anew when it changes. SIGTERM and Ctrl-C end it after the requests under way. Needs the extra 'serve'.",
    )
    add_model(parser, "a model of a table written by 'anomaly fit'")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen at (default: 127.0.0.1, this machine alone: there is no password)",
    )
    parser.add_argument("--port", type=at_least(0), default=8000, help="port; 0 takes a free one (default: 8000)")
    parser.add_argument(
        "--threads", type=at_least(1), default=1, metavar="N", help="requests scored at the same time (default: 1)"
    )
    parser.add_argument(
        "--max-rows", type=at_least(1), default=10_000, metavar="N", help="most records of a request (default: 10000)"
    )
    parser.add_argument(
        "--max-bytes",
        type=at_least(1),
        default=16_000_000,
        metavar="N",
        help="largest body of a request (default: 16000000)",
    )
    parser.add_argument(
        "--refresh",
        type=at_least(0),
        default=1,
        metavar="SECONDS",
        help="how often to look whether the model's file has changed; 0 is never (default: 1)",
    )


def run(options: Namespace) -> None:
    """Serve until the process is told to end."""
    service = _service()
    limits = service.Limits(bytes=options.max_bytes, rows=options.max_rows, threads=options.threads)
    service.serve(options.model, options.host, options.port, limits, refresh=options.refresh)


def _service() -> Any:
    try:
        return import_module("anomaly.serve")
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn", "anyio"):
            raise
        raise DataError("a service needs Starlette and uvicorn: pip install 'nnlite-anomaly[serve]'") from error
