"""The self-check names what was done to the book behind its back, and nothing else."""

import pytest
from sqlalchemy import Connection, text

from settlement.ledger import problems
from settlement.ledger.check import check
from settlement.windows import cut
from support.handmade import (
    COALITION,
    NOW,
    administration,
    conversion,
    debt,
    double_dip,
    found,
    money_at,
    nothing_earned,
    write,
)

STAY, CONVERSION, DEBT, CUT_NUMBER = 1, 2, 3, 4
LAST = 7


@pytest.fixture
def book(connection: Connection) -> Connection:
    found(connection)
    write(connection, double_dip, conversion, debt("bank-c", "hotel-h", 5))
    cut(connection, COALITION, NOW, money_at)
    write(connection, administration, double_dip, nothing_earned)
    return connection


def names(connection: Connection) -> set[str]:
    return {problem.check for problem in check(connection, COALITION)}


def test_a_sound_book(book: Connection) -> None:
    assert check(book, COALITION) == []


def test_an_empty_database_is_reported(connection: Connection) -> None:
    assert [str(problem) for problem in check(connection, COALITION)] == [
        "head: end of the log: found no row, expected one row",
    ]


def test_progress_ends_where_all_is_done(book: Connection) -> None:
    seen: list[tuple[int, int]] = []
    check(book, COALITION, lambda *step: seen.append(step))
    assert [done for done, _ in seen] == list(range(1, seen[-1][1] + 1))


HASHES = {"lines"}
FREE = (
    "alter table line drop constraint if exists line_amount_check, "
    "drop constraint if exists line_accounts_check; "
)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        # entries
        (f"update entry set kind = 'REVERSAL' where number = {STAY}", {"entry-bytes"}),
        (f"update entry set sender = 'bank-c' where number = {STAY}", {"entry-bytes"}),
        (f"update entry set request_sha256 = null where number = {STAY}", {"entry-bytes"}),
        (f"update entry set corrects = 0 where number = {STAY}", {"entry-bytes"}),
        (f"update entry set corrects = 9 where number = {STAY}", {"entry-bytes", "corrects"}),
        (f"update entry set window_id = 9 where number = {STAY}", {"entry-bytes", "window-stamp"}),
        (f"update entry set facts = facts || ' ' where number = {STAY}", {"facts"}),
        (f"update entry set leaf = sha256('x') where number = {STAY}", {"leaf"}),
        (
            f"update entry set entry_bytes = 'x' where number = {STAY}",
            {"entry-bytes", "leaf", "tree"},
        ),
        (
            f"update entry set entry_bytes = '[1]' where number = {STAY}",
            {"entry-bytes", "leaf", "tree"},
        ),
        (
            f"update entry set entry_bytes = entry_bytes || ' ' where number = {STAY}",
            {"entry-bytes", "leaf", "tree"},
        ),
        (
            f"update entry set accepted_at = accepted_at + interval '1 day' where number = {STAY}",
            {"entry-bytes", "accepted-at"},
        ),
        (
            f"update entry set accepted_at = 'infinity' where number = {LAST}",
            {"entry-bytes", "head"},
        ),
        (
            f"update entry set accepted_at = '-infinity' where number = {STAY}",
            {"entry-bytes", "accepted-at"},
        ),
        (f"delete from entry where number = {LAST}", {"head", "tree", "feed-entries"}),
        ("delete from entry where number = 0", {"numbers", "head", "tree", "feed-entries"}),
        (
            f"delete from entry where number = {DEBT}",
            {"numbers", "orphan-line", "head", "tree", "feed-entries"},
        ),
        (
            (
                "insert into entry select 8, kind, sender, accepted_at, window_id, corrects, "
                f"request_sha256, facts, entry_bytes, leaf from entry where number = {LAST}"
            ),
            {"entry-bytes", "facts", "head", "tree"},
        ),
        (
            (
                f"insert into entry select -1, kind, sender, accepted_at, window_id, corrects, "
                f"request_sha256, facts, entry_bytes, leaf from entry where number = {LAST}"
            ),
            {"numbers", "accepted-at", "head", "tree"},
        ),
        # two entries change places
        (
            (
                f"update entry set number = 99 where number = {STAY}; "
                f"update entry set number = {STAY} where number = {CONVERSION}; "
                f"update entry set number = {CONVERSION} where number = 99"
            ),
            {"accepted-at", "entry-bytes", "facts", "lines", "tree"},
        ),
        # lines
        (f"update line set kind = 'BONUS' where number = {STAY} and index = 0", HASHES),
        (f"update line set funder = null where number = {STAY} and index = 0", HASHES),
        (f"update line set price = 'x' where number = {STAY} and index = 0", HASHES),
        (f"update line set terms = 5 where number = {STAY} and index = 0", HASHES),
        (
            f"update line set amount = amount + 1 where number = {STAY} and index = 0",
            HASHES | {"counters"},
        ),
        (
            f"{FREE} update line set amount = -amount where number = {STAY} and index = 0",
            HASHES | {"line-form", "counters"},
        ),
        (
            f"{FREE} update line set credit = debit where number = {STAY} and index = 0",
            HASHES | {"line-form", "counters"},
        ),
        (
            f"update line set currency = 'M-POINTS' where number = {STAY} and index = 0",
            HASHES | {"account-currency"},
        ),
        (
            f"update line set debit = 'issued/airline-m' where number = {STAY} and index = 0",
            HASHES | {"counters", "account-currency"},
        ),
        (
            f"delete from line where number = {STAY} and index = 4",
            HASHES | {"counters", "feed-entries"},
        ),
        (
            f"delete from line where number = {STAY} and index = 0",
            HASHES | {"counters", "feed-entries", "line-order"},
        ),
        (
            (
                f"insert into line select {LAST}, index, kind, currency, amount, debit, credit, "
                f"funder, price, rule, terms from line where number = {STAY} and index = 0"
            ),
            HASHES | {"counters", "member-entries"},
        ),
        (
            (
                "insert into line values (99, 0, 'FEE', 'COIN', 5, 'clearing/2/bank-c:hotel-h', "
                "'clearing/2/hotel-h:bank-c')"
            ),
            {"orphan-line", "counters", "feed-shown"},
        ),
        (
            (
                f"update line set index = 9 where number = {STAY} and index = 0; "
                f"update line set index = 0 where number = {STAY} and index = 1; "
                f"update line set index = 1 where number = {STAY} and index = 9"
            ),
            HASHES,
        ),
        (
            (
                f"update line set debit = replace(debit, '/1/', '/2/'), "
                f"credit = replace(credit, '/1/', '/2/') where number = {DEBT}"
            ),
            HASHES | {"counters", "window-stamp"},
        ),
        (
            f"update line set debit = 'nonsense', credit = '' where number = {DEBT}",
            HASHES | {"counters"},
        ),
        # counters
        (
            "update company_account set debits = debits + 1 where code = 'issued/hotel-h'",
            {"counters", "points-issued"},
        ),
        (
            (
                "update company_account set debits = debits + 1, credits = credits + 1 "
                "where code = 'issued/hotel-h'"
            ),
            {"counters"},
        ),
        (
            "update member_account set credits = credits + 1 where programme = 'hotel-h'",
            {"counters", "points-issued"},
        ),
        ("delete from member_account where programme = 'hotel-h'", {"counters", "points-issued"}),
        (
            (
                "update company_account set debits = debits + 1 "
                "where code = 'clearing/1/hotel-h:operator'"
            ),
            {"counters", "mirrors", "between-companies", "exposure"},
        ),
        (
            "delete from company_account where code = 'clearing/1/hotel-h:operator'",
            {"counters", "mirrors", "between-companies", "exposure"},
        ),
        (
            "insert into company_account values ('issued/bank-c', 'C-POINTS', 5, 0)",
            {"counters", "points-issued"},
        ),
        (
            "update company_account set currency = 'X' where code = 'issued/hotel-h'",
            {"account-currency", "points-issued"},
        ),
        (
            (
                f"update company_account set debits = -{2**63 - 1}, credits = {2**63 - 1} "
                "where code = 'issued/hotel-h'"
            ),
            {"counters", "points-issued"},
        ),
        # what participants owe
        ("update exposure set debits = debits + 1 where participant = 'hotel-h'", {"exposure"}),
        (
            (
                "update exposure set debits = debits + 1, credits = credits + 1 "
                "where participant = 'operator'"
            ),
            {"exposure"},
        ),
        ("delete from exposure where participant = 'bank-c'", {"exposure"}),
        ("insert into exposure values ('bank-x', 5, 5)", {"exposure"}),
        # feeds and histories
        (f"delete from feed where participant = 'airline-m' and number = {STAY}", {"feed-shown"}),
        (
            (
                f"update feed set lines = lines || 3::smallint where participant = 'operator' "
                f"and number = {STAY}"
            ),
            {"feed-confidential"},
        ),
        (f"insert into feed values ('*', {STAY}, true, '{{3}}')", {"feed-confidential"}),
        ("insert into feed values ('bank-c', 99, true, '{}')", {"feed-entries"}),
        (
            (
                f"update feed set lines = lines || 9::smallint where participant = 'operator' "
                f"and number = {STAY}"
            ),
            {"feed-entries"},
        ),
        (
            f"delete from member_entry where number = {STAY} and programme = 'hotel-h'",
            {"member-entries"},
        ),
        (f"insert into member_entry values (17, 'hotel-h', {LAST})", {"member-entries"}),
        # the end of the log
        ("update ledger_head set size = size + 1", {"head"}),
        ("update ledger_head set accepted_at = accepted_at - interval '1 s'", {"head"}),
        ("update ledger_head set directory_version = 99", {"head"}),
        ("update ledger_head set frontier = array[sha256('x')]", {"tree"}),
        ("delete from ledger_head", {"head"}),
    ],
)
def test_damage_is_named(book: Connection, damage: str, expected: set[str]) -> None:
    for statement in damage.split("; "):
        book.execute(text(statement))
    assert names(book) == expected, "\n".join(map(str, check(book, COALITION)))


def test_a_problem_says_where(book: Connection) -> None:
    book.execute(
        text(
            "update company_account set debits = debits + 1, credits = credits + 1 "
            "where code = 'issued/hotel-h'"
        )
    )
    book.execute(text(f"update entry set sender = 'bank-c' where number = {CONVERSION}"))
    assert [str(problem) for problem in check(book, COALITION)] == [
        f"entry-bytes: number {CONVERSION}: found sender 'hotel-h', expected sender 'bank-c'",
        (
            "counters: account issued/hotel-h: found debits 5001, credits 1001, "
            "expected debits 5000, credits 1000"
        ),
    ]


def test_a_book_of_another_coalition(book: Connection) -> None:
    book.execute(text("delete from line"))
    assert len(check(book, COALITION)) > 1


def test_many_problems_are_counted_not_listed(
    book: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(problems, "PROBLEMS_PER_CHECK", 2)
    book.execute(text("update entry set leaf = 'x'"))
    *listed, rest = check(book, COALITION)
    assert [problem.check for problem in listed] == ["leaf", "leaf"]
    assert rest.found == "6 more problems of this kind"
