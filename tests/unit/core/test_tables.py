from __future__ import annotations

from pathlib import Path

import pytest

from crosswalk.core import csv_reader as tables
from crosswalk.core.csv_reader import read_table, scan_table
from crosswalk.errors import ConfigurationError

COLUMNS = ("one", "two")


def written(folder: Path, content: bytes | str) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_rows_carry_the_number_a_spreadsheet_shows(tmp_path: Path) -> None:
    path = written(tmp_path, 'two,one\r\nb, a \r\n\r\n,\r\n"d\nd","c,c"\r\n')

    assert [(row.number, row["one"], row["two"]) for row in read_table(path, COLUMNS)] == [(2, " a ", "b"), (5, "c,c", "d\nd")]


def test_a_byte_order_mark_is_removed(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, b"\xef\xbb\xbfone,two\na,b\n"), COLUMNS)[0]["one"] == "a"


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "one,two\n"), COLUMNS) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ["MAP_EMPTY table.csv"]),
        (b" \n\n", ["MAP_EMPTY table.csv"]),
        (b"\xef\xbb\xbf", ["MAP_EMPTY table.csv"]),
        ("one,two\nä,b\n".encode("latin-1"), ["MAP_ENCODING table.csv"]),
        ("one,two\na,b\n".encode("utf-16"), ["MAP_ENCODING table.csv"]),
        ("one,two\na,b\n".encode("utf-16-le"), ["MAP_ENCODING table.csv"]),
        ("one;two\na;b\n", ["MAP_DELIMITER table.csv row 1"]),
        ("one\ttwo\na\tb\n", ["MAP_DELIMITER table.csv row 1"]),
        ("a,b\nc,d\n", ["MAP_HEADER table.csv row 1"]),
        ("\none,two\na,b\n", ["MAP_HEADER table.csv row 1"]),
        ("one\na\n", ["MAP_HEADER table.csv row 1"]),
        ("one,two,tow\na,b,c\n", ["MAP_UNKNOWN_COLUMN table.csv row 1"]),
        ("one,two,one\na,b,c\n", ["MAP_DUPLICATE_COLUMN table.csv row 1"]),
        ("one,One,one\n", ["MAP_DUPLICATE_COLUMN table.csv row 1", "MAP_UNKNOWN_COLUMN table.csv row 1", "MAP_HEADER table.csv row 1"]),
        ("one,two\na\na,b\na,b,c\n", ["MAP_ROW_WIDTH table.csv row 2", "MAP_ROW_WIDTH table.csv row 4"]),
        ('one,two\na\n"b,c\n', ["MAP_ROW_WIDTH table.csv row 2", "MAP_QUOTE table.csv line 3"]),
        ('one,two\n"a"x,c\n', ["MAP_QUOTE table.csv line 2"]),
        ('"one,two\n', ["MAP_QUOTE table.csv line 1"]),
        ("one,two\n" + "a,b\n" * 10_001, ["MAP_TOO_LARGE table.csv"]),
        (b"one,two\n" + b"a,b\n" * 1_000_000, ["MAP_TOO_LARGE table.csv"]),
    ],
)
def test_what_is_wrong_with_a_table_is_named_with_its_place(tmp_path: Path, content: bytes | str, expected: list[str]) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ConfigurationError) as raised:
        read_table(path, COLUMNS)
    assert [f"{problem.code} {problem.place}" for problem in raised.value.problems] == expected
    assert [problem.code for problem in scan_table(path, COLUMNS)[1]] == [one.split()[0] for one in expected]


def test_a_missing_file_and_a_folder_are_not_found(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ConfigurationError) as raised:
            read_table(path, COLUMNS)
        assert raised.value.code == "MAP_NOT_FOUND"


def test_no_more_than_a_bounded_part_of_a_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 10)

    assert scan_table(written(tmp_path, "one,two\na,b\n"), COLUMNS)[1][0].code == "MAP_TOO_LARGE"


def test_an_unknown_column_comes_with_a_guess(tmp_path: Path) -> None:
    problem = scan_table(written(tmp_path, "one,Two \na,b\n"), COLUMNS)[1][0]

    assert problem.problem == "unknown column 'Two ' (did you mean 'two'?)"
