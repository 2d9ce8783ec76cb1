"""What releases promise: versions, hashes, and the distribution for NumPy alone, held to each other."""

import re
import sys
from pathlib import Path

import pytest

if sys.version_info < (3, 11):
    pytest.skip("tomllib is in Python 3.11", allow_module_level=True)

import tomllib

import anomaly
import nnlite

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
INSTALLATION = (ROOT / "docs" / "installation.md").read_text()
VERSIONS = (ROOT / ".ci" / "versions").read_text()
ROWS = {
    cells[0]: cells[1:]
    for line in INSTALLATION.splitlines()
    if line.startswith("| ")
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}


def lower_bounds(requirements):
    return dict(match.groups() for one in requirements if (match := re.match(r"([\w-]+)>=([\d.]+)$", one)))


def padded(version):
    return tuple(map(int, version.split("."))) + (0,) * (3 - version.count(".") - 1)


def test_versions_are_one():
    assert PROJECT["version"] == nnlite.__version__ == anomaly.__version__
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_small_distribution_is_the_large_one_without_packages():
    small = tomllib.loads((ROOT / "numpy_alone" / "pyproject.toml").read_text())
    large = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for key in ("version", "requires-python", "license", "scripts"):
        assert small["project"][key] == large["project"][key]
    assert small["project"]["dependencies"] == [one for one in PROJECT["dependencies"] if one.startswith("numpy")]
    assert small["build-system"] == large["build-system"]
    assert small["tool"]["setuptools"]["package-data"] == large["tool"]["setuptools"]["package-data"]
    find = small["tool"]["setuptools"]["packages"]["find"]
    assert find["include"] == large["tool"]["setuptools"]["packages"]["find"]["include"]


def test_oldest_versions_are_those_that_are_tested():
    bounds = lower_bounds(PROJECT["dependencies"]) | lower_bounds(PROJECT["optional-dependencies"]["test"])
    pins = dict(re.findall(r"\b([\w-]+)==([\d.]+)", VERSIONS))
    for name in ("numpy", "numba", "matplotlib", "scikit-learn", "pandas", "polars", "narwhals", "hypothesis"):
        assert padded(pins[name])[:2] == padded(bounds[name])[:2], name
    for title, name in (("NumPy", "numpy"), ("Numba", "numba"), ("Matplotlib", "matplotlib")):
        assert ROWS[title][0] == bounds[name]


def test_classifiers_say_no_more_than_was_run():
    claimed = {one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", one)}
    assert claimed == set(re.findall(r"3\.\d+", ROWS["Python"][2]))
    assert min(map(padded, claimed)) == padded(PROJECT["requires-python"].removeprefix(">="))
    assert "Operating System :: POSIX :: Linux" in PROJECT["classifiers"]
    assert not [one for one in PROJECT["classifiers"] if "Independent" in one]


def test_every_development_tool_has_a_hash():
    text = (ROOT / ".ci" / "requirements.txt").read_text()
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.M).strip())
    assert all("--hash=sha256:" in entry and "==" in entry for entry in entries)
    assert "://" not in text
    pinned = {re.match(r"[\w.-]+", entry).group().lower() for entry in entries}
    tools = (ROOT / ".ci" / "tools.in").read_text().splitlines()
    wanted = [*PROJECT["optional-dependencies"]["test"], *PROJECT["dependencies"], *tools]
    names = {re.match(r"[\w-]+", one).group() for one in wanted if one and not one.startswith("#")}
    assert names <= pinned, "make .ci/requirements.txt anew, by the command in its first lines"
