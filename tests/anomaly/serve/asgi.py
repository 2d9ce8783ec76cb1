"""A client that calls an ASGI application without a socket; each request may come from a thread of its own."""

import asyncio
import json as json_library
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What an application answered."""

    status_code: int
    headers: dict
    content: bytes

    @property
    def text(self):
        return self.content.decode()

    def json(self):
        return json_library.loads(self.content)


class Client:
    """A client, for a with block in which the application is started."""

    def __init__(self, app, host="localhost"):
        self._app, self._host = app, host

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._lifespan = self._run(self._start())
        return self

    def __exit__(self, *error):
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def get(self, path, headers=None):
        return self._run(self._ask("GET", path, b"", headers or {}))

    def post(self, path, *, content=b"", json=None, headers=None):
        if json is not None:
            content, headers = json_library.dumps(json).encode(), {"content-type": "application/json"}
        return self._run(self._ask("POST", path, content, headers or {}))

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    async def _start(self):
        self._events, self._states = asyncio.Queue(), asyncio.Queue()
        task = asyncio.create_task(self._app({"type": "lifespan"}, self._events.get, self._states.put))
        await self._events.put({"type": "lifespan.startup"})
        assert (await self._states.get())["type"] == "lifespan.startup.complete"
        return task

    async def _end(self):
        await self._events.put({"type": "lifespan.shutdown"})
        await self._lifespan

    async def _ask(self, method, path, content, headers):
        path, _, query = path.partition("?")
        given = {"host": self._host, "content-length": str(len(content)), **headers}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "scheme": "http",
            "server": (self._host, 80),
        }
        parts = [
            {"type": "http.request", "body": content[i : i + 4096], "more_body": True}
            for i in range(0, len(content), 4096)
        ]
        parts.append({"type": "http.request", "body": b"", "more_body": False})
        sent = []

        async def receive():
            return parts.pop(0) if parts else await asyncio.Event().wait()

        async def send(message):
            sent.append(message)

        await self._app(scope, receive, send)
        head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent[1:]))
