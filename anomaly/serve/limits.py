"""What a request may take: bytes, rows, seconds, and how many wait."""

from __future__ import annotations

from dataclasses import dataclass

MOST_COLUMNS = 10_000
"""Most columns of a request. A column costs far more than its cells, and no model of a service has as many."""


class RefusedError(Exception):
    """A request that is not answered with scores.

    Parameters
    ----------
    status : int
        Status of HTTP.
    text : str
        What is wrong, for the client.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True)
class Limits:
    """Limits of a service.

    Attributes
    ----------
    bytes : int, default 16 MB
        Largest body, as it is sent and as it is unpacked.
    rows : int, default 10,000
        Most records of a request.
    explained : int, default 1000
        Most records of a request that have reasons, which take some ten times as long as scores.
    seconds : float, default 30
        Longest time for the body to arrive.
    threads : int, default 1
        Requests that are scored at the same time.
    waiting : int, default 64
        Requests that wait for it; further ones are refused at once.

    Examples
    --------
    >>> Limits(rows=100).check_rows(100)
    """

    bytes: int = 16_000_000
    rows: int = 10_000
    explained: int = 1000
    seconds: float = 30.0
    threads: int = 1
    waiting: int = 64

    def check_bytes(self, size: int) -> None:
        """Raise `RefusedError` for a body that is too large."""
        if size > self.bytes:
            raise RefusedError(413, f"a body has at most {self.bytes} bytes; send fewer records at a time")

    def check_rows(self, rows: int) -> None:
        """Raise `RefusedError` for too many records."""
        if rows > self.rows:
            raise RefusedError(413, f"a request has at most {self.rows} records; found {rows} or more")

    def check_cells(self, rows: int, columns: int) -> None:
        """Raise `RefusedError` for a table that is far larger than its body: records that all have names of their own.

        Each cell that is sent takes a byte at least.
        """
        if columns > MOST_COLUMNS:
            raise RefusedError(413, f"a request has at most {MOST_COLUMNS} columns; found {columns}")
        if rows * columns > self.bytes:
            raise RefusedError(
                413, f"{rows} records with {columns} columns in all are too many cells; send fewer records at a time"
            )

    def check_explained(self, rows: int) -> None:
        """Raise `RefusedError` for too many records to explain."""
        if rows > self.explained:
            raise RefusedError(
                413, f"a request has reasons for at most {self.explained} records; {rows} are to have some"
            )
