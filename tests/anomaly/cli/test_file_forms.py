"""Files as people have them, from the command line: fitted, scored and described without an edit."""

import os

import numpy as np
import pytest

from anomaly.cli import main
from anomaly.tables.csv_files import read_csv

QUICK = "--epochs 2 --hidden 4"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def air_quality(n, seed):
    """Records as of a sensor station: decimal commas, -200 for missing, two delimiters at the ends of lines."""
    rng = np.random.default_rng(seed)
    lines = ["CO(GT);T;RH;;"]
    for i in range(n):
        co = -200 if i % 9 == 0 else rng.uniform(0.5, 9.0)
        lines.append(f"{co:.1f};{rng.uniform(5, 30):.2f};{rng.uniform(20, 80):.1f};;".replace(".", ","))
    return "\n".join([*lines, ";;;;", ";;;;"]) + "\n"


def run(command, code=0):
    assert main(command.split()) == code


def test_the_form_of_training_is_remembered(folder, capsys):
    (folder / "train.csv").write_text(air_quality(120, 0))
    (folder / "new.csv").write_text(air_quality(40, 1))
    run(f"fit train.csv -m m.npz --decimal , --missing=-200 {QUICK}")
    assert "-200" not in capsys.readouterr().err
    run("info -m m.npz")
    shown = capsys.readouterr().out
    assert "reads files with decimal ','" in shown
    assert "reads files with missing ['-200']" in shown
    assert "11.7 % missing" in shown
    run("score new.csv -m m.npz -o scores.csv")
    scores = read_csv("scores.csv", numbers=["score"])["score"]
    assert len(scores) == 40
    # Commands that read the rows into one table know the form, too.
    run("report new.csv -m m.npz -o page.html")
    run("plot new.csv -m m.npz -o pictures")
    # The same records in another form, which is given.
    plain = air_quality(40, 1).replace(",", ".").replace(";;\n", "\n").replace(";", ",").replace(",,\n", "\n")
    (folder / "plain.csv").write_text(plain)
    run("score plain.csv -m m.npz -o again.csv --decimal .")
    assert read_csv("again.csv", numbers=["score"])["score"].tolist() == scores.tolist()


def test_a_frequent_number_far_from_all_others_is_named(folder, capsys):
    (folder / "train.csv").write_text(air_quality(120, 0))
    run(f"fit train.csv -m m.npz --decimal , {QUICK}")
    assert "column 'CO(GT)' has -200 in 14 of 120 rows, far from all others" in capsys.readouterr().err
    run(f"fit train.csv -m m.npz --decimal , {QUICK} --strict", code=2)


ROWS = "".join(f"{i % 7}.5,{i % 5}\n" for i in range(60))


@pytest.mark.parametrize("name", ["# a", "#a", "%a", "//a", "!a", ";a"])
def test_a_first_name_with_the_mark_of_a_comment_is_told(folder, capsys, name):
    (folder / "train.csv").write_text(f"{name},b\n" + ROWS)
    run(f"fit train.csv -m m.npz --delimiter , {QUICK}")
    assert f"the name of the first column is {name!r}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["#", "# 1", "a#", "-a"])
def test_other_first_names_are_no_comments(folder, capsys, name):
    (folder / "train.csv").write_text(f"{name},b\n" + ROWS)
    run(f"fit train.csv -m m.npz --delimiter , {QUICK}")
    assert "the name of the first column" not in capsys.readouterr().err


def test_bad_rows_are_left_out_and_told(folder, capsys):
    (folder / "train.csv").write_text("a,b\n" + ROWS + "1,2,3\n" + ROWS + '4,"5"x\n')
    run(f"fit train.csv -m m.npz {QUICK}", code=2)
    assert "line 62: found 3 fields, expected 2" in capsys.readouterr().err
    run(f"fit train.csv -m m.npz {QUICK} --on-bad-row skip", code=3)
    assert "left out 2 rows that cannot be read: 'train.csv', line 62: found 3 fields" in capsys.readouterr().err
    (folder / "new.csv").write_text("a,b\n1,2\nmuch,1\n3\n4.5,1\n")
    run("score new.csv -m m.npz -o s.csv", code=2)
    run("score new.csv -m m.npz -o s.csv --on-bad-row report --bad-rows bad.csv", code=3)
    assert read_csv("s.csv")["row"].tolist() == ["1", "3"]
    bad = read_csv("bad.csv")
    assert (bad["file"][0], bad["line"].tolist()) == ("'new.csv'", ["3", "4"])
    assert "expected a number" in bad["cause"][0]
    run("score new.csv -m m.npz -o s.csv --on-bad-row report", code=2)
    assert "goes with --bad-rows BAD.csv" in capsys.readouterr().err
    run("score new.csv -m m.npz -o s.csv --on-bad-row skip --bad-rows bad.csv", code=2)
    assert "leave --on-bad-row skip away" in capsys.readouterr().err
    # Whoever names a file for them wants them left out.
    os.remove("bad.csv")
    run("score new.csv -m m.npz -o s.csv --bad-rows bad.csv", code=3)
    assert read_csv("bad.csv")["line"].tolist() == ["3", "4"]


def test_a_file_without_bad_rows_is_done(folder):
    (folder / "train.csv").write_text("a,b\n" + ROWS)
    run(f"fit train.csv -m m.npz {QUICK} --on-bad-row skip")


def test_several_files_and_patterns(folder, capsys):
    for k in range(3):
        (folder / f"day{k}.csv").write_text("a,b\n" + ROWS)
    (folder / "other.csv").write_text("b,a\n2,3.5\n")
    run(f"fit day0.csv day1.csv day2.csv -m m.npz {QUICK}")
    assert "180 records" in capsys.readouterr().out
    run("score day[01].csv other.csv -m m.npz -o s.csv")
    rows = read_csv("s.csv")["row"]
    assert (len(rows), rows[-1]) == (121, "121")
    run("score nothing*.csv -m m.npz", code=2)
    assert "no file matches" in capsys.readouterr().err
    run("score day0.csv day?.csv -m m.npz", code=2)
    assert "read twice: 'day0.csv'" in capsys.readouterr().err
    (folder / "wrong.csv").write_text("a,c\n2,3.5\n")
    run("score day0.csv wrong.csv -m m.npz", code=2)
    assert "not the same columns" in capsys.readouterr().err
    run("fit day0.csv day1.csv --series -m s.npz", code=2)
    assert "read from one file, found 2" in capsys.readouterr().err


def test_names_with_commas_are_quoted(folder, capsys):
    rows = "".join(f"{i % 7}.5,{i % 5},x{i},{i % 6}.5\n" for i in range(60))
    (folder / "train.csv").write_text('a,"b, mm",c,d\n' + rows)
    assert main(["fit", "train.csv", "-m", "m.npz", "--drop", '"b, mm",c', "--epochs", "2", "--hidden", "4"]) == 0
    assert "60 records with 2 columns" in capsys.readouterr().out
    assert main(["fit", "train.csv", "-m", "m.npz", "--drop", "b, mm"]) == 2
    assert "a name with a comma is written in double quotes, as '\"b, mm\"'" in capsys.readouterr().err


def test_other_encodings_are_offered_and_read(folder, capsys):
    text = "größe,b\n" + ROWS
    (folder / "train.csv").write_bytes(text.encode("cp1252"))
    run(f"fit train.csv -m m.npz {QUICK}", code=2)
    assert "perhaps 'cp1252', as encoding= (on the command line: --encoding)" in capsys.readouterr().err
    run(f"fit train.csv -m m.npz {QUICK} --encoding cp1252")
    run("score train.csv -m m.npz -o s.csv")
    run("info -m m.npz")
    assert "größe" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--decimal ;", "decimal must be '.' or ','"),
        ("--delimiter , --decimal ,", "cannot be the decimal point"),
        ("--comment ##", "comment must be one character"),
    ],
)
def test_contradictions_are_refused(folder, capsys, options, message):
    (folder / "train.csv").write_text("a,b\n" + ROWS)
    run(f"fit train.csv -m m.npz {options}", code=2)
    assert message in capsys.readouterr().err


def with_bad_cells(name, line):
    rows = [f"{i * 17 % 60}.5,{i * 7 % 11}" for i in range(60)]
    rows[line - 2] = "much,1"
    name.write_text("a,b,kind\n" + "".join(f"{row},{'uv'[i % 2]}\n" for i, row in enumerate(rows)))


@pytest.fixture
def bad_cells(folder):
    """Two files with a bad cell each, in line 5 and in line 9."""
    with_bad_cells(folder / "one.csv", 5)
    with_bad_cells(folder / "two.csv", 9)
    return folder


def test_a_bad_cell_of_several_files_is_named_with_its_file(bad_cells, capsys):
    run(f"fit one.csv two.csv -m m.npz {QUICK}", code=2)
    assert "'one.csv', line 5 (row 4), column 'a': found 'much'" in capsys.readouterr().err
    run(f"fit one.csv two.csv -m m.npz {QUICK} --on-bad-row report --bad-rows bad.csv", code=3)
    assert "learned from 118 records" in capsys.readouterr().out
    bad = read_csv("bad.csv")
    assert list(zip(bad["file"], bad["line"], strict=True)) == [("'one.csv'", "5"), ("'two.csv'", "9")]
    run("score one.csv two.csv -m m.npz -o s.csv", code=2)
    assert "'one.csv', line 5 (row 4), column 'a': found 'much', expected a number" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["evaluate {} --label kind --normal u", "drift {} --drop kind", "update {} --drop kind", "evaluate {} --by kind"],
)
def test_bad_cells_are_left_out_by_every_command(bad_cells, capsys, command):
    run(f"fit one.csv two.csv -m m.npz --drop kind {QUICK} --on-bad-row skip", code=3)
    capsys.readouterr()
    command = command.format("one.csv two.csv") + " -m m.npz"
    run(command, code=2)
    assert "'one.csv', line 5 (row 4), column 'a': found 'much'" in capsys.readouterr().err
    run(f"{command} --on-bad-row skip", code=3)
    told = capsys.readouterr().err
    assert "left out 2 rows" in told
    assert "'two.csv', line 9: column 'a': found 'much'" in told


def test_numbers_without_an_end_are_bad_cells(folder, capsys):
    (folder / "train.csv").write_text("a,b\n" + ROWS + "inf,2\n")
    run(f"fit train.csv -m m.npz {QUICK}", code=2)
    run(f"fit train.csv -m m.npz {QUICK} --on-bad-row skip", code=3)
    assert "line 62: column 'a': found 'inf', unlike" in capsys.readouterr().err


def test_a_header_that_is_a_record_is_warned_of_and_strict_refuses_it(folder, capsys):
    (folder / "train.csv").write_text(ROWS)
    run(f"fit train.csv -m m.npz {QUICK}")
    assert "the first line looks like a record" in capsys.readouterr().err
    run(f"fit train.csv -m m.npz {QUICK} --strict", code=2)
