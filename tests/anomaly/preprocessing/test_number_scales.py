"""Scales of numbers with ``scaling="core"`` and ``missing="nan"``: heavy tails, nearly constant columns, hours."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.errors import DataError
from anomaly.preprocessing import TablePreprocessor
from anomaly.preprocessing.scaling.linear import CoreScaler

RNG = np.random.default_rng(0)
NORMAL = RNG.standard_normal(1000)
AMOUNTS = np.exp(2 * NORMAL).round(4)


def fitted(columns, **settings):
    return TablePreprocessor("core", missing="nan", **{"dates": "number", **settings}).fit(columns)


def restored(preprocessor):
    config, arrays = preprocessor.get_state()
    return TablePreprocessor.from_state(json.loads(json.dumps(config)), arrays)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (NORMAL, False),
        (np.exp(NORMAL), False),
        (RNG.exponential(size=1000), False),
        (RNG.uniform(size=1000), False),
        (AMOUNTS, True),
        (-AMOUNTS, True),
        (AMOUNTS - 3, True),
        (RNG.standard_cauchy(1000), True),
        (np.r_[NORMAL, np.full(19, 1e9)], False),  # a few stray values
        (np.r_[NORMAL[:50], np.full(4, 1e9)], False),  # 7 %, but few
        (np.r_[NORMAL[:50], np.full(5, 1e9)], True),
        (np.r_[NORMAL, np.full(25, 50.0)], True),
        (np.r_[np.zeros(950), NORMAL[:50]], True),  # nearly always the same
        (np.r_[np.zeros(30), 1.0, 2.0, 3.5], True),
        (np.full(100, 3.0), False),
        (3 + 1e-16 * NORMAL, False),
        (NORMAL[:8], False),
        (np.array([5.0]), False),
    ],
)
@pytest.mark.filterwarnings("ignore::anomaly.errors.ConstantColumnWarning")
def test_which_columns_have_a_heavy_tail(numbers, expected):
    names = fitted({"n": RNG.permutation(numbers)}).feature_names_out_
    assert names == (("n", "n (compressed)") if expected else ("n",))
    for other in (TablePreprocessor("core"), TablePreprocessor("standard", missing="nan")):
        assert other.fit({"n": numbers}).feature_names_out_ == ("n",)


def test_a_column_without_a_heavy_tail_is_scaled_by_its_core():
    numbers = np.stack([NORMAL, np.exp(NORMAL), np.full(1000, 3.0)], axis=1)
    numbers[:100, 0] = np.nan
    features = fitted(numbers).transform(numbers)
    expected = CoreScaler().fit(numbers).transform(numbers).astype(np.float32)
    np.testing.assert_array_equal(np.delete(features, 1, axis=1), expected)  # without the mark


def core(numbers):
    low, middle, high = np.quantile(numbers, [0.1, 0.5, 0.9])
    return middle, (high - low) / 2.5631031310892007


@pytest.mark.parametrize("shift", [0.0, -10.0])
def test_the_two_numbers_are_those_of_the_formulas(shift):
    numbers = AMOUNTS + shift
    plain, compressed = fitted({"n": numbers}).transform({"n": numbers}).T
    center, spread = core(numbers)
    np.testing.assert_allclose(plain, (numbers - center) / numbers.std(), rtol=1e-5, atol=1e-6)
    if shift:
        logarithm = np.arcsinh((numbers - center) / spread)
    else:
        logarithm = np.arcsinh(numbers / np.quantile(numbers, 0.1))
    center, spread = core(logarithm)
    np.testing.assert_allclose(compressed, (logarithm - center) / spread, rtol=1e-5, atol=1e-6)


def test_a_value_of_a_column_that_is_nearly_always_the_same_is_not_far_from_all():
    others = np.array([1.0, 1.5, 2.0, 2.5, 3.0, 7000.0, 2.0])  # of which 2 is the median
    numbers = np.r_[np.full(950, 7.0), 7 + np.repeat(others, 5)]
    plain, compressed = fitted({"n": numbers}).transform({"n": 7 + np.r_[0.0, others]}).T
    np.testing.assert_allclose(compressed, np.arcsinh(np.r_[0, others] / 2), rtol=1e-6)
    np.testing.assert_allclose(plain * numbers.std(), np.r_[0, others], rtol=1e-6)


@settings(max_examples=30)
@given(unit=st.floats(1e-200, 1e200), seed=st.integers(0, 99))
def test_features_do_not_depend_on_the_unit(unit, seed):
    rng = np.random.default_rng(seed)
    numbers = np.exp(rng.uniform(0.5, 3) * rng.standard_normal(200)) - rng.integers(0, 2)
    numbers[rng.random(200) < 0.1] = np.nan
    one, other = (fitted({"n": scale * numbers}).transform({"n": scale * numbers}) for scale in (1.0, unit))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_holes_are_holes_of_both_numbers_with_one_mark():
    numbers = AMOUNTS.copy()
    numbers[::10] = np.nan
    preprocessor = fitted({"n": numbers, "m": NORMAL})
    assert preprocessor.feature_names_out_ == ("n", "n (compressed)", "n=<missing>", "m")
    assert preprocessor.marks_.tolist() == [False, False, True, False]
    assert preprocessor.feature_columns_.tolist() == [0, 0, 0, 1]
    np.testing.assert_allclose(preprocessor.fill_values_, 0, atol=0.01)
    features = preprocessor.transform({"n": numbers, "m": NORMAL})
    np.testing.assert_array_equal(np.isnan(features[:, :2]), np.isnan(numbers)[:, np.newaxis].repeat(2, axis=1))
    np.testing.assert_array_equal(features[:, 2], np.isnan(numbers))
    np.testing.assert_array_equal(np.isnan(preprocessor.inverse_transform(features)["n"]), np.isnan(numbers))


def test_a_matrix_a_table_and_text_give_the_same():
    x = np.stack([AMOUNTS, NORMAL, np.r_[np.zeros(950), NORMAL[:50]]], axis=1)
    of_matrix = fitted(x)
    features = of_matrix.transform(x)
    assert features.shape == (1000, 5)
    np.testing.assert_array_equal(of_matrix.fit_transform(x), features)
    table = {name: list(map(str, x[:, j].tolist())) for j, name in enumerate("abc")}
    np.testing.assert_array_equal(fitted(table).transform(table), features)
    np.testing.assert_array_equal(np.concatenate([of_matrix.transform(x[:1]), of_matrix.transform(x[1:])]), features)


def test_numbers_come_back_as_they_were():
    rng = np.random.default_rng(1)
    counts = np.rint(np.exp(rng.normal(6, 2, 1000)))
    columns = {"count": counts, "amount": AMOUNTS, "mostly": np.r_[np.zeros(950), NORMAL[:50]]}
    preprocessor = fitted(columns)
    back = preprocessor.inverse_transform(preprocessor.transform(columns))
    np.testing.assert_array_equal(back["count"], counts)
    np.testing.assert_allclose(back["amount"], AMOUNTS, rtol=1e-4)
    np.testing.assert_allclose(back["mostly"], columns["mostly"], rtol=1e-4, atol=1e-6)


def test_a_reconstruction_is_the_number_of_the_compressed_feature():
    preprocessor = fitted({"n": AMOUNTS})
    features = preprocessor.transform({"n": [1.0, 0.01]})
    wrong = features + np.array([[0.1, 0.0]], np.float32)  # a tenth of a standard deviation is many times 1.0
    assert AMOUNTS.std() > 10
    np.testing.assert_allclose(preprocessor.inverse_transform(wrong)["n"], [1.0, 0.01], rtol=1e-4)
    features[:, 1] = 1e6  # of no finite number
    np.testing.assert_allclose(preprocessor.inverse_transform(features)["n"], [1.0, 0.01], rtol=1e-2)


@pytest.mark.parametrize("largest", [1e300, 1.7e308])
def test_the_largest_numbers_have_finite_features(largest):
    numbers = np.r_[NORMAL[:200], np.full(20, -largest), np.full(20, largest)]
    features = fitted({"n": numbers}).transform({"n": numbers})
    assert np.isfinite(features).all()
    with pytest.raises(DataError, match="column 'n': found inf, expected a finite number"):
        fitted({"n": numbers}).transform({"n": [1.0, np.inf]})


# -- hours and weekdays ------------------------------------------------------------------------


def test_hours_and_weekdays_stay_on_their_circles():
    # In office hours, sine and cosine have different spreads.
    seconds = 86_400 * (np.arange(1000) % 21) + 3600 * (13 + 2 * NORMAL)
    columns = {"time": np.datetime64("2024-05-13T00:00", "s") + seconds.astype("m8[s]"), "n": NORMAL}
    for dates, first in (("cycles", 0), ("number", 1)):
        features = fitted(columns, dates=dates).transform(columns)[:, first : first + 4]
        for circle, days in ((features[:, :2], 1), (features[:, 2:], 7)):
            distances = np.linalg.norm(circle - circle[0], axis=1)
            angles = np.pi * (seconds - seconds[0]) / 86_400 / days
            np.testing.assert_allclose(distances, 2 * np.abs(np.sin(angles)), atol=1e-3)
    standard = TablePreprocessor("standard", missing="nan").fit(columns)
    np.testing.assert_allclose(standard.transform(columns)[:, :4].std(axis=0), 1, rtol=1e-4)


# -- files -------------------------------------------------------------------------------------


def test_the_state_gives_the_same_features_to_the_last_bit():
    columns = {"a": AMOUNTS, "c": ["x", "y"] * 500, "b": np.r_[np.zeros(950), NORMAL[:50]], "n": NORMAL}
    preprocessor = fitted(columns)
    copy = restored(preprocessor)
    assert copy.describe() == preprocessor.describe()
    assert copy.describe()[0].endswith("; heavy tail")
    assert copy.kinds_["a"] == "number"
    assert copy.feature_names_out_ == preprocessor.feature_names_out_
    np.testing.assert_array_equal(copy.transform(columns), preprocessor.transform(columns))


def test_a_state_with_other_numbers_of_features_is_refused():
    config, arrays = fitted({"a": AMOUNTS, "n": NORMAL}).get_state()
    del config["columns"][0]["heavy_tail"]
    with pytest.raises(DataError, match="expected 2 values in 'medians'; found 3"):
        TablePreprocessor.from_state(config, arrays)
