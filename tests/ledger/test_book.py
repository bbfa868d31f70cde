"""Writing the book: one order, counters that follow, feeds that show what they should."""

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection, create_engine, text

from settlement.ledger import accounts
from settlement.ledger.book import (
    Counters,
    Head,
    LedgerInconsistency,
    append,
    load_coalition,
    movements,
    place,
    read_head,
)
from settlement.ledger.entries import Draft, Line
from settlement.ledger.reading import (
    feed_page,
    lines_of,
    member_counters,
    member_movements,
)
from settlement.ledger.tree import extend
from support.handmade import (
    COALITION,
    NOW,
    administration,
    conversion,
    debt,
    double_dip,
    found,
    owes,
    write,
)


@pytest.fixture
def book(connection: Connection) -> Connection:
    found(connection)
    return connection


def balance(connection: Connection, code: str) -> Counters:
    row = connection.execute(
        text("select debits, credits from company_account where code = :code"),
        {"code": code},
    ).one()
    return Counters(*row)


def test_there_is_no_coalition_at_first(connection: Connection) -> None:
    assert load_coalition(connection) is None
    found(connection)
    assert load_coalition(connection) == COALITION


def test_the_double_dip_to_the_unit(book: Connection) -> None:
    write(book, double_dip)
    assert member_counters(book, 17, "hotel-h") == Counters(0, 2_500)
    assert member_counters(book, 17, "airline-m") == Counters(0, 200)
    assert member_counters(book, 18, "hotel-h") == Counters()
    assert balance(book, "issued/hotel-h").balance == -2_500
    assert balance(book, "clearing/1/hotel-h:airline-m") == Counters(240_00, 0)
    assert balance(book, "clearing/1/airline-m:hotel-h") == Counters(0, 240_00)
    assert balance(book, "clearing/1/operator:hotel-h") == Counters(0, 4_80)


def test_counters_grow_from_batch_to_batch(book: Connection) -> None:
    write(book, double_dip, conversion)
    write(book, double_dip)
    assert member_counters(book, 17, "hotel-h") == Counters(1_000, 5_000)
    assert member_counters(book, 17, "hotel-h").balance == 4_000


def test_numbers_are_gapless_and_the_head_follows(book: Connection) -> None:
    first = write(book, double_dip, administration)
    second = write(book, double_dip)
    assert [entry.number for entry in (*first, *second)] == [1, 2, 3]
    head = read_head(book)
    assert (head.size, head.directory_version, head.open_window) == (4, 2, 1)
    leaves = book.execute(text("select leaf from entry order by number")).scalars()
    assert head.frontier == extend((), 0, [bytes(leaf) for leaf in leaves])


def test_time_never_goes_backwards(book: Connection) -> None:
    write(book, double_dip, now=NOW + timedelta(hours=1))
    (entry,) = write(book, double_dip, now=NOW)
    assert entry.accepted_at == NOW + timedelta(hours=1)
    assert read_head(book).accepted_at == entry.accepted_at


def test_only_business_belongs_to_the_window(book: Connection) -> None:
    stay, rate = write(book, double_dip, administration)
    assert (stay.window, rate.window) == (1, None)


@pytest.mark.parametrize("number", [0, 2])
def test_a_number_out_of_order_is_refused(book: Connection, number: int) -> None:
    head = read_head(book)
    entry = place(COALITION, head, double_dip(1), number=number, now=NOW)
    with pytest.raises(LedgerInconsistency, match="do not continue"):
        append(book, head, [entry])
    assert read_head(book) == head


def test_nothing_is_appended(book: Connection) -> None:
    head = read_head(book)
    assert append(book, head, []) == head


def test_an_account_of_another_currency_is_refused(book: Connection) -> None:
    write(book, double_dip)
    line = Line(
        "BASE",
        1,
        accounts.issued("hotel-h", "OTHER"),
        accounts.member(17, "airline-m", "OTHER"),
        frozenset(),
    )
    draft = Draft("ACCRUAL", "hotel-h", {}, frozenset(), (line,), business=True)
    with pytest.raises(LedgerInconsistency, match="not of its line's currency"):
        write(book, lambda _: draft)


def test_a_number_is_given_once(book: Connection) -> None:
    head = read_head(book)
    write(book, double_dip)
    again = place(COALITION, head, double_dip(1), number=head.size, now=NOW)
    with pytest.raises(psycopg.errors.UniqueViolation):
        append(book, head, [again])


def test_movements_are_by_account() -> None:
    head_entry = place(
        COALITION,
        Head(0, NOW, 1, NOW, 0, ()),
        Draft(
            "A", "a", {}, frozenset(), (owes(1, "FEE", "a", "b", 2), owes(1, "FEE", "a", "b", 3))
        ),
        number=0,
        now=NOW,
    )
    moved = {account.code: counters for account, counters in movements([head_entry]).items()}
    assert moved == {"clearing/1/a:b": Counters(5, 0), "clearing/1/b:a": Counters(0, 5)}


def test_a_reader_sees_what_concerns_it(book: Connection) -> None:
    write(book, double_dip, debt("bank-c", "hotel-h", 5), administration)
    shown = feed_page(book, COALITION, "airline-m", after=0, limit=10)
    assert [(each.number, [index for index, *_ in each.lines]) for each in shown] == [
        (1, [2, 3]),
        (3, []),
    ]
    assert shown[0].facts is None
    assert shown[1].facts == b'{"rate":"1/2"}'
    assert len(shown[0].digests) == 5


def test_a_feed_goes_on_where_it_was_left(book: Connection) -> None:
    write(book, *[debt("bank-c", "hotel-h", 5)] * 7)
    after, numbers = 0, []
    while page := feed_page(book, COALITION, "bank-c", after=after, limit=3):
        numbers += [each.number for each in page]
        after = numbers[-1]
    assert numbers == list(range(1, 8))


def test_lines_come_back_as_they_were(book: Connection) -> None:
    (entry,) = write(book, double_dip)
    (stored,) = lines_of(book, [entry.number, 99]).values()
    assert tuple(line.data for line in stored) == entry.line_bytes
    back = [replace(line, parties=frozenset()) for line in entry.draft.lines]
    assert [line.as_line() for line in stored] == back
    assert lines_of(book, []) == {}


def test_a_member_has_a_history(book: Connection) -> None:
    write(book, double_dip, debt("bank-c", "hotel-h", 5), conversion)
    moved = list(member_movements(book, 17, "hotel-h", after=0, entries=10))
    assert [(each.number, each.amount) for each in moved] == [(1, 2_000), (1, 500), (3, -1_000)]
    assert [each.number for each in member_movements(book, 17, "hotel-h", after=1, entries=10)] == [
        3
    ]


def test_one_writer_at_a_time(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        found(connection)
    with engine.connect() as writer, engine.connect() as other:
        read_head(writer, lock=True)
        assert read_head(other).size == 1
        other.execute(text("set local lock_timeout = '50ms'"))
        with pytest.raises(Exception, match="lock timeout"):
            read_head(other, lock=True)
        other.rollback()
        writer.rollback()
    engine.dispose()
