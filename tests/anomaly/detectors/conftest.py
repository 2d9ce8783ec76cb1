"""Fitted detectors that several tests share: they only read them."""

import pytest

from anomaly import TableDetector
from anomaly.datasets import make_transactions
from tests.anomaly.detectors.planes import QUICK, planes


@pytest.fixture(scope="package")
def fitted():
    x, y = planes()
    return TableDetector(**QUICK).fit(x[y == 0])


@pytest.fixture(scope="package")
def mixed():
    data = make_transactions(n_records=400, random_state=0)
    return TableDetector(**{**QUICK, "epochs": 5}).fit(data.columns), data
