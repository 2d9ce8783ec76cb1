"""Files that are no CSV, told by their first bytes."""

from __future__ import annotations

from anomaly.errors import DataError

_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive, or an Excel workbook: give it the ending .xlsx, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "a workbook of an old Excel: save it as .xlsx or as CSV"),
    (b"PAR1", "a Parquet file: give it the ending .parquet"),
    (b"ARROW1", "an Arrow file: give it the ending .arrow or .feather"),
    *((b"BZh%d" % n, "compressed by bzip2: decompress it first, or compress it by gzip") for n in range(1, 10)),
    (b"\xfd7zXZ", "compressed by xz: decompress it first, or compress it by gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstandard: decompress it first, or compress it by gzip"),
    (b"SQLite format 3", "a database of SQLite: export the table as CSV"),
    (b"\x89HDF", "an HDF5 file: convert it to CSV or Parquet (one of MATLAB: give it the ending .mat)"),
    (b"MATLAB 5.0", "a file of MATLAB: give it the ending .mat"),
    (
        b"LabVIEW Measurement",
        "a measurement file of LabVIEW (LVM): remove the lines above the names of the columns, such as X_Value",
    ),
    (b"TDSm", "a TDMS file of LabVIEW: export it as CSV"),
    (b"MDF     ", "a measurement file (MDF): export its channels at one common step as CSV"),
    (b"CDF\x01", "a NetCDF file: convert it to CSV or Parquet"),
    (b"CDF\x02", "a NetCDF file: convert it to CSV or Parquet"),
    (b"$FL2", "a file of SPSS: export it as CSV"),
    (b"<stata_dta>", "a file of Stata: export it as CSV"),
    (b"Obj\x01", "an Avro file: convert it to CSV or Parquet"),
    (b"ORC", "an ORC file: convert it to CSV or Parquet"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it"),
    (b"{\\rtf", "a document of a word processor: save its table as CSV"),
    (b"%PDF", "a PDF file: convert its table to CSV"),
    (b"\x93NUMPY", "an array of NumPy: load it in Python"),
    *((b"\x80%c" % n, "a pickle, which is not read, since it may run code") for n in range(2, 6)),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"\x1f\x9d", "compressed by compress (.Z): decompress it first, or compress it by gzip"),
    (b"]\x00\x00", "compressed by lzma: decompress it first, or compress it by gzip"),
    (b"\x04\x22\x4d\x18", "compressed by lz4: decompress it first, or compress it by gzip"),
    (b"\x89PNG", "a picture (PNG): export the numbers behind it as CSV"),
    (b"\xff\xd8\xff", "a picture (JPEG): export the numbers behind it as CSV"),
    (b"GIF8", "a picture (GIF): export the numbers behind it as CSV"),
    (b"RIFF", "a sound or a film (RIFF): convert it to CSV"),
    (b"%!PS", "PostScript: convert its table to CSV"),
    (b"RDX", "data of R: write it by write.csv"),
    (b"RDA", "data of R: write it by write.csv"),
    (b"X\n\x00\x00", "an object of R: write it by write.csv"),
    (b"GRIB", "a GRIB file: convert it to CSV or Parquet"),
    (b"\x0e\x03\x13\x01", "an HDF4 file: convert it to CSV or Parquet"),
    (b"FEA1", "a Feather file of version 1: write it once more as version 2, with the ending .feather"),
    (b"PARE", "an encrypted Parquet file: decrypt it first"),
    (bytes(8) + b"DUCK", "a database of DuckDB: export the table as CSV or Parquet"),
    (bytes(12) + b"\xc2\xea\x81\x60", "a file of SAS: export it as CSV"),
    (b"\x00\x01\x00\x00Standard ", "a database of Access: export the table as CSV"),
    (b"ElfFile\x00", "a log of Windows events: export it as CSV"),
    (b"\x7fELF", "a program"),
    (b"\xd4\xc3\xb2\xa1", "packets of a network (pcap): export them as CSV"),
    (b"\n\r\r\n", "packets of a network (pcapng): export them as CSV"),
    (b"<?xml", "XML: convert it to CSV"),
    (b"<!doctype", "HTML, perhaps the page of an error: download the file itself"),
    (b"<html", "HTML, perhaps the page of an error: download the file itself"),
    (b"<table", "HTML: convert its table to CSV"),
    (b'{"', "JSON: convert it to CSV or Parquet"),
    (b"[{", "JSON: convert it to CSV or Parquet"),
)
_TAR = (257, b"ustar")
LONGEST = 264
"""How many bytes at the beginning of a file are looked at."""


def check_signature(start: bytes, label: str) -> None:
    """Raise DataError if a file begins as one of another format.

    Examples
    --------
    >>> check_signature(b"amount,country", "'a.csv'")
    >>> check_signature(b"PAR1", "'a.csv'")
    Traceback (most recent call last):
        ...
    anomaly.errors.DataError: 'a.csv' is no CSV file, but a Parquet file: give it the ending .parquet
    """
    plain = start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if start[_TAR[0] :].startswith(_TAR[1]):
        raise DataError(f"{label} is no CSV file, but a tar archive: unpack it")
    for signature, what in _SIGNATURES:
        text = plain.lower() if signature[:1] == b"<" else start if signature[:1] not in b"{[" else plain
        # Letters alone may be the name of a column, such as ORCID.
        if text.startswith(signature) and (not signature.isalpha() or b"\0" in start):
            raise DataError(f"{label} is no CSV file, but {what}")
