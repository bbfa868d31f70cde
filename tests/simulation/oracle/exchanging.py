"""Quotes and conversions; what of them returns when points are taken back."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

from simulation.actions import Confirm, Convert, Decline, Quote
from simulation.oracle.books import SPENDING, Books, Event, Holder, Line, No, allowed, down, part_of
from simulation.world import DELIVERY_MINUTES, OPERATOR, Rate, World

QUOTE_MINUTES = 10
MOST_AT_ONCE = 1_000_000_000
"""Whole points of one conversion."""

ONE_TO_ONE = Rate(Fraction(1), Fraction(1))


@dataclass
class Offer:
    """A quote."""

    number: int
    requester: str
    source: Holder
    target: Holder
    given: int
    shared: int
    fee: int
    spread: int
    value: int
    rounding: int
    got: int
    expires: datetime
    state: str = "OPEN"

    @property
    def told(self) -> dict[str, object]:
        names = ("given", "got", "shared", "fee", "spread", "value", "rounding")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Conversion:
    """A quote that was executed, and how much of it was taken back."""

    number: int
    source: Holder
    target: Holder
    given: int
    got: int
    lines: tuple[Line, ...]
    deadline: datetime | None = None
    state: str = "COMPLETED"
    returned: int = 0
    """Of what was given."""
    taken: int = 0
    """Of what was got."""
    reference: str = ""
    breaks: tuple[tuple[object, ...], ...] = ()

    @property
    def told(self) -> dict[str, object]:
        return {"state": self.state, "returned": self.returned, "taken": self.taken}


@dataclass
class Exchange:
    """Who may convert what, and what was converted."""

    world: World
    books: Books
    available: Callable[[Holder, datetime], int]
    posted: Callable[[Holder], int]
    rates: dict[str, Rate] = field(default_factory=dict)
    quotes: dict[int, Offer] = field(default_factory=dict)
    conversions: dict[int, Conversion] = field(default_factory=dict)
    holds: set[str] = field(default_factory=set)

    def quote(self, asked: Quote, now: datetime) -> tuple[list[Event], dict[str, object]]:
        me = OPERATOR if asked.sender == "admin-one" else asked.sender
        if asked.source != me:
            raise No("NOT_AUTHORIZED")
        source, target = (asked.person, asked.source), (asked.to_person, asked.target)
        if not self._is_member(source) or not self._is_member(target):
            raise No("UNKNOWN_MEMBERSHIP")
        if asked.person != asked.to_person:
            raise No("UNKNOWN_MEMBERSHIP")
        if asked.amount > MOST_AT_ONCE * 10 ** self.world.programmes[asked.source].exponent:
            raise No("IMPLAUSIBLE")
        made = self._offer(me, source, target, asked.amount, now)
        if made.got < asked.least:
            raise No("MIN_OUT_NOT_MET")
        for other in self.quotes.values():
            same = (other.source, other.target[1]) == (source, target[1])
            if same and other.state == "OPEN":
                other.state = "SUPERSEDED"
        self.quotes[made.number] = made
        return [Event("QUOTE")], made.told

    def _is_member(self, holder: Holder) -> bool:
        person, programme = holder
        persons = self.world.persons
        return person < len(persons) and programme in persons[person].programmes

    def _rate(self, programme: str) -> Rate:
        found = self.rates.get(programme, ONE_TO_ONE if programme == OPERATOR else None)
        if found is None:
            raise No("NO_RATE")
        return found

    def _offer(self, me: str, source: Holder, target: Holder, amount: int, now: datetime) -> Offer:
        into, out = self._rate(source[1]), self._rate(target[1])
        shared = down(amount, into.rate_in)
        fee, spread = down(shared, into.fee), down(shared, into.spread)
        left = shared - fee - spread
        got = down(left, 1 / out.cost_out)
        if not got:
            raise No("AMOUNT_TOO_SMALL")
        value = down(got, out.cost_out)
        return Offer(
            number=self.books.size,
            requester=me,
            source=source,
            target=target,
            given=amount,
            shared=shared,
            fee=fee,
            spread=spread,
            value=value,
            rounding=left - value,
            got=got,
            expires=now + timedelta(minutes=QUOTE_MINUTES),
        )

    def convert(self, asked: Convert, now: datetime) -> tuple[list[Event], dict[str, object]]:
        me = OPERATOR if asked.sender == "admin-one" else asked.sender
        quote = self.quotes.get(asked.quote)
        if quote is None or quote.requester != me:
            raise No("UNKNOWN_QUOTE")
        if quote.state != "OPEN":
            raise No(f"QUOTE_{quote.state}")
        if now > quote.expires:
            raise No("QUOTE_EXPIRED")
        self._require_hold(asked, quote)
        outside = self.world.programmes[quote.source[1]].outside
        if not outside and self.available(quote.source, now) < quote.given:
            raise No("INSUFFICIENT_BALANCE")
        lines = tuple(self._lines(quote))
        waits = self.world.programmes[quote.target[1]].outside
        events = [Event("CONVERSION", lines)]
        if waits:
            events.append(Event("DELIVERY_DUE", business=False))
        events = allowed(events, SPENDING, self.books)
        quote.state = "USED"
        if asked.hold:
            self.holds.add(asked.hold)
        number = self.books.size
        deadline = now + timedelta(minutes=DELIVERY_MINUTES) if waits else None
        self.conversions[number] = Conversion(
            number=number,
            source=quote.source,
            target=quote.target,
            given=quote.given,
            got=quote.got,
            lines=lines,
            deadline=deadline,
            state="PENDING" if waits else "COMPLETED",
        )
        return events, quote.told

    def _require_hold(self, asked: Convert, quote: Offer) -> None:
        """Points leave the wallet only under a hold of its own, which is used once."""
        if not self.world.programmes[quote.source[1]].outside:
            if asked.hold:
                raise No("INVALID_ARGUMENT")
            return
        if not asked.hold:
            raise No("HOLD_REQUIRED")
        if asked.hold in self.holds:
            raise No("ALREADY_EXISTS")

    def _lines(self, quote: Offer) -> Iterator[Line]:
        """Points back, points out, and who owes whom."""
        giver, taker = quote.source[1], quote.target[1]
        gives, takes = self.books.account(quote.source), self.books.account(quote.target)
        kept = (("FEE", quote.fee), ("SPREAD", quote.spread), ("ROUNDING", quote.rounding))
        if giver == OPERATOR:
            for kind, amount in (("PRINCIPAL", quote.value), *kept):
                if amount:
                    yield Line(kind, amount, gives, f"issued/{giver}")
        else:
            yield Line("CONVERSION", quote.given, gives, f"issued/{giver}")
        yield Line("CONVERSION", quote.got, f"issued/{taker}", takes)
        yield from self.books.owes("PRINCIPAL", giver, taker, quote.value)
        for kind, amount in kept:
            yield from self.books.owes(kind, giver, OPERATOR, amount)

    # What the wallet says -----------------------------------------------------------------

    def confirm(self, asked: Confirm, now: datetime) -> tuple[list[Event], dict[str, object]]:
        of = self._told(asked.conversion, asked.sender)
        late = self._is_late(of, now)
        kind = ""
        match of.state:
            case "PENDING" if late:
                kind = "LATE_CONFIRMATION"
            case "PENDING":
                kind = "AMOUNT_DIFFERS" if asked.amount != of.got else ""
            case "TIMED_OUT":
                kind = "LATE_CONFIRMATION"
            case "REFUSED":
                kind = "CONFIRMED_AFTER_REFUSAL"
            case _ if asked.reference != of.reference:
                kind = "CONFIRMED_TWICE"
            case _ if asked.amount != of.got:
                kind = "AMOUNT_DIFFERS"
            case _:
                raise No("ALREADY_DELIVERED")
        if not kind:
            done = replace(of, state="COMPLETED", reference=asked.reference)
            self.conversions[of.number] = done
            return [Event("DELIVERY", business=False)], done.told
        return self._break((kind, asked.amount, asked.reference), of, now)

    def decline(self, asked: Decline, now: datetime) -> tuple[list[Event], dict[str, object]]:
        of = self._told(asked.conversion, asked.sender)
        if of.state == "PENDING":
            ended = "TIMED_OUT" if self._is_late(of, now) else "REFUSED"
            return self.end(of, ended)
        if of.state != "COMPLETED" or any(
            kind == "REFUSED_AFTER_CONFIRMATION" for kind, *_ in of.breaks
        ):
            raise No("ALREADY_DELIVERED")
        return self._break(("REFUSED_AFTER_CONFIRMATION", 0, "no such card"), of, now)

    def _told(self, number: int, me: str) -> Conversion:
        of = self.conversions.get(number)
        if of is None or of.deadline is None or me != of.target[1]:
            raise No("UNKNOWN_CONVERSION")
        return of

    def _is_late(self, of: Conversion, now: datetime) -> bool:
        return of.deadline is not None and now >= of.deadline

    def _break(
        self, said: tuple[object, ...], of: Conversion, now: datetime
    ) -> tuple[list[Event], dict[str, object]]:
        """A report that contradicts the ledger; what waits past its time is taken back with it."""
        if said in of.breaks:
            raise No("ALREADY_DELIVERED")
        events = [Event("BREAK", business=False)]
        after = replace(of, breaks=(*of.breaks, said))
        if of.state == "PENDING" and self._is_late(of, now):
            events.append(Event("CONVERSION_REVERSED", self._whole(of), of.number))
            after = replace(after, state="TIMED_OUT", returned=of.given, taken=of.got)
        events = allowed(events, None, self.books)
        self.conversions[of.number] = after
        return events, after.told

    def end(self, of: Conversion, state: str) -> tuple[list[Event], dict[str, object]]:
        """All of a conversion is taken back."""
        event = Event("CONVERSION_REVERSED", self._whole(of), of.number)
        events = allowed([event], None, self.books)
        after = replace(of, state=state, returned=of.given, taken=of.got)
        self.conversions[of.number] = after
        return events, after.told

    def overdue(self, clock: datetime) -> list[int]:
        """What waits past its deadline, by the clock."""
        waiting = (c for c in self.conversions.values() if c.state == "PENDING")
        return sorted(c.number for c in waiting if self._is_late(c, clock))

    def _whole(self, of: Conversion) -> tuple[Line, ...]:
        return tuple(self.undone(of, of.taken, of.got))

    def undone(self, of: Conversion, before: int, after: int) -> Iterator[Line]:
        """The inverse of a conversion, from `before` units of its target to `after`."""
        given = [line for line in of.lines if line.credit.startswith("issued/")]
        got = [line for line in of.lines if line.debit.startswith("issued/")]
        ways = (
            (given, source_back(of, before), source_back(of, after)),
            (got, before, after),
        )
        for lines, one, other in ways:
            pairs = zip(lines, _split(lines, one), _split(lines, other), strict=True)
            for line, first, then in pairs:
                if then != first:
                    yield replace(line, amount=then - first, debit=line.credit, credit=line.debit)
        for line in of.lines:
            if line.debit.startswith("clearing/"):
                amount = part_of(line.amount, Fraction(after, of.got))
                amount -= part_of(line.amount, Fraction(before, of.got))
                debtor, creditor = line.debit.split("/")[2].split(":")
                yield from self.books.owes(line.kind, creditor, debtor, amount)


def source_back(of: Conversion, taken: int) -> int:
    """What returns of the source for so many units of the target in all, rounded down."""
    return down(of.given, Fraction(taken, of.got))


def _split(lines: Iterable[Line], part: int) -> Iterator[int]:
    """A part of the sum of lines, shared among them one after the other."""
    lines = list(lines)
    left = sum(line.amount for line in lines)
    for line in lines:
        share = part_of(line.amount, Fraction(part, left)) if left else 0
        yield share
        part, left = part - share, left - line.amount
