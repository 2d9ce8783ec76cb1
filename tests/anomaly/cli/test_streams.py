"""Closed streams, interruptions, full disks, and text that would steer a terminal or run in a spreadsheet."""

import io
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import anomaly
from anomaly.cli import main
from anomaly.errors import printable
from tests.anomaly.command_line import fails, run, with_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")

COMMAND = f"{sys.executable} -m anomaly"
ROWS = "a,b\n" + "".join(f"{i % 7},{i % 5}\n" for i in range(60))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    root = tmp_path_factory.mktemp("streams")
    (root / "data.csv").write_text(ROWS)
    (root / "labelled.csv").write_text("a,b,label\n" + "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(60)))
    assert main(["fit", str(root / "data.csv"), "-m", str(root / "m.npz"), "--epochs", "1", "--hidden", "4"]) == 0
    return root


def shell(command, folder):
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **PATHS}
    )


PATHS = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
ALL = [
    "fit data.csv -m other.npz --epochs 1 --hidden 4",
    "score data.csv -m m.npz",
    "evaluate labelled.csv -m m.npz --label label --normal 0",
    "drift data.csv -m m.npz",
    "info -m m.npz",
]
FROM_INPUT = [
    "fit - -m other.npz",
    "score - -m m.npz",
    "evaluate - -m m.npz --label label --normal 0",
    "drift - -m m.npz",
]


@pytest.mark.parametrize("command", ALL)
def test_closed_output_is_one_line(files, command):
    done = shell(f"{COMMAND} {command} >&-", files)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("anomaly: error: Bad file descriptor") or "is closed" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", FROM_INPUT)
def test_closed_input_is_one_line(files, command):
    done = shell(f"{COMMAND} {command} <&-", files)
    assert (done.returncode, done.stdout) == (2, "")
    assert "standard input is closed" in done.stderr
    assert done.stderr.count("\n") == 1


def test_all_streams_closed(files):
    done = shell(f"{COMMAND} score - -m m.npz -o all.csv <&- >&- 2>&-", files)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
    assert not (files / "all.csv").exists()
    done = shell(f"{COMMAND} score data.csv -m m.npz -o all.csv <&- >&- 2>&-", files)
    assert done.returncode == 0
    assert (files / "all.csv").read_text().count("\n") == 61


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("command", ALL[1:3])
def test_a_full_disk_behind_the_output_is_one_line(files, command):
    done = shell(f"{COMMAND} {command} > /dev/full", files)
    assert done.returncode == 2
    assert done.stderr == "anomaly: error: No space left on device\n"


@pytest.mark.parametrize("character", ["[", '"', "x ", "1"])
def test_a_line_longer_than_a_field_may_be_is_one_line(files, capsys, tmp_path, character):
    (tmp_path / "long.csv").write_text(character * 200_000)
    (tmp_path / "later.csv").write_text(ROWS + character * 200_000)
    for name in ("long.csv", "later.csv"):
        for command in ("drift", "fit"):
            model = files / "m.npz" if command == "drift" else tmp_path / "other.npz"
            assert main([command, str(tmp_path / name), "-m", str(model)]) == 2
            error = capsys.readouterr().err
            assert error.startswith("anomaly: error: ")
            assert len(error) < 1000


def test_names_that_are_none_are_one_line(files, capsys):
    assert main(["fit", str(files / "data.csv"), "-m", str(files / "o.npz"), "--drop", "a\rb"]) == 2
    assert "names of columns are separated by commas" in capsys.readouterr().err


def test_an_interruption_at_any_moment_is_no_traceback(files):
    script = "from anomaly.cli import main; print('ready', flush=True); raise SystemExit(main(['info', '-m', 'm.npz']))"
    for milliseconds in (0, 20, 60, 150, 300):
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=files,
            env={**os.environ, **PATHS},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # Before, Python itself is not ready for an interruption.
        assert process.stdout.readline() == "ready\n"
        time.sleep(milliseconds / 1000)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        assert "Traceback" not in err, (milliseconds, err)
        assert process.returncode in (0, 130, -signal.SIGINT)


def test_the_way_to_the_guard_imports_nothing_that_takes_time():
    script = "import sys, anomaly.cli; print([name for name in ('numpy', 'nnlite', 'argparse') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, **PATHS}, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_imports_are_within_the_guard(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "anomaly.cli.dispatch", None)
    monkeypatch.setattr("builtins.__import__", interrupt)
    try:
        code = main(["info"])
    except KeyboardInterrupt:
        # The import of sys in the handler is interrupted as well by this test.
        code = 130
    monkeypatch.undo()
    assert code == 130


def test_sigterm_ends_as_an_error_does(files, monkeypatch, capsys):
    def terminate(_):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("anomaly.cli.inputs.load_detector", terminate)
    with pytest.raises(SystemExit) as stop:
        main(["info", "-m", str(files / "m.npz")])
    assert stop.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("error", [RecursionError("deep"), KeyError("x"), AssertionError(), MemoryError()])
def test_a_fault_is_one_line_and_no_drift(error, files, monkeypatch, capsys):
    def fail(_):
        raise error

    monkeypatch.setattr("anomaly.cli.inputs.load_detector", fail)
    code, _, err = run(capsys, "drift", files / "data.csv", "-m", files / "m.npz")
    assert code == 4
    assert err.startswith("anomaly: error: ")
    assert err.count("\n") == 1


def test_plot_without_matplotlib_is_one_line(files, monkeypatch, capsys):
    for name in list(sys.modules):
        if name.partition(".")[0] == "matplotlib" or name.startswith("anomaly.plots"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delattr(anomaly, "plots", raising=False)
    monkeypatch.delitem(sys.modules, "anomaly.cli.figures", raising=False)
    monkeypatch.delitem(sys.modules, "anomaly.cli.plot", raising=False)
    err = fails(capsys, "plot", files / "data.csv", "-m", files / "m.npz", "-o", files / "pictures")
    assert "this needs the package 'matplotlib'" in err


@pytest.mark.parametrize(
    "command", [ALL[0].replace("other.npz", "LOOP"), f"{ALL[1]} -o LOOP", "plot data.csv -m m.npz -o LOOP"]
)
def test_a_loop_of_links_is_one_line(files, command, tmp_path, capsys):
    (tmp_path / "loop").symlink_to(tmp_path / "other")
    (tmp_path / "other").symlink_to(tmp_path / "loop")
    words = [str(files / word) if word in ("data.csv", "m.npz") else word for word in command.split()]
    err = fails(capsys, *[word.replace("LOOP", str(tmp_path / "loop")) for word in words])
    assert "loop" in err
    err = fails(capsys, "info", "-m", tmp_path / "loop")
    assert "loop" in err


def test_the_demo_replaces_nothing_unasked(tmp_path, capsys):
    (tmp_path / "train.csv").write_text("mine")
    err = fails(capsys, "demo", "-o", tmp_path, "--records", "200")
    assert "already holds 'train.csv'" in err
    assert "--force" in err
    assert os.listdir(tmp_path) == ["train.csv"]
    assert (tmp_path / "train.csv").read_text() == "mine"


NAMES = ["\x1b[2J\x1b]0;owned\x07", "plain", "\u202egnp", "\x9b31m"]


def test_control_characters_of_names_stay_out_of_the_terminal(tmp_path, capsys):
    rows = np.random.default_rng(0).normal(size=(60, 4)).tolist()
    data = with_file(tmp_path, ",".join(NAMES) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    model = tmp_path / "m.npz"
    for words in (
        ("fit", data, "-m", model, "--epochs", "1", "--hidden", "4"),
        ("info", "-m", model),
        ("score", data, "-m", model, "--top", "3"),
        ("drift", data, "-m", model),
        ("fit", data, "-m", model, "--drop", "\x1b[0m"),
    ):
        code, out, err = run(capsys, *words)
        assert code in (0, 1, 2)
        assert not set(out + err) & set("\x1b\x07\u202e\x9b"), words
        if words[0] in ("info", "score"):
            assert "\\x1b[2J" in out


def test_a_name_with_a_line_end_is_no_other_line(tmp_path, capsys):
    rows = np.random.default_rng(0).normal(size=(60, 2)).round(3).tolist()
    lines = "".join(f"{a},{b}," + ("x\n" if a > 0 else '"y\nforged"\n') for a, b in rows)
    data = with_file(tmp_path, '"a\nforged: line",b\tc,kind\n' + lines)
    model = tmp_path / "m.npz"
    for words in (
        ("fit", data, "-m", model, "--epochs", "1", "--hidden", "4"),
        ("info", "-m", model),
        ("drift", data, "-m", model),
        ("evaluate", data, "-m", model, "--label", "kind", "--normal", "x", "--by", "b\tc"),
    ):
        code, out, err = run(capsys, *words)
        assert code in (0, 1, 2)
        assert not [line for line in (out + err).splitlines() if line.startswith("forged")], words


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_cells_are_escaped_on_a_terminal_and_nowhere_else(files, tmp_path, capsys, monkeypatch):
    data = with_file(tmp_path, "a,b,id\n1,2,\x1b[2Jone\n2,3,two\n")
    words = ["score", str(data), "-m", str(files / "m.npz"), "--id", "id"]
    _, out, _ = run(capsys, *words)
    assert "\x1b[2Jone" in out
    monkeypatch.setattr("sys.stdout", Terminal())
    assert main(words) == 0
    shown = sys.stdout.getvalue()
    monkeypatch.undo()
    assert shown == out.replace("\x1b", "\\x1b")


def test_printable_text_is_as_it_was():
    assert printable("Größe, 溫度 \n\ttab") == "Größe, 溫度 \n\ttab"
    assert printable("\x00\x7f\x85\u2066\ud800") == "\\x00\\x7f\\x85\\u2066\\ud800"


def test_formulas_are_text_on_request(files, tmp_path, capsys):
    ids = ["=1+1", "+cmd|'/c calc'!A1", "-2+3", "@SUM(A1)", "plain", "-5", "\t=1", "x;=1", "\uff1d1+1", " +1+1", "1;2"]
    data = with_file(tmp_path, "a,b,id\n" + "".join(f'{i},{i},"{name}"\n' for i, name in enumerate(ids)))
    _, out, _ = run(capsys, "score", data, "-m", files / "m.npz", "--id", "id")
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == ids
    _, out, _ = run(capsys, "score", data, "-m", files / "m.npz", "--id", "id", "--spreadsheet")
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == [
        "'=1+1",
        "'+cmd|'/c calc'!A1",
        "'-2+3",
        "'@SUM(A1)",
        "plain",
        "-5",
        "'\t=1",
        "x;'=1",
        "'\uff1d1+1",
        "' +1+1",
        "1;2",
    ]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("fit data.csv labelled.csv -m labelled.csv", "labelled.csv"),
        ("fit data.csv -m x.npz --json data.csv", "data.csv"),
        ("fit data.csv -m x.npz --json x.npz", "x.npz"),
        ("fit data.csv -m x.npz --on-bad-row report --bad-rows data.csv", "data.csv"),
        ("score data.csv labelled.csv -m m.npz -o labelled.csv", "labelled.csv"),
        ("score data.csv -m m.npz -o m.npz", "m.npz"),
        ("score data.csv -m m.npz -o s.csv --on-bad-row report --bad-rows s.csv", "s.csv"),
        ("score data.csv -m m.npz --on-bad-row report --bad-rows m.npz", "m.npz"),
        ("score *.csv -m m.npz -o data.csv", "data.csv"),
        ("evaluate data.csv labelled.csv -m m.npz --label label --normal 0 --json ./labelled.csv", "./labelled.csv"),
        ("drift data.csv -m m.npz --json m.npz", "m.npz"),
        ("drift data.csv labelled.csv -m m.npz --json labelled.csv", "labelled.csv"),
        ("compare data.csv --json data.csv", "data.csv"),
        ("update data.csv -m m.npz -o data.csv", "data.csv"),
        ("update data.csv -m m.npz --json m.npz", "m.npz"),
        ("update data.csv -m m.npz -o new.npz --json new.npz", "new.npz"),
        ("learn-labels labelled.csv -m m.npz --label label --normal 0 -o labelled.csv", "labelled.csv"),
        ("report data.csv -m m.npz -o m.npz", "m.npz"),
        ("report data.csv labelled.csv -m m.npz -o labelled.csv", "labelled.csv"),
    ],
)
def test_no_output_replaces_an_input_or_another_output(files, words, name, capsys, monkeypatch):
    monkeypatch.chdir(files)
    before = {path.name: path.read_bytes() for path in files.iterdir() if path.is_file()}
    err = fails(capsys, *words.split())
    assert repr(name) in err
    assert "name another" in err
    assert {path.name: path.read_bytes() for path in files.iterdir() if path.is_file()} == before


def test_rows_left_out_are_no_formulas_either(files, tmp_path, capsys):
    data = with_file(tmp_path, "a,b\n1,2\nx;=1,3\n").rename(tmp_path / "rows.csv")
    words = ("score", data, "-m", files / "m.npz", "--on-bad-row", "report", "--bad-rows", tmp_path / "bad.csv")
    for options, expected in ((), "found 'x;=1'"), (("--spreadsheet",), "found 'x;'=1'"):
        run(capsys, *words, *options)
        assert expected in (tmp_path / "bad.csv").read_text()
