"""What the documentation promises holds, and a promise that does not hold is found."""

import json
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmarks.promises import catalogue, command
from benchmarks.promises.catalogue import FAMILIES, family
from benchmarks.promises.documents import text_of
from benchmarks.promises.promise import NEVER, Promise, about, always, at_least, at_most, between, exactly
from benchmarks.promises.run import outcomes

pytestmark = pytest.mark.all_folds


@pytest.mark.parametrize("name", FAMILIES)
def test_promises_stand_where_they_are_said_to_stand(name):
    for promise in family(name):
        quote = " ".join(promise.quote.split())
        assert quote in text_of(promise.where), f"{promise.where} no longer says {quote!r}: is the promise still made?"


# Explanations have a full form alone, of minutes.
@pytest.mark.parametrize("name", [name for name in FAMILIES if any(promise.short for promise in family(name))])
def test_promises_hold(name):
    found = list(outcomes(name, family(name), seeds=None, short=True))
    assert found
    assert [outcome for outcome in found if outcome.holds is False] == []


def test_names_of_promises_are_all_different():
    for name in FAMILIES:
        names = [(promise.where, promise.what, data) for promise in family(name) for data in promise.data]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("seed", range(5))
def test_a_mean_that_is_as_promised_holds_and_one_that_is_not_does_not(seed):
    values = np.random.default_rng(seed).normal(1.0, 0.1, size=50)
    for criterion in (exactly(1.0), about(1.0, 0.05), at_most(1.0), at_least(1.0), between(0.9, 1.1)):
        assert criterion.holds(values)
    for criterion in (exactly(1.2), about(1.2, 0.05), at_most(0.9), at_least(1.1), between(0.5, 0.9)):
        assert criterion.holds(values) is False


def test_few_or_spread_values_leave_it_open():
    values = [0.0, 0.0, 0.0, 10.0]
    assert at_most(1.0).holds(values) is None
    assert at_most(3.0).holds(values) is True


def test_one_exception_breaks_what_is_promised_of_every_case():
    assert NEVER.holds([0.0] * 9)
    assert NEVER.holds([0.0] * 9 + [1.0]) is False
    assert always(0.25).holds([0.25, 0.25])
    assert at_most(1.0, every=True).holds([0.5, 1.1]) is False


def test_chances_of_false_findings_are_as_stated():
    rng = np.random.default_rng(0)
    broken = [exactly(0.0).holds(values) is False for values in rng.normal(size=(20_000, 5))]
    assert 0.0002 < np.mean(broken) < 0.003


def _promises():
    return (
        Promise("anomaly", "", "coin", lambda seed, data: seed % 2, exactly(0.5), ("a", "b"), seeds=40, short=10),
        Promise("anomaly", "", "bias", lambda seed, data: 2.0 + seed % 2, at_most(1.0), seeds=40, short=0),
    )


def test_the_short_form_has_fewer_seeds_and_leaves_out_what_takes_long():
    found = list(outcomes("made up", _promises(), seeds=None, short=True))
    assert [(outcome.what, outcome.data, outcome.seeds) for outcome in found] == [("coin", "a", 10), ("coin", "b", 10)]


def test_warnings_that_are_due_do_not_end_a_simulation():
    def warned(seed, data):
        warnings.warn("as is due", UserWarning, stacklevel=1)
        return 0.0

    (outcome,) = outcomes("made up", [Promise("anomaly", "", "warned", warned, NEVER)], seeds=1, short=False)
    assert outcome.holds


@pytest.fixture
def made_up(monkeypatch):
    monkeypatch.setattr(command, "FAMILIES", ("made up",))
    monkeypatch.setattr(command, "family", lambda name: _promises())


def test_the_command_prints_a_table_and_tells_what_does_not_hold(made_up, capsys, tmp_path):
    path = tmp_path / "outcomes.json"
    assert command.main(["--json", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["promise", "data", "promised", "measured", "holds"]
    assert [line.split()[-1] for line in lines[1:4]] == ["yes", "yes", "NO"]
    assert lines[-1] == "3 measured: 1 do not hold, 0 need more seeds"
    written = json.loads(path.read_text())
    assert [outcome["holds"] for outcome in written] == [True, True, False]
    assert written[2]["measured"] == 2.5


def test_the_command_measures_what_is_asked_for(made_up, capsys):
    assert command.main(["--only", "coin", "--seeds", "6"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 measured: 0 do not hold, 0 need more seeds"
    assert command.main(["--only", "made up", "--short"]) == 0
    capsys.readouterr()
    with pytest.raises(SystemExit):
        command.main(["--only", "nothing of the kind"])
    assert "no promise has 'nothing of the kind' in its name" in capsys.readouterr().err


def test_the_command_lists_promises(made_up, capsys):
    assert command.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_places_that_do_not_exist_are_found_out():
    assert "Compare the scores" in text_of("anomaly evaluate --help")
    assert "nnlite" in text_of("README.md")
    with pytest.raises(LookupError, match="nothing at 'anomaly.metrics.roc_auk'"):
        text_of("anomaly.metrics.roc_auk")


def test_every_module_of_promises_is_in_the_catalogue():
    names = {path.stem for path in Path(catalogue.__file__).parent.glob("*.py")} - {"__init__"}
    assert {name for name in names if hasattr(import_module(f"benchmarks.promises.{name}"), "PROMISES")} == set(
        FAMILIES
    )
