"""Progress and curves in a notebook, by a stand-in for IPython."""

from __future__ import annotations

import sys
import types
from xml.etree import ElementTree

import numpy as np
import pytest

from anomaly import TableDetector
from nnlite.callbacks import EarlyStopping, LiveCurves
from nnlite.callbacks.live import curves_svg
from nnlite.layers import Dense, Input
from nnlite.models import Sequential

X = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)


@pytest.fixture
def shown(monkeypatch):
    """What a notebook is asked to show: the data of each call, by output."""
    outputs = {}

    def display(data, raw, display_id, update):
        assert raw
        assert update == (display_id in outputs)
        outputs.setdefault(display_id, []).append(data)

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=None)
    ipython.display = types.SimpleNamespace(display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return outputs


def fit(**arguments):
    model = Sequential([Input((3,)), Dense(2), Dense(3)])
    model.compile(optimizer="adam", loss="mse")
    return model.fit(X, X, **arguments)


def test_a_training_is_one_output_however_many_epochs(shown, capsys):
    fit(epochs=300)
    (calls,) = shown.values()
    assert len(calls) < 100
    assert calls[-1]["text/plain"].startswith("Epoch 300/300")
    assert 'value="1.000"' in calls[-1]["text/html"]
    assert capsys.readouterr().out == ""


def test_a_training_that_stops_early_shows_its_last_epoch(shown):
    history = fit(epochs=50, validation_split=0.25, callbacks=[EarlyStopping(patience=0, min_delta=10.0)])
    (calls,) = shown.values()
    assert len(history.epoch) < 50
    assert "val_loss" in calls[-1]["text/plain"]


@pytest.mark.parametrize("verbose", [0, 2])
def test_a_notebook_shows_no_bar_where_none_is_asked_for(verbose, shown, capsys):
    fit(epochs=2, verbose=verbose)
    assert not shown
    assert (capsys.readouterr().out == "") == (verbose == 0)


def test_a_detector_is_one_output_for_all_its_networks(shown, capsys):
    TableDetector(hidden=(4,), epochs=2, random_state=0, verbose=1).fit(X)
    (calls,) = shown.values()
    assert calls[-1]["text/plain"].startswith("fit  100 %")
    assert capsys.readouterr().out == ""


def test_live_curves_are_one_picture(shown):
    fit(epochs=5, verbose=0, callbacks=LiveCurves())
    (calls,) = shown.values()
    assert "epoch 5: loss" in calls[-1]["text/plain"]
    assert ElementTree.fromstring(calls[-1]["text/html"]).tag.endswith("svg")


def test_live_curves_outside_of_a_notebook_need_a_file(tmp_path):
    with pytest.raises(ValueError, match="path="):
        fit(epochs=1, verbose=0, callbacks=LiveCurves())
    fit(epochs=3, verbose=0, validation_split=0.25, callbacks=LiveCurves(tmp_path / "a.svg", names=["val_loss"]))
    text = (tmp_path / "a.svg").read_text()
    assert ">val_loss<" in text
    assert ">loss<" not in text


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"loss": [(1, float("nan"))]},
        {"loss": [(1, 0.0)]},
        {'<b>&"': [(1, 1e9), (2, 1e-9)]},
        {"a": [(5, -1.0), (6, 2.0)], "b": [(6, float("inf")), (7, 3.0)]},
    ],
)
def test_curves_are_valid_whatever_the_values_are(values):
    picture = ElementTree.fromstring(curves_svg(values))
    for line in picture.iter("{http://www.w3.org/2000/svg}polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 560
            assert 0 <= y <= 260
