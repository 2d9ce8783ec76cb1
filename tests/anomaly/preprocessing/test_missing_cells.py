"""Features of missing cells with ``missing="nan"``: holes, marks and levels."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.errors import DataError, EmptyColumnWarning
from anomaly.preprocessing import FEATURE_LIMIT, TablePreprocessor

N = 120
WORDS = {"words": ["Yes", "no"], "codes": ["2", "3", "4", "5more"], "text": ["red", "green", "blue", "teal"]}
KINDS = ("number", "levels", "boolean", "date", *WORDS)


def column(kind, rng):
    """Return N cells of one kind."""
    if kind in WORDS:
        return [WORDS[kind][i] for i in rng.integers(len(WORDS[kind]), size=N)]
    if kind == "boolean":
        return (rng.random(N) < 0.4).tolist()
    if kind == "date":
        return [str(np.datetime64("2024-01-01") + int(day)) for day in rng.integers(900, size=N)]
    return rng.normal(size=N).tolist() if kind == "number" else rng.integers(1, 5, size=N).tolist()


@st.composite
def tables(draw):
    """Return a table of columns of every kind, and the same table with some cells missing."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    whole = {f"{kind} {j}": column(kind, rng) for j, kind in enumerate(kinds)}
    # The few words that would be left of a column of text are of another kind, or rare.
    fractions = [draw(st.sampled_from([0.0, 0.02, 0.3] + [0.97] * (kind not in WORDS))) for kind in kinds]
    holes = {name: rng.random(N) < fraction for name, fraction in zip(whole, fractions, strict=True)}
    with_holes = {name: [None if h else c for c, h in zip(whole[name], holes[name], strict=True)] for name in whole}
    return whole, {
        name: cells if any(c is not None for c in cells) else whole[name] for name, cells in with_holes.items()
    }


def fitted(columns, **settings):
    return TablePreprocessor("core", missing="nan", dates="number", **settings).fit(columns)


def one_by_one(columns):
    return [
        {name: [cell] for name, cell in zip(columns, row, strict=True)} for row in zip(*columns.values(), strict=True)
    ]


@settings(max_examples=40)
@given(both=tables())
def test_holes_are_exactly_where_cells_are_missing_and_have_no_level(both):
    _, columns = both
    preprocessor = fitted(columns)
    features = preprocessor.transform(columns)
    for j, (name, cells) in enumerate(columns.items()):
        own = preprocessor.feature_columns_ == j
        missing = np.array([cell is None for cell in cells])
        assert preprocessor.missing_fraction_[j] == missing.mean()
        is_category = preprocessor.kinds_[name] == "category"
        has_own = f"{name}=<missing>" in preprocessor.feature_names_out_
        assert has_own == (0.05 <= missing.mean() <= 0.95)
        marks = features[:, own & preprocessor.marks_]
        assert marks.shape[1] == (has_own and not is_category)
        np.testing.assert_array_equal(marks, np.repeat(missing[:, np.newaxis], marks.shape[1], axis=1))
        holes = np.isnan(features[:, own & ~preprocessor.marks_])
        expected = missing & ~(is_category and has_own)
        np.testing.assert_array_equal(holes, np.repeat(expected[:, np.newaxis], holes.shape[1], axis=1))


@settings(max_examples=40)
@given(both=tables())
def test_rows_do_not_depend_on_one_another(both):
    whole, columns = both
    preprocessor = fitted(columns)
    features = preprocessor.fit_transform(columns)
    assert features.dtype == np.float32
    assert features.flags.c_contiguous
    np.testing.assert_array_equal(preprocessor.transform(columns), features)
    np.testing.assert_array_equal(
        np.concatenate([preprocessor.transform(row) for row in one_by_one(columns)]), features
    )
    complete = np.array([all(cell is not None for cell in row) for row in zip(*columns.values(), strict=True)])
    np.testing.assert_array_equal(preprocessor.transform(whole)[complete], features[complete])


@settings(max_examples=40)
@given(both=tables())
def test_a_state_keeps_everything(both):
    _, columns = both
    preprocessor = fitted(columns)
    config, arrays = preprocessor.get_state()
    copy = TablePreprocessor.from_state(json.loads(json.dumps(config)), arrays)
    np.testing.assert_array_equal(copy.transform(columns), preprocessor.transform(columns))
    for name in ("marks_", "fill_values_", "missing_fraction_"):
        np.testing.assert_array_equal(getattr(copy, name), getattr(preprocessor, name))
    assert copy.describe() == preprocessor.describe()
    assert copy.kinds_ == preprocessor.kinds_


@settings(max_examples=40)
@given(both=tables())
def test_cells_come_back(both):
    _, columns = both
    preprocessor = fitted(columns)
    restored = preprocessor.inverse_transform(preprocessor.transform(columns))
    for name, cells in columns.items():
        for cell, back in zip(cells, restored[name].tolist(), strict=True):
            if cell is None:
                assert back is None or back != back
            elif name.startswith("number"):
                assert back == pytest.approx(cell, abs=1e-5)
            elif name.startswith(("words", "boolean")):
                expected = cell in (True, "Yes")
                assert back in (expected, str(expected).lower())  # text or a number where others are missing
            elif name.startswith("date"):
                assert str(back)[:10] == cell
            else:
                assert back == cell


@settings(max_examples=20)
@given(both=tables())
def test_the_values_that_stand_in_are_a_record(both):
    _, columns = both
    preprocessor = fitted(columns)
    fill = preprocessor.fill_values_
    assert fill.dtype == np.float32
    assert not fill[preprocessor.marks_].any()
    filled = preprocessor.inverse_transform(fill[np.newaxis])
    for name, cells in columns.items():
        present = pd.Series([cell for cell in cells if cell is not None])
        if name.startswith("number"):
            assert filled[name][0] == pytest.approx(present.median(), abs=1e-5)
        elif name.startswith(("codes", "text", "levels")) and preprocessor.kinds_[name] == "category":
            counts = present.value_counts()
            assert counts[filled[name][0]] == counts.max()


def test_the_median_treatment_has_the_attributes_too():
    columns = {"n": [1.0, None, 4.0, 5.0], "c": ["a", "b", "b", None]}
    preprocessor = TablePreprocessor("none").fit(columns)
    assert preprocessor.feature_names_out_ == ("n", "n=<missing>", "c=b", "c=<rare>", "c=<missing>", "c=<unseen>")
    assert preprocessor.marks_.tolist() == [False, True, False, False, False, False]
    assert preprocessor.fill_values_.tolist() == [4.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    assert preprocessor.missing_fraction_.tolist() == [0.25, 0.25]


def test_a_matrix_without_levels_and_a_table_give_the_same():
    x = np.random.default_rng(0).normal(size=(50, 3))
    x[:10, 0], x[3, 1] = np.nan, np.nan
    of_matrix = TablePreprocessor(missing="nan").fit(x)
    features = of_matrix.transform(x)
    table = pd.DataFrame(x, columns=list("abc"))
    np.testing.assert_array_equal(TablePreprocessor(missing="nan").fit_transform(table), features)
    np.testing.assert_array_equal(np.isnan(features), np.insert(np.isnan(x), 1, False, axis=1))
    assert of_matrix.marks_.tolist() == [False, True, False, False]


# -- columns without values --------------------------------------------------------------------


@pytest.mark.parametrize("empty", [[None] * 4, [np.nan] * 4, ["NA", "?", "", None], [pd.NaT] * 4])
@pytest.mark.parametrize("categorical", [None, ["m"]])
def test_a_column_without_values_is_ignored_with_a_warning(empty, categorical):
    preprocessor = TablePreprocessor(missing="nan", categorical=categorical)
    with pytest.warns(EmptyColumnWarning, match="all values missing in the training rows.* ignored: 'm'$"):
        preprocessor.fit({"n": [1.0, 2.0, 3.0, 5.0], "m": empty})
    assert preprocessor.feature_names_out_ == ("n",)
    assert preprocessor.feature_names_in_.tolist() == ["n", "m"]
    assert preprocessor.kinds_["m"] == "ignored"
    assert preprocessor.missing_fraction_.tolist() == [0.0, 1.0]
    assert preprocessor.describe()[1] == "m  ignored   all values missing in training"
    assert preprocessor.transform({"n": [2.5, 2.5], "m": ["anything", np.inf]}).shape == (2, 1)
    with pytest.raises(DataError, match="columns missing: 'm'"):
        preprocessor.transform({"n": [2.5]})


def test_a_column_of_a_matrix_without_values_is_ignored():
    x = np.column_stack([np.arange(9.0), np.full(9, np.nan)])
    with pytest.warns(EmptyColumnWarning):
        preprocessor = TablePreprocessor(missing="nan").fit(x)
    assert preprocessor.transform(x).shape == (9, 1)


@pytest.mark.filterwarnings("ignore::anomaly.errors.EmptyColumnWarning")
def test_a_table_without_values_is_refused():
    with pytest.raises(DataError, match="column 'n': all values missing in the training rows"):
        TablePreprocessor(missing="nan").fit({"n": [None, None], "m": ["NA", ""]})


# -- kinds -------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::anomaly.errors.ConstantColumnWarning")
def test_few_numbers_and_booleans_are_levels():
    columns = {
        "few": [1, 2, 3, 2] * 10, "two": [0.5, 1.5] * 20, "ten": list(range(10)) * 4, "one": [7.0] * 40,
        "half": [1, 2, 2.5, 3] * 10, "flag": [True, False] * 20, "word": ["y", "N"] * 20,
        "text": ["1", "2.0", "1.0", "2"] * 10,
    }  # fmt: skip
    preprocessor = fitted(columns)
    assert preprocessor.kinds_ == {
        "few": "category", "two": "category", "ten": "number", "one": "number",
        "half": "number", "flag": "category", "word": "category", "text": "category",
    }  # fmt: skip
    names = preprocessor.feature_names_out_
    assert [name for name in names if name.startswith("text")] == ["text=1", "text=2", "text=<unseen>"]
    assert TablePreprocessor().fit(columns).kinds_["few"] == "number"
    assert fitted({"few": [1, 2] * 4, "flag": [True, False] * 4}).kinds_ == {"few": "number", "flag": "boolean"}
    assert preprocessor.describe()[0] == "few   category  3 numbers as categories: '1', '2', '3'; unseen"
    assert preprocessor.describe()[5] == "flag  category  2 booleans as categories: 'False', 'True'; unseen"


@pytest.mark.parametrize(
    ("new", "size"),
    [(6, 1), (7, 2), (2.5, 1), ("7", 2), ("2.5", 1), ("two", 1), (np.inf, FEATURE_LIMIT), (-1, 2), (5005, 5000)],
)
def test_a_new_level_is_unseen_and_the_more_so_the_farther_it_is(new, size):
    preprocessor = fitted({"few": [1, 2, 3, 4, 5] * 10})
    assert preprocessor.transform({"few": [new, 1]}).tolist() == [[0.0] * 5 + [size], [1.0] + [0.0] * 5]
    assert preprocessor.transform({"few": [str(new), "1"]})[0].tolist() == [0.0] * 5 + [size]
    assert np.isnan(preprocessor.inverse_transform(preprocessor.transform({"few": [new]}))["few"][0])


def test_the_unit_of_new_levels_is_that_of_the_levels():
    preprocessor = fitted({"few": [0, 100, 600] * 10, "flag": [True, False] * 15}, category_weight=0.5)
    features = preprocessor.transform({"few": [1200, 850, 900], "flag": ["5000", None, True]})
    assert features[:, 3].tolist() == [1.0, 0.5, 0.5]
    assert features[0, 4:].tolist() == [0.0, 0.0, 0.5]


@pytest.mark.parametrize("same", [2, 2.0, "2", "2.0", "2.00", " 2 ", "2e0"])
def test_a_level_is_found_in_every_spelling(same):
    preprocessor = fitted({"few": [1, 2, 3, 4, 5] * 10})
    assert preprocessor.transform({"few": [same]}).tolist() == [[0.0, 1.0, 0.0, 0.0, 0.0, 0.0]]


def test_the_levels_of_a_mismatch_weigh_the_same():
    preprocessor = fitted({"few": [0, 5, 1000] * 9, "flag": [True, False, False] * 9})
    x = preprocessor.transform({"few": [0, 5, 1000, 3], "flag": [True, True, False, "maybe"]})
    few, flag = x[:, :4], x[:, 4:]
    np.testing.assert_allclose(np.square(few[:, np.newaxis] - few).sum(-1), 2 * (1 - np.eye(4)))
    assert np.square(flag[0] - flag[2]).sum() == np.square(flag[0] - flag[3]).sum() == 2


# -- expectations ------------------------------------------------------------------------------


def test_no_expected_category_is_a_group():
    preprocessor = fitted({"c": ["a"] * 9 + ["b"] * 6 + ["e", "d", "d"], "n": list(range(18))}, min_category_count=4)
    assert preprocessor.feature_names_out_[:4] == ("c=a", "c=b", "c=<rare>", "c=<unseen>")
    features = np.zeros((5, 5), np.float32)
    features[:, :4] = [[0.1, 0.2, 0.9, 1.0], [0.1, 0.2, 0.0, 1.0], [0, 0, 0, 1], [-0.3, -0.1, -0.2, -0.1], [np.nan] * 4]
    assert preprocessor.inverse_transform(features)["c"].tolist() == ["d", "b", None, "b", None]


def test_nothing_is_expected_of_a_column_in_which_most_values_occur_once():
    preprocessor = fitted({"name": ["Ann", "Ann", "Bob", "Cy", "Dee"], "n": [1.0, 2.0, 3.0, 5.0, 8.0]})
    assert preprocessor.inverse_transform(np.array([[0, 1, 0], [1, 0, 0]], np.float32))["name"].tolist() == [
        None,
        "Ann",
    ]


def test_marks_do_not_hide_a_filled_value():
    preprocessor = fitted({"n": [1.0, 2.0, None, 4.0]})
    assert preprocessor.inverse_transform(np.array([[0.0, 1.0]], np.float32))["n"].tolist() == [2.0]
