"""Limits, alerts and the block list as partners meet them: signed calls to a real gateway."""

from collections.abc import Iterator
from typing import Any

import pytest

from coalition.errors import Refused
from coalition.v1 import exchange_pb2, members_pb2, partners_pb2, rates_pb2
from gateway.self_check import check_book
from settlement.ledger.book import load_coalition
from support.coalition_day import Day, coalition_day, membership, stay

H1, A1 = ("hotel", "H1"), ("airline", "A1")


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    """A member of the hotel with points, linked to one of the airline."""
    with coalition_day(database_url) as day:
        day.settled_world()
        day.accrue(stay("H1", "first"))
        yield day


def limit(day: Day, **more: Any) -> None:
    day.published(rates_pb2.BookChange(limits=rates_pb2.Limits(**more)))


def test_a_limit_with_its_alert(day: Day) -> None:
    """The hotel owes 244.80 for the stay; a conversion of 100 points adds 50.00."""
    limit(day, participant="hotel", net_debit_cap_minor=290_00, alert_percents=[90])
    quoted = day.quote(H1, A1, 90).quote
    answer = day.convert(quoted)
    with pytest.raises(Refused) as refused:
        day.convert(day.quote(H1, A1, 100).quote)

    assert (refused.value.reason, refused.value.signed) == ("LIMIT_EXCEEDED", True)
    assert refused.value.metadata["left_minor"] == str(290_00 - 244_80 - 45_00)
    alerts = [
        found
        for found in day.client("hotel").follow(0, stop_at_end=True)
        if found.record.entry.kind == "LIMIT_ALERT"
    ]
    assert [found.number for found in alerts] == [answer.receipt.number + 1]
    assert alerts[0].record.facts == {
        "participant": "hotel",
        "percent": "90",
        "net_debit": "28980",
        "covered": "29000",
        "reserve": "0",
    }
    airline = day.client("airline").follow(0, stop_at_end=True)
    assert all(found.record.entry.kind != "LIMIT_ALERT" for found in airline)
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    assert check_book(day.engine, coalition, lambda *_: None)[0] == []


def block(day: Day, sender: str = "hotel", **more: Any) -> exchange_pb2.BlockResult:
    values = {"membership": membership(*H1), "blocked": True, "reason": "a test", **more}
    answer = day.client(sender).write("Exchange.Block", exchange_pb2.BlockRequest(**values))
    result = answer.result_as(exchange_pb2.BlockResult)
    assert result.number == answer.receipt.number
    return result


def test_a_block_and_its_end(day: Day) -> None:
    quoted = day.quote(H1, A1, 100).quote
    assert block(day).blocked
    for again in (lambda: day.convert(quoted), lambda: day.quote(H1, A1, 100)):
        with pytest.raises(Refused) as refused:
            again()
        assert (refused.value.reason, refused.value.signed) == ("BLOCKED", True)
    assert not block(day, blocked=False).blocked
    day.convert(quoted)


def test_who_is_told_of_a_block(day: Day) -> None:
    """A membership's own partner; a participant itself, and administrators."""

    def told(sender: str) -> tuple[bool, list[str]]:
        look = members_pb2.LookUpRequest(membership=membership(*H1))
        found = day.client(sender).read("Members.LookUp", look, members_pb2.Membership)
        everybody = day.client(sender).read(
            "Partners.ListPartners", partners_pb2.ListPartnersRequest(), partners_pb2.PartnerList
        )
        return found.blocked, [p.partner for p in everybody.partners if p.blocked]

    block(day)
    block(day, "admin-one", membership=None, participant="hotel")
    assert told("hotel") == (True, ["hotel"])
    assert told("airline") == (False, [])
    listed = day.client("admin-two").read(
        "Partners.ListPartners", partners_pb2.ListPartnersRequest(), partners_pb2.PartnerList
    )
    assert [p.partner for p in listed.partners if p.blocked] == ["hotel"]


FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({"membership": None}, "membership"),
    "both": ({"participant": "hotel"}, "membership"),
    "no reason": ({"reason": ""}, "reason"),
    "a long reason": ({"reason": "x" * 201}, "reason"),
    "no member number": ({"membership": membership("hotel", "")}, "membership.member_number"),
    "a participant's form": ({"membership": None, "participant": "Hotel"}, "participant"),
}


def test_forms_of_a_block(day: Day) -> None:
    for changes, field in FORMS.values():
        with pytest.raises(Refused) as refused:
            block(day, **changes)
        assert (refused.value.reason, refused.value.violations[0][0]) == ("INVALID_ARGUMENT", field)
    assert block(day, reason="x" * 200).blocked


def test_earning_in_the_reserve(day: Day) -> None:
    limit(day, participant="hotel", net_debit_cap_minor=0, reserve_minor=300_00)
    with pytest.raises(Refused, match="LIMIT_EXCEEDED"):
        day.accrue(stay("H1", "second"))
    limit(day, participant="hotel", net_debit_cap_minor=0, reserve_minor=500_00)
    day.accrue(stay("H1", "third"))
    with pytest.raises(Refused, match="LIMIT_EXCEEDED"):
        day.convert(day.quote(H1, A1, 10).quote)
