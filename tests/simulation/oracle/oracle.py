"""The oracle: what is answered to each request, in the order of the contract's checks."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from simulation.actions import (
    NOTHING,
    Abort,
    Accrue,
    AccrueMany,
    Action,
    Approve,
    Ask,
    Capture,
    Confirm,
    Convert,
    Decline,
    Hold,
    Otherwise,
    Pay,
    Quote,
    Redeem,
    Refund,
    Reverse,
    Void,
)
from simulation.oracle.books import Books, Event, Holder, No
from simulation.oracle.closing import Closing
from simulation.oracle.earning import Earnings
from simulation.oracle.exchanging import Exchange
from simulation.oracle.spending import Spending
from simulation.world import World

LIFETIME = {AccrueMany: timedelta(hours=72)}
SHORT = timedelta(minutes=10)
SKEW = timedelta(seconds=60)

UNSTORED = frozenset(
    {"NOT_AUTHORIZED", "INVALID_ARGUMENT", "EXPIRED", "REQUEST_ID_REUSED", "UNAVAILABLE"}
)
"""Refusals that leave nothing behind: the same request may be decided anew."""


@dataclass(frozen=True)
class Told:
    """An answer: accepted with the number of its entry and what came of it, or a refusal.

    Of a batch, `items` holds one for each.
    """

    reason: str = ""
    number: int | None = None
    result: Mapping[str, object] = field(default_factory=dict)
    items: tuple["Told", ...] | None = None

    @property
    def stored(self) -> bool:
        return self.reason not in UNSTORED


@dataclass(frozen=True)
class Letter:
    """A request as it was signed: with the numbers that were known then."""

    name: int
    action: Action
    created: datetime

    @property
    def sender(self) -> str:
        return self.action.sender

    @property
    def expires(self) -> datetime:
        return self.created + LIFETIME.get(type(self.action), SHORT)


@dataclass
class Oracle:
    """Everything that is true after what happened so far."""

    world: World
    books: Books
    spending: Spending
    exchange: Exchange
    earnings: Earnings
    closing: Closing
    remembered: dict[tuple[str, int], tuple[Letter, Told]] = field(default_factory=dict)
    """Answers that stand for ever, by sender and name."""
    numbers: dict[int, int] = field(default_factory=dict)
    """Entries that requests led to, by name."""

    @classmethod
    def of(cls, world: World, members: Mapping[Holder, int], size: int, at: datetime) -> Self:
        """A coalition that was set up, and had no business yet."""
        books = Books(world, members, size, at)
        spending = Spending(world, books)
        exchange = Exchange(world, books, spending.available, spending.posted, dict(world.rates))
        return cls(
            world, books, spending, exchange, Earnings(world, books, exchange), Closing(books)
        )

    def copy(self) -> Self:
        """All of it as it stands, for what may not come to pass."""
        fixed = {id(self.world): self.world}
        return copy.deepcopy(self, fixed)

    # Letters --------------------------------------------------------------------------------

    def letter(self, call: Ask | Otherwise, now: datetime) -> Letter:
        """A request as its sender signs it by what is known now."""
        return Letter(call.name, self.resolved(call.action, now), now)

    def resolved(self, action: Action, now: datetime) -> Action:
        """An action with the numbers of what it refers to."""
        found = action
        match action:
            case Convert():
                found = replace(action, quote=self.numbers.get(action.quote, NOTHING))
            case Capture() | Void() | Refund():
                found = replace(action, hold=self.numbers.get(action.hold, NOTHING))
            case Decline():
                found = replace(action, conversion=self.numbers.get(action.conversion, NOTHING))
            case Confirm():
                number = self.numbers.get(action.conversion, NOTHING)
                known = self.exchange.conversions.get(number)
                amount = max(1, (known.got if known else 0) + action.off)
                found = replace(action, conversion=number, amount=amount)
            case Pay():
                found = self._resolved_payment(action)
            case Abort():
                posted = [n.number for n in self.closing.nights if n.payments is not None]
                number = posted[action.settlement % len(posted)] if posted else NOTHING
                found = replace(action, settlement=number)
            case Approve():
                number = self.numbers.get(action.proposal, NOTHING)
                proposal = self.closing.proposals.get(number)
                settlement = proposal.settlement if proposal else 1
                found = replace(action, proposal=number, settlement=settlement)
            case Hold():
                found = replace(action, expires=now + timedelta(minutes=action.minutes))
        return found

    def _resolved_payment(self, action: Pay) -> Pay:
        posted = [n for n in self.closing.nights if n.payments]
        if not posted:
            nothing = replace(action, settlement=1, sender="rail", amount=1)
            return replace(nothing, payer="hotel", payee="rail")
        night = posted[action.settlement % len(posted)]
        payer, payee, amount = (night.payments or ())[action.place % len(night.payments or ())]
        sender = payer if action.by_payer else payee
        return replace(
            action,
            settlement=night.number,
            sender="admin-one" if sender == "operator" else sender,
            payer=payer,
            payee=payee,
            amount=max(1, amount + action.off),
        )

    # Answers --------------------------------------------------------------------------------

    def answer(self, letter: Letter, clock: datetime) -> Told:
        """The answer to a request that comes now, by the gateway's clock."""
        before = self.remembered.get((letter.sender, letter.name))
        if before is not None:
            same = before[0].action == letter.action and before[0].created == letter.created
            return before[1] if same else Told("REQUEST_ID_REUSED")
        if letter.created > clock + SKEW or clock >= letter.expires:
            return Told("EXPIRED")
        if isinstance(letter.action, AccrueMany):
            told = self._many(letter, letter.action, clock)
        else:
            told = self._decided(letter.name, letter.action, clock)
        if told.stored:
            self.remembered[letter.sender, letter.name] = letter, told
        return told

    def _many(self, letter: Letter, batch: AccrueMany, clock: datetime) -> Told:
        """An outcome for each item; those seen before have the one that they had."""
        items = []
        for item in batch.items:
            key = (letter.sender, item.name)
            before = self.remembered.get(key)
            if before is not None:
                same = before[0].action == item.action and before[0].created == _ITEMS
                told = before[1] if same else Told("REQUEST_ID_REUSED")
            else:
                told = self._decided(item.name, item.action, clock)
                if told.stored:
                    self.remembered[key] = Letter(item.name, item.action, _ITEMS), told
            items.append(told)
        return Told(items=tuple(items))

    def _decided(self, name: int, action: Action, clock: datetime) -> Told:
        now = max(clock, self.books.at)
        try:
            events, result = self._judge(action, now)
        except No as no:
            return Told(no.reason)
        number = self.books.size
        for event in events:
            self.books.enter(event, now)
        self.numbers[name] = number
        return Told(number=number, result=result)

    def _judge(self, action: Action, now: datetime) -> tuple[list[Event], dict[str, object]]:
        if isinstance(action, Pay):
            me = "operator" if action.sender == "admin-one" else action.sender
            return self.closing.pay(action, me)
        if isinstance(action, Abort):
            return self.closing.propose(action)
        if isinstance(action, Approve):
            return self.closing.approve(action)
        by_kind: dict[type, Callable[[Any, datetime], tuple[list[Event], dict[str, object]]]] = {
            Accrue: self.earnings.accrue,
            Reverse: self.earnings.reverse,
            Quote: self.exchange.quote,
            Convert: self.exchange.convert,
            Confirm: self.exchange.confirm,
            Decline: self.exchange.decline,
            Hold: self.spending.hold,
            Capture: self.spending.capture,
            Void: self.spending.void,
            Refund: self.spending.refund,
            Redeem: self.spending.redeem,
        }
        return by_kind[type(action)](action, now)

    def end_due(self, clock: datetime) -> None:
        """What is past its time by the clock ends: conversions first, then holds."""
        now = max(clock, self.books.at)
        conversions, holds = self.exchange.overdue(clock), self.spending.expired(clock)
        for number in conversions:
            events, _ = self.exchange.end(self.exchange.conversions[number], "TIMED_OUT")
            self._enter(events, now)
        for number in holds:
            events, _ = self.spending.expire(number)
            self._enter(events, now)

    def _enter(self, events: Sequence[Event], now: datetime) -> None:
        for event in events:
            self.books.enter(event, now)


_ITEMS = datetime(1, 1, 1, tzinfo=UTC)
"""Items of batches have no time of their own."""
