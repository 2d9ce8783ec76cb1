"""Network connections, with attacks as anomalies."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from anomaly.datasets.dataset import Dataset, ordered_by
from anomaly.datasets.sampling import (
    SECONDS_PER_DAY,
    as_count,
    as_text,
    choose,
    log_normal,
    remove_at_random,
    scattered_kinds,
)
from nnlite.types import Array, RandomGenerator

_DESCRIPTION = """\
Connections in an office network over one week. Columns: start; source_role (workstation, server,
device); protocol; service; flag (its end: SF closed in order, S0 no answer, REJ refused, RSTO
reset by the source); internal (whether the destination is in the same network); duration_s (missing
without a connection); bytes_sent, bytes_received, packets_sent, packets_received;
connections_2s (to the same destination within 2 seconds); same_service_rate and failed_rate
(fractions of those); distinct_ports (ports of the destination tried within 2 seconds); failed_logins (missing
for a service without login).
Anomalies: scan (of many ports, mostly without answer), flood (very many connections with little
content), guessing (of passwords), exfiltration (much more data out of the network than into it)."""


class _Service(NamedTuple):
    """A service: its frequency, sizes, duration and pace, and its fraction of internal connections."""

    name: str
    protocol: str
    weight: float
    sent: float
    received: float
    spread: float
    seconds: float
    seconds_spread: float
    pace: float
    internal: float


_SERVICES = (
    _Service("https", "tcp", 36, 1900.0, 14000.0, 1.2, 3.0, 1.3, 5.0, 0.15),
    _Service("dns", "udp", 26, 62.0, 170.0, 0.35, 0.02, 0.7, 9.0, 0.90),
    _Service("http", "tcp", 8, 700.0, 9000.0, 1.3, 0.8, 1.2, 4.0, 0.30),
    _Service("smb", "tcp", 8, 16000.0, 30000.0, 1.9, 18.0, 1.4, 2.0, 1.00),
    _Service("imap", "tcp", 6, 1300.0, 9000.0, 1.3, 9.0, 1.1, 1.5, 0.60),
    _Service("smtp", "tcp", 5, 9000.0, 700.0, 1.3, 1.6, 0.8, 2.0, 0.50),
    _Service("ntp", "udp", 4, 48.0, 48.0, 0.01, 0.03, 0.5, 0.5, 0.40),
    _Service("ssh", "tcp", 4, 6000.0, 9000.0, 1.4, 90.0, 1.6, 1.0, 0.75),
    _Service("ftp", "tcp", 2, 9000.0, 60000.0, 1.8, 12.0, 1.3, 1.5, 0.50),
    _Service("echo", "icmp", 1, 84.0, 84.0, 0.20, 0.03, 0.8, 2.0, 0.70),
)
_NUMBERS = {service.name: number for number, service in enumerate(_SERVICES)}
_PROTOCOLS = np.array([service.protocol for service in _SERVICES], dtype=object)
_TABLE = np.array([service[2:] for service in _SERVICES])
_WEIGHTS, _SENT, _RECEIVED, _SPREADS, _SECONDS, _SECONDS_SPREADS, _PACES, _INTERNAL = _TABLE.T
_WITH_LOGIN = [_NUMBERS[name] for name in ("imap", "smtp", "ssh", "ftp")]

_FLAGS = ("SF", "S0", "REJ", "RSTO")
_SF, _S0, _REJ, _RSTO = range(4)
_ROLES = ("workstation", "server", "device")
_WORKSTATION, _SERVER, _DEVICE = range(3)
_FIRST_DAY = np.datetime64("2024-05-13T00:00:00")  # a Monday
_DAYS = 7
_BYTES_PER_PACKET = 1100.0
_LEAST_BYTES = 40.0


def make_connections(
    n_records: int = 5000,
    contamination: float = 0.02,
    random_state: int | None = 0,
) -> Dataset:
    """Generate connections of an office network, with four kinds of attacks.

    The service of a connection determines the distribution of its protocol, size, duration and pace; sizes and
    durations are correlated, and packets are a function of bytes. Workstations have office hours; servers work around
    the clock and send large backups at night. Some normal connections fail, and some passwords are mistyped, so that no
    single column identifies attacks.

    Parameters
    ----------
    n_records : int, default 5000
        Number of connections.
    contamination : float, default 0.02
        Fraction of attacks, from 0 to 0.5, in nearly equal numbers of each kind.
    random_state : int, optional
        Seed of the connections; None for different ones each time.

    Returns
    -------
    Dataset
        Connections in the order of their start, with 16 columns: numbers, text, booleans and a timestamp, some missing.
        `kinds` holds ``scan``, ``flood``, ``guessing`` or ``exfiltration``.

    Raises
    ------
    TypeError, ValueError
        If an argument has an invalid type or value.

    Notes
    -----
    The columns resemble those of the KDD Cup 1999 [1]_; flags are named as Zeek's ``conn_state``
    is. The numbers are invented.

    References
    ----------
    .. [1] Tavallaee, Bagheri, Lu, Ghorbani, "A Detailed Analysis of the KDD CUP 99 Data Set",
       CISDA 2009.

    Examples
    --------
    >>> data = make_connections(n_records=2000, contamination=0.05, random_state=0)
    >>> data
    Dataset('connections': 2,000 records x 16 columns, 100 anomalies)
    >>> sorted(set(data.kinds))
    ['', 'exfiltration', 'flood', 'guessing', 'scan']
    """
    n_records = as_count(n_records, "n_records", 1)
    rng = np.random.default_rng(random_state)
    kinds = scattered_kinds(rng, n_records, contamination, tuple(_ATTACKS))
    traffic = _draw_traffic(rng, n_records)
    for kind, attack in _ATTACKS.items():
        attack(rng, traffic, np.flatnonzero(kinds == kind))
    return ordered_by("start", _as_columns(rng, traffic), kinds, "connections", _DESCRIPTION)


# -- normal connections ------------------------------------------------------------------------


def _draw_traffic(rng: RandomGenerator, n: int) -> dict[str, Array]:
    """Draw normal connections: category numbers in place of text, and no missing values yet."""
    role = choose(rng, [70, 24, 6], n)
    service = choose(rng, _WEIGHTS, n)
    # A common draw of sent, received and duration correlates them.
    size = rng.standard_normal(n)
    traffic = {
        "role": role,
        "service": service,
        "internal": rng.random(n) < _INTERNAL[service],
        "day": choose(rng, [1.0, 1.0, 1.0, 1.0, 0.9, 0.25, 0.25], n),
        "hour": _hours(rng, role),
        "sent": _sized(rng, _SENT[service], _SPREADS[service], size),
        "received": _sized(rng, _RECEIVED[service], _SPREADS[service], size),
        "seconds": _sized(rng, _SECONDS[service], _SECONDS_SPREADS[service], size),
        "count": 1.0 + rng.poisson(rng.gamma(1.2, _PACES[service] / 1.2)),
        "ports": 1.0 + rng.poisson(0.25, n),
        "logins": rng.poisson(0.3, n).astype(np.float64),
        "same": rng.beta(6.0, 1.0, n),
        "failed": np.where(rng.random(n) < 0.75, 0.0, rng.beta(1.0, 3.0, n)),
    }
    traffic["flag"] = _flags(rng, service)
    _add_backups(rng, traffic, np.flatnonzero(rng.random(n) < 0.02))
    return traffic


def _sized(rng: RandomGenerator, median: Array, spread: Array, size: Array) -> Array:
    return log_normal(rng, median * np.exp(0.8 * spread * size), 0.6 * spread, len(size))


def _hours(rng: RandomGenerator, role: Array) -> Array:
    """Draw hours: office hours for most workstations, all hours for other sources."""
    office = (13.5 + 3.2 * rng.standard_normal(len(role))) % 24.0
    busy = (role == _WORKSTATION) & (rng.random(len(role)) < 0.93)
    return np.where(busy, office, rng.uniform(0.0, 24.0, len(role)))


def _flags(rng: RandomGenerator, service: Array) -> Array:
    weights = np.where((_PROTOCOLS[service] == "tcp")[:, None], [92.0, 2.5, 2.5, 3.0], [97.0, 3.0, 0.0, 0.0])
    return choose(rng, weights)


def _add_backups(rng: RandomGenerator, traffic: dict[str, Array], at: Array) -> None:
    """Change connections to nightly backups, as large as an exfiltration, but internal."""
    service = np.array([_NUMBERS["smb"], _NUMBERS["ssh"]])[choose(rng, [7, 3], len(at))]
    traffic["service"][at], traffic["role"][at], traffic["flag"][at] = service, _SERVER, _SF
    traffic["internal"][at] = True
    traffic["hour"][at] = (2.0 + 1.5 * rng.standard_normal(len(at))) % 24.0
    traffic["sent"][at] = log_normal(rng, 4e6, 0.9, len(at))
    traffic["received"][at] = log_normal(rng, 2e4, 0.7, len(at))
    traffic["seconds"][at] = log_normal(rng, 240.0, 0.7, len(at))


# -- attacks -----------------------------------------------------------------------------------


def _scan(rng: RandomGenerator, traffic: dict[str, Array], at: Array) -> None:
    """Change connections to port scans, half of them fast and half slow, to avoid detection."""
    n = len(at)
    fast = rng.random(n) < 0.5
    traffic["service"][at] = choose(rng, np.where(_PROTOCOLS == "tcp", 1.0, 0.1), n)
    traffic["flag"][at] = choose(rng, [4, 3, 3, 2], n)
    traffic["ports"][at] = np.where(fast, 4.0 + rng.poisson(8.0, n), 1.0 + rng.poisson(1.5, n))
    traffic["count"][at] = traffic["ports"][at] + rng.poisson(1.0, n)
    traffic["same"][at] = rng.beta(3.0, 2.0, n)
    traffic["failed"][at] = rng.beta(2.0, 2.5, n)
    traffic["sent"][at], traffic["received"][at] = log_normal(rng, 60.0, 0.3, n), log_normal(rng, 60.0, 0.4, n)
    traffic["seconds"][at] = log_normal(rng, 0.05, 0.8, n)


def _flood(rng: RandomGenerator, traffic: dict[str, Array], at: Array) -> None:
    n = len(at)
    targets = np.array([_NUMBERS["https"], _NUMBERS["http"], _NUMBERS["dns"]])
    traffic["service"][at] = targets[choose(rng, [5, 3, 2], n)]
    traffic["flag"][at] = choose(rng, [6, 3, 0, 1], n)
    traffic["count"][at] = np.ceil(log_normal(rng, 30.0, 0.7, n))
    traffic["ports"][at] = 1.0
    traffic["same"][at] = rng.beta(20.0, 1.0, n)
    traffic["failed"][at] = rng.beta(2.0, 4.0, n)
    traffic["sent"][at], traffic["received"][at] = log_normal(rng, 90.0, 0.5, n), log_normal(rng, 110.0, 0.6, n)
    traffic["seconds"][at] = log_normal(rng, 0.1, 0.9, n)


def _guessing(rng: RandomGenerator, traffic: dict[str, Array], at: Array) -> None:
    """Change connections to guesses of passwords, short for their service and similar to each other."""
    n = len(at)
    traffic["service"][at] = np.array(_WITH_LOGIN)[choose(rng, [3, 1, 5, 2], n)]
    traffic["flag"][at] = choose(rng, [8, 0, 0, 2], n)
    traffic["internal"][at] = rng.random(n) < 0.3
    traffic["logins"][at] = rng.poisson(1.8, n)
    traffic["count"][at] = 1.0 + rng.poisson(4.0, n)
    traffic["sent"][at], traffic["received"][at] = log_normal(rng, 1400.0, 0.25, n), log_normal(rng, 2000.0, 0.25, n)
    traffic["seconds"][at] = log_normal(rng, 2.5, 0.3, n)


def _exfiltration(rng: RandomGenerator, traffic: dict[str, Array], at: Array) -> None:
    n = len(at)
    ways = np.array([_NUMBERS["https"], _NUMBERS["ssh"], _NUMBERS["ftp"], _NUMBERS["smtp"]])
    traffic["service"][at] = ways[choose(rng, [5, 2, 2, 1], n)]
    traffic["flag"][at] = _SF
    traffic["internal"][at] = False
    traffic["role"][at] = choose(rng, [75, 20, 5], n)
    traffic["hour"][at] = np.where(rng.random(n) < 0.5, rng.uniform(0.0, 24.0, n), traffic["hour"][at])
    traffic["sent"][at] = log_normal(rng, 3e5, 1.0, n)
    traffic["received"][at] = log_normal(rng, 6e3, 0.7, n)
    traffic["seconds"][at] = log_normal(rng, 45.0, 1.0, n)


_ATTACKS: dict[str, Callable[[RandomGenerator, dict[str, Array], Array], None]] = {
    "scan": _scan,
    "flood": _flood,
    "guessing": _guessing,
    "exfiltration": _exfiltration,
}


# -- columns -----------------------------------------------------------------------------------


def _as_columns(rng: RandomGenerator, traffic: dict[str, Array]) -> dict[str, Array]:
    """Return the columns: derived values, names of categories, and missing values."""
    service, flag = traffic["service"], traffic["flag"]
    # ICMP and UDP have neither refusals nor resets.
    flag = np.where((_PROTOCOLS[service] != "tcp") & (flag != _SF), _S0, flag)
    failed = (flag == _S0) | (flag == _REJ)
    sent = np.round(np.clip(traffic["sent"], _LEAST_BYTES, np.where(failed, 120.0, np.inf)))
    received = np.round(np.maximum(np.where(flag == _REJ, 0.0, traffic["received"]), _LEAST_BYTES))
    received = np.where(flag == _S0, 0.0, received)
    # A failed connection is one of those in its own count.
    failed_rate = np.where(failed, np.maximum(traffic["failed"], 1.0 / traffic["count"]), traffic["failed"])
    seconds = traffic["day"] * SECONDS_PER_DAY + (traffic["hour"] * 3600.0).astype(np.int64)
    columns = {
        "start": _FIRST_DAY + seconds.astype("m8[s]"),
        "source_role": as_text(_ROLES, traffic["role"]),
        "protocol": _PROTOCOLS[service],
        "service": as_text([s.name for s in _SERVICES], service),
        "flag": as_text(_FLAGS, flag),
        "internal": traffic["internal"],
        "duration_s": np.where(failed, np.nan, np.round(traffic["seconds"], 4)),
        "bytes_sent": sent,
        "bytes_received": received,
        "packets_sent": _packets(rng, sent),
        "packets_received": np.where(received > 0.0, _packets(rng, received), 0.0),
        "connections_2s": traffic["count"],
        "same_service_rate": np.where(traffic["count"] > 1.0, np.round(traffic["same"], 2), 1.0),
        "failed_rate": np.round(failed_rate, 2),
        "distinct_ports": np.minimum(traffic["ports"], traffic["count"]),
        "failed_logins": np.where(np.isin(service, _WITH_LOGIN) & ~failed, traffic["logins"], np.nan),
    }
    remove_at_random(rng, columns, {"source_role": 0.02, "same_service_rate": 0.01, "bytes_received": 0.005})
    return columns


def _packets(rng: RandomGenerator, size: Array) -> Array:
    return np.ceil(size / log_normal(rng, _BYTES_PER_PACKET, 0.15, len(size))) + rng.poisson(1.0, len(size))
