"""Payments by card, with fraud as anomalies."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from anomaly.datasets.dataset import Dataset, ordered_by
from anomaly.datasets.derived import derived_columns
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
Payments by card over four weeks. Columns: timestamp; amount (euros); merchant_category; country (of
the merchant); card_country; channel (chip, contactless, magstripe, online); card_present;
account_age_days; credit_limit and average_amount (euros, of the card; the average is missing in its
first month); distance_from_home_km (missing if the card was not present); count_24h (payments
with the card in the previous 24 hours); hours_since_last (missing for a card's first payment).
Anomalies: large_at_odd_hour (several times the card's average, at night), foreign_burst (many
payments abroad in a few hours), testing_payments (small online payments in quick succession, as a
test of a stolen card), unusual_combination (a normal amount in a category with other amounts)."""

_DERIVED = """\
Derived columns, from the others alone: amount_over_average (of the card), amount_over_category (over the
median of all payments of the category), payments_per_hour (count_24h over hours_since_last)."""


class _Category(NamedTuple):
    """A category of merchants: its frequency, amounts (euros), fraction of online payments, and hours."""

    name: str
    weight: float
    median: float
    spread: float
    online: float
    hour: float
    hour_spread: float


_CATEGORIES = (
    _Category("groceries", 24, 36.0, 0.55, 0.08, 14.5, 3.6),
    _Category("restaurant", 16, 26.0, 0.50, 0.12, 19.5, 3.8),
    _Category("online_retail", 14, 40.0, 0.80, 1.00, 19.0, 4.8),
    _Category("fuel", 9, 55.0, 0.35, 0.00, 14.0, 4.8),
    _Category("clothing", 8, 58.0, 0.65, 0.45, 16.0, 3.4),
    _Category("entertainment", 8, 11.0, 0.80, 0.70, 21.0, 4.2),
    _Category("pharmacy", 6, 18.0, 0.50, 0.10, 14.0, 3.4),
    _Category("electronics", 5, 210.0, 0.70, 0.60, 17.0, 4.4),
    _Category("travel", 5, 340.0, 0.65, 0.85, 17.5, 5.0),
    _Category("utilities", 4, 85.0, 0.40, 0.95, 13.0, 5.0),
    _Category("cash", 4, 80.0, 0.55, 0.00, 15.0, 5.0),
    _Category("jewellery", 2, 290.0, 0.65, 0.25, 16.0, 3.0),
)
_NUMBERS = {category.name: number for number, category in enumerate(_CATEGORIES)}
_CHEAP = [_NUMBERS[name] for name in ("groceries", "restaurant", "pharmacy", "entertainment")]
_EXPENSIVE = [_NUMBERS[name] for name in ("electronics", "travel", "jewellery")]
_TABLE = np.array([category[1:] for category in _CATEGORIES])
_WEIGHTS, _MEDIANS, _SPREADS, _ONLINE, _HOURS, _HOUR_SPREADS = _TABLE.T

# Cards are issued in the first six; payments happen in all.
_COUNTRIES = ("FR", "DE", "ES", "IT", "NL", "US", "GB", "CH", "PT", "TR", "TH", "BR")
_ISSUED = np.array([30.0, 25.0, 15.0, 12.0, 10.0, 8.0])
_VISITED = np.array([14.0, 12.0, 16.0, 12.0, 6.0, 10.0, 12.0, 6.0, 5.0, 3.0, 2.0, 2.0])
_CHANNELS = ("chip", "contactless", "magstripe", "online")
_CHIP, _CONTACTLESS, _MAGSTRIPE, _ONLINE_CHANNEL = range(4)
_CONTACTLESS_LIMIT = 50.0

_FIRST_DAY = np.datetime64("2024-03-04T00:00:00")  # a Monday
_DAYS = 28
_WEEK = np.array([1.0, 0.95, 1.0, 1.1, 1.35, 1.45, 0.85])


def make_transactions(
    n_records: int = 5000,
    contamination: float = 0.02,
    random_state: int | None = 0,
    derived: bool = False,
) -> Dataset:
    """Generate payments by card, with four kinds of fraud.

    Each payment belongs to a card with a country, an age, a level of spending and a pace; amounts, limits and averages
    are correlated. Category, amount, hour, channel and country depend on each other as in practice: contactless
    payments are at most 50 euros, cash is in multiples of ten, and a card that is not present has no distance from
    home. Some normal payments are at night, abroad or of a large amount, so that no single column identifies fraud.

    Parameters
    ----------
    n_records : int, default 5000
        Number of payments.
    contamination : float, default 0.02
        Fraction of fraud, from 0 to 0.5, in nearly equal numbers of each kind.
    random_state : int, optional
        Seed of the payments; None for different ones each time.
    derived : bool, default False
        Whether to add the columns that a bank would compute from the others: `amount_over_average`,
        `amount_over_category` and `payments_per_hour`. The payments stay the same.

    Returns
    -------
    Dataset
        Payments in the order of time, with 13 columns: numbers, text, booleans and a timestamp, some missing; or 16
        with the derived ones. `kinds`
        holds ``large_at_odd_hour``, ``foreign_burst``, ``testing_payments`` or ``unusual_combination``.

    Raises
    ------
    TypeError, ValueError
        If an argument has an invalid type or value.

    Notes
    -----
    The fraud patterns are those described and simulated in [1]_; their numbers are invented.

    References
    ----------
    .. [1] Le Borgne, Siblini, Lebichot, Bontempi, "Reproducible Machine Learning for Credit
       Card Fraud Detection - Practical Handbook", Université Libre de Bruxelles, 2022.

    Examples
    --------
    >>> data = make_transactions(n_records=2000, contamination=0.05, random_state=0)
    >>> data
    Dataset('transactions': 2,000 records x 13 columns, 100 anomalies)
    >>> sorted(set(data.kinds))
    ['', 'foreign_burst', 'large_at_odd_hour', 'testing_payments', 'unusual_combination']
    """
    n_records = as_count(n_records, "n_records", 1)
    rng = np.random.default_rng(random_state)
    kinds = scattered_kinds(rng, n_records, contamination, tuple(_FRAUD))
    cards = _draw_cards(rng, n_records)
    payments = _draw_payments(rng, cards, n_records)
    for kind, commit in _FRAUD.items():
        commit(rng, payments, np.flatnonzero(kinds == kind))
    columns, description = _as_columns(rng, payments), _DESCRIPTION
    if derived:
        columns, description = {**columns, **derived_columns(columns)}, f"{_DESCRIPTION}\n{_DERIVED}"
    return ordered_by("timestamp", columns, kinds, "transactions", description)


# -- normal payments ---------------------------------------------------------------------------


def _draw_cards(rng: RandomGenerator, n_records: int) -> dict[str, Array]:
    """Draw cards, about one for every 25 payments."""
    n_cards = max(20, n_records // 25)
    # Logarithm of the spending of the holder, relative to the mean.
    spending = 0.4 * rng.standard_normal(n_cards)
    age = np.ceil(rng.gamma(1.3, 900.0, n_cards))
    limit = 1500.0 * np.exp(0.8 * spending + 0.25 * np.log1p(age / 365.0) + 0.25 * rng.standard_normal(n_cards))
    return {
        "spending": spending,
        "account_age_days": age,
        "credit_limit": np.round(limit, -2),
        "average_amount": np.round(log_normal(rng, 36.0 * np.exp(spending), 0.2, n_cards), 2),
        "card_country": choose(rng, _ISSUED, n_cards),
        "per_day": rng.gamma(2.0, 0.7, n_cards),
        "abroad": np.where(rng.random(n_cards) < 0.15, 0.4, 0.015),
        "radius": log_normal(rng, 5.0, 0.7, n_cards),
    }


def _draw_payments(rng: RandomGenerator, cards: dict[str, Array], n: int) -> dict[str, Array]:
    """Draw normal payments: category numbers in place of text, and no missing values yet."""
    card = choose(rng, cards["per_day"], n)
    category = choose(rng, _WEIGHTS, n)
    payments = {name: values[card] for name, values in cards.items()}
    payments |= {
        "category": category,
        "amount": _normal_amount(rng, category, payments["spending"]),
        "online": rng.random(n) < _ONLINE[category],
        "day": choose(rng, np.tile(_WEEK, _DAYS // 7), n),
        "hour": _normal_hour(rng, category),
    }
    first = rng.random(n) < np.exp(-payments["account_age_days"] / 10.0)
    payments["count_24h"] = np.where(first, 0.0, rng.poisson(payments["per_day"]))
    payments["hours_since_last"] = np.where(first, np.nan, _hours_since_last(rng, payments["count_24h"]))
    foreign = rng.random(n) < np.where(payments["online"], 0.10, payments["abroad"])
    payments["country"] = np.where(foreign, _foreign_country(rng, payments["card_country"]), payments["card_country"])
    payments["distance"] = np.where(foreign, _distance_abroad(rng, n), _distance_at_home(rng, payments["radius"]))
    return payments


def _normal_amount(rng: RandomGenerator, category: Array, spending: Array) -> Array:
    return log_normal(rng, _MEDIANS[category] * np.exp(spending), _SPREADS[category], len(category))


def _normal_hour(rng: RandomGenerator, category: Array) -> Array:
    hour: Array = (_HOURS[category] + _HOUR_SPREADS[category] * rng.standard_normal(len(category))) % 24.0
    return hour


def _hours_since_last(rng: RandomGenerator, count: Array) -> Array:
    """Draw the hours since the last payment: at most 24 if there was one in the last 24 hours.

    The minimum of k uniform draws has the distribution Beta(1, k).
    """
    within = 24.0 * rng.beta(1.0, np.maximum(count, 1.0))
    return np.where(count > 0, within, 24.0 + rng.exponential(30.0, len(count)))


def _foreign_country(rng: RandomGenerator, home: Array) -> Array:
    weights = np.tile(_VISITED, (len(home), 1))
    weights[np.arange(len(home)), home] = 0.0
    return choose(rng, weights)


def _distance_abroad(rng: RandomGenerator, n: int) -> Array:
    return log_normal(rng, 1100.0, 0.7, n)


def _distance_at_home(rng: RandomGenerator, radius: Array) -> Array:
    """Draw distances: mostly short, and one in twelve of a journey within the country."""
    near = log_normal(rng, radius, 0.9, len(radius))
    return np.where(rng.random(len(radius)) < 1 / 12, log_normal(rng, 220.0, 0.7, len(radius)), near)


# -- fraud -------------------------------------------------------------------------------------


def _large_at_odd_hour(rng: RandomGenerator, payments: dict[str, Array], at: Array) -> None:
    payments["hour"][at] = (3.0 + 1.8 * rng.standard_normal(len(at))) % 24.0
    payments["amount"][at] = log_normal(rng, 9.0 * payments["average_amount"][at], 0.5, len(at))


def _foreign_burst(rng: RandomGenerator, payments: dict[str, Array], at: Array) -> None:
    category = choose(rng, _WEIGHTS * (1.0 - _ONLINE), len(at))
    payments["category"][at], payments["online"][at] = category, False
    payments["amount"][at] = 1.5 * _normal_amount(rng, category, payments["spending"][at])
    payments["country"][at] = _foreign_country(rng, payments["card_country"][at])
    payments["distance"][at] = _distance_abroad(rng, len(at))
    payments["count_24h"][at] = 3.0 + rng.poisson(3.0, len(at))
    payments["hours_since_last"][at] = rng.exponential(0.6, len(at))


def _testing_payments(rng: RandomGenerator, payments: dict[str, Array], at: Array) -> None:
    shops = np.array([_NUMBERS["online_retail"], _NUMBERS["entertainment"], _NUMBERS["utilities"]])
    payments["category"][at] = shops[choose(rng, [5, 3, 2], len(at))]
    payments["online"][at] = True
    payments["amount"][at] = log_normal(rng, 3.5, 0.7, len(at))
    payments["count_24h"][at] = 4.0 + rng.poisson(4.0, len(at))
    payments["hours_since_last"][at] = rng.exponential(0.3, len(at))


def _unusual_combination(rng: RandomGenerator, payments: dict[str, Array], at: Array) -> None:
    """Exchange the amounts of expensive and cheap categories; the other columns are normal for the category."""
    expensive, cheap = rng.choice(_EXPENSIVE, len(at)), rng.choice(_CHEAP, len(at))
    is_expensive = rng.random(len(at)) < 0.7
    category, priced_as = np.where(is_expensive, cheap, expensive), np.where(is_expensive, expensive, cheap)
    amount = log_normal(rng, _MEDIANS[priced_as] * np.exp(payments["spending"][at]), 0.4, len(at))
    payments["category"][at] = category
    payments["amount"][at] = np.where(is_expensive, 1.5 * amount, amount / 1.5)
    payments["online"][at] = rng.random(len(at)) < _ONLINE[category]
    payments["hour"][at] = _normal_hour(rng, category)


_FRAUD: dict[str, Callable[[RandomGenerator, dict[str, Array], Array], None]] = {
    "large_at_odd_hour": _large_at_odd_hour,
    "foreign_burst": _foreign_burst,
    "testing_payments": _testing_payments,
    "unusual_combination": _unusual_combination,
}


# -- columns -----------------------------------------------------------------------------------


def _as_columns(rng: RandomGenerator, payments: dict[str, Array]) -> dict[str, Array]:
    """Return the columns: derived values, names of categories, and missing values."""
    cash = payments["category"] == _NUMBERS["cash"]
    amount = np.where(cash, np.maximum(10.0, np.round(payments["amount"], -1)), np.round(payments["amount"], 2))
    amount = np.maximum(amount, 0.2)
    channel = _channel(rng, payments, amount, cash)
    present = channel != _ONLINE_CHANNEL
    age = payments["account_age_days"]
    seconds = payments["day"] * SECONDS_PER_DAY + (payments["hour"] * 3600.0).astype(np.int64)
    columns = {
        "timestamp": _FIRST_DAY + seconds.astype("m8[s]"),
        "amount": amount,
        "merchant_category": as_text([category.name for category in _CATEGORIES], payments["category"]),
        "country": as_text(_COUNTRIES, payments["country"]),
        "card_country": as_text(_COUNTRIES, payments["card_country"]),
        "channel": as_text(_CHANNELS, channel),
        "card_present": present,
        "account_age_days": age,
        "credit_limit": payments["credit_limit"],
        # A card in its first month has no average yet.
        "average_amount": np.where(age > 30.0, payments["average_amount"], np.nan),
        "distance_from_home_km": np.where(present, np.round(payments["distance"], 1), np.nan),
        "count_24h": payments["count_24h"],
        "hours_since_last": np.round(payments["hours_since_last"], 2),
    }
    remove_at_random(rng, columns, {"merchant_category": 0.01, "account_age_days": 0.01, "credit_limit": 0.02})
    return columns


def _channel(rng: RandomGenerator, payments: dict[str, Array], amount: Array, cash: Array) -> Array:
    draw = rng.random(len(amount))
    magnetic = np.where(payments["country"] == _COUNTRIES.index("US"), 0.2, 0.03)
    small = (amount <= _CONTACTLESS_LIMIT) & ~cash
    in_person = np.where(draw < magnetic, _MAGSTRIPE, np.where(small & (draw < 0.8), _CONTACTLESS, _CHIP))
    return np.where(payments["online"], _ONLINE_CHANNEL, in_person)
