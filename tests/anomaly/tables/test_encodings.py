"""Guesses at encodings, and how cells would read."""

import pytest

from anomaly.errors import DataError
from anomaly.tables.csv_files import read_csv
from anomaly.tables.encodings import guess, how_it_reads

TEXTS = {
    "cp1252": "Größe", "cp1250": "článek řeky", "cp1251": "температура", "shift_jis": "温度センサー",
    "gb18030": "温度传感器", "big5": "溫度感測器", "utf-16-le": "Größe", "utf-16-be": "Größe",
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_the_encoding_is_among_those_offered_with_a_sample(name, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(f"a,b\n{TEXTS[name]},1\nx,2\n".encode(name))
    with pytest.raises(DataError) as caught:
        read_csv(path)
    message = str(caught.value)
    assert "--encoding" in message
    if name.startswith("utf-16"):
        assert f"perhaps {name!r}" in message
    else:
        assert f"{TEXTS[name]!r} in {name}" in message
    assert read_csv(path, encoding=name)["a"][0] == TEXTS[name]


@pytest.mark.parametrize("name", ["cp1252", "cp1251", "gb18030", "utf-16-le", "utf-16-be"])
def test_the_first_guess_is_right_where_the_bytes_tell(name):
    assert guess(f"a,b\n{TEXTS[name]},1\n".encode(name)) == name


def test_bytes_that_are_no_text_at_all_have_a_guess():
    data = bytes(range(1, 256))
    assert guess(data)
    assert isinstance(how_it_reads(data, 200), str)
