"""Matching a partner's record: what was planted is found and named, and nothing else."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from settlement.ledger.breaks import BREAK_OUTCOMES
from settlement.reconciliation import NotMatchable, match
from settlement.reconciliation_outcomes import Rules, digest_of
from settlement.windows import open_window
from support.handmade import COALITION, found
from support.partner_records import DAY, PARTNER, Item, Row, happened, matched, recorded

ITEMS = [Item(f"F-{n:03d}", -(10_000 + n), n % 3) for n in range(1, 41)]
RECORD = [Row(item.reference, item.amount, item.day) for item in ITEMS]


@pytest.fixture
def book(connection: Connection) -> Connection:
    found(connection)
    return connection


def changed(**planted: list[Row] | None) -> list[Row]:
    """The record with rows of some references replaced, or (None) left out."""
    by_reference = {name.replace("_", "-"): rows for name, rows in planted.items()}
    rows: list[Row] = []
    for row in RECORD:
        given = by_reference.pop(row.reference, [row])
        rows.extend(given or [])
    for given in by_reference.values():
        rows.extend(given or [])
    return rows


def test_a_record_that_agrees_has_no_findings(book: Connection) -> None:
    window = happened(book, ITEMS)
    counts, listed = matched(book, window, recorded(book, window, RECORD[::-1]))
    assert (counts, listed) == ({"MATCHED": 40}, [])


EACH = {
    "missing from the record": (
        changed(F_003=None),
        {"MATCHED": 39, "MISSING_AT_PARTNER": 1},
        [("MISSING_AT_PARTNER", "F-003", -10_003, 0)],
    ),
    "extra in the record": (
        changed(X_900=[Row("X-900", 77)]),
        {"MATCHED": 40, "MISSING_AT_GATEWAY": 1},
        [("MISSING_AT_GATEWAY", "X-900", 0, 77)],
    ),
    "changed amount": (
        changed(F_005=[Row("F-005", -10_050, 2)]),
        {"MATCHED": 39, "AMOUNT_DIFFERS": 1},
        [("AMOUNT_DIFFERS", "F-005", -10_005, -10_050)],
    ),
    "changed sign": (
        changed(F_005=[Row("F-005", 10_005, 2)]),
        {"MATCHED": 39, "AMOUNT_DIFFERS": 1},
        [("AMOUNT_DIFFERS", "F-005", -10_005, 10_005)],
    ),
    "swapped dates": (
        changed(F_007=[Row("F-007", -10_007, 2)], F_008=[Row("F-008", -10_008, 1)]),
        {"MATCHED": 38, "DATE_DIFFERS": 2},
        [
            ("DATE_DIFFERS", "F-007", -10_007, -10_007),
            ("DATE_DIFFERS", "F-008", -10_008, -10_008),
        ],
    ),
    "duplicate": (
        changed(F_009=[Row("F-009", -10_009, 0)] * 2),
        {"MATCHED": 40, "DUPLICATE": 1},
        [("DUPLICATE", "F-009", 0, -10_009)],
    ),
    "duplicate of another date": (
        changed(F_009=[Row("F-009", -10_009, 0), Row("F-009", -10_009, 5)]),
        {"MATCHED": 40, "DUPLICATE": 1},
        [("DUPLICATE", "F-009", 0, -10_009)],
    ),
    "duplicate of what is not in the ledger": (
        changed(X_900=[Row("X-900", 77)] * 3),
        {"MATCHED": 40, "MISSING_AT_GATEWAY": 1, "DUPLICATE": 2},
        [("DUPLICATE", "X-900", 0, 154), ("MISSING_AT_GATEWAY", "X-900", 0, 77)],
    ),
    "split in three under its reference": (
        changed(F_011=[Row("F-011", -10_000, 2), Row("F-011", -10, 2), Row("F-011", -1, 2)]),
        {"MATCHED": 39, "MATCHED_SPLIT": 3},
        [("MATCHED_SPLIT", "F-011", -10_011, -10_011)],
    ),
    "split in three with references of their own": (
        changed(F_012=[Row("F-012", -9_000), Row("F-012/b", -1_000), Row("F-012/c", -12)]),
        {"MATCHED": 39, "MATCHED_SPLIT": 3},
        [("MATCHED_SPLIT", "F-012", -10_012, -10_012)],
    ),
    "without references": (
        changed(F_013=[Row("", -10_013, 1)]),
        {"MATCHED": 39, "MATCHED_WITHOUT_REFERENCE": 1},
        [("MATCHED_WITHOUT_REFERENCE", "F-013", -10_013, -10_013)],
    ),
    "without a reference, and unlike anything": (
        changed(F_013=[Row("", -13, 1)]),
        {"MATCHED": 39, "MISSING_AT_GATEWAY": 1, "MISSING_AT_PARTNER": 1},
        [("MISSING_AT_GATEWAY", "", 0, -13), ("MISSING_AT_PARTNER", "F-013", -10_013, 0)],
    ),
}


@pytest.mark.parametrize("name", EACH)
def test_what_was_planted_is_named(book: Connection, name: str) -> None:
    rows, counts, expected = EACH[name]
    window = happened(book, ITEMS)
    found_counts, listed = matched(book, window, recorded(book, window, rows))
    assert found_counts == counts
    told = [(f.outcome, f.reference, f.ledger_minor, f.reported_minor) for f in listed]
    assert told == expected


def test_all_planted_at_once_and_nothing_else(book: Connection) -> None:
    rows = changed(
        F_003=None,
        X_900=[Row("X-900", 77)],
        F_005=[Row("F-005", -10_050, 2)],
        F_007=[Row("F-007", -10_007, 2)],
        F_009=[Row("F-009", -10_009, 0)] * 2,
        F_011=[Row("F-011-1", -10_000, 2), Row("F-011-2", -10, 2), Row("F-011-3", -1, 2)],
    )
    window = happened(book, ITEMS)
    record = recorded(book, window, rows)
    counts, listed = matched(book, window, record)
    assert [(f.outcome, f.reference, f.row, f.rows) for f in listed] == [
        ("MISSING_AT_PARTNER", "F-003", None, 0),
        ("AMOUNT_DIFFERS", "F-005", 4, 1),
        ("DATE_DIFFERS", "F-007", 6, 1),
        ("DUPLICATE", "F-009", 9, 1),
        ("MATCHED_SPLIT", "F-011", 11, 3),
        ("MISSING_AT_GATEWAY", "X-900", 43, 1),
    ]
    assert sum(counts.values()) == len(rows) + 1
    again = match(book, COALITION, record, window)
    assert again.digest == digest_of(listed)
    assert (again.items, again.items_total_minor) == (40, sum(i.amount for i in ITEMS))


def test_items_merged_into_one_row(book: Connection) -> None:
    items = [Item("G-1", 5), Item("G-1", 6), Item("T/1", 30), Item("T/2", 4)]
    window = happened(book, items)
    rows = [Row("G-1", 11), Row("T", 34)]
    counts, listed = matched(book, window, recorded(book, window, rows))
    assert counts == {"MATCHED_MERGED": 2}
    assert [(f.reference, f.entries, f.rule) for f in listed] == [
        ("G-1", 2, "SAME_REFERENCE_SUM"),
        ("T", 2, "REFERENCE_PREFIX_SUM"),
    ]


def test_what_was_taken_back_may_be_left_out_or_listed(book: Connection) -> None:
    items = [Item("G-1", 5), Item("G-1", -5), Item("G-2", 7), Item("G-2", -7)]
    window = happened(book, items)
    rows = [Row("G-2", 7), Row("G-2", -7)]
    counts, listed = matched(book, window, recorded(book, window, rows))
    assert counts == {"MATCHED": 2, "CANCELS_OUT": 2}
    assert [(f.outcome, f.reference, f.entries) for f in listed] == [("CANCELS_OUT", "G-1", 2)]


def test_tolerances_take_small_differences(book: Connection) -> None:
    window = happened(book, [Item("G-1", 500), Item("G-2", 500), Item("G-3", 500)])
    rows = [Row("G-1", 502), Row("G-2", 500, 1), Row("G-3", 503, 1)]
    rules = Rules(amount_tolerance_minor=2, day_tolerance=1)
    counts, listed = matched(book, window, recorded(book, window, rows, rules))
    assert counts == {"MATCHED_WITHIN_TOLERANCE": 2, "AMOUNT_DIFFERS": 1}
    assert [f.outcome for f in listed if str(f.outcome) in BREAK_OUTCOMES] == ["AMOUNT_DIFFERS"]


def test_an_entry_may_be_named_by_its_number(book: Connection) -> None:
    window = happened(book, [Item("G-1", 500), Item("G-2", 600)])
    rows = [Row("#1", 500), Row("#2", 601), Row("#999", 1)]
    counts, listed = matched(book, window, recorded(book, window, rows))
    assert counts == {"MATCHED": 1, "AMOUNT_DIFFERS": 1, "MISSING_AT_GATEWAY": 1}
    assert [f.reference for f in listed] == ["#999", "G-2"]


def test_references_with_quotes_and_backslashes(book: Connection) -> None:
    """They are escaped in the facts, and compared as they are."""
    odd = ['say "x"', "back\\slash", '","supplier":"', '"reference":"F"', "#1x"]
    window = happened(book, [Item(reference, 5 + n) for n, reference in enumerate(odd)])
    rows = [Row(reference, 5 + n) for n, reference in enumerate(odd)]
    assert matched(book, window, recorded(book, window, rows)) == ({"MATCHED": 5}, [])


def test_dates_are_of_the_records_time_zone(book: Connection) -> None:
    window = happened(book, [Item("G-1", 500)])
    kiritimati = Rules(time_zone="Pacific/Kiritimati")
    counts, _ = matched(book, window, recorded(book, window, [Row("G-1", 500, 1)], kiritimati))
    assert counts == {"MATCHED": 1}


def test_the_other_side_of_a_window_has_other_items(book: Connection) -> None:
    """The airline is not shown the hotel's facts, so it knows entries by their numbers."""
    window = happened(book, [Item("G-1", 500)])
    record = recorded(book, window, [Row("#1", -500)], participant="airline-m")
    assert matched(book, window, record) == ({"MATCHED": 1}, [])
    stranger = recorded(book, window, [Row("G-1", -500)], participant="bank-c", number=1_001)
    counts, _ = matched(book, window, stranger)
    assert counts == {"MISSING_AT_GATEWAY": 1}


def test_one_reference_many_times(book: Connection) -> None:
    """Neither a product of both sides nor a finding per row."""
    window = happened(book, [Item("G-1", 5), Item("G-1", 6), Item("G-1", 7)])
    rows = [Row("G-1", 6)] * 3_000 + [Row("G-1", 8)]
    counts, listed = matched(book, window, recorded(book, window, rows))
    assert counts == {"MATCHED": 1, "AMOUNT_DIFFERS": 2, "DUPLICATE": 2_998}
    assert len(listed) == 3


def test_huge_amounts(book: Connection) -> None:
    window = happened(book, [Item("G-1", 2**53 - 1), Item("G-2", 1)])
    rows = [Row("G-1", -(2**53)), Row("G-2", 2**53), Row("G-3", 2**53)]
    counts, listed = matched(book, window, recorded(book, window, rows))
    assert counts == {"AMOUNT_DIFFERS": 2, "MISSING_AT_GATEWAY": 1}
    assert listed[0].reported_minor - listed[0].ledger_minor == 1 - 2**54


def test_an_empty_record_misses_everything(book: Connection) -> None:
    window = happened(book, ITEMS)
    counts, listed = matched(book, window, recorded(book, window, []))
    assert counts == {"MISSING_AT_PARTNER": 40}
    assert {f.ledger_date for f in listed} >= {DAY}


def test_neither_an_open_window_nor_half_a_record(book: Connection) -> None:
    window = happened(book, ITEMS)
    record = recorded(book, window, RECORD)
    with pytest.raises(NotMatchable):
        match(book, COALITION, record, open_window(book))
    half = recorded(book, window, RECORD, number=1_001)
    book.execute(text("update reconciliation set rows = rows + 1 where number = 1001"))
    with pytest.raises(NotMatchable):
        match(book, COALITION, replace(half, rows=half.rows + 1), window)


def test_matching_leaves_nothing_where_it_is_undone(book: Connection) -> None:
    window = happened(book, ITEMS)
    record = recorded(book, window, changed(F_003=None))
    with book.begin_nested() as attempt:
        match(book, COALITION, record, window)
        attempt.rollback()
    kept = (
        "select (select count(*) from reconciliation_result) + count(*) from reconciliation_finding"
    )
    assert book.execute(text(kept)).scalar_one() == 0
    assert matched(book, window, record)[0] == {"MATCHED": 39, "MISSING_AT_PARTNER": 1}
    assert record.participant == PARTNER
