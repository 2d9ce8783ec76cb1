"""Data and models that the tests of several commands use."""

import shutil

import pytest

from tests.anomaly.command_line import with_connections, with_sensors, with_series


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Training and test records, and a model fitted on them by the command."""
    return with_connections(tmp_path_factory.mktemp("connections"))


@pytest.fixture(scope="session")
def series_folder(tmp_path_factory):
    """A training series and a test series, and a model fitted by the command."""
    return with_series(tmp_path_factory.mktemp("series"))


@pytest.fixture(scope="session")
def _sensors_folder(tmp_path_factory):
    return with_sensors(tmp_path_factory.mktemp("sensors"))


@pytest.fixture
def fresh_folder(_sensors_folder, tmp_path):
    """Training records, new ones, and a model: a copy, to be changed."""
    return shutil.copytree(_sensors_folder, tmp_path / "copy")
