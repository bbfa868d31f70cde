"""Activity files: every row is an activity, broken and named, or passed over; and nothing else."""

import gzip
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition.activity_files import (
    ActivityFileError,
    BadMapping,
    BrokenRow,
    FileMapping,
    PassedOver,
    Row,
    members_in,
    parse_mapping,
    read_activities,
)
from coalition.activity_files.currencies import exponent_of
from gateway.samples import generate
from partners.programmes.money import EXPONENTS

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
"""Where the real files are: beside the repository, and not part of it."""

MAPPING = """
format = "csv"
[activity]
supplier = "hotel"
kind = "STAY"
reference = "{house}-{folio}"
[when]
status = ["out", "done"]
[started_at]
column = "day"
format = "%Y-%m-%d"
[ended_at]
add_days = "nights"
[[spend]]
category = "ROOM"
currency = "EUR"
amount = { product = ["rate", "nights"] }
rounding = "half-up"
[[quantity]]
unit = "NIGHT"
count = "nights"
[member]
programme = "hotel"
number = "{member}"
"""
HEADER = "house,folio,status,day,nights,rate,member"
GOOD = "LIS,7,out,2026-01-05,2,99.995,H1"


def csv_of(*rows: str) -> io.BytesIO:
    return io.BytesIO("\n".join([HEADER, *rows, ""]).encode())


def read(
    data: bytes | io.BytesIO, mapping: str = MAPPING, name: str = "stays.csv"
) -> list[Row | BrokenRow | PassedOver]:
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    return list(read_activities(stream, parse_mapping(mapping.encode()), name=name))


def only(found: Iterable[Row | BrokenRow | PassedOver]) -> Row:
    (row,) = found
    assert isinstance(row, Row), row
    return row


def test_a_row() -> None:
    row = only(read(csv_of(GOOD)))
    assert (row.row, row.line, row.reference) == (1, 2, "LIS-7")
    item = row.item
    assert (item.membership.programme, item.membership.member_number) == ("hotel", "H1")
    assert not item.request_id
    activity = item.activity
    assert (activity.key.supplier, activity.key.kind, activity.key.revision) == ("hotel", "STAY", 1)
    assert activity.started_at.ToDatetime(tzinfo=UTC) == datetime(2026, 1, 5, tzinfo=UTC)
    assert activity.ended_at.ToDatetime(tzinfo=UTC) == datetime(2026, 1, 7, tzinfo=UTC)
    (spend,) = activity.spend
    assert (spend.category, spend.amount.currency, spend.amount.minor) == ("ROOM", "EUR", 19999)
    (quantity,) = activity.quantities
    assert (quantity.unit, quantity.count) == ("NIGHT", 2)


ROUNDED = [("0.005", "half-up", 1), ("0.005", "half-even", 0), ("0.015", "half-even", 2)]


@pytest.mark.parametrize(("rate", "rounding", "minor"), [*ROUNDED, ("0.019", "down", 1)])
def test_roundings_are_named(rate: str, rounding: str, minor: int) -> None:
    row = GOOD.replace("99.995", rate).replace("05,2,", "05,1,")
    found = only(read(csv_of(row), MAPPING.replace("half-up", rounding)))
    assert found.item.activity.spend[0].amount.minor == minor


def test_nothing_is_rounded_unasked() -> None:
    mapping = MAPPING.replace('rounding = "half-up"', "")
    assert only(read(csv_of(GOOD), mapping)), "2 x 99.995 is 199.99 exactly"
    (broken,) = read(csv_of(GOOD.replace("05,2,", "05,1,")), mapping)
    assert isinstance(broken, BrokenRow)
    assert "comes to 99.995, finer than 2 decimals" in str(broken)


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 200), ("KWD", 199990), ("EUR", 19999)])
def test_minor_units_are_of_the_currency(currency: str, minor: int) -> None:
    found = only(read(csv_of(GOOD), MAPPING.replace("EUR", currency)))
    assert found.item.activity.spend[0].amount.minor == minor


def test_exponents_agree_with_the_gateway() -> None:
    assert {code: exponent_of(code) for code in EXPONENTS} == dict(EXPONENTS)
    assert exponent_of("H-POINTS") is None


BROKEN = {
    "LIS,7,out,2026-01-05,2,99.995": "line 2: has 6 fields where the header has 7",
    GOOD.replace("99.995", "1,000"): "line 2: has 8 fields where the header has 7",
    GOOD.replace("99.995", "abc"): 'line 2: rate is "abc", which is no number',
    GOOD.replace("99.995", "1e3"): 'line 2: rate is "1e3", which is no number',
    GOOD.replace("99.995", "nan"): 'line 2: rate is "nan", which is no number',
    GOOD.replace("99.995", ""): "line 2: rate is empty: write a number",
    GOOD.replace("99.995", "-1"): "line 2: rate comes to -2, below zero: to take an",
    GOOD.replace("99.995", "999999999999999"): "",
    GOOD.replace(",2,", ",1.5,"): "line 2: nights comes to 1.5, finer than 0 decimals",
    GOOD.replace("2026-01-05", "2026-02-30"): 'line 2: day is "2026-02-30", which is not of the',
    GOOD.replace("2026-01-05", "05/01/26"): 'line 2: day is "05/01/26", which is not of the form',
    GOOD.replace(",2,", ",99999999,"): "",
    GOOD.replace("H1", "H 1"): 'line 2: member makes the member number "H 1": it has to be',
    GOOD.replace("LIS", "L\N{LATIN SMALL LETTER A WITH ACUTE}"): "line 2: house, folio makes the",
    '"LIS"x,7,out,2026-01-05,2,1,H1': "line 2: is not CSV ('",
}


@pytest.mark.parametrize(("row", "told"), BROKEN.items(), ids=str)
def test_broken_rows_are_named_and_the_rest_goes_through(row: str, told: str) -> None:
    found = read(csv_of(row, GOOD))
    assert len(found) == 2
    if told:
        assert isinstance(found[0], BrokenRow), found[0]
        assert str(found[0]).startswith(told)
        assert found[0].remedy
    assert isinstance(found[1], Row)
    assert (found[1].row, found[1].line) == (2, 3)


def test_a_byte_that_is_no_text() -> None:
    data = csv_of(GOOD, GOOD).getvalue().replace(b"LIS", b"L\xffS", 1)
    broken, good = read(data)
    assert str(broken).startswith("line 2: holds the byte 0xff, which is not utf-8 text")
    assert isinstance(good, Row)
    both = read(
        data.replace(b"\xff", b"\xe9"), MAPPING.replace("LIS", "") + '[csv]\nencoding="cp1252"'
    )
    assert isinstance(both[0], BrokenRow), "a reference is ASCII"
    assert "makes the reference" in str(both[0])


def test_a_forgotten_quote_swallows_nothing() -> None:
    found = read(csv_of('"LIS,7,out,2026-01-05,2,1,H1', *[GOOD] * 200))
    assert str(found[0]).startswith("line 2: is not CSV (unexpected end of data)")
    assert [row.line for row in found[1:] if isinstance(row, Row)] == list(range(3, 203))


def test_two_forgotten_quotes_far_apart() -> None:
    bad = '"LIS,7,out,2026-01-05,2,1,H1'
    found = read(csv_of(bad, GOOD, bad, GOOD))
    assert [type(row) for row in found] == [BrokenRow, Row, BrokenRow, Row]


def test_a_field_of_several_lines() -> None:
    mapping = MAPPING.replace("{house}-{folio}", "{folio}")
    found = read(csv_of('"LI\nS\n",7,out,2026-01-05,2,1,H1', GOOD), mapping)
    assert [(row.row, row.line) for row in found] == [(1, 2), (4, 5)]
    assert all(isinstance(row, Row) for row in found)


def test_mending_a_row_leaves_the_others_their_numbers() -> None:
    mapping = MAPPING.replace("{house}-{folio}", "{file}:{row}")
    before = read(csv_of(GOOD, "", "rubbish", GOOD), mapping)
    after = read(csv_of(GOOD, "", GOOD, GOOD), mapping)
    assert [row.row for row in before] == [row.row for row in after] == [1, 3, 4]
    assert isinstance(before[2], Row)
    assert before[2] == after[2]
    assert before[2].reference == "stays.csv:4"


def test_blank_lines_bom_and_line_ends() -> None:
    data = b"\xef\xbb\xbf" + csv_of(GOOD, "", GOOD).getvalue().replace(b"\n", b"\r\n")
    assert [type(row) for row in read(data)] == [Row, Row]
    assert [type(row) for row in read(data.rstrip())] == [Row, Row]


def test_delimiter_and_decimal_mark() -> None:
    data = csv_of(GOOD).getvalue().replace(b",", b";").replace(b"99.995", b"99,995")
    found = only(read(data, MAPPING + '[csv]\ndelimiter = ";"\ndecimal = ","'))
    assert found.item.activity.spend[0].amount.minor == 19999


def test_rows_passed_over_are_counted_by_reason() -> None:
    found = read(csv_of(GOOD.replace("out", "no-show"), GOOD.replace("H1", ""), GOOD))
    reasons = [row.reason for row in found if isinstance(row, PassedOver)]
    assert reasons == ['status is "no-show"', "no member number"]


def test_a_line_that_is_too_long() -> None:
    found = read(csv_of("x" * 3_000_000, GOOD))
    assert str(found[0]).startswith("line 2: is longer than a mebibyte")
    assert isinstance(found[1], Row)


HEADERS = {
    b"": "stays.csv is empty",
    b"house,folio\n": "has no column 'status'",
    b"\xff,b\n": "should name the columns, holds the byte 0xff",
    HEADER.encode() + b",rate\n": "more than one column 'rate'",
}


@pytest.mark.parametrize(("data", "told"), HEADERS.items(), ids=str)
def test_a_header_that_does_not_fit(data: bytes, told: str) -> None:
    with pytest.raises(ActivityFileError, match=told):
        read(data)


def test_a_format_that_nobody_tells() -> None:
    with pytest.raises(ActivityFileError, match='write format = "csv" into the mapping'):
        read(csv_of(GOOD), MAPPING.replace('format = "csv"', ""), "stays.txt")


@pytest.mark.parametrize("name", ["März.csv", "x" * 101, "a\nb"])
def test_a_name_that_is_no_reference(name: str) -> None:
    with pytest.raises(ActivityFileError, match="give --name"):
        read(csv_of(GOOD), name=name)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    mapping = parse_mapping(MAPPING.encode())
    with pytest.raises(ActivityFileError, match="No such file"):
        list(read_activities(tmp_path / "none.csv", mapping))
    with pytest.raises(ActivityFileError, match="a stream has no name"):
        list(read_activities(csv_of(GOOD), mapping))


def test_gzip_is_known_by_its_bytes_and_leaves_the_name_alone(tmp_path: Path) -> None:
    path = tmp_path / "stays.csv.gz"
    path.write_bytes(gzip.compress(csv_of(GOOD).getvalue()))
    mapping = MAPPING.replace("{house}-{folio}", "{file}:{row}")
    row = only(read_activities(path, parse_mapping(mapping.encode())))
    assert row.reference == "stays.csv:1"


def test_a_file_that_breaks_off() -> None:
    whole = gzip.compress("\n".join([HEADER, *[GOOD] * 5_000]).encode(), mtime=0)
    found = read(whole[:-60])
    assert isinstance(found[-1], BrokenRow)
    assert "is the last that can be read" in str(found[-1])
    assert all(isinstance(row, Row) for row in found[:-1])


JSON_MAPPING = """
[activity]
supplier = "airline"
kind = "FLIGHT"
reference = "{file}:{row}"
[started_at]
column = "date"
[[quantity]]
unit = "MILE"
count = "miles"
[member]
programme = "airline"
number = { hash_of = "{file}:{row}", members = 10, prefix = "A" }
"""
FLIGHT = {"date": "2026-01-05T10:00:00+02:00", "miles": 100}


def read_json(text: str, name: str = "f.json") -> list[Row | BrokenRow | PassedOver]:
    return read(text.encode(), JSON_MAPPING, name)


def test_json_array() -> None:
    first, second = read_json(json.dumps([FLIGHT, {**FLIGHT, "miles": "250"}], indent=1))
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.row, first.line, second.row, second.line) == (1, 2, 2, 6)
    assert first.item.activity.started_at.ToDatetime() == datetime(2026, 1, 5, 8)  # noqa: DTZ001
    assert not first.item.activity.HasField("ended_at")
    assert second.item.activity.quantities[0].count == 250


def test_json_array_larger_than_a_window() -> None:
    flights = [{**FLIGHT, "pad": "x" * (index % 977)} for index in range(3_000)]
    found = read_json(json.dumps(flights))
    assert [row.row for row in found if isinstance(row, Row)] == list(range(1, 3_001))


def test_empty_json() -> None:
    assert read_json(" [ ] \n") == []
    with pytest.raises(ActivityFileError, match="no JSON array"):
        read_json("{}")


GOOD_JSON = json.dumps(FLIGHT)
BROKEN_ELEMENTS = {
    "7": 'line 1: is "7", not a JSON object',
    '{"date": "2026-01-05", "miles": 1, "miles": 2}': "line 1: miles stands there twice",
    '{"date": "2026-01-05"}': "line 1: miles is missing",
    '{"date": "2026-01-05", "miles": NaN}': "line 1: miles holds no text or number",
    '{"date": "2026-01-05", "miles": 1e999999999999999999999}': "line 1: miles holds no text",
    '{"date": "2026-01-05", "miles": 1e400}': 'line 1: miles is "1E+400", out of range',
    '{"date": "2026-01-05", "miles": [1]}': "line 1: miles holds no text or number",
    '{"date": "2026-01-05", "miles": true}': 'line 1: miles is "true", which is no number',
    '{"date": null, "miles": 1}': "line 1: date is empty",
    '{"date": "2026-01-05", "miles": ' + "9" * 5_000 + "}": "line 1: miles is ",
}


@pytest.mark.parametrize(("element", "told"), BROKEN_ELEMENTS.items(), ids=str)
def test_broken_elements(element: str, told: str) -> None:
    found = read_json(f"[{element}, {GOOD_JSON}]")
    assert str(found[0]).startswith(told)
    assert isinstance(found[1], Row)
    found = read_json(f"{element}\n\n{GOOD_JSON}\n", "f.jsonl")
    assert str(found[0]).startswith(told)
    assert [(row.row, row.line) for row in found] == [(1, 1), (3, 3)]


@pytest.mark.parametrize("rest", [", {", "", ", nonsense]", " {}]", "] []", "[" * 100_000])
def test_json_that_cannot_be_told_apart(rest: str) -> None:
    first, last = read_json(f"[{GOOD_JSON}{rest}")
    assert isinstance(first, Row)
    assert isinstance(last, BrokenRow)
    assert last.remedy


def test_broken_json_lines() -> None:
    found = read_json(f"{{\n{GOOD_JSON} {GOOD_JSON}\n\xff\n{GOOD_JSON}", "f.jsonl")
    assert [type(row) for row in found] == [BrokenRow, BrokenRow, BrokenRow, Row]


def test_stated_points_and_revisions() -> None:
    mapping = JSON_MAPPING.replace("[started_at]", 'revision = "again"\n[started_at]') + (
        '[[stated]]\nprogramme = "airline"\nreason = "PROMOTION"\n'
        'points_minor = { product = ["miles", { number = "0.1" }] }\nrounding = "down"'
    )
    row = {**FLIGHT, "miles": 109, "again": 2}
    found = only(read(json.dumps([row]).encode(), mapping, "f.json"))
    (leg,) = found.item.stated
    assert (leg.programme, leg.reason, leg.points_minor) == ("airline", "PROMOTION", 10)
    assert found.item.activity.key.revision == 2
    none = only(read(json.dumps([{**row, "miles": 9}]).encode(), mapping, "f.json"))
    assert not none.item.stated
    (broken,) = read(json.dumps([{**row, "again": 0}]).encode(), mapping, "f.json")
    assert "again is 0" in str(broken)


def test_attributes() -> None:
    """One that is empty is none; one that cannot be sent makes the row broken."""
    mapping = JSON_MAPPING + (
        '[[attribute]]\nname = "fare-class"\nvalue = "{fare}"\n'
        '[[attribute]]\nname = "property"\nvalue = "house-{house}"\n'
    )
    row = {**FLIGHT, "fare": "Y", "house": "7"}
    found = only(read(json.dumps([row]).encode(), mapping, "f.json"))
    assert [(a.name, a.value) for a in found.item.activity.attributes] == [
        ("fare-class", "Y"),
        ("property", "house-7"),
    ]
    none = only(read(json.dumps([{**row, "fare": ""}]).encode(), mapping, "f.json"))
    assert [a.name for a in none.item.activity.attributes] == ["property"]
    for value in ("x" * 65, "\u00e9"):
        (broken,) = read(json.dumps([{**row, "fare": value}]).encode(), mapping, "f.json")
        assert "fare makes the attribute" in str(broken)
    with pytest.raises(BadMapping, match="each name once"):
        parse_mapping((mapping + '[[attribute]]\nname = "property"\nvalue = "x"\n').encode())


def test_hashed_members_are_the_same_every_time_and_spread() -> None:
    text = json.dumps([FLIGHT] * 2_000)
    numbers = [row.item.membership.member_number for row in read_json(text) if isinstance(row, Row)]
    digest = hashlib.sha256(b"f.json:1").digest()
    assert numbers[0] == f"A{int.from_bytes(digest[:8], 'big') % 10 + 1:02d}"
    counts = Counter(numbers)
    assert set(counts) == {f"A{n:02d}" for n in range(1, 11)}
    assert min(counts.values()) > 140


MISTAKES = {
    'supplier = "hotel"': ("supplier = 5", "line 4, activity.supplier: write a text"),
    "{house}-{folio}": ("{house", "line 6, activity.reference: write a text"),
    'kind = "STAY"': ('knd = "STAY"', "line 5, activity.knd: is not a key of this table; did you"),
    'format = "%Y-%m-%d"': ('format = "%H"', 'line 11, started_at.format: write "iso", or'),
    '["out", "done"]': ("[]", "line 8, when.status: write the value to take"),
    'add_days = "nights"': ('column = "a"\nadd_days = 1', "line 12, ended_at: give one of"),
    '"rate", "nights"': ("1.5", "line 17, spend[0].amount: write a column"),
    'currency = "EUR"': (
        'currency = "COIN"',
        "line 14, spend[0]: COIN is no money of ISO 4217: add its exp",
    ),
    "half-up": ("up", "line 18, spend[0].rounding: Input should be 'half-up'"),
    'number = "{member}"': ("", "line 22, member.number: is missing"),
    'programme = "hotel"': ('programme = "H"', "line 23, member.programme: write something like"),
    "[[quantity]]": ("[quantity]", "line 19, quantity: "),
    'format = "csv"': ('format = "xml"', "line 2, format: Input should be 'csv'"),
    "[activity]": ("[activity", "file: is not TOML"),
}


@pytest.mark.parametrize(("text", "mistake"), MISTAKES.items(), ids=str)
def test_mistakes_in_a_mapping_are_named_with_their_line(
    text: str, mistake: tuple[str, str]
) -> None:
    assert text in MAPPING
    with pytest.raises(BadMapping) as caught:
        parse_mapping(MAPPING.replace(text, mistake[0], 1).encode(), "m.toml")
    assert any(str(problem).startswith(mistake[1]) for problem in caught.value.problems), str(
        caught.value
    )


def test_a_mapping_that_is_no_text_or_too_long() -> None:
    for data in (b"\xff", b"#" * 100_000):
        with pytest.raises(BadMapping):
            parse_mapping(data)


FUZZED = parse_mapping(MAPPING.encode())
CHUNKS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b'"', b",", b"\n", b"\r\n", b"\0", b"\xff", GOOD.encode(), b"\n" + GOOD.encode()]
    ),
)


@given(st.lists(CHUNKS, max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_bytes_after_a_header_are_rows_of_one_sort_or_another(chunks: list[bytes]) -> None:
    data = HEADER.encode() + b"\n" + b"".join(chunks)
    found = read_all(data, FUZZED)
    lines = [row.line for row in found]
    assert lines == sorted(lines)
    assert len(set(lines)) == len(lines)


def read_all(data: bytes, mapping: FileMapping) -> list[Row | BrokenRow | PassedOver]:
    return list(read_activities(io.BytesIO(data), mapping, name="fuzz.csv"))


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_rows_or_a_named_error(data: bytes) -> None:
    for form in ("csv", "json", "jsonl"):
        mapping = FUZZED.model_copy(update={"format": form})
        try:
            read_all(data, mapping)
            read_all(b"[" + data, mapping)
            read_all(b"\x1f\x8b" + data, mapping)
        except ActivityFileError:
            continue


def sample_mapping(name: str) -> FileMapping:
    return parse_mapping((files("gateway.samples") / f"{name}.mapping.toml").read_bytes(), name)


def test_samples_are_what_their_generator_makes(tmp_path: Path) -> None:
    generate.write(tmp_path)
    for name in ("stays.csv", "flights.json"):
        assert (tmp_path / name).read_bytes() == (files("gateway.samples") / name).read_bytes()


@pytest.mark.parametrize(
    ("file", "mapping", "activities"),
    [("stays.csv", "hotel_bookings", 207), ("flights.json", "flights", 300)],
)
def test_samples_are_read(file: str, mapping: str, activities: int) -> None:
    path = Path(str(files("gateway.samples") / file))
    found = list(read_activities(path, sample_mapping(mapping)))
    assert not [row for row in found if isinstance(row, BrokenRow)]
    assert len(found) == 300
    assert sum(isinstance(row, Row) for row in found) == activities
    assert sum(members_in(path, sample_mapping(mapping)).values()) == activities


def real(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no real input: ../shared/data/{name} is absent")
    return path


def test_the_real_hotel_bookings() -> None:
    found = list(read_activities(real("hotel_bookings.csv.gz"), sample_mapping("hotel_bookings")))
    rows = [row for row in found if isinstance(row, Row)]
    passed = Counter(row.reason for row in found if isinstance(row, PassedOver))
    assert (len(found), len(rows)) == (14_938, 6_938)
    assert passed == {
        'reservation_status is "Canceled"': 7_793,
        'reservation_status is "No-Show"': 207,
    }
    activities = [row.item.activity for row in rows]
    assert sum(activity.spend[0].amount.minor for activity in activities) == 232_911_686
    assert sum(activity.quantities[0].count == 0 for activity in activities) == 88
    assert len({row.reference for row in rows}) == 6_938
    assert rows[0].reference == "hotel_bookings.csv:1"


def test_the_real_flights() -> None:
    found = list(read_activities(real("flights-20k.json.gz"), sample_mapping("flights")))
    rows = [row for row in found if isinstance(row, Row)]
    assert len(found) == len(rows) == 20_000
    assert sum(row.item.activity.quantities[0].count for row in rows) == 14_476_934
    assert rows[-1].reference == "flights-20k.json:20000"
