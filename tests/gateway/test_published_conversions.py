"""The real published conversions as the rate book of a gateway, through the years."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from coalition.errors import Refused
from coalition.v1 import members_pb2, rates_pb2
from gateway.rate_files.conversions import Conversions
from gateway.translation.rate_terms import change_message
from support.coalition_day import Day, coalition_day, membership
from support.published import real_conversions

BEFORE = datetime(2008, 6, 1, tzinfo=UTC)
"""Nothing takes effect in the past, so the coalition is older than the first row."""

TICK = timedelta(microseconds=1)
LAUNCH_OFFER = 39

PROGRAMME = """
schema = 1
programme = "{name}"
name = "{name}"
valid_from = 2000-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"

[currency]
code = "{code}"

[[tiers]]
name = "MEMBER"

[[earn]]
rule = "any"
activity = "STAY"
per = "activity"
points = "1"
"""


@pytest.fixture(scope="module")
def conversions() -> Conversions:
    return real_conversions()


@pytest.fixture
def day(database_url: str, conversions: Conversions) -> Iterator[Day]:
    """One partner with all the programmes, and one member of all of them."""
    with coalition_day(database_url, BEFORE) as day:
        day.admit("everybody", "OTHER")
        first = None
        for name in sorted(conversions.ids.values()):
            definition = PROGRAMME.format(name=name, code=name.upper()[:16])
            day.publish("everybody", definition.encode())
            request = members_pb2.EnrolRequest(
                membership=membership(name, "1"), same_member_as=first
            )
            day.client("everybody").write("Members.Enrol", request)
            first = first or membership(name, "1")
        yield day


def propose(day: Day, conversions: Conversions) -> int:
    """All of them as one proposal; its number."""
    changes = [change_message(change) for change, _ in conversions.changes]
    request = rates_pb2.ProposeRequest(changes=changes, reason="published conversions")
    answer = day.client("admin-one").write("Rates.Propose", request)
    return answer.result_as(rates_pb2.Proposal).proposal


def quoted(day: Day, source: str, target: str, amount: int) -> tuple[int, Fraction, str]:
    """What a quote gives now: points, the part of one that is dropped, and the money fee."""
    terms = day.quote((source, "1"), (target, "1"), amount, sender="everybody")
    fee = f"{terms.money_fee.minor} {terms.money_fee.currency}" if terms.money_fee.minor else ""
    remainder = Fraction(terms.remainder.numerator, terms.remainder.denominator or 1)
    return terms.target_minor, remainder, fee


CHANGES = [
    ("2016-01-01", "amex-mr", "hilton", 1_000, 1_500, 2_000),
    ("2018-12-31", "hilton", "aadvantage", 10_000, 1_500, None),
    ("2020-02-04", "capital-one", "jetblue", 1_000, 500, 750),
    ("2022-10-31", "marriott", "delta", 60_000, 25_000, 20_000),
    ("2022-11-16", "avios", "nectar", 1_500, 2_400, 2_000),
    ("2025-01-01", "marriott", "united", 60_000, 27_000, 30_000),
    ("2025-07-01", "citi-ty", "emirates", 1_000, 1_000, 800),
    ("2025-09-01", "amex-mr", "emirates", 1_000, 1_000, 800),
    ("2025-10-01", "chase-ur", "emirates", 1_000, 1_000, None),
    ("2026-01-01", "capital-one", "jetblue", 1_000, 750, 600),
    ("2026-01-13", "capital-one", "emirates", 1_000, 1_000, 750),
]
"""Every day on which published terms changed: what an amount gave before, and gives from then."""


def test_terms_change_at_their_instants(day: Day, conversions: Conversions) -> None:
    offer = [row for row in conversions.rows if row.number == LAUNCH_OFFER]
    loaded = conversions.without(offer)
    approved = day.client("admin-two").write(
        "Rates.Approve", rates_pb2.ApproveRequest(proposal=propose(day, loaded))
    )
    assert len(approved.result_as(rates_pb2.Proposal).versions) == len(loaded.changes) == 50
    for on, source, target, amount, before, after in CHANGES:
        instant = datetime.fromisoformat(on).replace(tzinfo=UTC)
        day.clock.now = instant - TICK
        assert quoted(day, source, target, amount)[0] == before
        day.clock.now = instant
        if after is None:
            with pytest.raises(Refused, match="NOT_CONVERTIBLE"):
                quoted(day, source, target, amount)
        else:
            assert quoted(day, source, target, amount)[0] == after

    assert quoted(day, "marriott", "most-airlines", 60_000) == (25_000, 0, "")
    assert quoted(day, "marriott", "most-airlines", 30_000) == (10_000, 0, "")
    assert quoted(day, "amex-mr", "delta", 164_000) == (164_000, 0, "9840 USD")
    assert quoted(day, "amex-mr", "delta", 165_000) == (165_000, 0, "9900 USD")
    assert quoted(day, "amex-mr", "delta", 166_000) == (166_000, 0, "9900 USD")
    with pytest.raises(Refused, match="NOT_AN_INCREMENT"):
        quoted(day, "marriott", "air-new-zealand", 3_099)


def test_the_launch_offer_is_refused_with_the_chain(day: Day, conversions: Conversions) -> None:
    with pytest.raises(Refused, match="MONEY_MACHINE") as refused:
        propose(day, conversions)
    chain = refused.value.metadata["chain"].split()
    assert {step.split(":")[0] for step in chain} == {"avios", "nectar"}
    assert refused.value.metadata["instant"].startswith("2021-01-25T00:00:00")
