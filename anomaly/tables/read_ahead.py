"""Reading ahead: the next table is read in a thread of its own while its predecessor is worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class _End(Generic[T]):
    """The end of an iterator, or its error."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def read_ahead(values: Iterator[T]) -> Iterator[T]:
    """Yield what an iterator yields, and its error, from a thread that is at most two values ahead.

    Examples
    --------
    >>> list(read_ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    read: queue.Queue[T | _End[T]] = queue.Queue(maxsize=1)
    stop = threading.Event()

    def put(value: T | _End[T]) -> bool:
        while not stop.is_set():
            try:
                read.put(value, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        end: _End[T] = _End()
        try:
            for value in values:
                if not put(value):
                    return
        except BaseException as error:
            end = _End(error)
        finally:
            close = getattr(values, "close", None)
            if close is not None:
                close()
        put(end)

    thread = threading.Thread(target=work, name="read ahead", daemon=True)
    thread.start()
    try:
        while True:
            value = read.get()
            if isinstance(value, _End):
                if value.error is not None:
                    raise value.error
                return
            yield value
    finally:
        stop.set()
        thread.join()
