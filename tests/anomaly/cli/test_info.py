"""The command info."""

from tests.anomaly.command_line import run


def test_info_describes_the_model(folder, capsys):
    _, out, _ = run(capsys, "info", "-m", folder / "m.npz")
    for part in ("TableDetector, fitted on", "threshold", "settings", "hidden = (8,)", "columns", "network"):
        assert part in out


def test_info_describes_a_model_of_a_series(series_folder, capsys):
    _, out, _ = run(capsys, "info", "-m", series_folder / "m.npz")
    for part in (
        "SequenceDetector, fitted on 300 steps",
        "alarm event",
        "window = 8",
        "columns",
        "network",
        "dense_reconstruction",
    ):
        assert part in out
