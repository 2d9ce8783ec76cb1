"""Live scoring: a real process that is fed line by line, and answers each line before the next one comes."""

import contextlib
import io
import os
import queue
import select
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from anomaly import SequenceDetector, load_detector
from anomaly.cli import main
from tests.anomaly.command_line import QUICK_SERIES, rows, run

_PATIENCE = 60


class Live:
    """A running ``anomaly score`` that reads from a pipe, and the lines that it has written."""

    def __init__(self, *arguments):
        command = [sys.executable, "-m", "anomaly", "score", "-", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=lambda: [self._lines.put(line) for line in self.process.stdout])
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self.process.wait()

    def tell(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def answer(self):
        """Return the next line of the output; fail if it does not come."""
        return self._lines.get(timeout=_PATIENCE).rstrip("\n")

    def is_silent(self):
        return self._lines.empty()

    def end(self):
        """End the input; return the exit code, the remaining lines and the error output."""
        self.process.stdin.close()
        code = self.process.wait(_PATIENCE)
        self._reader.join(_PATIENCE)
        remaining = [self.answer() for _ in range(self._lines.qsize())]
        return code, remaining, self.process.stderr.read()


@pytest.fixture(scope="module")
def causal_model(series_folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("causal") / "c.npz"
    fit = ["fit", series_folder / "train.csv", "--model", path, "--label", "state", "--time", "time", "--causal"]
    with contextlib.redirect_stdout(io.StringIO()):
        assert main([str(argument) for argument in [*fit, *QUICK_SERIES]]) == 0
    return path


def test_each_record_of_a_table_is_answered_before_the_next_one(folder, capsys):
    lines = (folder / "test.csv").read_text().splitlines(keepends=True)
    _, bulk, _ = run(capsys, "score", folder / "test.csv", "--model", folder / "m.npz", "--label", "label")
    expected = bulk.splitlines()
    with Live("--model", folder / "m.npz", "--label", "label") as live:
        live.tell(lines[0] + lines[1])
        assert [live.answer(), live.answer()] == expected[:2]
        for line, answer in zip(lines[2:12], expected[2:12], strict=True):
            live.tell(line)
            assert live.answer().split(",")[0] == answer.split(",")[0]
        # Half a line is waited for, and those before it are not.
        live.tell(lines[12] + lines[13][:5])
        assert live.answer().split(",")[0] == "12"
        live.tell(lines[13][5:])
        assert live.answer().split(",")[0] == "13"
        code, remaining, error = live.end()
        assert (code, remaining, error) == (0, [], "")


def test_each_step_of_a_causal_series_is_answered_before_the_next_one(series_folder, causal_model, capsys):
    test = series_folder / "test.csv"
    lines = test.read_text().splitlines(keepends=True)
    _, bulk, _ = run(capsys, "score", test, "--model", causal_model, "--label", "state")
    expected = [line.split(",") for line in bulk.splitlines()]
    with Live("--model", causal_model, "--label", "state") as live:
        live.tell(lines[0])
        for line, (row, score, flag) in zip(lines[1:41], expected[1:41], strict=True):
            live.tell(line + "\n")  # a blank line after each row delays nothing
            answer = live.answer()
            if row == "1":
                assert answer == "row,score,is_anomaly"
                answer = live.answer()
            assert answer.split(",")[::2] == [row, flag]
            assert float(answer.split(",")[1]) == pytest.approx(float(score), rel=1e-4)
        assert live.end()[0] == 0


def test_a_step_of_another_series_comes_after_the_delay_that_info_states(series_folder, capsys):
    model = series_folder / "m.npz"
    delay = load_detector(model).delay_
    assert (
        f"delay: a live stream gives the score of a step when {delay} more have followed"
        in run(capsys, "info", "--model", model)[1]
    )
    lines = (series_folder / "test.csv").read_text().splitlines(keepends=True)
    with Live("--model", model, "--label", "state") as live:
        live.tell("".join(lines[: delay + 1]))
        live.tell(lines[delay + 1])
        assert live.answer() == "row,score,is_anomaly"
        assert live.answer().startswith("1,")
        for row in range(2, 20):
            assert live.is_silent()
            live.tell(lines[delay + row])
            assert live.answer().startswith(f"{row},")
        code, remaining, _ = live.end()
        assert code == 0
        assert [line.split(",")[0] for line in remaining] == [str(row) for row in range(20, 20 + delay)]


@pytest.mark.parametrize("setting", [{"stride": 3}, {"causal": True}, {"method": "forecast"}, {"window": 5}])
def test_the_delay_is_what_a_stream_needs(setting):
    x = np.sin(np.arange(300.0))
    detector = SequenceDetector(**{"window": 8, **setting}, hidden=(8,), epochs=1, random_state=0).fit(x)
    stream, seen = detector.stream(), 0
    for i in range(100):
        seen += len(stream.push(x[i : i + 1]))
        assert seen == max(0, i + 1 - detector.delay_)


def test_events_go_to_a_stream_as_they_end(series_folder, causal_model, tmp_path, capsys):
    lines = (series_folder / "test.csv").read_text().splitlines(keepends=True)
    fifo = tmp_path / "events"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    arguments = ["--model", causal_model, "--label", "state", "-o", tmp_path / "s.csv", "--events"]
    run(capsys, "score", series_folder / "test.csv", *arguments, tmp_path / "bulk.csv")
    expected = rows(tmp_path / "bulk.csv")
    with subprocess.Popen(
        [sys.executable, "-m", "anomaly", "score", "-", *map(str, [*arguments, fifo])], stdin=subprocess.PIPE, text=True
    ) as process:
        os.set_blocking(reader, True)
        process.stdin.write("".join(lines[:140]))
        process.stdin.flush()
        assert select.select([reader], [], [], _PATIENCE)[0]
        assert os.read(reader, 1000).decode() == ",".join(expected[0]) + "\n"
        process.stdin.write("".join(lines[140:260]))
        process.stdin.flush()
        assert select.select([reader], [], [], _PATIENCE)[0]
        assert os.read(reader, 1000).decode().split(",")[:2] == expected[1][:2]
        assert int(expected[1][1]) < 259
        process.stdin.close()
        assert process.wait(_PATIENCE) == 0
    os.close(reader)


def test_control_c_ends_the_input_and_completes_the_files(series_folder, causal_model, tmp_path):
    lines = (series_folder / "test.csv").read_text().splitlines(keepends=True)
    with Live("--model", causal_model, "--label", "state", "--events", tmp_path / "events.csv") as live:
        live.tell("".join(lines[:200]))
        for _ in range(200):
            live.answer()
        live.process.send_signal(signal.SIGINT)
        assert live.process.wait(_PATIENCE) == 130
        assert live.process.stderr.read() == ""
        assert len(rows(tmp_path / "events.csv")) > 1


def test_a_closed_pipe_ends_quietly(folder):
    lines = (folder / "test.csv").read_text().splitlines(keepends=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "anomaly", "score", "-", "--model", str(folder / "m.npz"), "--label", "label"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    process.stdin.write(lines[0] + lines[1])
    process.stdin.flush()
    assert process.stdout.readline() == "row,score,is_anomaly\n"
    process.stdout.close()
    process.stdin.write(lines[2])
    process.stdin.flush()
    assert process.wait(_PATIENCE) == 0
    assert process.stderr.read() == ""
    process.stdin.close()
    process.stderr.close()


def test_a_bad_row_is_an_error_after_the_answers_before_it(folder):
    lines = (folder / "test.csv").read_text().splitlines(keepends=True)
    with Live("--model", folder / "m.npz", "--label", "label") as live:
        live.tell(lines[0] + lines[1])
        assert [live.answer(), live.answer()[:2]] == ["row,score,is_anomaly", "1,"]
        live.tell("1,2\n")
        assert live.process.wait(_PATIENCE) == 2
        assert "standard input, line 3: found 2 fields, expected" in live.process.stderr.read()
