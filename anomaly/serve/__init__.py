"""A scoring service over HTTP: `create_app` for any ASGI server, `serve` for one of its own.

It takes the extra ``nnlite-anomaly[serve]``, Starlette and uvicorn.
"""

from anomaly.serve.app import create_app
from anomaly.serve.limits import Limits
from anomaly.serve.server import serve

__all__ = ["Limits", "create_app", "serve"]
