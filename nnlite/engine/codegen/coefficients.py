"""Formats of floating-point numbers, and the coefficients of the elementary functions in each.

Each polynomial has the smallest maximum relative error over its interval, found by Remez's exchange in 50 digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Format:
    """A binary floating-point format, and the constants of each function in it."""

    real: Any  # NumPy's scalar types of the numbers and of their bits
    bits: Any
    digits: int  # stored bits of the significand
    bias: int  # of the exponent
    exp_range: tuple[float, float]  # beyond, exp is 0 or infinite
    expm1_floor: float  # below, expm1 is -1
    erf_ceiling: float  # above, erf is 1
    ln2_high: float  # with so few digits that n ln2_high is exact
    exp_tail: tuple[float, ...]  # (e^r - 1 - r) / r^2
    log_tail: tuple[float, ...]  # (2 artanh(s) / s - 2) / s^2 by s^2
    tanh_tail: tuple[float, ...]  # (tanh(x) / x - 1) / x^2 by x^2
    erf_tail: tuple[float, ...]  # erf(x) / x - 1 by x^2
    erfc_log: tuple[float, ...]  # -log(erfc(1 + t))

    @property
    def sign_bit(self) -> int:
        """Index of the sign bit."""
        return 8 * np.dtype(self.real).itemsize - 1

    @property
    def ln2_low(self) -> float:
        """The difference of log 2 and `ln2_high`.

        To 60 digits, log 2 = 0.6931471805599453 + 2.319046813846299558e-17.
        """
        return (math.log(2) - self.ln2_high) + 2.319046813846299558e-17


SINGLE = Format(
    real=np.float32,
    bits=np.uint32,
    digits=23,
    bias=127,
    exp_range=(-104.0, 89.0),
    expm1_floor=-18.0,
    erf_ceiling=4.0,
    ln2_high=float.fromhex("0x1.62e4p-1"),
    exp_tail=(
        *(0.500000004641367593, 0.166666668170914119, 0.0416663546635562056),
        *(0.0083332730467411443, 0.0013941008322051954, 0.000199141717567135158),
    ),
    log_tail=(0.666666655996580766, 0.400003464481261383, 0.285365436565532646, 0.235975175230131907),
    tanh_tail=(
        *(-0.333333308640062283, 0.133332079816832822, -0.0539469668466181944),
        *(0.0217016056908922998, -0.00817916910189853124, 0.002144210578503251),
    ),
    erf_tail=(
        *(0.128379165905992386, -0.376126270702176951, 0.112835992938799329, -0.0268544020405286133),
        *(0.00518944384026617685, -0.00080199442150261376, 0.0000788585054981360513),
    ),
    erfc_log=(
        *(1.84960551648039392, 2.63896681592796147, 0.843118336512997634, 0.0415006877303149035),
        *(-0.00989089077162009395, 0.00182616219541619186, -0.000185573700116992731),
    ),
)

DOUBLE = Format(
    real=np.float64,
    bits=np.uint64,
    digits=52,
    bias=1023,
    exp_range=(-746.0, 710.0),
    expm1_floor=-40.0,
    erf_ceiling=6.0,
    ln2_high=float.fromhex("0x1.62e42fefap-1"),
    exp_tail=(
        *(0.5, 0.166666666666666766, 0.0416666666666667014, 0.00833333333332161573),
        *(0.0013888888888866842, 0.000198412698861587385, 0.0000248015873605440825, 2.75572441817185666e-6),
        *(2.75572427722812621e-7, 2.51090449629020351e-8, 2.09244389462278732e-9),
    ),
    log_tail=(
        *(0.666666666666673981, 0.399999999993748051, 0.285714287520681733, 0.22222197503295371),
        *(0.181836236194959388, 0.1531244517671989, 0.148128456197401115),
    ),
    tanh_tail=(
        *(-0.333333333333333131, 0.133333333333297772, -0.053968253966072175, 0.02186948846894303),
        *(-0.00886323431429374812, 0.00359211400025427876, -0.00145572585412478492, 0.00058945102255853382),
        *(-0.000237008583791561901, 0.0000915512486552524098, -0.0000301784537622230037, 6.03796716639614349e-6),
    ),
    erf_tail=(
        *(0.128379167095512567, -0.376126389031835444, 0.112837916709451569, -0.0268661706432600687),
        *(0.00522397760728526559, -0.000854832598282586608, 0.00012055295108323653, -0.000014924740469669401),
        *(1.64474645893267678e-6, -1.62087597286519946e-7, 1.37211370200039955e-8, -7.79768671199881803e-10),
    ),
    erfc_log=(
        *(1.84960550993324829, 2.63896751423477578, 0.843107256359412747, 0.0415610980250771577),
        *(-0.0100338251790920745, 0.00197790121566053233, -0.00023731643440844839, -0.0000262963274529461316),
        *(0.0000271989731890153637, -9.67137748530758837e-6, 2.1319404809527831e-6, -2.04812637448836133e-7),
        *(-5.80110715415801731e-8, 3.33910022070487743e-8, -8.51869003721132177e-9, 1.31908638248902134e-9),
        *(-1.1932397718409061e-10, 4.86492489902820157e-12),
    ),
)
