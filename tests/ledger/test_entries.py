"""The bytes of entries and lines, against the examples of proto/SIGNING.md and by property."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.ledger import accounts
from settlement.ledger.amounts import INT64_MAX, AmountOverflow
from settlement.ledger.entries import (
    FACTS_TAG,
    Draft,
    Entry,
    Line,
    canonical,
    facts_digest,
    line_bytes,
    line_digest,
    lines_root,
    price_text,
    timestamp,
)
from settlement.ledger.tree import leaf_hash
from support.handmade import COALITION, NOW, double_dip, owes

MILES = (
    b'{"amount":"200","credit":"member/17/airline-m","currency":"M-MILES",'
    b'"debit":"issued/airline-m","funder":"hotel-h","kind":"BASE","price":"120/1",'
    b'"rule":"room-miles","terms":"12"}'
)
SALT = bytes.fromhex("f4ab4d15c8f7651f2739819893994d92")
DIGEST = "7dda63d1f3c58ae7d65c1495df29c8047ced471ea24ab07ffebf0f31fa2f1d55"


def entry(draft: Draft | None = None) -> Entry:
    return Entry(COALITION, draft or double_dip(1), number=5, accepted_at=NOW, window=1)


def test_the_line_of_the_specification() -> None:
    data = line_bytes(
        kind="BASE",
        currency="M-MILES",
        amount=200,
        debit="issued/airline-m",
        credit="member/17/airline-m",
        funder="hotel-h",
        price=price_text(Fraction(240, 2)),
        rule="room-miles",
        terms=12,
    )
    assert data == MILES
    assert line_digest(SALT, data).hex() == DIGEST


def test_an_entry_from_hashlib_and_json_alone() -> None:
    made = entry()
    digests = [
        hashlib.sha256(b"\x02" + COALITION.salt(5, index) + line).digest()
        for index, line in enumerate(made.line_bytes)
    ]
    facts = hashlib.sha256(b"\x03" + COALITION.salt(5, FACTS_TAG) + b'{"member":"17"}')
    assert json.loads(made.entry_bytes) == {
        "accepted_at": "2026-01-05T12:00:00.000000Z",
        "coalition": COALITION.coalition_id,
        "corrects": None,
        "facts": facts.hexdigest(),
        "kind": "ACCRUAL",
        "lines": "5",
        "lines_root": hashlib.sha256(b"\x04" + b"".join(digests)).hexdigest(),
        "number": "5",
        "request": "00" * 32,
        "sender": "hotel-h",
        "version": "1",
        "window": "1",
    }
    assert made.entry_bytes == canonical(json.loads(made.entry_bytes))
    assert made.leaf == leaf_hash(made.entry_bytes)


def test_an_entry_without_lines() -> None:
    made = entry(Draft("RATE", "operator", {}, frozenset()))
    fields = json.loads(made.entry_bytes)
    assert fields["lines"] == "0"
    assert fields["lines_root"] == hashlib.sha256(b"\x04").hexdigest() == lines_root([]).hex()
    assert fields["request"] is None


def test_every_part_is_committed_to() -> None:
    draft = double_dip(1)
    changed = (
        replace(draft, kind="REVERSAL"),
        replace(draft, sender="bank-c"),
        replace(draft, facts={"member": "18"}),
        replace(draft, request_sha256=None),
        replace(draft, corrects=3),
        replace(draft, lines=draft.lines[:-1]),
        replace(draft, lines=draft.lines[::-1]),
    )
    leaves = {entry(each).leaf for each in (draft, *changed)}
    assert len(leaves) == len(changed) + 1


@pytest.mark.parametrize("fold", [0, 1])
def test_an_hour_that_comes_twice_is_written_as_two(fold: int) -> None:
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
    assert timestamp(twice) == f"2026-10-25T0{fold}:30:00.000000Z"


def test_salts_differ_and_need_the_key() -> None:
    other = replace(COALITION, salt_key=b"other")
    places = [(1, 0), (1, 1), (2, 0), (1, FACTS_TAG)]
    salts = {coalition.salt(*place) for coalition in (COALITION, other) for place in places}
    assert len(salts) == 8
    assert {len(salt) for salt in salts} == {16}


def test_facts_and_lines_never_collide() -> None:
    assert facts_digest(SALT, MILES) != line_digest(SALT, MILES)


@given(st.dictionaries(st.text(), st.text() | st.none()))
def test_canonical_bytes_are_ascii_and_sorted(value: dict[str, object]) -> None:
    data = canonical(value)
    assert data.isascii()
    assert json.loads(data) == value
    assert list(json.loads(data)) == sorted(value)


@given(
    st.tuples(*[st.text(max_size=8)] * 4),
    st.tuples(*[st.none() | st.text(max_size=8)] * 3),
    st.integers(1, 2**63 - 1),
    st.none() | st.integers(0, 2**63 - 1),
)
def test_a_line_written_out_is_its_canonical_form(
    texts: tuple[str, ...], optional: tuple[str | None, ...], amount: int, terms: int | None
) -> None:
    named = dict(zip(("kind", "currency", "debit", "credit"), texts, strict=True))
    some = dict(zip(("funder", "price", "rule"), optional, strict=True))
    assert line_bytes(**named, **some, amount=amount, terms=terms) == canonical(
        named | some | {"amount": str(amount), "terms": None if terms is None else str(terms)}
    )


def test_instants_are_utc_with_microseconds() -> None:
    local = datetime(2026, 1, 5, 14, 0, 1, 250_000, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(local) == "2026-01-05T12:00:01.250000Z"


@pytest.mark.parametrize("amount", [0, -1])
def test_a_line_moves_a_positive_amount(amount: int) -> None:
    with pytest.raises(ValueError, match="positive amount"):
        owes(1, "FEE", "a", "b", amount)


def test_a_line_fits_into_64_bits() -> None:
    assert owes(1, "FEE", "a", "b", INT64_MAX).amount == INT64_MAX
    with pytest.raises(AmountOverflow):
        owes(1, "FEE", "a", "b", INT64_MAX + 1)


@pytest.mark.parametrize(
    ("debit", "credit"),
    [
        (accounts.issued("hotel-h", "H-POINTS"), accounts.issued("hotel-h", "H-POINTS")),
        (accounts.issued("hotel-h", "H-POINTS"), accounts.member(1, "hotel-h", "M-MILES")),
    ],
)
def test_a_line_needs_two_accounts_of_one_currency(
    debit: accounts.Account,
    credit: accounts.Account,
) -> None:
    with pytest.raises(ValueError, match="two accounts of one currency"):
        Line("BASE", 1, debit, credit, frozenset())


def test_nobody_owes_themselves() -> None:
    with pytest.raises(ValueError, match="needs two participants"):
        accounts.clearing(1, "hotel-h", "hotel-h", "COIN")


def test_account_codes() -> None:
    code = accounts.clearing(3, "hotel-h", "airline-m", "COIN").code
    assert code == "clearing/3/hotel-h:airline-m"
    assert code.startswith(accounts.clearing_prefix(3))
    assert accounts.clearing_pair(code) == ("hotel-h", "airline-m")
    assert accounts.external("hotel-h", "H").code == "external/hotel-h"
    assert accounts.settlement("hotel-h", "COIN").code == "settlement/hotel-h"
