"""Text files of other formats are refused by name, and files that look a little like them are read."""

import gzip

import pytest

from anomaly.errors import DataError
from anomaly.tables.csv_files import iter_csv, read_csv

SECONDS = [1709622180 + 61 * i for i in range(30)]
FORMATS = {
    "InfluxDB": [f"weather,station=s{i % 3} temp={20 + i / 7:.2f},hum={i} {t}000000000" for i, t in enumerate(SECONDS)],
    "InfluxDB, one field": [f"temp value={20 + i / 7:.2f} {t}000000000" for i, t in enumerate(SECONDS)],
    "Prometheus": [f'cpu_seconds_total{{cpu="{i % 8}",mode="idle"}} {i / 7:.2f}' for i in range(30)],
    "Prometheus, with its types": ["# TYPE up gauge", *(f"metric_{i} {i / 7:.2f}" for i in range(30))],
    "Graphite": [f"servers.a.cpu {i / 7:.2f} {t}" for i, t in enumerate(SECONDS)],
    "StatsD": [f"api.latency:{i}|ms|@0.1" for i in range(30)],
    "JSON": [f'{{ "a": {i}, "b": {i / 7:.2f} }}' for i in range(30)],
    "JSON, an array": ["[", *(f'  {{"a": {i}}},' for i in range(30)), '{"a": 1}]'],
    "JSON, lists": [f"[{i}, {i / 7:.2f}]" for i in range(30)],
    "JSON, indented": ["{", '  "data": [', *(f'    {{"a": {i}}},' for i in range(30)), "  ]", "}"],
    "tuples": [f"({i}, {i / 7:.2f})," for i in range(30)],
    "INI": ["; of the pump", "[general]", *(f"v{i} = {i / 7:.2f}" for i in range(30))],
    "properties": [f"sensor.{i}.value={i / 7:.2f}" for i in range(30)],
    "YAML": ["---", "records:", *(line for i in range(30) for line in (f"  - a: {i}", f"    b: {i / 7:.2f}"))],
    "YAML, in braces": [f"- {{a: {i}, b: {i / 7:.2f}}}" for i in range(30)],
    "name: value": [line for i in range(30) for line in (f"Sample: S{i}", f"Area: {i / 7:.2f}")],
    "XML": ["<records>", *(f'  <record a="{i}" b="{i / 7:.2f}"/>' for i in range(30)), "</records>"],
    "FASTA": [line for i in range(30) for line in (f">seq{i} x", "ACGTTGCA")],
    "SAM": ["@HD\tVN:1.6", *(f"r{i}\t99\tref\t{i}\t30" for i in range(30))],
    "ARFF": ["@relation x", "@attribute a numeric", "@data", *map(str, range(30))],
    "log of a web server": [
        f'10.0.0.{i % 9} - - [05/Mar/2024:07:03:{i:02} +0100] "GET /a HTTP/1.1" 200 {i}' for i in range(30)
    ],
    "log of the system": [f"Mar  5 07:03:{i:02} host sshd[{i}]: accepted for u{i % 4}" for i in range(30)],
    "log of a program": [f"2024-03-05 07:03:{i:02},{i:03} INFO  [main] app.Server - took {i} ms" for i in range(30)],
    "name=value": [f"ts=2024-03-05T07:03:{i:02} level=info took={i / 7:.2f}" for i in range(30)],
    "CEF": [f"CEF:0|Vendor|Product|1.0|100|stopped|{i % 10}|src=10.0.0.{i}" for i in range(30)],
    "W3C": ["#Software: IIS", "#Fields: date time sc-status", *(f"2024-03-05 07:03:{i:02} 200" for i in range(30))],
    "NMEA": [f"$GPGGA,0703{i:02}.00,4807.{i:03},N,01131.000,E,1,08*{i:02X}" for i in range(30)],
    "SQL": ["-- MySQL dump 10.13", *(f"INSERT INTO t VALUES ({i},{i / 7:.2f});" for i in range(30))],
    "LIBSVM": [f"{i % 2} 1:{i / 7:.2f} 2:{i} 3:0.5" for i in range(30)],
    "Git LFS": ["version https://git-lfs.github.com/spec/v1", "oid sha256:abc", "size 12345"],
    "MySQL": ["+----+------+", "| a  | b    |", "+----+------+", "|  1 |  2.5 |", "+----+------+"],
}
READ = {
    "names in angle brackets": ["<DATE>,<OPEN>,<CLOSE>", *(f"202401{i:02},{i},{i / 7:.2f}" for i in range(1, 30))],
    "names in brackets": ["[C],[bar]", *(f"{i},{i / 7:.2f}" for i in range(30))],
    "values with names": ["a,b", *(f"T={i},H={i / 7:.2f}" for i in range(30))],
    "values with names and colons": ["a,b", *(f"temp: {i},hum: {i / 7:.2f}" for i in range(30))],
    "censored": ["a,b", *(f"<{i},<{i / 7:.2f}" for i in range(30))],
    "levels of a log": ["time,level,took", *(f"2024-03-05 07:03:{i:02},INFO,{i}" for i in range(30))],
    "parentheses": ["a;b", *(f"({i},5);({i / 7:.2f})".replace(".", ",") for i in range(30))],
    "ORCID": ["ORCID,b", *(f"{i},{i / 7:.2f}" for i in range(30))],
    "PAR1S": ["PARENT,GRIB", *(f"{i},{i / 7:.2f}" for i in range(30))],
    "at": ["@a,@b", *(f"{i},{i / 7:.2f}" for i in range(30))],
}


def write(path, lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_text_of_another_format_is_refused_by_name(name, tmp_path):
    path = write(tmp_path / "a.csv", FORMATS[name])
    with pytest.raises(DataError, match=rf"a\.csv' is no CSV file, but .*{name.split(', ')[0]}"):
        read_csv(path)
    with pytest.raises(DataError, match=r"is no CSV file"):
        next(iter_csv(path))


@pytest.mark.parametrize("name", READ)
def test_tables_that_look_a_little_like_another_format_are_read(name, tmp_path):
    lines = READ[name]
    table = read_csv(write(tmp_path / "a.csv", lines))
    assert (len(table), len(table.names)) == (len(lines) - 1, lines[0].count(",") + lines[0].count(";") + 1)


def test_a_delimiter_that_is_given_makes_fields_of_the_lines_of_a_log(tmp_path):
    path = write(tmp_path / "a.csv", FORMATS["log of a web server"])
    assert len(read_csv(path, delimiter=" ", header=False).names) == 8


def test_compressed_files_of_other_formats_are_refused_by_name(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"%PDF-1.4\n" + bytes(100)))
    with pytest.raises(DataError, match="no CSV file, but a PDF file"):
        read_csv(tmp_path / "a.csv.gz")
    (tmp_path / "b.csv").write_bytes(gzip.compress(bytes(257) + b"ustar\x0000" + bytes(100)))
    with pytest.raises(DataError, match="no CSV file, but a tar archive"):
        read_csv(tmp_path / "b.csv")
