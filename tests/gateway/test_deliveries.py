"""A partner that is silent, slow, says things twice, contradicts itself and goes away.

Every conversion into its system ends by its deadline, nothing is created or lost, and each
disagreement is a break with a name.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from coalition.v1 import delivery_pb2, exchange_pb2, reconciliation_pb2
from gateway.database import connect_engine
from gateway.founding import found
from gateway.self_check import check_book
from settlement.ledger.book import load_coalition
from support.coalition_day import Clock, Day, founding_of, item, membership, serving
from support.coalition_day import activity_key as key
from support.simulated_partner import EXPECTED, Behaviour, SimulatedPartner
from support.use_case_bench import definition

ROUNDS = 2
"""Conversions of each behaviour."""

SOURCE_MINOR = 1_000


@dataclass
class Coalition:
    """A gateway that can be stopped and started again, and who speaks to it."""

    url: str
    stack: ExitStack
    clock: Clock = field(default_factory=Clock)
    terms: dict[int, exchange_pb2.ConversionTerms] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engine = connect_engine(self.url)
        found(self.engine, founding_of(), self.clock.now)
        self.serving = ExitStack()
        self.day = self.started()
        self.day.admit("hotel", "HOTEL")
        self.day.admit("vault", "OTHER")
        self.day.publish("hotel", definition("hotel", "HH").encode())
        rest = "[conversion]\ndelivery_minutes = 120\n"
        text_of = definition("vault", "VV", custody="partner", rest=rest)
        self.day.publish("vault", text_of.encode())
        self.day.rate("hotel", 50, 60, "1/50", "1/100")
        self.day.rate("vault", 70, 80)

    def started(self) -> Day:
        """A gateway on the database, with clients for it."""
        self.serving = self.stack.enter_context(ExitStack())
        target = self.serving.enter_context(serving(self.engine, self.clock))
        day = Day(target, founding_of().profile, self.clock, self.engine)
        self.serving.enter_context(day.stack)
        return day

    def member(self, number: str) -> None:
        """Somebody with 1,000 points of the hotel, linked to a membership of the vault."""
        self.day.enrol("hotel", number)
        self.day.enrol("vault", number)
        self.day.link(("hotel", number), ("vault", number))
        gift = item(
            "hotel",
            number,
            key("hotel", "GIFT", number),
            stated={("hotel", "BASE"): SOURCE_MINOR},
        )
        self.day.accrue(gift)

    def convert(self, number: str) -> int:
        """All of a member's points; the conversion's number."""
        quote = self.day.quote(("hotel", number), ("vault", number), SOURCE_MINOR)
        answer = self.day.convert(quote.quote)
        made = answer.result_as(exchange_pb2.ConversionTerms)
        assert made.delivery_deadline.ToDatetime() > self.clock.now.replace(tzinfo=None)
        self.terms[made.conversion] = made
        return made.conversion

    def listed(self, *, only_open: bool = False) -> list[delivery_pb2.Conversion]:
        """What an administrator sees."""
        request = delivery_pb2.ListConversionsRequest(open=only_open, page_size=500)
        client = self.day.client("admin-one")
        found = client.read("Delivery.ListConversions", request, delivery_pb2.ConversionList)
        return list(found.conversions)

    def breaks(self, sender: str) -> list[reconciliation_pb2.Break]:
        """What a sender sees."""
        request = reconciliation_pb2.ListBreaksRequest(page_size=500)
        client = self.day.client(sender)
        return list(client.read("Breaks.ListBreaks", request, reconciliation_pb2.BreakList).breaks)

    def problems(self) -> list[object]:
        """What the whole self-check finds."""
        with self.engine.connect() as connection:
            known = load_coalition(connection)
        assert known is not None
        return list(check_book(self.engine, known, lambda *_: None)[0])

    def accounts(self) -> dict[str, int]:
        """Balances of companies' accounts that are not zero."""
        query = text("select code, credits - debits as balance from company_account")
        with self.engine.connect() as connection:
            return {row.code: int(row.balance) for row in connection.execute(query) if row.balance}


@pytest.fixture
def coalition(database_url: str) -> Iterator[Coalition]:
    with ExitStack() as stack:
        made = Coalition(database_url, stack)
        yield made
        made.serving.close()
        made.engine.dispose()


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it did not come to that")


def state_of(conversion: delivery_pb2.Conversion) -> str:
    name = delivery_pb2.ConversionState.Name(conversion.state)
    return name.removeprefix("CONVERSION_STATE_")


def assert_nothing_created_or_lost(made: Coalition, behaviours: dict[int, Behaviour]) -> None:
    """Per conversion both sides moved or neither did; companies owe for those that stand."""
    ended = {c.conversion: c for c in made.listed()}
    assert set(ended) == set(behaviours)
    standing = []
    for number, conversion in ended.items():
        stands = EXPECTED[behaviours[number]][0] == "COMPLETED"
        assert state_of(conversion) == EXPECTED[behaviours[number]][0]
        back = conversion.returned_source_minor, conversion.returned_target_minor
        terms = made.terms[number]
        assert back == ((0, 0) if stands else (SOURCE_MINOR, terms.target_minor))
        held = made.day.balance("hotel", conversion.source.member_number)
        assert held == (0 if stands else SOURCE_MINOR)
        standing += [terms] if stands else []
    credited = sum(t.target_minor for t in standing)
    owed = sum(t.value_minor for t in standing)
    fees = sum(t.fee_minor + t.spread_minor + t.rounding_minor for t in standing)
    accounts = {code: n for code, n in made.accounts().items() if not code.startswith("issued/h")}
    assert accounts == {
        "external/vault": credited,
        "issued/vault": -credited,
        "clearing/1/hotel:vault": -owed,
        "clearing/1/vault:hotel": owed,
        "clearing/1/hotel:operator": -fees,
        "clearing/1/operator:hotel": fees,
    }


def assert_disagreements_are_breaks(made: Coalition, partner: SimulatedPartner) -> None:
    """Exactly the expected ones; and where the partner's own books differ, there is one."""
    found = made.breaks("vault")
    assert found == made.breaks("admin-one")
    assert made.breaks("hotel") == []
    named = Counter(
        (b.conversion, reconciliation_pb2.BreakKind.Name(b.kind).removeprefix("BREAK_KIND_"))
        for b in found
    )
    assert named == Counter(
        (number, kind)
        for number, behaviour in partner.behaviours.items()
        for kind in EXPECTED[behaviour][1]
    )
    assert {b.owner for b in found} == {"vault"}
    for conversion in made.listed():
        number = conversion.conversion
        ledger = conversion.target_minor - conversion.returned_target_minor
        if partner.credited[number] != ledger:
            assert number in {b.conversion for b in found}


def assert_a_break_can_end(made: Coalition) -> None:
    """A break of a delivery is one like any other: its owner accepts the ledger."""
    first = made.breaks("vault")[0]
    assert (first.item, first.window) == (0, 0)
    accept = reconciliation_pb2.AcceptBreakRequest(
        break_ref=reconciliation_pb2.BreakRef(break_number=first.break_number), words="we took it"
    )
    made.day.client("vault").write("Breaks.Accept", accept)
    after = made.breaks("vault")[0]
    assert after.resolution == reconciliation_pb2.BREAK_STEP_KIND_ACCEPTED
    assert after.proposed.remedy in {"TAKE_BACK_CREDIT", "CREDIT_MEMBER"}


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_the_partner_does_every_conversion_ends(coalition: Coalition, seed: int) -> None:
    partner = SimulatedPartner(coalition.day.client("vault"), seed)
    scripts = [behaviour for behaviour in Behaviour for _ in range(ROUNDS)]
    for index in range(len(scripts)):
        coalition.member(f"M{index}")
    for index, behaviour in enumerate(scripts):
        partner.behaviours[coalition.convert(f"M{index}")] = behaviour
    partner.start()
    try:
        wait_until(lambda: len(partner.answered) == len(scripts) or bool(partner.failures))
        assert partner.failures == []
        assert {c.conversion for c in coalition.listed(only_open=True)} == {
            number
            for number, behaviour in partner.behaviours.items()
            if EXPECTED[behaviour][0] == "TIMED_OUT"
        }
        assert coalition.problems() == []

        coalition.clock.forward(hours=2)
        if seed == 1:  # some reports come before the timekeeper has looked, some after
            partner.answer_late()
        wait_until(lambda: not coalition.listed(only_open=True))
        if seed != 1:
            partner.answer_late()
    finally:
        partner.stop()

    assert partner.failures == []
    assert_nothing_created_or_lost(coalition, partner.behaviours)
    assert_disagreements_are_breaks(coalition, partner)
    assert_a_break_can_end(coalition)
    assert coalition.problems() == []


def test_a_gateway_that_was_away_at_the_deadline_ends_them_when_it_is_back(
    coalition: Coalition,
) -> None:
    for index in range(3):
        coalition.member(f"M{index}")
    behaviours = {coalition.convert(f"M{index}"): Behaviour.SILENT for index in range(3)}
    coalition.serving.close()
    coalition.clock.forward(hours=3)
    coalition.day = coalition.started()

    wait_until(lambda: not coalition.listed(only_open=True))
    ended = coalition.listed()
    assert {c.conversion for c in ended} == set(behaviours)
    assert {state_of(c) for c in ended} == {"TIMED_OUT"}
    assert coalition.problems() == []


def test_feeds_are_told_of_what_ended(coalition: Coalition) -> None:
    """The source's partner and the target's see it, by the timekeeper's own entry."""
    coalition.member("M1")
    number = coalition.convert("M1")
    coalition.clock.forward(hours=2)
    seen = {}
    for who in ("hotel", "vault"):
        for record in coalition.day.client(who).follow(number):
            if record.record.entry.kind == "CONVERSION_REVERSED":
                seen[who] = record.record
                break

    assert {who: r.facts and r.facts["state"] for who, r in seen.items()} == {
        "hotel": "TIMED_OUT",
        "vault": "TIMED_OUT",
    }
    assert {who: [line.index for line in r.lines] for who, r in seen.items()} == {
        "hotel": [0, 2, 3, 4, 5],
        "vault": [1, 2],
    }


def test_what_each_side_is_shown(coalition: Coalition) -> None:
    """Its own member's number, and both to who asked for the conversion."""
    coalition.member("M1")
    coalition.convert("M1")

    def shown(sender: str, **changes: object) -> list[tuple[str, str]]:
        request = delivery_pb2.ListConversionsRequest(**changes)  # type: ignore[arg-type]
        client = coalition.day.client(sender)
        found = client.read("Delivery.ListConversions", request, delivery_pb2.ConversionList)
        return [(c.source.member_number, c.target.member_number) for c in found.conversions]

    coalition.day.admit("stranger", "OTHER")
    assert shown("hotel") == shown("admin-one") == [("M1", "M1")]
    assert shown("vault") == shown("vault", open=True) == [("", "M1")]
    assert shown("stranger") == []
    assert shown("vault", membership=membership("vault", "M1")) == [("", "M1")]
    coalition.member("M2")
    assert shown("vault", membership=membership("vault", "M2")) == []
    coalition.convert("M2")
    assert shown("vault", page_size=1) == [("", "M1")]
    first = min(coalition.terms)
    assert shown("vault", after_conversion=first) == [("", "M2")]
    coalition.clock.forward(hours=2)
    wait_until(lambda: shown("vault", open=True) == [])
    assert shown("hotel", open=True) == []
    assert len(shown("hotel")) == 2
