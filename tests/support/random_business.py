"""A random coalition's business, sent as signed requests."""

import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction

from coalition.errors import Refused
from coalition.v1 import accrual_pb2, members_pb2, rates_pb2, redemption_pb2
from gateway.self_check import check_book
from partners.directory_store import money_at
from settlement.ledger.book import load_coalition
from settlement.run import ignore, settle
from support.coalition_day import Day, activity_key, fraction, item, membership, stay
from support.use_case_bench import definition

SENDERS = {"hotel": "hotel", "airline": "airline", "card": "card", "operator": "admin-one"}
PARTNERS = ("hotel", "airline", "card", "operator")


@dataclass
class World:
    """A random coalition's business, sent as signed requests."""

    day: Day
    chance: random.Random
    reported: list[tuple[str, str]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    members: dict[tuple[str, str], int] = field(default_factory=dict)
    holds: list[tuple[str, int]] = field(default_factory=list)
    counter: int = 0

    def found(self) -> None:
        day = self.day
        for partner, kind in (("hotel", "HOTEL"), ("airline", "AIRLINE"), ("card", "CARD_ISSUER")):
            day.admit(partner, kind)
        day.publish("hotel")
        day.publish("airline")
        card = definition("card", "CARD-POINTS", exponent=2, reversal="funder-bears")
        day.publish("card", card.encode())
        both = ("DOUBLE_DIP", "STATE_POINTS")
        day.agree("airline", "hotel", price=Fraction(361, 3), fee=Fraction(1, 47), permissions=both)
        day.agree("card", "hotel", price=Fraction(7, 9), fee=Fraction(1, 11), permissions=both)
        day.agree(
            "operator",
            "card",
            price=1,
            fee=0,
            issuer="admin-one",
            permissions=(*both, "REDEEM"),
            reimbursement=Fraction(8, 9),
        )
        redeem = {"permissions": ("REDEEM",), "reimbursement": Fraction(6, 7)}
        day.agree("operator", "hotel", issuer="admin-one", **redeem)  # type: ignore[arg-type]
        day.rate("hotel", Fraction(101, 2), 61, Fraction(1, 50), Fraction(1, 100))
        day.rate("airline", 70, 83)
        day.rate("card", Fraction(1, 3), Fraction(3, 5), Fraction(1, 7))
        for currency, worth in (("USD", Fraction(2, 3)), ("JPY", Fraction(31, 20))):
            value = rates_pb2.MoneyValue(currency=currency, per_shared_minor=fraction(worth))
            day.published(rates_pb2.BookChange(money_value=value))
        for n in range(3):
            for programme in PARTNERS:
                more = (
                    {"tier": "GOLD", "choice": "points-and-miles"} if programme == "hotel" else {}
                )
                key = (programme, f"{programme}-{n}")
                sender = SENDERS[programme]
                self.members[key] = day.enrol(*key, sender=sender, **more)
            for one, other in (("hotel", "airline"), ("hotel", "card"), ("airline", "card")):
                self._link(one, other, n)
                self._link(one, "operator", n)
            self._link("card", "operator", n)

    def _link(self, one: str, other: str, n: int) -> None:
        pair = membership(other, f"{other}-{n}"), membership(one, f"{one}-{n}")
        with suppress(Refused):  # linked already
            made = self.day.client(SENDERS[other]).write(
                "Members.CreateLinkCode",
                members_pb2.CreateLinkCodeRequest(membership=pair[0], other=pair[1]),
            )
            code = made.result_as(members_pb2.CreateLinkCodeResult).code
            link = members_pb2.LinkRequest(membership=pair[1], other_programme=other, code=code)
            self.day.client(SENDERS[one]).write("Members.Link", link)

    def act(self) -> None:
        moves = [self.stays, self.states, self.states, self.reverses, self.converts, self.converts]
        moves += [self.holds_coins, self.captures, self.refunds]
        try:
            self.chance.choice(moves)()
        except Refused as refused:
            self.refused[refused.reason] += 1

    def stays(self) -> None:
        self.counter += 1
        reference = f"folio-{self.counter}"
        minor = self.chance.randint(1, 90_000)
        self.day.accrue(stay(f"hotel-{self.chance.randrange(3)}", reference, minor))
        self.reported.append(("hotel", reference))

    def states(self) -> None:
        self.counter += 1
        sender, others = self.chance.choice(
            [("hotel", ("hotel", "airline", "card")), ("card", ("card", "operator"))]
        )
        kind, reference = "GIFT", f"gift-{self.counter}"
        stated = {(p, "PROMOTION"): self.chance.randint(1, 9_999) for p in others}
        number = f"{sender}-{self.chance.randrange(3)}"
        key = activity_key(sender, kind, reference)
        self.day.accrue(item(sender, number, key, stated=stated), sender)
        self.reported.append((sender, reference))

    def reverses(self) -> None:
        if not self.reported:
            return
        sender, reference = self.chance.choice(self.reported)
        kind = "STAY" if reference.startswith("folio") else "GIFT"
        key = activity_key(sender, kind, reference)
        self.day.client(sender).write(
            "Accrual.Reverse", accrual_pb2.ReverseRequest(activity=key, reason="mistake")
        )

    def converts(self) -> None:
        source, target = self.chance.sample(PARTNERS, 2)
        n = self.chance.randrange(3)
        sender = SENDERS[source]
        pair = (source, f"{source}-{n}"), (target, f"{target}-{n}")
        terms = self.day.quote(*pair, self.chance.randint(1, 3_000), sender=sender)
        self.day.convert(terms.quote, sender)

    def holds_coins(self) -> None:
        merchant, n = self.chance.choice(("hotel", "card")), self.chance.randrange(3)
        request = redemption_pb2.AuthorizeRequest(
            membership=membership("operator", f"operator-{n}"),
            merchant=merchant,
            amount_minor=self.chance.randint(1, 3_000),
            reference="folio",
            capture=self.chance.random() < 1 / 3,
        )
        answer = self.day.client("admin-one").write("Redemption.Authorize", request)
        self.holds.append((merchant, answer.result_as(redemption_pb2.Hold).hold))

    def captures(self) -> None:
        if self.holds:
            merchant, hold = self.chance.choice(self.holds)
            amount = self.chance.randint(0, 3_000)
            request = redemption_pb2.CaptureRequest(hold=hold, amount_minor=amount)
            self.day.client(merchant).write("Redemption.Capture", request)

    def refunds(self) -> None:
        if self.holds:
            merchant, hold = self.chance.choice(self.holds)
            amount = self.chance.randint(1, 1_000)
            request = redemption_pb2.RefundRequest(hold=hold, amount_minor=amount)
            self.day.client(merchant).write("Redemption.Refund", request)

    def settle(self) -> None:
        engine = self.day.engine
        with engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        settle(engine, coalition, PARTNERS, self.day.clock, money_at, ignore)

    def problems(self) -> list[str]:
        engine = self.day.engine
        with engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        return [str(problem) for problem in check_book(engine, coalition, ignore)[0]]
