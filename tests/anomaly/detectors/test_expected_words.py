"""What is said to be expected in a record: real categories, and values as their columns write them."""

import json
from functools import partial

import numpy as np
import pytest

from anomaly import AutoencoderDetector, TableDetector
from anomaly.cli.why import Reasons
from anomaly.tables import as_table

_N = 160


def texts(values):
    return np.array(list(values), dtype=object)


@pytest.fixture(scope="module")
def records():
    """Return records with rare towns, a code that is nearly always new, and amounts in euros."""
    rng = np.random.default_rng(0)
    town = texts(f"town {i // 2}" if i % 9 == 0 else ("Oslo", "Rome")[i % 2] for i in range(_N))
    amount = np.where(town == "Oslo", 50.0, 900.0) + rng.normal(size=_N)
    return as_table(
        {
            "load": amount * 2 + rng.normal(size=_N),
            "town": town,
            "code": texts(f"r{i // 3}" for i in range(_N)),
            "site": texts("abcd"[min(3, int(v))] for v in rng.exponential(0.6, _N)),
            "amount": texts(f"{v:.2f} €".replace(".", ",") for v in amount),
        }
    )


@pytest.fixture(scope="module")
def remembering(records):
    """Return a fitted detector that remembers records."""
    return TableDetector(hidden=(4,), epochs=2, random_state=0).fit(records)


@pytest.mark.parametrize("make", [None, partial(TableDetector, neighbors=0), AutoencoderDetector])
def test_no_category_is_ever_expected_to_be_a_group_of_categories(records, remembering, make):
    detector = remembering if make is None else make(hidden=(4,), epochs=2, random_state=0).fit(records)
    assert any("<rare>" in name for name in detector.preprocessor_.feature_names_out_)
    faulty = records.rows(np.arange(40))
    faulty = as_table(
        {name: texts(["new"] * 40) if name in ("town", "site") else faulty[name] for name in faulty.names}
    )
    for table in (records, faulty):
        expected = getattr(detector, "expected", None) or detector.reconstruct
        for name in ("town", "code", "site"):
            said = {value for value in expected(table)[name] if isinstance(value, str)}
            assert said <= {*map(str, records[name])}


def test_reasons_are_in_the_words_of_the_column(records, remembering, tmp_path):
    strange = as_table({**{name: records[name][:1] for name in records.names}, "amount": texts(["-7011,51 €"])})
    why = Reasons(["amount"], 1, remembering.expected, remembering.written_like)
    (said,) = why.texts(np.array([[1.0]]), strange)
    assert said.startswith("amount is -7011,51 €, expected about ")
    assert said.endswith(" €")
    assert "," in said.split("about ")[1]
    path = tmp_path / "report.html"
    remembering.report(strange, path)
    page = path.read_text(encoding="utf-8")
    # The page puts the sentence together from the values.
    for text in ("-7011,51 €", said.split("about ")[1]):
        assert text in page or json.dumps(text)[1:-1] in page
