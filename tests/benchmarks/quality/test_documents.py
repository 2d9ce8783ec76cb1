"""The pages about the comparison and the defaults say what is so."""

import inspect
import re
from pathlib import Path

import pytest

from anomaly import TableDetector
from benchmarks.quality import choices, fit_times
from benchmarks.quality.command import make_parser
from benchmarks.quality.protocols import PROTOCOLS

ROOT = Path(__file__).parents[3]
DEFAULTS, QUALITY = ROOT / "docs" / "defaults.md", ROOT / "benchmarks" / "quality" / "README.md"

if not DEFAULTS.exists():
    pytest.skip("the pages are tested in a checkout, where they are", allow_module_level=True)


def cells(path, column):
    """Return the cells of a column of the tables of a page."""
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [row.split("|")[column + 1].strip() for row in rows]


def test_the_defaults_are_those_of_the_detector():
    found = {name: value.default for name, value in inspect.signature(TableDetector).parameters.items()}
    named = [re.fullmatch(r"`(\w+)=(.*)`", cell) for cell in cells(DEFAULTS, 0)]
    said = {match[1]: match[2] for match in named if match}
    assert len(said) > 5
    assert said == {name: repr(found[name]).replace("'", '"') for name in said}


def test_every_protocol_is_described():
    assert {f"`{name}`" for name in (*PROTOCOLS, "reasons")} == {
        cell for cell in cells(QUALITY, 0) if cell.startswith("`")
    }


@pytest.mark.parametrize("path", [DEFAULTS, QUALITY])
def test_commands_and_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)", text):
        assert (path.parent / target).exists(), target
    for module in re.findall(r"benchmarks\.([a-z_]+\.[a-z_]+)", text):
        assert (ROOT / "benchmarks" / f"{module.replace('.', '/')}.py").exists(), module


def test_the_command_of_the_page_is_understood():
    (line,) = re.findall(r"python -m benchmarks quality (--protocols .*)", QUALITY.read_text(encoding="utf-8"))
    options = make_parser().parse_args(line.split())
    assert options.seeds == 2
    assert options.protocols == ("one-class", "missing", "uses")
    for module in (choices, fit_times):
        with pytest.raises(SystemExit) as stop:
            module.main(["--help"])
        assert stop.value.code == 0
