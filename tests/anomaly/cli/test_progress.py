"""Progress of commands: on a terminal, and nowhere else."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.cli import main, progress
from nnlite import job_line
from nnlite.job import Plan, report

pty = pytest.importorskip("pty")  # Windows has none


_END = "<end>"


class Terminal:
    """A pseudo-terminal in place of standard output and error, and what was written to it."""

    takes_output = False

    def __init__(self):
        self._reading, writing = pty.openpty()
        self.stream = os.fdopen(writing, "w", encoding="utf-8", buffering=1)
        self._found, self._more = b"", threading.Condition()
        # Whoever writes to a terminal waits until somebody reads.
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with suppress(OSError):
            while part := os.read(self._reading, 1 << 16):
                with self._more:
                    self._found += part
                    self._more.notify()
        os.close(self._reading)

    def text(self):
        """Return all that was written since the last time."""
        self.stream.write(_END)
        self.stream.flush()
        with self._more:
            assert self._more.wait_for(lambda: self._found.endswith(_END.encode()), 60)
            found, self._found = self._found.decode(), b""
        return found.removesuffix(_END)

    def __enter__(self):
        # Not by a fixture: between those and the test, pytest sets the streams anew.
        self._earlier = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (self.stream if self.takes_output else sys.stdout), self.stream
        return self

    def __exit__(self, *_):
        sys.stdout, sys.stderr = self._earlier

    def close(self):
        """Close the end that writes, and with it the other."""
        self.stream.close()


def seen(text):
    """Return the lines that remain on a screen after all carriage returns."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return lines


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_SECONDS_BEFORE", 0.0)
    monkeypatch.setattr(job_line, "_SECONDS_BETWEEN", 0.01)
    made = Terminal()
    yield made
    made.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("progress")
    x = np.random.default_rng(0).normal(size=(300, 3))
    lines = [",".join(f"{value:.3f}" for value in row) for row in x]
    (folder / "a.csv").write_text("a,b,c\n" + "\n".join(lines) + "\n")
    labels = ["ok" if i % 10 else "bad" for i in range(300)]
    labelled = "\n".join(f"{line},{label}" for line, label in zip(lines, labels, strict=True))
    (folder / "l.csv").write_text(f"a,b,c,label\n{labelled}\n")
    TableDetector(hidden=(8,), epochs=2, random_state=0).fit({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2]}).save(
        str(folder / "m.npz")
    )
    return folder


def command(name, folder):
    """Return the command line of a command on the files."""
    plain, labelled, model = str(folder / "a.csv"), str(folder / "l.csv"), str(folder / "m.npz")
    labels = ["--label", "label", "--normal", "ok"]
    changed = ["--output", str(folder / "changed.npz")]
    return {
        "fit": ["fit", plain, "--model", str(folder / "new.npz"), "--hidden", "8", "--epochs", "2"],
        "score": ["score", plain, "--model", model, "--output", str(folder / "scores.csv")],
        "evaluate": ["evaluate", labelled, "--model", model, *labels],
        "drift": ["drift", plain, "--model", model],
        "report": ["report", plain, "--model", model, "--output", str(folder / "r.html")],
        "update": ["update", plain, "--model", model, *changed],
        "learn-labels": ["learn-labels", labelled, "--model", model, *labels, *changed],
        "compare": ["compare", plain, "--setting", "hidden=[4] epochs=1", "--seeds", "2"],
    }[name]


COMMANDS = ("fit", "score", "evaluate", "drift", "report", "update", "learn-labels", "compare")


@pytest.fixture
def at_each_change(monkeypatch):
    """Draw at every change of a job, and not five times a second: fits of a test are too quick."""
    from nnlite.job import Job

    jobs, lines, lock = [], [], threading.RLock()

    def drawn(self, fraction):
        with lock:
            self.fraction = min(self.fraction + fraction, 1.0)
            if lines:
                lines[-1].draw(time.monotonic())
            jobs.append(self.fraction)

    class Line(progress.ProgressLine):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            lines.append(self)

        def draw(self, now):
            with lock:
                super().draw(now)

    monkeypatch.setattr(Job, "add", drawn)
    monkeypatch.setattr(progress, "ProgressLine", Line)
    return jobs


@pytest.mark.parametrize("name", COMMANDS)
def test_a_terminal_shows_the_whole_job_and_is_clean_at_the_end(name, files, terminal, at_each_change):
    with terminal:
        assert main(command(name, files)) in (0, 1)
    text = terminal.text()
    found = [int(percent) for percent in re.findall(rf"\r{name} +(\d+) %", text)]
    # Few rows are scored at once.
    assert len(found) >= (1 if name in ("score", "evaluate", "drift") else 3)
    assert found == sorted(found)
    # Rows are estimated, and the line of the names is no row.
    assert at_each_change[-1] > 0.99
    assert seen(text)[-1] == ""
    # No colors, whatever NO_COLOR says, and nothing but the carriage return steers the terminal.
    assert "\x1b" not in text


@pytest.mark.parametrize("name", COMMANDS)
def test_no_progress_without_a_terminal(name, files, at_each_change, capsys):
    assert main(command(name, files)) in (0, 1)
    assert name not in capsys.readouterr().err
    assert not at_each_change


@pytest.mark.parametrize("name", COMMANDS)
def test_no_progress_on_a_terminal_if_quiet(name, files, terminal, at_each_change, capsys):
    with terminal:
        assert main([*command(name, files), "--quiet"]) in (0, 1)
    assert name not in terminal.text()
    assert not at_each_change
    # What only tells of a file is not printed, and results are.
    writes_file = name in ("fit", "score", "update", "learn-labels", "report")
    assert (capsys.readouterr().out == "") == writes_file


def test_a_terminal_that_cannot_go_back_shows_no_line(files, terminal, monkeypatch, at_each_change):
    monkeypatch.setenv("TERM", "dumb")
    with terminal:
        assert main(command("score", files)) == 0
    assert not at_each_change
    assert terminal.text() == ""


def test_rows_on_the_same_terminal_are_progress_enough(files, terminal, at_each_change):
    terminal.takes_output = True
    with terminal:
        main(["score", str(files / "a.csv"), "--model", str(files / "m.npz")])
    assert not at_each_change
    assert "left" not in terminal.text()


def test_progress_without_a_terminal_is_lines(files, monkeypatch, at_each_change, capsys):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    assert main([*command("fit", files), "--progress"]) == 0
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) > 3
    assert all(line.startswith("fit") for line in lines)
    assert "\r" not in captured.err
    assert "model written" in captured.out


def test_quiet_and_progress_exclude_each_other(files, capsys):
    with pytest.raises(SystemExit):
        main([*command("fit", files), "--progress", "--quiet"])
    assert "not allowed with" in capsys.readouterr().err


def test_what_is_printed_meanwhile_goes_above_the_line(terminal):
    terminal.takes_output = True
    with terminal, progress.progress_shown("fit"):
        report(1, 4)
        time.sleep(0.1)
        print("a warning")
        print("half a line", end="")
        time.sleep(0.1)
        print(", and its rest")
        report(2, 4)
        time.sleep(0.1)
    text = terminal.text()
    assert "25 %" in text
    assert "50 %" in text
    assert [line for line in seen(text) if line] == ["a warning", "half a line, and its rest"]


@pytest.mark.parametrize("columns", [1, 5, 20, 40, 200])
def test_a_narrow_terminal_has_no_line_too_long(columns, terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    with terminal, progress.progress_shown("fit"), Plan(networks=1)("networks"):
        report(50, 100, "steps")
        time.sleep(0.1)
    drawn = terminal.text().split("\r")
    assert max(map(len, drawn)) < columns or columns == 1
    assert columns < 20 or any("50 %" in one for one in drawn)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_a_console_that_has_no_such_bar_gets_plain_characters(encoding, monkeypatch):
    class Console(io.TextIOWrapper):
        def isatty(self):
            return True

    monkeypatch.setattr(progress, "_SECONDS_BEFORE", 0.0)
    monkeypatch.setattr(job_line, "_SECONDS_BETWEEN", 0.01)
    console = Console(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stderr", console)
    with progress.progress_shown("fit"):
        report(1, 2)
        time.sleep(0.1)
    console.flush()
    text = console.buffer.getvalue().decode(encoding)
    assert "#" in text
    assert "50 %" in text


def test_a_terminal_that_is_gone_ends_nothing(monkeypatch):
    class Gone(io.StringIO):
        def isatty(self):
            return True

        def write(self, _):
            raise OSError("input/output error")

    monkeypatch.setattr(progress, "_SECONDS_BEFORE", 0.0)
    monkeypatch.setattr(job_line, "_SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(sys, "stderr", Gone())
    with progress.progress_shown("fit"):
        report(1, 2)
        time.sleep(0.1)


_WAITING = """\
import time
from anomaly.cli import progress
from anomaly.cli.streams import ending_cleanly
from nnlite.job import report
progress._SECONDS_BEFORE = 0.0
with ending_cleanly(), progress.progress_shown("fit"):
    report(1, 2)
    time.sleep(60)
"""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_killed_command_leaves_the_terminal_clean(sent):
    reading, writing = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", _WAITING], stderr=writing, stdout=writing, stdin=writing)
    os.close(writing)
    found = b""
    while b"50 %" not in found:
        found += os.read(reading, 4096)
    process.send_signal(sent)
    with suppress(OSError):  # the other end is closed
        while part := os.read(reading, 4096):
            found += part
    text = found.decode()
    assert process.wait() != 0
    os.close(reading)
    # Below the bar, or in its place, there is nothing of it.
    assert not [line for line in seen(text) if "%" in line]


def test_a_detector_in_python_shows_nothing(terminal, capsys):
    x = np.random.default_rng(0).normal(size=(60, 3))
    TableDetector(hidden=(4,), epochs=1, random_state=0).fit(x).decision_function(x)
    assert terminal.text() == ""
    assert capsys.readouterr().out == ""
