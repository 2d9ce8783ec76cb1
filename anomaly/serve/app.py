"""The addresses of a scoring service and their answers, as an ASGI application."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import numpy as np
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from anomaly.errors import printable
from anomaly.serve.answers import Scored, largest
from anomaly.serve.limits import Limits, RefusedError
from anomaly.serve.metrics import CONTENT_TYPE, Metrics
from anomaly.serve.requests import kind_of, read_records
from anomaly.serve.served_model import LoadedModel, ServedModel
from anomaly.tables import Table

_MOST_REASONS = 100
_SMALL_BYTES = 65_536
"""A body that is scored without a thread of its own where no other request waits: the scores of some 300 records take
about 10 ms, and handing one over to a thread costs as much as the score of one."""


def create_app(
    path: str | os.PathLike[str],
    limits: Limits | None = None,
    *,
    refresh: float = 1.0,
    hosts: list[str] | None = None,
    report: Callable[[str], None] | None = None,
) -> Starlette:
    """Return a scoring service for any ASGI server.

    ``POST /score`` takes records and answers with their scores, ``GET /health`` says which model is served, and
    ``GET /metrics`` has counts for Prometheus. See ``docs/serve.md``.

    Parameters
    ----------
    path : str or path
        File of a detector of tables.
    limits : Limits, optional
        What a request may take.
    refresh : float, default 1.0
        Seconds between two looks at whether the file has changed; 0 looks never.
    hosts : list of str, optional
        Names under which the service may be asked for; by default all. Where only this machine asks, those of
        loopback keep pages of the web from asking in the name of a browser's user.
    report : callable, optional
        Takes lines on what happens to the model's file; by default they go to standard error.

    Returns
    -------
    Starlette
        The application.

    Raises
    ------
    DataError, OSError, ValueError
        If the file holds no detector of tables.
    """
    service = _Service(ServedModel(path, report or _to_standard_error), limits or Limits())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watch = asyncio.create_task(service.watch(refresh)) if refresh else None
        yield
        if watch is not None:
            watch.cancel()

    routes = [
        Route("/score", service.score, methods=["POST"]),
        Route("/health", service.health),
        Route("/metrics", service.show_metrics),
    ]
    middleware = [] if hosts is None else [Middleware(TrustedHostMiddleware, allowed_hosts=hosts)]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


def _to_standard_error(line: str) -> None:
    print(f"anomaly serve: {printable(line)}", file=sys.stderr, flush=True)


class _Service:
    """What the addresses share: the model, the limits and the counts."""

    def __init__(self, model: ServedModel, limits: Limits) -> None:
        self._model = model
        self._limits = limits
        self._metrics = Metrics()
        self._threads = CapacityLimiter(limits.threads)
        self._in_progress = 0

    async def watch(self, seconds: float) -> None:
        """Look after the model's file until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            await to_thread.run_sync(self._model.refresh)

    async def score(self, request: Request) -> Response:
        """Answer with the scores of the records in the body."""
        start = time.perf_counter()
        self._in_progress += 1
        try:
            response = await self._answer(request)
        except RefusedError as error:
            response = _refusal(error.status, error.text)
        except ValueError as error:
            response = _refusal(422, str(error))
        except ClientDisconnect:
            response = _refusal(400, "the client has gone before the end of the body")
        except Exception as error:
            _to_standard_error(f"a fault of this program, {type(error).__name__}: {error}")
            response = _refusal(500, "a fault of the service; its log has more")
        finally:
            self._in_progress -= 1
        self._metrics.add_request(response.status_code, time.perf_counter() - start)
        return response

    async def _answer(self, request: Request) -> Response:
        if self._in_progress > self._limits.threads + self._limits.waiting:
            raise RefusedError(503, "too many requests wait for scores; try again")
        kind = kind_of(request.headers.get("content-type", ""))
        reasons, every = _options(request)
        try:
            body = await asyncio.wait_for(self._body(request), self._limits.seconds)
        except asyncio.TimeoutError:
            raise RefusedError(408, f"the body did not arrive within {self._limits.seconds:g} seconds") from None
        model = self._model.current
        work = partial(self._content, model, body, kind, reasons, every)
        if self._in_progress == 1 and not reasons and len(body) <= _SMALL_BYTES:
            content = work()
        else:
            content = await to_thread.run_sync(work, limiter=self._threads)
        return Response(content, media_type=kind)

    async def _body(self, request: Request) -> bytes:
        """Return the body, or raise as soon as it is too large."""
        length = request.headers.get("content-length", "0")
        self._limits.check_bytes(int(length) if length.isdecimal() else 0)
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            self._limits.check_bytes(size)
            parts.append(part)
        return b"".join(parts)

    def _content(self, model: LoadedModel, body: bytes, kind: str, reasons: int, every: bool) -> bytes:
        """Return the body of the answer; runs in any thread."""
        table = read_records(body, kind, self._limits)
        scores = model.detector.decision_function(table)
        threshold = float(model.detector.threshold_)
        labels = (scores > threshold).astype(np.int64)
        found = None
        if reasons:
            rows = np.arange(len(table)) if every else np.flatnonzero(labels)
            self._limits.check_explained(len(rows))
            found = _reasons(model, table, rows, reasons)
        self._metrics.add_rows(len(table), int(labels.sum()))
        return Scored(scores, labels, threshold, model.digest, found).body(kind)

    async def health(self, request: Request) -> Response:  # noqa: ARG002
        """Say which model is served, and whether its file has changed to one that cannot be used."""
        model = self._model.current
        return JSONResponse(
            {
                "status": "ok",
                "model": model.digest,
                "detector": type(model.detector).__name__,
                "columns": model.names,
                "loaded": model.loaded,
                "reload_error": self._model.failure or None,
            }
        )

    async def show_metrics(self, request: Request) -> Response:  # noqa: ARG002
        """Answer with all counts."""
        model = self._model.current
        gauges = {
            "anomaly_requests_in_progress": self._in_progress,
            "anomaly_model_loaded_seconds": model.loaded,
            "anomaly_model_reload_failures": self._model.failures,
        }
        return Response(self._metrics.text(gauges, model.digest), headers={"content-type": CONTENT_TYPE})


def _options(request: Request) -> tuple[int, bool]:
    """Return the number of reasons, and whether all records have them, by the options in the address."""
    options = dict(request.query_params)
    text, every = options.pop("reasons", "0"), options.pop("of", "flagged")
    if options:
        raise RefusedError(400, f"there is no option {sorted(options)[0][:60]!r}; there are reasons and of")
    if not (text.isdecimal() and text.isascii() and len(text) < 4 and int(text) <= _MOST_REASONS):
        raise RefusedError(400, f"reasons is a whole number from 0 to {_MOST_REASONS}; found {text[:60]!r}")
    if every not in ("flagged", "all"):
        raise RefusedError(400, f"of is 'flagged' or 'all'; found {every[:60]!r}")
    return int(text), every == "all"


def _reasons(model: LoadedModel, table: Table, rows: Any, count: int) -> list[list[dict[str, Any]] | None]:
    found: list[list[dict[str, Any]] | None] = [None] * len(table)
    if len(rows):
        for row, contributions in zip(rows.tolist(), model.detector.explain(table.rows(rows)), strict=True):
            found[row] = largest(contributions, model.names, count)
    return found


def _refusal(status: int, text: str) -> Response:
    headers = {"retry-after": "1"} if status == 503 else None
    return JSONResponse({"error": text}, status_code=status, headers=headers)
