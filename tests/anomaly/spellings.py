"""Spellings of numbers and times, as files have them: each as a function of a number or of a moment."""

from datetime import datetime, timedelta, timezone

import numpy as np

BERLIN_WINTER = timezone(timedelta(hours=1))


def grouped(x, mark, decimals=2, point="."):
    return f"{x:,.{decimals}f}".replace(",", "\0").replace(".", point).replace("\0", mark)


# Each value of a column is a different one, around 20 with a deviation of 2 unless the name says thousands.
NUMBERS = {
    "celsius": lambda x: f"{x:.3f} C",
    "degrees": lambda x: f"{x:.2f}°C",
    "degree sign alone": lambda x: f"{x:.2f}°",
    "percent": lambda x: f"{x:.2f}%",
    "percent, blank": lambda x: f"{x:.2f} %",
    "per mille": lambda x: f"{x:.2f} ‰",
    "kilowatt hours": lambda x: f"{x:.2f}kWh",
    "flow": lambda x: f"{x:.2f} m³/h",
    "acceleration": lambda x: f"{x:.2f} m/s2",
    "micrograms": lambda x: f"{x:.2f} µg/m3",
    "ohms": lambda x: f"{x:.2f} Ω",
    "revolutions": lambda x: f"{x:.2f} rpm",
    "two words": lambda x: f"{x:.2f} kg CO2",
    "dollars": lambda x: f"${x:.2f}",
    "dollars, negative": lambda x: f"-${x:.2f}",
    "US dollars": lambda x: f"US$ {x:.2f}",
    "pounds": lambda x: f"£{x:.2f}",
    "euros after": lambda x: f"{x:.2f} €",
    "euros, comma": lambda x: f"{x:.2f} €".replace(".", ","),
    "code before": lambda x: f"EUR {x:.2f}",
    "code after": lambda x: f"{x:.2f} CHF",
    "rupees": lambda x: f"Rs. {x:.2f}",
    "decimal comma": lambda x: f"{x:.3f}".replace(".", ","),
    "decimal comma, negative": lambda x: f"{-x:.2f}".replace(".", ","),
    "thousands, comma": lambda x: grouped(1000 * x, ","),
    "thousands, comma, whole": lambda x: grouped(100_000 * x, ",", 0),
    "thousands, point": lambda x: grouped(1000 * x, ".", 2, ","),
    "thousands, two points": lambda x: grouped(100_000 * x, ".", 0),
    "thousands, blank": lambda x: grouped(1000 * x, " "),
    "thousands, no-break blank": lambda x: grouped(1000 * x, "\u00a0", 2, ","),
    "thousands, narrow blank": lambda x: grouped(1000 * x, "\u202f", 2, ","),
    "thousands, thin blank": lambda x: grouped(1000 * x, "\u2009"),
    "thousands, apostrophe": lambda x: grouped(1000 * x, "'"),
    "thousands, typographic apostrophe": lambda x: grouped(1000 * x, "’"),
    "thousands, underscore": lambda x: grouped(1000 * x, "_", 0),
    "thousands, Indian": lambda x: f"{int(x / 100)},{int(x) % 100:02},{int(x * 1e3) % 100:02},{int(x * 1e6) % 1000:03}",
    "minus sign": lambda x: f"\u2212{x:.2f}",
    "parentheses": lambda x: f"({x:.2f})",
    "parentheses, dollars": lambda x: f"(${x:.2f})",
    "trailing minus": lambda x: f"{x:.2f}-",
    "plus": lambda x: f"+{x:.2f}",
    "exponent D": lambda x: f"{x:.4E}".replace("E", "D"),
    "exponent d": lambda x: f"{x:.4e}".replace("e", "d"),
    "times ten": lambda x: f"{x / 10:.3f}x10^1",
    "times ten, superscript": lambda x: f"{x * 100:.3f}×10⁻²",
    "approximately": lambda x: f"~{x:.2f}",
    "all censored": lambda x: f">{x:.2f}",
    "circa": lambda x: f"ca. {x:.2f}",
    "footnote": lambda x: f"{x:.2f}*",
    "bracketed footnote": lambda x: f"{x:.2f} [1]",
    "estimated": lambda x: f"{x:.2f} (est)",
    "tolerance": lambda x: f"{x:.2f} ± 0.20",
    "key and value": lambda x: f"T={x:.2f}",
    "name and value": lambda x: f"temp: {x:.2f}",
    "quoted": lambda x: f"'{x:.2f}'",
    "spreadsheet's text": lambda x: f'="{x:.2f}"',
    "fullwidth digits": lambda x: f"{x:.2f}".translate(str.maketrans("0123456789.", "０１２３４５６７８９．")),
    "Arabic digits": lambda x: f"{x:.2f}".translate(str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")),
    "hexadecimal": lambda x: hex(int(1000 * x)),
    "suffix k": lambda x: f"{x:.3f}k",
    "kilobytes and megabytes": lambda x: f"{x / 10:.3f} MB" if x > 20 else f"{100 * x:.1f} KB",
    "k and none": lambda x: f"{x / 20:.4f}k" if x > 20 else f"{50 * x:.2f}",
    "millivolts and volts": lambda x: f"{x / 20:.4f} V" if x > 20 else f"{50 * x:.2f} mV",
    "seconds and milliseconds": lambda x: f"{x / 20:.4f} s" if x > 20 else f"{50 * x:.2f} ms",
    "north and south": lambda x: f"{x:.4f}°N",
    "debit and credit": lambda x: f"{x:.2f} DR" if x > 20 else f"{x:.2f} CR",
    "blanks around": lambda x: f"   {x:.3f} C ",
    "mixed missing": lambda x: f"{x:.3f} C" if x < 23 or x > 99 else "n/a",
    "hours, minutes, seconds": lambda x: f"{int(x) // 60:02}:{int(x) % 60:02}:{int(x * 1000) % 60:02}",
    "minutes and seconds": lambda x: f"{int(x)}:{int(x * 100) % 60:02}.{int(x * 1e4) % 100:02}",
    "days and a clock": lambda x: f"{int(x)} days 03:{int(x * 100) % 60:02}:{int(x * 1e4) % 60:02}",
    "clock beyond a day": lambda x: f"{int(x) + 30}:{int(x * 100) % 60:02}:{int(x * 1e4) % 60:02}",
    "words of time": lambda x: f"{int(x)}h {int(x * 100) % 60}m {int(x * 1e4) % 60}s",
    "ISO duration": lambda x: f"PT{int(x)}M{int(x * 100) % 60}S",
    "minutes": lambda x: f"{x:.2f} min",
}  # fmt: skip

MOMENTS = {
    "ISO": lambda t: t.strftime("%Y-%m-%d %H:%M:%S"),
    "ISO, T and Z": lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "ISO, milliseconds": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.123"),
    "ISO, offset": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S+01:00"),
    "ISO, zone": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S+01:00[Europe/Berlin]"),
    "ISO basic": lambda t: t.strftime("%Y%m%dT%H%M%SZ"),
    "ISO basic, blank": lambda t: t.strftime("%Y%m%d %H%M%S"),
    "ISO week": lambda t: t.strftime("%G-W%V-%uT%H:%M"),
    "ISO ordinal": lambda t: t.strftime("%Y-%jT%H:%M"),
    "slashes, year first": lambda t: t.strftime("%Y/%m/%d %H:%M"),
    "points, year first": lambda t: t.strftime("%Y.%m.%d %H:%M"),
    "camera": lambda t: t.strftime("%Y:%m:%d %H:%M:%S"),
    "database": lambda t: t.strftime("%Y-%m-%d-%H.%M.%S.000000"),
    "blanks": lambda t: t.strftime("%Y %m %d %H:%M"),
    "day first": lambda t: t.strftime("%d/%m/%Y %H:%M"),
    "month first": lambda t: t.strftime("%m/%d/%Y %H:%M"),
    "month first, AM and PM": lambda t: t.strftime("%m/%d/%Y %I:%M:%S %p"),
    "day first, points": lambda t: t.strftime("%d.%m.%Y %H:%M:%S"),
    "day first, points in the time": lambda t: t.strftime("%d/%m/%Y %H.%M.%S"),
    "day first, two digits": lambda t: t.strftime("%d.%m.%y %H:%M"),
    "German hours": lambda t: t.strftime("%d.%m.%Y um %H:%M Uhr"),
    "French hours": lambda t: t.strftime("%d/%m/%Y %Hh%M"),
    "month by name": lambda t: t.strftime("%d %b %Y %H:%M"),
    "month by name, hyphens": lambda t: t.strftime("%d-%b-%Y %H:%M:%S"),
    "month by full name": lambda t: t.strftime("%B %d, %Y %H:%M"),
    "month by German name": lambda t: f"{t.day}. {['Januar', 'Februar', 'März'][t.month - 1]} {t.year}, {t:%H:%M}",
    "statistics": lambda t: t.strftime("%d%b%Y:%H:%M:%S").upper(),
    "mail": lambda t: t.strftime("%a, %d %b %Y %H:%M:%S +0100"),
    "C": lambda t: t.strftime("%a %b %d %H:%M:%S %Y"),
    "C, zone": lambda t: t.strftime("%a %b %d %H:%M:%S CET %Y"),
    "web server": lambda t: t.strftime("[%d/%b/%Y:%H:%M:%S +0100]"),
    "system log": lambda t: t.strftime("%b %d %H:%M:%S"),
    "zone name": lambda t: t.strftime("%Y-%m-%d %H:%M CET"),
    "browser": lambda t: t.strftime("%a %b %d %Y %H:%M:%S GMT+0100 (CET)"),
    "time first": lambda t: t.strftime("%H:%M:%S %d.%m.%Y"),
    "Japanese": lambda t: t.strftime("%Y年%m月%d日 %H:%M"),
    "seconds since 1970": lambda t: f"{t.replace(tzinfo=timezone.utc).timestamp():.0f}",
    "seconds, decimals": lambda t: f"{t.replace(tzinfo=timezone.utc).timestamp():.0f}.25",
    "milliseconds since 1970": lambda t: f"{1e3 * t.replace(tzinfo=timezone.utc).timestamp():.0f}",
    "microseconds since 1970": lambda t: f"{1e6 * t.replace(tzinfo=timezone.utc).timestamp():.0f}",
    "nanoseconds since 1970": lambda t: f"{int(t.replace(tzinfo=timezone.utc).timestamp())}000000000",
    "spreadsheet": lambda t: f"{(t - datetime(1899, 12, 30)) / timedelta(days=1):.10f}",
    "digits": lambda t: t.strftime("%Y%m%d%H%M%S"),
    "digits, minutes": lambda t: t.strftime("%Y%m%d%H%M"),
    "hours and minutes": lambda t: t.strftime("%H:%M"),
    "time of day": lambda t: t.strftime("%H:%M:%S"),
    "time of day, points": lambda t: t.strftime("%H.%M.%S"),
    "time of day, AM and PM": lambda t: t.strftime("%I:%M %p"),
}  # fmt: skip

DATES = {
    "ISO": lambda t: t.strftime("%Y-%m-%d"),
    "day first": lambda t: t.strftime("%d/%m/%Y"),
    "points": lambda t: t.strftime("%d.%m.%Y"),
    "month": lambda t: t.strftime("%Y-%m"),
    "month by name": lambda t: t.strftime("%b-%y"),
    "month and year": lambda t: t.strftime("%m/%Y"),
    "quarter": lambda t: f"{t.year}-Q{(t.month + 2) // 3}",
    "week": lambda t: t.strftime("%G-W%V"),
    "ordinal": lambda t: t.strftime("%Y-%j"),
    "digits": lambda t: t.strftime("%Y%m%d"),
    "digits of a month": lambda t: t.strftime("%Y%m"),
}


def values(n=300, seed=0):
    """Return numbers around 20 that all differ."""
    return np.random.default_rng(seed).normal(20, 2, n)


def moments(n=300, seed=0, start=datetime(2024, 1, 1)):
    """Return moments of ten weeks in no order, at whole minutes from 7 to 18 o'clock."""
    rng = np.random.default_rng(seed)
    days, minutes = rng.integers(0, 70, n), rng.integers(7 * 60, 18 * 60 + 30, n)
    return [start + timedelta(days=int(d), minutes=int(m)) for d, m in zip(days, minutes, strict=True)]
