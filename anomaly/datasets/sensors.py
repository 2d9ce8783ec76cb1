"""Sensors on a pump over time, with a few faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from anomaly.datasets.dataset import Dataset
from anomaly.datasets.sampling import anomaly_count, as_text, checked_count, even_counts, no_kinds, remove_at_random
from nnlite.types import Array, RandomGenerator

_DESCRIPTION = """\
A pump, measured every five minutes. Columns: time; mode (run from 6 to 22 h, idle at other hours,
standby on Sundays); valve_open; load_percent; ambient_c (temperature of the room); vibration_mm_s
and flow_l_min (missing in standby, when these two are switched off); temperature_c; pressure_bar;
current_a.
Anomalies: bearing_wear (vibration rises little by little, temperature and current with it), spike
(one sensor jumps for one record), stuck_sensor (one sensor repeats a value from another state of
the machine), broken_correlation (flow falls short of what current and load say it should be)."""

_FIRST_MOMENT = np.datetime64("2024-01-08T00:00:00")  # a Monday
_SECONDS_PER_RECORD = 300
_RECORDS_PER_DAY = 288
_MODES = ("run", "idle", "standby")
_RUN, _IDLE, _STANDBY = range(3)
_SENSORS = ("vibration_mm_s", "temperature_c", "pressure_bar", "flow_l_min", "current_a")
# About the deviation of each from what load and room temperature say it should be.
_NOISE = {"vibration_mm_s": 0.12, "temperature_c": 0.5, "pressure_bar": 0.06, "flow_l_min": 3.0, "current_a": 0.35}


def make_sensors(
    n_records: int = 5000,
    contamination: float = 0.05,
    random_state: int | None = 0,
) -> Dataset:
    """Make the record of five sensors on a pump, with four kinds of fault among them.

    The machine follows a daily and weekly rhythm and a load that wanders. From load, room
    temperature and the position of a valve follow, with noise, flow and pressure (the pump's
    characteristic curve), current, vibration, and with a delay temperature. As the load takes each
    sensor through its whole range, most faults stay inside the range of their sensor and show in
    how sensors go together.

    Parameters
    ----------
    n_records : int, default 5000
        Number of moments, five minutes apart: 2016 make a week.
    contamination : float, default 0.05
        Share of records with a fault, from 0 to 0.5: of these 40 % bearing wear, 25 % a stuck
        sensor, 25 % a broken correlation and 10 % spikes. All but spikes last for hours.
    random_state : int, optional
        Seed of the record; None for a different one each time.

    Returns
    -------
    Dataset
        Moments in their order, of 10 columns: numbers, text, truth values and a time stamp, some
        missing. `kinds` holds ``bearing_wear``, ``spike``, ``stuck_sensor`` or
        ``broken_correlation``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its kind or out of its range.

    Examples
    --------
    >>> data = make_sensors(n_records=4032, random_state=0)
    >>> data
    Dataset('sensors': 4,032 records x 10 columns, 202 anomalies)
    >>> sorted(set(data.kinds))
    ['', 'bearing_wear', 'broken_correlation', 'spike', 'stuck_sensor']
    """
    n_records = checked_count(n_records, "n_records", 1)
    count = anomaly_count(n_records, contamination)
    rng = np.random.default_rng(random_state)
    step = np.arange(n_records)
    machine = _run_machine(rng, step)
    kinds = no_kinds(n_records)
    # On Sundays there is nothing to see: faults fall on the other days.
    for kind, at in _place(rng, np.flatnonzero(machine["mode"] != _STANDBY), count):
        kinds[at] = kind
        _FAULTS[kind].apply(rng, machine, at)
    return Dataset(
        columns=_as_columns(rng, step, machine),
        labels=(kinds != "").astype(np.int64),
        kinds=kinds,
        name="sensors",
        description=_DESCRIPTION,
    )


# -- the machine -------------------------------------------------------------------------------


def _modes(step: Array) -> Array:
    day, hour = step // _RECORDS_PER_DAY, step % _RECORDS_PER_DAY * 24 / _RECORDS_PER_DAY
    working = (hour >= 6.0) & (hour < 22.0)
    return np.where(day % 7 == 6, _STANDBY, np.where(working, _RUN, _IDLE))


def _run_machine(rng: RandomGenerator, step: Array) -> dict[str, Array]:
    """Derive all sensors from load, room and valve."""
    n, mode = len(step), _modes(step)
    wandering = _wander(rng, n, 0.985)
    load = np.where(mode == _RUN, 70.0 + 13.0 * wandering, np.where(mode == _IDLE, 25.0 + 6.0 * wandering, 5.0))
    # Nothing turns faster or slower at once.
    load = np.clip(_follow(load, 0.6) + rng.standard_normal(n), 2.0, 100.0)
    day = 2.0 * np.pi * step / _RECORDS_PER_DAY
    ambient = 19.0 - 4.0 * np.cos(day - 0.6) + 1.5 * _wander(rng, n, 0.99)
    # The valve closes now and then for an hour.
    valve_open = _wander(rng, n, 0.9) < 2.2
    flow = np.where(valve_open, 2.3 * load, 0.04 * load) + _NOISE["flow_l_min"] * rng.standard_normal(n)
    pressure = 1.0 + 0.075 * load - 1.1e-4 * flow**2
    current = 3.0 + 0.10 * load + 0.04 * flow
    vibration = 0.6 + 0.018 * load + 2.5e-4 * (load - 55.0) ** 2
    heat = _follow(ambient + 0.38 * load, 0.92)
    return {
        "mode": mode,
        "valve_open": valve_open,
        "load_percent": load,
        "ambient_c": ambient,
        "vibration_mm_s": vibration * np.exp(0.07 * rng.standard_normal(n)),
        "temperature_c": heat + _NOISE["temperature_c"] * rng.standard_normal(n),
        "pressure_bar": pressure + _NOISE["pressure_bar"] * rng.standard_normal(n),
        "flow_l_min": np.maximum(flow, 0.0),
        "current_a": current + _NOISE["current_a"] * rng.standard_normal(n),
    }


def _follow(target: Array, memory: float) -> Array:
    """Follow with a delay, from rest: y_t = memory * y_(t-1) + (1 - memory) * target_t."""
    kernel = (1.0 - memory) * memory ** np.arange(_memory_length(memory))
    rest = target[0]
    return rest + np.convolve(target - rest, kernel)[: len(target)]


def _wander(rng: RandomGenerator, n: int, memory: float) -> Array:
    """Draw a first-order autoregression of variance 1, under way at the first record."""
    kernel = np.sqrt(1.0 - memory**2) * memory ** np.arange(_memory_length(memory))
    return np.convolve(rng.standard_normal(n + len(kernel) - 1), kernel, mode="valid")


def _memory_length(memory: float) -> int:
    """Return after how many records the past counts for less than a thousandth."""
    return int(np.ceil(np.log(1e-3) / np.log(memory)))


# -- faults ------------------------------------------------------------------------------------


def _bearing_wear(rng: RandomGenerator, machine: dict[str, Array], at: Array) -> None:
    wear = np.linspace(0.3, 1.0, len(at)) * rng.uniform(0.8, 1.2)
    machine["vibration_mm_s"][at] *= 1.0 + 0.5 * wear
    machine["temperature_c"][at] += 4.0 * wear
    machine["current_a"][at] *= 1.0 + 0.05 * wear


def _spike(rng: RandomGenerator, machine: dict[str, Array], at: Array) -> None:
    sensor = str(rng.choice(_SENSORS))
    jump = rng.choice([-1.0, 1.0]) * rng.uniform(6.0, 14.0) * _NOISE[sensor]
    machine[sensor][at] = np.maximum(machine[sensor][at] + jump, 0.0)


def _stuck_sensor(rng: RandomGenerator, machine: dict[str, Array], at: Array) -> None:
    """Repeat the value from when, within a day, the load was most unlike what it is now."""
    start, stop = max(0, at[0] - _RECORDS_PER_DAY), at[-1] + _RECORDS_PER_DAY
    difference = np.abs(machine["load_percent"][start:stop] - machine["load_percent"][at].mean())
    # In standby some sensors show nothing that could be repeated.
    difference[machine["mode"][start:stop] == _STANDBY] = -1.0
    sensor = str(rng.choice(_SENSORS))
    machine[sensor][at] = machine[sensor][start + np.argmax(difference)]


def _broken_correlation(rng: RandomGenerator, machine: dict[str, Array], at: Array) -> None:
    machine["flow_l_min"][at] *= rng.uniform(0.6, 0.8)


class _Fault(NamedTuple):
    """A kind of fault: its share of faulty records, its longest episode, what it does."""

    share: float
    longest: int
    apply: Callable[[RandomGenerator, dict[str, Array], Array], None]


_FAULTS = {
    "bearing_wear": _Fault(0.40, 96, _bearing_wear),
    "stuck_sensor": _Fault(0.25, 36, _stuck_sensor),
    "broken_correlation": _Fault(0.25, 48, _broken_correlation),
    "spike": _Fault(0.10, 1, _spike),
}


def _place(rng: RandomGenerator, candidates: Array, count: int) -> list[tuple[str, Array]]:
    """Divide the faulty records into episodes and lay these out, none upon another.

    Returns
    -------
    list of (str, ndarray of int)
        Each episode's kind and records.
    """
    episodes = [(kind, length) for kind, total in _totals(count).items() for length in _lengths(kind, total)]
    rng.shuffle(episodes)
    # Normal records are dealt out at random to the gaps before, between and after the episodes.
    free = len(candidates) - count
    before = np.sort(rng.integers(0, free + 1, size=len(episodes)))
    lengths = np.array([length for _, length in episodes], dtype=np.int64)
    starts = before + np.cumsum(lengths) - lengths
    return [(kind, candidates[start : start + n]) for (kind, n), start in zip(episodes, starts, strict=True)]


def _totals(count: int) -> dict[str, int]:
    """Return how many records each kind of fault gets; together they are exactly `count`."""
    ends = np.round(np.cumsum([fault.share for fault in _FAULTS.values()]) * count).astype(int)
    return dict(zip(_FAULTS, np.diff(ends, prepend=0).tolist(), strict=True))


def _lengths(kind: str, total: int) -> list[int]:
    """Divide a kind's records into as few episodes as its longest allows, nearly alike."""
    episodes = -(-total // _FAULTS[kind].longest)
    return even_counts(total, episodes) if episodes else []


# -- what the control room sees ----------------------------------------------------------------


def _as_columns(rng: RandomGenerator, step: Array, machine: dict[str, Array]) -> dict[str, Array]:
    """Round to what the sensors resolve, and lose some values."""
    sensors = {name: np.round(machine[name], 3) for name in ("load_percent", "ambient_c", *_SENSORS)}
    for name in ("vibration_mm_s", "flow_l_min"):
        sensors[name][machine["mode"] == _STANDBY] = np.nan
    remove_at_random(rng, sensors, dict.fromkeys(_SENSORS, 0.004))
    return {
        "time": _FIRST_MOMENT + (step * _SECONDS_PER_RECORD).astype("m8[s]"),
        "mode": as_text(_MODES, machine["mode"]),
        "valve_open": machine["valve_open"],
        **sensors,
    }
