"""A variant is chosen on some tables and judged on others."""

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.errors import DataError
from benchmarks.quality.choices import Case, held_out, main, means
from benchmarks.quality.variants import VARIANTS
from tests.benchmarks.quality.made_data import labelled, write_mixed, write_tables

CASES = [
    *(Case("one-class", table) for table in "abcdef"),
    *(Case("missing-5", table) for table in "abcdef"),
    *(Case("uses", table) for table in ("sensors", "connections")),
]


def test_means_are_by_protocol():
    figures = np.zeros((len(CASES), 1, 2))
    figures[:6], figures[12:] = 0.6, 0.2
    np.testing.assert_allclose(means(CASES, figures)[:, 0, 0], [0.6, 0.0, 0.2])


def test_the_best_variant_is_chosen_and_evaluated_on_different_tables():
    figures = np.zeros((len(CASES), 3, 2))
    figures[:, 1] = 0.9
    # A variant that is best on one table by luck, in both protocols of that table.
    figures[[0, 6], 2] = 1.0
    best, counts = held_out(CASES, figures)
    assert best.shape == (3, 2)
    assert counts.argmax() == 1
    assert best.max() <= 0.9 + 1e-12


def test_every_protocol_has_tables_in_both_halves():
    figures = np.random.default_rng(0).random((len(CASES), 2, 2))
    best, counts = held_out(CASES, figures)
    assert np.isfinite(best).all()
    assert counts.sum() == 1000


def test_a_variant_that_refuses_a_table_has_the_figures_of_random_scores(tmp_path, capsys, monkeypatch):
    def refuse(self, x):
        raise DataError("no")

    write_tables(tmp_path)
    monkeypatch.setattr(TableDetector, "fit", refuse)
    main(["--data", str(tmp_path), "--variants", "defaults", "--protocols", "one-class"])
    out = capsys.readouterr().out
    assert "defaults: no" in out
    assert "0.500 / 0.182" in out, "20 of 110 test rows are anomalies"


@pytest.mark.parametrize("name", ["soft maximum", "scores averaged"])
def test_blends_that_no_parameter_can_request(name):
    x, _ = labelled()
    given = {"random_state": 0, "epochs": 2, "noise": 0.5}
    plain, changed = (VARIANTS[variant].fit(x, **given) for variant in ("defaults", name))
    by_member = [member.scores(plain.preprocessor_.transform(x)) for member in plain.members_]
    scores = changed.decision_function(x)
    assert (scores != plain.decision_function(x)).any()
    if name == "scores averaged":
        np.testing.assert_allclose(scores, np.average(by_member, axis=0, weights=plain.shares_), rtol=1e-3)


def test_a_variant_s_own_settings_go_before_those_it_is_given():
    x, _ = labelled()
    detector = VARIANTS["smaller networks"].fit(x, hidden=(4,), epochs=1)
    assert detector.hidden == (64, 64)
    assert detector.epochs == 1


def test_variants_are_compared_by_any_protocol(tmp_path, capsys):
    write_tables(tmp_path)
    write_mixed(tmp_path)
    main(["--data", str(tmp_path), "--protocols", "one-class,missing", "--variants", "defaults", "records alone"])
    *_, heading, defaults, _, last = capsys.readouterr().out.splitlines()
    assert heading.split() == ["variant", "one-class", "missing-0", "missing-5", "missing-20", "chosen"]
    assert defaults.startswith("defaults")
    assert last.startswith("chosen elsewhere")
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path), "--protocols", "nslkdd"])
