"""Shared currency that is held and spent at merchants, and awards."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction

from simulation.actions import Capture, Hold, Redeem, Refund, Void
from simulation.oracle.books import SPENDING, Books, Event, Holder, Line, No, allowed, down
from simulation.world import OPERATOR, REDEEM, World


@dataclass(frozen=True)
class Held:
    """A hold."""

    number: int
    holder: Holder
    merchant: str
    amount: int
    price: Fraction
    expires: datetime
    captured: int = 0
    refunded: int = 0
    by: str = OPERATOR
    capture: int | None = None
    state: str = "OPEN"

    def state_at(self, now: datetime) -> str:
        return "EXPIRED" if self.state == "OPEN" and now > self.expires else self.state

    @property
    def kept(self) -> int:
        return self.captured - self.refunded

    @property
    def worth(self) -> int:
        """What the operator owes for what the merchant kept."""
        return down(self.kept, self.price)

    @property
    def told(self) -> dict[str, object]:
        return {
            "captured": self.captured,
            "refunded": self.refunded,
            "worth": self.worth,
            "state": self.state,
        }


@dataclass
class Spending:
    """Holds, and what members can spend."""

    world: World
    books: Books
    holds: dict[int, Held] = field(default_factory=dict)

    def pending(self, holder: Holder) -> int:
        """What is held, also past its time, until that is booked."""
        return sum(
            h.amount for h in self.holds.values() if h.holder == holder and h.state == "OPEN"
        )

    def available(self, holder: Holder, now: datetime) -> int:
        held = sum(
            h.amount
            for h in self.holds.values()
            if h.holder == holder and h.state_at(now) == "OPEN"
        )
        return self.books.balance(self.books.account(holder)) - held

    def posted(self, holder: Holder) -> int:
        return self.books.balance(self.books.account(holder)) - self.pending(holder)

    def hold(self, asked: Hold, now: datetime) -> tuple[list[Event], dict[str, object]]:
        holder = (asked.person, OPERATOR)
        if asked.sender != "admin-one":
            raise No("NOT_AUTHORIZED")
        if asked.expires is None or asked.expires <= now:
            raise No("INVALID_ARGUMENT")
        persons = self.world.persons
        if asked.person >= len(persons) or OPERATOR not in persons[asked.person].programmes:
            raise No("UNKNOWN_MEMBERSHIP")
        deal = self.world.deals.get((OPERATOR, asked.merchant))
        if deal is None or REDEEM not in deal.permissions:
            raise No("NO_AGREEMENT")
        if self.available(holder, now) < asked.amount:
            raise No("INSUFFICIENT_BALANCE")
        made = Held(
            self.books.size, holder, asked.merchant, asked.amount, deal.reimbursement, asked.expires
        )
        if asked.capture:
            made = replace(made, state="CAPTURED", captured=made.amount, capture=made.number)
            event = Event("CAPTURE", tuple(self._spent(made)))
        else:
            event = Event("HOLD", promised=down(made.amount, made.price))
        events = allowed([event], SPENDING, self.books)
        self.holds[made.number] = made
        return events, made.told

    def _spent(self, of: Held) -> Iterator[Line]:
        if of.captured:
            account = self.books.account(of.holder)
            yield Line("REDEEMED", of.captured, account, f"issued/{OPERATOR}")
        yield from self.books.owes("PRINCIPAL", OPERATOR, of.merchant, of.worth)

    def _open(self, number: int, me: str, now: datetime) -> Held:
        of = self._mine(number, me)
        state = of.state_at(now)
        if state != "OPEN":
            raise No(f"HOLD_{state}")
        return of

    def _mine(self, number: int, me: str) -> Held:
        of = self.holds.get(number)
        if of is None or me not in {of.merchant, OPERATOR}:
            raise No("UNKNOWN_HOLD")
        return of

    def capture(self, asked: Capture, now: datetime) -> tuple[list[Event], dict[str, object]]:
        me = OPERATOR if asked.sender == "admin-one" else asked.sender
        of = self._open(asked.hold, me, now)
        if asked.amount > of.amount:
            raise No("EXCEEDS_HOLD")
        after = replace(of, state="CAPTURED", captured=asked.amount, by=me, capture=self.books.size)
        event = Event("CAPTURE", tuple(self._spent(after)), promised=-self._promise(of))
        return self._changed(after, event)

    def void(self, asked: Void, now: datetime) -> tuple[list[Event], dict[str, object]]:
        me = OPERATOR if asked.sender == "admin-one" else asked.sender
        of = self._open(asked.hold, me, now)
        event = Event("VOID", promised=-self._promise(of))
        return self._changed(replace(of, state="VOIDED"), event)

    def expire(self, number: int) -> tuple[list[Event], dict[str, object]]:
        of = self.holds[number]
        event = Event("HOLD_EXPIRED", promised=-self._promise(of))
        return self._changed(replace(of, state="EXPIRED"), event)

    def expired(self, clock: datetime) -> list[int]:
        """Holds that are past their time, by the clock, and not booked."""
        return sorted(
            n for n, h in self.holds.items() if h.state == "OPEN" and h.state_at(clock) == "EXPIRED"
        )

    def refund(self, asked: Refund, now: datetime) -> tuple[list[Event], dict[str, object]]:
        me = OPERATOR if asked.sender == "admin-one" else asked.sender
        of = self._mine(asked.hold, me)
        if me != of.merchant and of.by != OPERATOR:
            raise No("UNKNOWN_HOLD")
        if of.state_at(now) in {"VOIDED", "EXPIRED"}:
            raise No(f"HOLD_{of.state_at(now)}")
        if asked.amount > of.kept:
            raise No("EXCEEDS_REMAINDER")
        after = replace(of, refunded=of.refunded + asked.amount)
        account = self.books.account(of.holder)
        lines = (
            Line("REFUNDED", asked.amount, f"issued/{OPERATOR}", account),
            *self.books.owes("PRINCIPAL", of.merchant, OPERATOR, of.worth - after.worth),
        )
        return self._changed(after, Event("REFUND", lines, of.capture))

    def _promise(self, of: Held) -> int:
        return down(of.amount, of.price)

    def _changed(self, after: Held, event: Event) -> tuple[list[Event], dict[str, object]]:
        events = allowed([event], None, self.books)
        self.holds[after.number] = after
        return events, after.told

    def redeem(self, asked: Redeem, now: datetime) -> tuple[list[Event], dict[str, object]]:
        me = OPERATOR if asked.sender == "admin-one" else asked.sender
        if me != asked.programme:
            raise No("NOT_AUTHORIZED")
        persons = self.world.persons
        holder = (asked.person, asked.programme)
        if asked.person >= len(persons) or asked.programme not in persons[asked.person].programmes:
            raise No("UNKNOWN_MEMBERSHIP")
        points = asked.points * 10 ** self.world.programmes[asked.programme].exponent
        if max(0, self.available(holder, now)) < points:
            raise No("INSUFFICIENT_BALANCE")
        line = Line("REDEEMED", points, self.books.account(holder), f"issued/{asked.programme}")
        return allowed([Event("REDEMPTION", (line,))], None, self.books), {}
