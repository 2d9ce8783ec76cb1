"""Files in the forms of well-known ones, made up anew: air quality, connections, a wind turbine, an occupied room."""

from datetime import datetime, timedelta

import numpy as np


def air_quality(n, seed, start=datetime(2004, 3, 10, 18), far=False):
    """Semicolons, two of them at the ends of lines, decimal commas, points in times, -200 for missing, empty rows."""
    rng = np.random.default_rng(seed)

    def number(value):
        return f"{value:.1f}".replace(".", ",")

    lines = ["Date;Time;CO(GT);PT08.S1(CO);NMHC(GT);C6H6(GT);T;RH;;"]
    for i in range(n):
        t = start + timedelta(hours=i)
        day = np.sin(t.hour / 24 * 2 * np.pi)
        gas = 3 + day + rng.normal(0, 0.3)
        cells = [
            number(gas),
            f"{1000 + 100 * gas + rng.normal(0, 10):.0f}",
            "-200",
            number(4 * gas + rng.normal(0, 0.3)),
        ]
        cells += [number(15 + 5 * day + rng.normal()), number(900 if far else 50 + rng.normal(0, 3))]
        cells[0] = "-200" if rng.random() < 0.1 else cells[0]
        lines.append(";".join([t.strftime("%d/%m/%Y;%H.%M.%S"), *cells, "", ""]))
    return [*lines, *[";" * 9] * 3]


def connections(n, seed, far=False):
    """No header, categories among numbers, constant columns, a label and a rank at the end."""
    rng = np.random.default_rng(seed)
    lines = []
    for _ in range(n):
        service = rng.choice(["http", "smtp", "ftp_data", "domain_u"], p=[0.5, 0.2, 0.1, 0.2])
        sent = int(rng.lognormal(5, 1))
        received = int(3 * sent * rng.lognormal(0, 0.3))
        kind = "normal" if far or rng.random() < 0.9 else "neptune"
        cells = [0, rng.choice(["tcp", "udp"]), service, "SF", 10**9 if far else sent, received, 0, 0]
        cells += [rng.integers(0, 2), f"{rng.random():.2f}", rng.integers(1, 255), kind, rng.integers(10, 22)]
        lines.append(",".join(map(str, cells)))
    return lines


def turbine(n, seed, start=datetime(2018, 1, 1), far=False):
    """Blanks within dates, long decimals, units in the header."""
    rng = np.random.default_rng(seed)
    lines = ["Date/Time,LV ActivePower (kW),Wind Speed (m/s),Theoretical_Power_Curve (KWh),Wind Direction (°)"]
    for i in range(n):
        wind = abs(rng.normal(8, 2))
        curve = min(3600, 3 * wind**3)
        power = 60_000 if far else curve + rng.normal(0, 30)
        t = start + timedelta(minutes=10 * i)
        lines.append(f"{t:%d %m %Y %H:%M},{power:.10f},{wind:.10f},{curve:.10f},{rng.uniform(0, 360):.10f}")
    return lines


def room(n, seed, start=datetime(2015, 2, 4, 17, 51), far=False):
    """Quotes, the names of R's rows without a name of their own, ISO datetimes."""
    rng = np.random.default_rng(seed)
    lines = ['"date","Temperature","Humidity","Light","CO2","HumidityRatio","Occupancy"']
    for i in range(n):
        x = rng.normal()
        light = 90_000 if far else max(0.0, rng.normal(0, 1))
        t = start + timedelta(minutes=i)
        cells = (
            f"{21 + x:.2f},{27 + x / 2:.4f},{light:.1f},{450 + 20 * x + rng.normal():.1f},{0.0045 + 0.0001 * x:.12f},0"
        )
        lines.append(f'"{i + 1}","{t:%Y-%m-%d %H:%M:%S}",{cells}')
    return lines
