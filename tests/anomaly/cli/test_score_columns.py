"""Columns beside a score."""

import numpy as np
import pytest

from anomaly.cli.score_columns import ScoreColumns, score_names, top_columns, top_names
from anomaly.tables import as_table


def test_the_columns_with_the_largest_contributions_come_first_with_their_values():
    found = as_table({"amount": [9400.0, np.nan], "country": ["FR", None], "paid": [True, False]})
    datetimes = np.array(["2026-01-02T03:04:05.678901", "NaT"], "M8[us]")
    expected = as_table({"amount": [1 / 3, 2.0], "country": ["DE", "DE"], "paid": [True, True]})
    contributions = np.array([[3.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    columns = top_columns(contributions, ["amount", "country", "paid"], 2, found, expected)
    assert [column.tolist() for column in columns] == [
        ["amount", "paid"], ["0.7500", "0.7500"], ["9400", "False"], ["0.333333", "True"],
        ["country", "country"], ["0.2500", "0.2500"], ["FR", ""], ["DE", "DE"],
    ]  # fmt: skip
    dates = as_table({"amount": datetimes, "country": datetimes, "paid": datetimes})
    values = top_columns(contributions, ["amount", "country", "paid"], 1, dates)[2]
    assert values.tolist() == [
        "2026-01-02T03:04:05",
        "",
    ]


def test_expected_values_are_written_as_the_cells_beside_them():
    amounts = np.array(["38.7", "2647,23", "1.000000001", "12"], dtype=object)
    expected = as_table({"amount": [50.0, 30.6125, 2.0, 0.25]})
    write = {"2647,23": "30,61"}
    columns = top_columns(
        np.ones((4, 1)), ["amount"], 1, as_table({"amount": amounts}), expected, lambda *cell: write.get(cell[2])
    )
    assert columns[3].tolist() == ["50.0", "30,61", "2.00000", "0.25"]


def test_columns_without_names_go_by_their_order():
    found = as_table(np.array([[1.0, 2.0]]))
    assert top_columns(np.array([[0.0, 1.0]]), ["a", "b"], 1, found)[2].tolist() == ["2"]


def test_names_are_as_many_as_columns():
    contributions = np.ones((1, 3))
    table = as_table(np.ones((1, 3)))
    names = list(table.names)
    assert len(top_names(3, values=False)) == len(top_columns(contributions, names, 3))
    assert len(top_names(3, values=True)) == len(top_columns(contributions, names, 3, table, table))


def test_flags_are_labels_unless_a_threshold_is_given():
    scores, labels = np.array([0.5, 1.0, 1.0000001]), np.array([1, 0, 0])
    assert ScoreColumns(None, ["a"]).flags(scores, labels).tolist() == [1, 0, 0]
    assert ScoreColumns(1.0, ["a"]).flags(scores, labels).tolist() == [0, 0, 1]
    text, flags = ScoreColumns(None, ["a"]).compute(scores[:, np.newaxis], labels)
    assert text.tolist() == ["0.5", "1", "1.0000001"]
    assert flags.tolist() == [1, 0, 0]


def test_names_of_records_are_none_of_the_scores():
    assert score_names([], ["p_value"]) == ["row", "score", "is_anomaly", "p_value"]
    assert score_names(["row", "top_1"], []) == ["row", "top_1", "score", "is_anomaly"]
    for name in ("score", "is_anomaly", "top_1"):
        with pytest.raises(ValueError, match=f"--id is '{name}', which a column of the scores is called too"):
            score_names(["number", name], ["top_1"])
