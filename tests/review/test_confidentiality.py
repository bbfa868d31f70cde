"""What partners receive of a day, byte by byte, searched for what is others' business."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from functools import partial
from typing import Any

import pytest

from coalition.client import Client
from coalition.errors import Refused
from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    common_pb2,
    members_pb2,
    partners_pb2,
    rates_pb2,
    settlement_pb2,
)
from partners.directory_store import money_at
from settlement.ledger.book import load_coalition
from settlement.run import settle
from support.coalition_day import Day, activity_key, coalition_day, item, membership, stay
from support.use_case_bench import definition

STAY = activity_key("hotel", "STAY", "folio-of-the-bank")
PRICES = {"airline-hotel": 120, "airline-card": Fraction(7_919, 3), "hotel-card": 6_101}
NUMBERS = {"hotel": "H1", "airline": "A1", "card": "C-1"}


class Ears:
    """Keeps what each sender receives, as text: payloads, whose bytes are JSON, are in it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.heard: dict[str, list[str]] = defaultdict(list)
        write, read = Client.write, Client.read

        def heard_write(client: Client, *asked: Any, **more: Any) -> Any:
            with self.refusals(client):
                answer = write(client, *asked, **more)
            self.note(client, answer.envelope, answer.message)
            self.note(client, *(outcome.result for outcome in answer.outcomes))
            return answer

        def heard_read(client: Client, *asked: Any, **more: Any) -> Any:
            with self.refusals(client):
                answer = read(client, *asked, **more)
            self.note(client, answer)
            return answer

        monkeypatch.setattr(Client, "write", heard_write)
        monkeypatch.setattr(Client, "read", heard_read)

    class _Refusals:
        def __init__(self, ears: "Ears", client: Client) -> None:
            self.ears, self.client = ears, client

        def __enter__(self) -> None:
            pass

        def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
            if isinstance(error, Refused):
                heard = self.ears.heard[self.client._signer.sender]
                heard.append(f"{error} {error.metadata}")

    def refusals(self, client: Client) -> "Ears._Refusals":
        return Ears._Refusals(self, client)

    def note(self, client: Client, *messages: Any) -> None:
        for message in messages:
            self.heard[client._signer.sender].append(str(message).replace('\\"', '"'))

    def follow(self, client: Client) -> list[Any]:
        records = []
        for found in client.follow(-1, stop_at_end=True):
            self.note(client, found.envelope)
            records.append(found.record)
        return records

    def knows(self, sender: str, secret: str) -> bool:
        """Whether a value stands by itself in anything that came: a digest may hold its digits."""
        alone = re.compile(rf"(?<![0-9A-Za-z-]){re.escape(secret)}(?![0-9A-Za-z-])")
        return any(alone.search(said) for said in self.heard[sender])


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Ears:
    return Ears(monkeypatch)


@pytest.fixture
def day(database_url: str, ears: Ears) -> Iterator[Day]:
    """The bank may report the hotel's stays, and gives miles at a price of its own."""
    assert not ears.heard
    with coalition_day(database_url) as day:
        day.settled_world()
        tiers = '[[tiers]]\nname = "PLAIN"\n[[tiers]]\nname = "SECRET-TIER"\nbonus = "50%"\n'
        valid_from = day.clock.now
        day.clock.forward(hours=1)
        later = definition("bank", "BANK-POINTS", rest=tiers, valid_from=valid_from)
        day.client("card").write(
            "Partners.PublishProgramme",
            partners_pb2.PublishProgrammeRequest(definition=later.encode()),
        )
        day.agree("airline", "card", price=PRICES["airline-card"], permissions=("STATE_POINTS",))
        day.agree("hotel", "card", price=PRICES["hotel-card"], permissions=("REPORT_ACTIVITIES",))
        day.enrol("bank", "C-1", sender="card", tier="SECRET-TIER")
        code = day.client("airline").write(
            "Members.CreateLinkCode",
            members_pb2.CreateLinkCodeRequest(
                membership=membership("airline", "A1"), other=membership("bank", "C-1")
            ),
        )
        day.client("card").write(
            "Members.Link",
            members_pb2.LinkRequest(
                membership=membership("bank", "C-1"),
                other_programme="airline",
                code=code.result_as(members_pb2.CreateLinkCodeResult).code,
            ),
        )
        yield day


def reported_by_the_bank(day: Day) -> accrual_pb2.AccrualItem:
    return item(
        "bank",
        "C-1",
        STAY,
        started_at=day.clock.now,
        stated={("airline", "PROMOTION"): 777, ("bank", "BASE"): 4_321},
    )


def reverse(day: Day, sender: str, key: common_pb2.ActivityKey) -> accrual_pb2.ReversalResult:
    asked = accrual_pb2.ReverseRequest(activity=key, reason="mistake")
    answer = day.client(sender).write("Accrual.Reverse", asked)
    return answer.result_as(accrual_pb2.ReversalResult)


def test_a_supplier_is_not_told_what_others_give_for_its_activity(day: Day, ears: Ears) -> None:
    """It learns that its stay was reported, and can reverse it: not to whom what was given."""
    ears.heard.clear()
    day.accrue(reported_by_the_bank(day), "card")
    legs = reverse(day, "hotel", STAY).legs
    shown = ears.follow(day.client("hotel"))

    assert list(legs) == []
    accrual, reversal = shown[-2:]
    assert (accrual.entry.kind, reversal.entry.kind) == ("ACCRUAL", "REVERSAL")
    assert accrual.lines == reversal.lines == ()
    facts = accrual.facts
    assert facts["activity"]["reference"] == STAY.reference
    secret = ("member", "tier", "choice", "stated", "skipped")
    assert {name: facts[name] for name in secret} == dict.fromkeys(secret)
    assert set(reversal.facts) == {"activity", "reason", "reversed"}
    assert {leg.programme for leg in reverse_of_a_double_dip(day)} == {"hotel", "airline"}


def reverse_of_a_double_dip(day: Day) -> list[accrual_pb2.Leg]:
    day.accrue(stay("H1", "own"))
    return list(reverse(day, "hotel", activity_key("hotel", "STAY", "own")).legs)


def test_an_issuer_is_not_told_the_reference_of_anothers_activity(day: Day, ears: Ears) -> None:
    day.accrue(stay("H1", "folio-of-the-hotel"))
    ears.heard.clear()
    for partner, number in (("airline", "A1"), ("hotel", "H1")):
        day.client(partner).read(
            "Members.ListActivity",
            members_pb2.ListActivityRequest(membership=membership(partner, number)),
            members_pb2.ActivityPage,
        )

    assert not ears.knows("airline", "folio-of-the-hotel")
    assert ears.knows("hotel", "folio-of-the-hotel")


def everything(day: Day, ears: Ears) -> None:
    """All that a partner can ask for, of its own and of others."""
    for me in ("hotel", "airline", "card"):
        client = day.client(me)
        ears.follow(client)
        asked: list[tuple[str, Any, type[Any]]] = [
            ("Rates.ListRates", rates_pb2.ListRatesRequest(), rates_pb2.RateBook),
            (
                "Agreements.ListAgreements",
                agreements_pb2.ListAgreementsRequest(),
                agreements_pb2.AgreementList,
            ),
            ("Partners.ListPartners", partners_pb2.ListPartnersRequest(), partners_pb2.PartnerList),
            ("Partners.ListKeys", partners_pb2.ListKeysRequest(), partners_pb2.KeyList),
            (
                "Settlement.GetPositions",
                settlement_pb2.GetPositionsRequest(window=1),
                settlement_pb2.PositionList,
            ),
            *(
                (
                    "Settlement.GetStatement",
                    settlement_pb2.GetStatementRequest(window=1, participant=other),
                    settlement_pb2.Statement,
                )
                for other in ("hotel", "airline", "card", "operator")
            ),
        ]
        for method, request, kind in asked:
            with suppress(Refused):
                client.read(method, request, kind)


def test_no_byte_tells_of_others(day: Day, ears: Ears) -> None:
    ears.heard.clear()
    day.accrue(reported_by_the_bank(day), "card")
    day.accrue(stay("H1", "folio-1"))
    quote = day.quote(("hotel", "H1"), ("airline", "A1"), 1_000)
    day.convert(quote.quote)
    reverse(day, "hotel", STAY)
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    settle(day.engine, coalition, ["hotel", "airline", "card"], day.clock, money_at)
    everything(day, ears)

    # Member numbers, tiers, prices, amounts and accounts, each with those who may not see it.
    secrets = {
        "C-1": ("hotel", "airline"),
        "SECRET-TIER": ("hotel", "airline"),
        "H1": ("card",),
        "GOLD": ("card", "airline"),
        "7919": ("hotel",),
        "120/1": ("card",),
        "numerator: 120": ("card",),
        "6101": ("airline",),
        "4321": ("hotel", "airline"),
        "777": ("hotel",),
        "clearing/1/card:airline": ("hotel",),
        "clearing/1/airline:card": ("hotel",),
        "clearing/1/hotel:airline": ("card",),
        "hotel:operator": ("card", "airline"),
    }
    found = {
        (secret, who)
        for secret, others in secrets.items()
        for who in others
        if ears.knows(who, secret)
    }
    assert found == set()
    # The search finds what is there.
    seen = {"7919/3": "card", "120/1": "hotel", "H1": "hotel", "777": "airline", "4321": "card"}
    for secret, who in seen.items():
        assert ears.knows(who, secret)


def test_what_is_not_to_be_seen_is_refused_like_what_is_not_there(day: Day) -> None:
    """The card issuer asks after a member of the hotel, and one that nobody has."""
    client = day.client("card")

    def told(number: str) -> list[tuple[str, str]]:
        ref, mine = membership("hotel", number), membership("bank", "C-1")
        asked = members_pb2.GetBalancesRequest(membership=ref)
        same = members_pb2.EnrolRequest(membership=membership("bank", "C-9"), same_member_as=ref)
        attempts = [
            partial(
                client.read,
                "Members.LookUp",
                members_pb2.LookUpRequest(membership=ref),
                members_pb2.Membership,
            ),
            partial(client.read, "Members.GetBalances", asked, members_pb2.Balances),
            partial(
                client.write,
                "Members.Unlink",
                members_pb2.UnlinkRequest(membership=mine, other=ref),
            ),
            partial(client.write, "Members.Enrol", same),
            partial(day.accrue, item("hotel", number, STAY), "card"),
        ]
        answers = []
        for attempt in attempts:
            with pytest.raises(Refused) as refused:
                attempt()
            error = refused.value
            answers.append((error.reason, error.message.replace(number, "NUMBER")))
        return answers

    assert told("H1") == told("H-NOBODY")
