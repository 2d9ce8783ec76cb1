"""Sensors on a pump over time, with faults as anomalies."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from anomaly.datasets.dataset import Dataset
from anomaly.datasets.sampling import anomaly_count, as_count, as_text, even_counts, no_kinds, remove_at_random
from nnlite.types import Array, RandomGenerator

_DESCRIPTION = """\
A pump, measured every five minutes. Columns: time; mode (run from 6 to 22 h, idle at other hours,
standby on Sundays); valve_open; load_percent; ambient_c (temperature of the room); vibration_mm_s
and flow_l_min (missing in standby, as these two are switched off); temperature_c; pressure_bar;
current_a.
Anomalies: bearing_wear (vibration increases slowly, with temperature and current), spike
(one sensor jumps for one record), stuck_sensor (one sensor repeats a value from another state of
the machine), broken_correlation (flow is less than expected from current and load)."""

_START = np.datetime64("2024-01-08T00:00:00")  # a Monday
_SECONDS_PER_RECORD = 300
_RECORDS_PER_DAY = 288
_MODES = ("run", "idle", "standby")
_RUN, _IDLE, _STANDBY = range(3)
_SENSORS = ("vibration_mm_s", "temperature_c", "pressure_bar", "flow_l_min", "current_a")
# Approximate standard deviation of each sensor, given load and room temperature.
_NOISE = {"vibration_mm_s": 0.12, "temperature_c": 0.5, "pressure_bar": 0.06, "flow_l_min": 3.0, "current_a": 0.35}


def make_sensors(
    n_records: int = 5000,
    contamination: float = 0.05,
    random_state: int | None = 0,
) -> Dataset:
    """Generate the record of five sensors on a pump, with four kinds of faults.

    The machine has a daily and weekly cycle and a random load. Flow and pressure (by the pump's characteristic curve),
    current, vibration and, with a delay, temperature are functions of the load, the room temperature and the position
    of a valve, plus noise. Since the load moves each sensor through its whole range, most faults lie inside the range
    of their sensor, and are anomalous only in the dependence between sensors.

    Parameters
    ----------
    n_records : int, default 5000
        Number of records, five minutes apart: 2016 are a week.
    contamination : float, default 0.05
        Fraction of records with a fault, from 0 to 0.5: of these 40 % bearing wear, 25 % a stuck
        sensor, 25 % a broken correlation and 10 % spikes. All but spikes last for hours.
    random_state : int, optional
        Seed of the record; None for a different one each time.

    Returns
    -------
    Dataset
        Records in the order of time, with 10 columns: numbers, text, booleans and a timestamp, some missing. `kinds`
        holds ``bearing_wear``, ``spike``, ``stuck_sensor`` or ``broken_correlation``.

    Raises
    ------
    TypeError, ValueError
        If an argument has an invalid type or value.

    Examples
    --------
    >>> data = make_sensors(n_records=4032, random_state=0)
    >>> data
    Dataset('sensors': 4,032 records x 10 columns, 202 anomalies)
    >>> sorted(set(data.kinds))
    ['', 'bearing_wear', 'broken_correlation', 'spike', 'stuck_sensor']
    """
    n_records = as_count(n_records, "n_records", 1)
    count = anomaly_count(n_records, contamination)
    rng = np.random.default_rng(random_state)
    step = np.arange(n_records)
    machine = _run_machine(rng, step)
    kinds = no_kinds(n_records)
    # In standby most sensors are constant or missing: faults are on the other days.
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
    """Return all sensors, as functions of load, room temperature and valve."""
    n, mode = len(step), _modes(step)
    random_load = _autoregression(rng, n, 0.985)
    load = np.where(mode == _RUN, 70.0 + 13.0 * random_load, np.where(mode == _IDLE, 25.0 + 6.0 * random_load, 5.0))
    # Speed changes are gradual.
    load = np.clip(_lowpass(load, 0.6) + rng.standard_normal(n), 2.0, 100.0)
    day = 2.0 * np.pi * step / _RECORDS_PER_DAY
    ambient = 19.0 - 4.0 * np.cos(day - 0.6) + 1.5 * _autoregression(rng, n, 0.99)
    # The valve closes occasionally, for about an hour.
    valve_open = _autoregression(rng, n, 0.9) < 2.2
    flow = np.where(valve_open, 2.3 * load, 0.04 * load) + _NOISE["flow_l_min"] * rng.standard_normal(n)
    pressure = 1.0 + 0.075 * load - 1.1e-4 * flow**2
    current = 3.0 + 0.10 * load + 0.04 * flow
    vibration = 0.6 + 0.018 * load + 2.5e-4 * (load - 55.0) ** 2
    heat = _lowpass(ambient + 0.38 * load, 0.92)
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


def _lowpass(target: Array, memory: float) -> Array:
    """Return a first-order lag of the target: y_t = memory * y_(t-1) + (1 - memory) * target_t, y_(-1) = target_0."""
    kernel = (1.0 - memory) * memory ** np.arange(_memory_length(memory))
    rest = target[0]
    return rest + np.convolve(target - rest, kernel)[: len(target)]


def _autoregression(rng: RandomGenerator, n: int, memory: float) -> Array:
    """Draw a stationary first-order autoregression of variance 1."""
    kernel = np.sqrt(1.0 - memory**2) * memory ** np.arange(_memory_length(memory))
    return np.convolve(rng.standard_normal(n + len(kernel) - 1), kernel, mode="valid")


def _memory_length(memory: float) -> int:
    """Return the number of records after which the weight of the past is below a thousandth."""
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
    """Repeat the value of the record, within a day, whose load differs most from the present load."""
    start, stop = max(0, at[0] - _RECORDS_PER_DAY), at[-1] + _RECORDS_PER_DAY
    difference = np.abs(machine["load_percent"][start:stop] - machine["load_percent"][at].mean())
    # In standby some sensors have no value to repeat.
    difference[machine["mode"][start:stop] == _STANDBY] = -1.0
    sensor = str(rng.choice(_SENSORS))
    machine[sensor][at] = machine[sensor][start + np.argmax(difference)]


def _broken_correlation(rng: RandomGenerator, machine: dict[str, Array], at: Array) -> None:
    machine["flow_l_min"][at] *= rng.uniform(0.6, 0.8)


class _Fault(NamedTuple):
    """A kind of fault: its fraction of the faulty records, its longest episode, and its effect."""

    fraction: float
    longest: int
    apply: Callable[[RandomGenerator, dict[str, Array], Array], None]


_FAULTS = {
    "bearing_wear": _Fault(0.40, 96, _bearing_wear),
    "stuck_sensor": _Fault(0.25, 36, _stuck_sensor),
    "broken_correlation": _Fault(0.25, 48, _broken_correlation),
    "spike": _Fault(0.10, 1, _spike),
}


def _place(rng: RandomGenerator, candidates: Array, count: int) -> list[tuple[str, Array]]:
    """Divide the faulty records into episodes, and place these without overlap.

    Returns
    -------
    list of (str, ndarray of int)
        Kind and records of each episode.
    """
    episodes = [(kind, length) for kind, total in _totals(count).items() for length in _lengths(kind, total)]
    rng.shuffle(episodes)
    # Normal records are assigned at random to the gaps before, between and after the episodes.
    free = len(candidates) - count
    before = np.sort(rng.integers(0, free + 1, size=len(episodes)))
    lengths = np.array([length for _, length in episodes], dtype=np.int64)
    starts = before + np.cumsum(lengths) - lengths
    return [(kind, candidates[start : start + n]) for (kind, n), start in zip(episodes, starts, strict=True)]


def _totals(count: int) -> dict[str, int]:
    """Return the number of records of each kind of fault, `count` in total."""
    ends = np.round(np.cumsum([fault.fraction for fault in _FAULTS.values()]) * count).astype(int)
    return dict(zip(_FAULTS, np.diff(ends, prepend=0).tolist(), strict=True))


def _lengths(kind: str, total: int) -> list[int]:
    """Divide the records of a kind into the fewest episodes up to its longest, of nearly equal length."""
    episodes = -(-total // _FAULTS[kind].longest)
    return even_counts(total, episodes) if episodes else []


# -- columns -----------------------------------------------------------------------------------


def _as_columns(rng: RandomGenerator, step: Array, machine: dict[str, Array]) -> dict[str, Array]:
    """Return the columns: values rounded to the resolution of the sensors, and missing values."""
    sensors = {name: np.round(machine[name], 3) for name in ("load_percent", "ambient_c", *_SENSORS)}
    for name in ("vibration_mm_s", "flow_l_min"):
        sensors[name][machine["mode"] == _STANDBY] = np.nan
    remove_at_random(rng, sensors, dict.fromkeys(_SENSORS, 0.004))
    return {
        "time": _START + (step * _SECONDS_PER_RECORD).astype("m8[s]"),
        "mode": as_text(_MODES, machine["mode"]),
        "valve_open": machine["valve_open"],
        **sensors,
    }
