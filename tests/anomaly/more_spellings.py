"""Further spellings of numbers and times, as functions: other members of the kinds of `tests.anomaly.spellings`."""

from datetime import datetime, timedelta, timezone

import numpy as np

from tests.anomaly.spellings import grouped, moments, values

X, T = values(), moments()


def indian(x):
    digits, groups = str(int(x))[:-3], [str(int(x))[-3:]]
    while digits:
        digits, groups = digits[:-2], [digits[-2:], *groups]
    return ",".join(groups)


def parts(x):
    minutes = x % 1 * 60
    return int(x), int(minutes), minutes % 1 * 60


# Of each, a value of 20.3 is usual and one of 999 is far.
NUMBERS = {
    "yen": lambda x: f"¥{1000 * x:,.0f}",
    "yen after": lambda x: f"{1000 * x:,.0f}円",
    "rupees, Indian groups": lambda x: f"₹{indian(1e6 * x)}",
    "rupees, slash": lambda x: f"Rs {1000 * x:.0f}/-",
    "rubles": lambda x: f"{x:.2f} руб.".replace(".", ",", 1),
    "zloty": lambda x: f"{x:.2f} zł".replace(".", ","),
    "reais": lambda x: "R$ " + grouped(1000 * x, ".", 2, ","),
    "francs, Swiss": lambda x: "Fr. " + grouped(1000 * x, "'"),
    "francs without cents": lambda x: f"Fr. {1000 * x:.0f}.-",
    "francs, two dashes": lambda x: f"{1000 * x:.0f}.--",
    "euros without cents": lambda x: f"{1000 * x:.0f},- €",
    "minus behind the unit": lambda x: f"{x:.2f} EUR-",
    "parentheses behind the currency": lambda x: f"$({x:.2f})",
    "parentheses, euros": lambda x: f"({x:.2f} €)",
    "minus behind groups": lambda x: grouped(1000 * x, ".", 2, ",") + "-",
    "currency, thousands and millions": lambda x: f"${x / 20:.3f}M" if x > 20 else f"${x * 50:.1f}K",
    "parts per million": lambda x: f"{x:.2f} parts per million",
    "ppm and ppb": lambda x: f"{x / 20:.4f} ppm" if x > 20 else f"{50 * x:.1f} ppb",
    "percent and per mille": lambda x: f"{x / 20:.4f} %" if x > 20 else f"{x / 2:.3f} ‰",
    "kilograms and tonnes": lambda x: f"{x / 20:.4f} t" if x > 20 else f"{50 * x:.1f} kg",
    "one item, two items": lambda x: f"{50 * x:.0f} item{'' if x > 20 else 's'}",
    "sixteenths": lambda x: f"{int(x * 16)}/16",
    "fractions of one character": lambda x: f"{int(x)}{'¼½¾'[int(x % 1 * 3)]}",
    "inches": lambda x: f'{int(x)} {int(x % 1 * 16)}/16"',
    "ratio": lambda x: f"{x:.2f}:1",
    "of a hundred": lambda x: f"{x:.1f} of 100",
    "slash a hundred": lambda x: f"{x:.1f}/100",
    "range": lambda x: f"{int(100 * x)}-{int(100 * x) + 5}",
    "range, dash": lambda x: f"{x:.2f}–{x + 1:.2f}",
    "range, words": lambda x: f"{x:.2f} to {x + 1:.2f}",
    "interval": lambda x: f"[{x:.2f}, {x + 1:.2f})",
    "brackets": lambda x: f"[{x:.2f}]",
    "blood pressure": lambda x: f"{6 * x:.0f}/{4 * x:.0f}",
    "dimensions": lambda x: f"{10 * x:.0f}x{5 * x:.0f}",
    "tolerance in percent": lambda x: f"{x:.2f} ±5%",
    "tolerance before the unit": lambda x: f"{x:.2f}±0.1 mm",
    "tolerance, unit twice": lambda x: f"{x:.2f} mm ± 0.1 mm",
    "two tolerances": lambda x: f"{x:.2f} +0.1/-0.2",
    "confidence": lambda x: f"{x:.2f} (19.1-20.9)",
    "uncertain digits": lambda x: f"{x:.2f}(3)",
    "engineering": lambda x: f"{x / 1000:.4f}E+03",
    "scientific, comma": lambda x: f"{x:.4e}".replace(".", ","),
    "power of ten, stars": lambda x: f"{x / 10:.4f}*10**1",
    "exponent Q": lambda x: f"{x / 10:.4f}Q+01",
    "per minute": lambda x: f"{x:.2f} 1/min",
    "unit with parentheses": lambda x: f"{x:.1f} W/(m²K)",
    "unit with a power": lambda x: f"{x:.2f} x10^9/L",
    "feet and inches": lambda x: f"{int(x)} ft {int(x % 1 * 12)} in",
    "feet and inches, marks": lambda x: f"{int(x)}'{int(x % 1 * 12)}\"",
    "pounds and ounces": lambda x: f"{int(x)} lb {int(x % 1 * 16)} oz",
    "degrees and minutes": lambda x: f"{int(x)}°{x % 1 * 60:.3f}'",
    "degrees, minutes, seconds": lambda x: "{}°{:02}'{:04.1f}\"".format(*parts(x)),
    "degrees south": lambda x: "{}° {}′ {:.1f}″ S".format(*parts(x)),
    "hemisphere before": lambda x: f"N {x:.4f}",
    "satellite": lambda x: f"{x * 100:.4f},N",
    "trailing semicolon": lambda x: f"{x:.2f};",
    "JSON": lambda x: f'{{"value": {x:.2f}, "unit": "C"}}',
    "key, value and semicolon": lambda x: f"T={x:.2f};",
    "binary": lambda x: bin(int(100 * x)),
    "octal": lambda x: oct(int(100 * x)),
    "hexadecimal, h": lambda x: f"0{int(1000 * x):X}h",
    "code of a currency": lambda x: f"BTC {x:.6f}",
    "Devanagari digits": lambda x: f"{x:.2f}".translate(str.maketrans("0123456789", "०१२३४५६७८९")),
    "years and months": lambda x: f"{int(x)} yrs {int(x * 100) % 12} mos",
    "years and months, letters": lambda x: f"{int(x)}y{int(x * 100) % 12}m",
    "ISO duration, days": lambda x: f"P{int(x)}DT{int(100 * x) % 24}H",
    "ISO duration, years": lambda x: f"P{int(x)}Y{int(x * 100) % 12}M",
    "French duration": lambda x: f"{int(x)} heures {int(x * 100) % 60} minutes",
    "Go's duration": lambda x: f"{int(x)}h{int(100 * x) % 60}m{x:.3f}s",
    "clock with a fraction": lambda x: f"{int(x)}:{int(x * 100) % 60:02}:{int(x * 1e4) % 60:02}.{int(x * 1e5) % 10}",
}  # fmt: skip

_RUSSIAN, _POLISH = ("января", "февраля", "марта"), ("stycznia", "lutego", "marca")
_TURKISH, _FINNISH = ("Ocak", "Şubat", "Mart"), ("tammikuuta", "helmikuuta", "maaliskuuta")
_FRENCH, _GREEK = ("janv.", "févr.", "mars"), ("Ιανουαρίου", "Φεβρουαρίου", "Μαρτίου")
_KOREAN = {True: "오전", False: "오후"}


def ticks(t, start):
    return f"{int((t - start).total_seconds())}0000000"


def after(t, start):
    return (t - start) / timedelta(days=1)


MOMENTS = {
    "week": lambda t: t.strftime("%G-W%V-%u %H:%M"),
    "Russian": lambda t: f"{t.day} {_RUSSIAN[t.month - 1]} {t.year} г. {t:%H:%M}",
    "Polish": lambda t: f"{t.day} {_POLISH[t.month - 1]} {t.year} {t:%H:%M}",
    "Turkish": lambda t: f"{t.day} {_TURKISH[t.month - 1]} {t.year} {t:%H:%M}",
    "Finnish": lambda t: f"{t.day}. {_FINNISH[t.month - 1]} {t.year} {t:%H.%M}",
    "Finnish, digits": lambda t: f"{t.day}.{t.month}.{t.year} klo {t:%H.%M}",
    "Greek": lambda t: f"{t.day} {_GREEK[t.month - 1]} {t.year} {t:%H:%M}",
    "French": lambda t: f"{t.day} {_FRENCH[t.month - 1]} {t.year} à {t:%H:%M}",
    "Hungarian": lambda t: t.strftime("%Y. %m. %d. %H:%M"),
    "Korean": lambda t: t.strftime("%Y년 %m월 %d일 %H시 %M분"),
    "Korean, halves of the day": lambda t: f"{t:%Y-%m-%d} {_KOREAN[t.hour < 12]} {t:%I:%M}",
    "Chinese": lambda t: t.strftime("%Y年%m月%d日 %H时%M分%S秒"),
    "Spanish halves of the day": lambda t: f"{t:%d/%m/%Y %I:%M} {'a' if t.hour < 12 else 'p'}. m.",
    "zone by name": lambda t: t.strftime("%Y-%m-%d %H:%M America/New_York"),
    "zone twice": lambda t: t.strftime("%Y-%m-%d %H:%M:%S.123456789 +0100 CET"),
    "errors of a web server": lambda t: t.strftime("[%a %b %d %H:%M:%S.123456 %Y]"),
    "router": lambda t: t.strftime("*%b %d %H:%M:%S.123"),
    "telephone": lambda t: t.strftime("%m-%d %H:%M:%S.123"),
    "day and month": lambda t: t.strftime("%d/%m %H:%M"),
    "day and month, points": lambda t: f"{t.day}.{t.month}. {t:%H:%M}",
    "digits, day first": lambda t: t.strftime("%d%m%Y %H%M"),
    "digits, short": lambda t: t.strftime("%y%m%d-%H%M%S"),
    "ordinal day": lambda t: t.strftime("%dth of %B %Y %H:%M"),
    "interval": lambda t: f"{t:%d.%m.%Y %H:%M} - {t + timedelta(minutes=15):%d.%m.%Y %H:%M}",
    "interval, ISO": lambda t: f"{t:%Y-%m-%dT%H:%MZ}/{t + timedelta(minutes=15):%Y-%m-%dT%H:%MZ}",
    "Julian day": lambda t: f"{after(t, datetime(2000, 1, 1, 12)) + 2451545:.5f}",
    "modified Julian day": lambda t: f"{after(t, datetime(2000, 1, 1, 12)) + 51544.5:.5f}",
    "MATLAB": lambda t: f"{after(t, datetime(1970, 1, 1)) + 719529:.6f}",
    "spreadsheet, four decimals": lambda t: f"{after(t, datetime(1899, 12, 30)):.4f}",
    "Windows": lambda t: ticks(t, datetime(1601, 1, 1)),
    ".NET": lambda t: ticks(t, datetime(1, 1, 1)),
    "digits, milliseconds": lambda t: t.strftime("%Y%m%d%H%M%S123"),
    "digits, microseconds": lambda t: t.strftime("%Y%m%d%H%M%S123456"),
    "digits, nanoseconds": lambda t: t.strftime("%Y%m%d%H%M%S123456789"),
    "digits, two of the year": lambda t: t.strftime("%y%m%d%H%M"),
    "time of day, zone": lambda t: t.strftime("%H:%M:%S+01:00"),
    "time of day, T": lambda t: t.strftime("T%H:%M:%S"),
    "time of day, Uhr": lambda t: t.strftime("%H:%M Uhr"),
}  # fmt: skip

DATES = {
    "calendar week": lambda t: t.strftime("KW %V/%G"),
    "week and year": lambda t: t.strftime("W%V %G"),
    "year and week": lambda t: t.strftime("%G week %V"),
    "week, one digit": lambda t: f"{t.isocalendar()[0]}-W{t.isocalendar()[1]}",
    "quarter first": lambda t: f"{(t.month + 2) // 3}Q{t:%y}",
    "quarter, two digits": lambda t: f"Q{(t.month + 2) // 3} {t:%y}",
    "fiscal month": lambda t: t.strftime("FY%y-M%m"),
    "half year": lambda t: f"{t.year}H{1 + (t.month > 6)}",
    "half year first": lambda t: f"H{1 + (t.month > 6)} {t.year}",
    "semester": lambda t: f"{t.year}-S{1 + (t.month > 6)}",
    "third of a year": lambda t: f"{t.year}T{1 + (t.month - 1) // 4}",
    "fiscal year": lambda t: t.strftime("FY%Y"),
    "fiscal quarter": lambda t: f"FY{t:%y}Q{1 + (t.month - 1) // 3}",
    "two years": lambda t: f"{t.year}/{t.year % 100 + 1}",
    "year and day": lambda t: t.strftime("%Y%j"),
    "digits, day first": lambda t: t.strftime("%d%m%Y"),
    "digits, month first": lambda t: t.strftime("%m%d%Y"),
    "digits, short": lambda t: t.strftime("%y%m%d"),
}  # fmt: skip

# Times in spellings of numbers: none is read as one, and none is learned as a number.
TIMES_LEFT_OUT = {
    "seconds with marks": lambda t: f"{t.replace(tzinfo=timezone.utc).timestamp():,.0f}",
    "seconds with a unit": lambda t: f"{t.replace(tzinfo=timezone.utc).timestamp():.0f}s",
    "seconds behind a mark": lambda t: f"@{t.replace(tzinfo=timezone.utc).timestamp():.0f}",
    "audit": lambda t: f"audit({t.replace(tzinfo=timezone.utc).timestamp():.0f}.123:45)",
}  # fmt: skip

# Text that is made of numbers and is none: categories, whose new values are unusual, or names, which are left out.
NO_NUMBERS = {
    "IPv4": lambda i: f"10.0.{i % 6}.{i % 7}",
    "IPv6": lambda i: f"fe80::{i % 20:x}:{i % 7:x}",
    "port": lambda i: f"10.0.0.{i % 30}:{30000 + i % 5}",
    "hardware address": lambda i: ":".join(f"{i % 50 * k % 256:02x}" for k in (3, 5, 7, 11, 13, 17)),
    "version": lambda i: f"{2 + i % 3}.{40 + i % 41}.{50 + i % 7}",
    "web address": lambda i: f"http://a.b/{i % 9}/{i % 7}",
    "telephone": lambda i: f"+49 30 {1000000 + i * 7919 % 8999999}",
    "post code": lambda i: f"{10000 + i % 99:05}-{i % 60:04}",
    "plate": lambda i: f"B-XY {i % 130}",
    "machine": lambda i: f"pump {i % 40}",
    "book": lambda i: f"978-3-{i % 90:02}-{i * 7919 % 1000000:06}-{i % 10}",
    "age": lambda i: f"{i % 12 * 5}-{i % 12 * 5 + 4}",
}  # fmt: skip


def cells_of_no_numbers(name, n=300):
    order = np.random.default_rng(1).permutation(n)
    return [NO_NUMBERS[name](int(i)) for i in order]
