"""Partners' records as their systems write them: read exactly, or refused as a whole."""

import gzip
import json
from pathlib import Path

import pytest

from coalition.activity_files import BadMapping
from coalition.activity_files.mapping_files import parse_mapping_as
from coalition.record_files import PLAIN, BadRecord, RecordMapping, read_record, survey
from coalition.v1.reconciliation_pb2 import RecordRow

EUROPEAN = """
reference = "{property}/{folio}"
receives = "credit"
owes = "debit"
exponent = 2
counterparty = "airline"
[csv]
delimiter = ";"
decimal = ","
[when]
status = ["Posted"]
[date]
column = "day"
format = "%d.%m.%Y"
"""

TABLE = """property;folio;credit;debit;day;status
H1;7;1,50;;05.01.2026;Posted
H1;8;;2,00;06.01.2026;Posted
H1;9;;2,00;06.01.2026;Open
H1;10;3,00;3,00;06.01.2026;Posted
"""

ROWS = [
    RecordRow(reference="H1/7", date="2026-01-05", amount_minor=150, counterparty="airline"),
    RecordRow(reference="H1/8", date="2026-01-06", amount_minor=-200, counterparty="airline"),
]


def mapping(text: str) -> RecordMapping:
    return parse_mapping_as(RecordMapping, text.encode(), "test")


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_table_with_two_columns_of_amounts(tmp_path: Path) -> None:
    file = written(tmp_path, "r.csv", TABLE)
    assert [row for row in read_record(file, mapping(EUROPEAN)) if row is not None] == ROWS
    controls = survey(file, mapping(EUROPEAN))
    assert (controls.rows, controls.total_minor, controls.passed_over) == (2, -50, 2)


def test_packed_or_not_the_rows_are_the_same(tmp_path: Path) -> None:
    file = written(tmp_path, "r.csv", TABLE)
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    one, other = (survey(path, mapping(EUROPEAN)) for path in (file, packed))
    assert one.rows_sha256 == other.rows_sha256
    assert one.sha256 != other.sha256


def test_json_lines_and_what_ones_items_hold(tmp_path: Path) -> None:
    lines = [
        {"reference": "a", "date": "2026-01-05", "amount": -7, "kind": "STAY", "number": 9},
        {"reference": "", "date": "2026-01-06", "amount": 8, "counterparty": "card"},
    ]
    file = written(tmp_path, "r.jsonl", "\n".join(map(json.dumps, lines)))
    assert list(read_record(file, PLAIN)) == [
        RecordRow(reference="a", date="2026-01-05", amount_minor=-7, kind="STAY"),
        RecordRow(date="2026-01-06", amount_minor=8, counterparty="card"),
    ]


def test_another_mapping_makes_another_record(tmp_path: Path) -> None:
    file = written(tmp_path, "r.csv", TABLE)
    turned = EUROPEAN.replace('receives = "credit"', 'receives = "debit"')
    turned = turned.replace('owes = "debit"', 'owes = "credit"')
    one, other = (survey(file, mapping(text)) for text in (EUROPEAN, turned))
    assert (one.sha256, one.total_minor) == (other.sha256, -other.total_minor)
    assert one.rows_sha256 != other.rows_sha256


def test_a_packed_file_that_breaks_off_is_no_record(tmp_path: Path) -> None:
    data = gzip.compress((TABLE + TABLE.split("\n", 1)[1] * 5_000).encode())
    file = tmp_path / "r.csv.gz"
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadRecord, match="get the whole file"):
        survey(file, mapping(EUROPEAN))


WRONG = {
    'owes = "debit"\n': "receives and owes",
    'receives = "credit"\n': "receives and owes",
    "exponent = 2\n": None,
    '[date]\ncolumn = "day"\nformat = "%d.%m.%Y"\n': "date: is missing",
}


@pytest.mark.parametrize("left_out", WRONG)
def test_what_a_mapping_lacks_is_said(left_out: str) -> None:
    problem = WRONG[left_out]
    text = EUROPEAN.replace(left_out, "")
    if problem is None:
        assert mapping(text).exponent == 0
        return
    with pytest.raises(BadMapping, match=problem):
        mapping(text)


def test_a_key_that_is_not_known_has_a_near_one() -> None:
    with pytest.raises(BadMapping, match="did you mean reference"):
        mapping(EUROPEAN.replace("reference =", "referense ="))
