"""The page of the forms of columns and files is that of the code, and its warnings are all there are."""

import re
import warnings
from argparse import Namespace
from pathlib import Path

import pytest

import anomaly
from anomaly.cli import dispatch
from anomaly.cli.commands import COMMANDS, EXIT_CODES
from anomaly.errors import DataWarning

ROOT = Path(anomaly.__file__).parent
DOCS = ROOT.parent / "docs"
if not DOCS.exists():
    pytest.skip("the page is tested in a checkout, where it is", allow_module_level=True)

from docs.make_data_forms import PAGE, page, warning_classes  # noqa: E402


def test_the_page_is_that_of_the_code():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(), "run python -m docs.make_data_forms"
    assert text.count("\n| ") > 250


def test_all_classes_of_warnings_are_in_one_place():
    found = [
        name for path in ROOT.rglob("*.py") for name in re.findall(r"class (\w+Warning)\(", path.read_text("utf-8"))
    ]
    assert set(found) == {one.__name__ for one in warning_classes()} | {"DataWarning"}
    assert all(getattr(anomaly.errors, name) for name in found)


@pytest.mark.parametrize("category", warning_classes())
def test_strict_makes_each_an_error(category, monkeypatch, capsys):
    def run(options):
        warnings.warn("something is odd", category, stacklevel=1)
        print("written")

    options = {"quiet": True, "progress": None, "command": "fit", "output": None}
    for strict in (True, False):
        monkeypatch.setattr(dispatch, "parse", lambda _, s=strict: Namespace(**options, strict=s, run=run))
        code = dispatch.run_command_line([])
        out, err = capsys.readouterr()
        assert (code, out) == ((2, "") if strict else (0, "written\n"))
        assert ("error: something is odd" in err) == strict
        assert "something is odd" in err
    assert issubclass(category, DataWarning)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_lists_the_exit_codes(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        dispatch.parse([command, "--help"])
    assert EXIT_CODES in capsys.readouterr().out
    assert re.findall(r"^  (\d+) ", EXIT_CODES, re.MULTILINE)[:4] == ["0", "1", "2", "3"]
