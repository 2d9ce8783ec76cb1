"""The process of a scoring service: its socket, its signals and its end."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import sys

import uvicorn

from anomaly.serve.app import create_app
from anomaly.serve.limits import Limits

_LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]


def serve(
    path: str | os.PathLike[str],
    host: str = "127.0.0.1",
    port: int = 8000,
    limits: Limits | None = None,
    *,
    refresh: float = 1.0,
    grace: float = 10.0,
) -> None:
    """Serve a model until the process is told to end.

    SIGTERM and Ctrl-C end it: no further connections are taken, and requests under way are answered first.

    Parameters
    ----------
    path : str or path
        File of a detector of tables.
    host : str, default "127.0.0.1"
        Address to listen at. By default this machine alone can ask: there is no password, and no encryption.
    port : int, default 8000
        Port; 0 takes a free one, and the first line of output says which.
    limits : Limits, optional
        What a request may take.
    refresh : float, default 1.0
        Seconds between two looks at whether the file has changed; 0 looks never.
    grace : float, default 10.0
        Seconds for requests under way to end.

    Raises
    ------
    DataError, OSError, ValueError
        If the file holds no detector of tables, or the address cannot be listened at.
    """
    app = create_app(path, limits, refresh=refresh, hosts=_LOOPBACK if is_loopback(host) else None)
    with _listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        where = f"http://{shown}:{listener.getsockname()[1]}"
        if not is_loopback(host):
            print("anomaly serve: others on the network can ask; there is no password", file=sys.stderr, flush=True)
        print(f"serving {os.fspath(path)} at {where}: POST /score, GET /health, GET /metrics", flush=True)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=int(grace), ws="none"
        )
        # The server raises the signals that ended it once more when it is done; the end is no error.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        uvicorn.Server(config).run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Return whether an address is reached from this machine alone.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise OSError(f"cannot listen at {host}, port {port}: {error.strerror or error}") from error
    # asyncio turns the delay of small packets off only for sockets that name their protocol, which `create_server` does
    # not: the body of an answer would wait 40 ms for the client to confirm its headers.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach())
