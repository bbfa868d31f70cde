"""What activities earn, and what of it is taken back."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from simulation.actions import Accrue, Key, Reverse
from simulation.oracle.books import EARNING, Books, Event, Holder, Line, No, allowed, down, part_of
from simulation.oracle.exchanging import Exchange
from simulation.oracle.following import follow
from simulation.world import (
    CHOICES,
    DOUBLE_DIP,
    OPERATOR,
    REPORT_ACTIVITIES,
    SENDER,
    STATE_POINTS,
    Deal,
    World,
)

MOST_STATED = 100_000_000
"""Whole points in a stated leg: beyond it they are implausible."""

PARTICIPANT = {sender: name for name, sender in SENDER.items()}


@dataclass(frozen=True)
class Leg:
    """Points for one holder, with what their funder owes."""

    holder: Holder
    reason: str
    points: int
    funder: str
    owed: int
    fee: int
    deal: Deal | None

    @property
    def told(self) -> tuple[object, ...]:
        return (self.holder[1], self.reason, self.points, self.funder, self.owed, self.fee)


@dataclass
class Recorded:
    """An activity that is in the ledger."""

    number: int
    reporter: str
    supplier: str
    legs: tuple[Leg, ...]
    reversed: Fraction = Fraction(0)
    back: tuple[int, ...] = ()


@dataclass
class Earnings:
    """Activities, and how much of each deal is used up."""

    world: World
    books: Books
    exchange: Exchange
    activities: dict[Key, Recorded] = field(default_factory=dict)
    used: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def accrue(self, asked: Accrue, _now: datetime) -> tuple[list[Event], dict[str, object]]:
        """What an activity earns, judged in the order of the contract."""
        me = PARTICIPANT.get(asked.sender, asked.sender)
        self._require_creditable(asked, me)
        if asked.key.supplier != me and not self._reports(asked.key.supplier, me):
            raise No("NO_AGREEMENT")
        self._require_new(asked.key)
        self._require_plausible(asked)
        wanted = list(self._stated(asked) if asked.stated else self._by_rule(asked))
        own = self.world.persons[asked.person].programmes
        skipped = sorted({programme for programme, *_ in wanted if programme not in own})
        legs = tuple(self._priced(asked, me, [w for w in wanted if w[0] in own]))
        lines = tuple(line for leg in legs for line in self._lines(leg))
        events = allowed([Event("ACCRUAL", lines)], EARNING, self.books)
        self.activities[asked.key] = Recorded(
            self.books.size, me, asked.key.supplier, legs, back=(0,) * len(legs)
        )
        for leg in legs:
            self._use(leg, leg.points)
        return events, {"legs": tuple(leg.told for leg in legs), "skipped": tuple(skipped)}

    def _deal(self, programme: str, buyer: str, permission: str) -> Deal | None:
        deal = self.world.deals.get((programme, buyer))
        return deal if deal is not None and permission in deal.permissions else None

    def _reports(self, supplier: str, me: str) -> bool:
        return self._deal(supplier, me, REPORT_ACTIVITIES) is not None

    def _require_creditable(self, asked: Accrue, me: str) -> None:
        """One's own or a linked membership, or one that an agreement lets one credit."""
        persons = self.world.persons
        own = persons[asked.person].programmes if asked.person < len(persons) else ()
        by_deal = any(self._deal(asked.programme, me, p) for p in (DOUBLE_DIP, STATE_POINTS))
        if asked.programme not in own or not (by_deal or me in own):
            raise No("UNKNOWN_MEMBERSHIP")

    def _require_new(self, key: Key) -> None:
        if key in self.activities:
            raise No("DUPLICATE_ACTIVITY")
        if key.revision > 1:
            before = self.activities.get(
                Key(key.supplier, key.kind, key.reference, key.revision - 1)
            )
            if before is None or before.reversed != 1:
                raise No("REVISION_OUT_OF_ORDER")

    def _require_plausible(self, asked: Accrue) -> None:
        if asked.future:
            raise No("IMPLAUSIBLE")
        for leg in asked.stated:
            most = MOST_STATED * 10 ** self.world.programmes[leg.programme].exponent
            if leg.points > most:
                raise No("IMPLAUSIBLE")

    def _stated(self, asked: Accrue) -> Iterator[tuple[str, str, int]]:
        for leg in asked.stated:
            yield leg.programme, leg.reason, leg.points

    def _by_rule(self, asked: Accrue) -> Iterator[tuple[str, str, int]]:
        """Legs of the two programmes that have rules; what comes to nothing is no leg."""
        rules, person = self.world.rules, self.world.persons[asked.person]
        found: list[tuple[str, str, int]] = []
        if asked.programme == "hotel" and asked.key.kind == "STAY":
            base = self._points("hotel", asked.spend, rules.points)
            found.append(("hotel", "BASE", base))
            if person.gold:
                found.append(("hotel", "TIER_BONUS", down(base, rules.gold)))
            beside = CHOICES[person.choice]
            if beside is not None:
                rate = rules.beside[beside]
                found.append((beside, "BASE", self._points(beside, asked.spend, rate)))
        if asked.programme == "card" and asked.key.kind == "CARD_SPEND":
            miles = self._points("airline", asked.spend, rules.card_miles)
            found.append(("airline", "BASE", miles))
        return (leg for leg in found if leg[2])

    def _points(self, programme: str, cents: int, a_dollar: Fraction) -> int:
        """Points for money, in minor units, rounded down once."""
        return down(cents, a_dollar * 10 ** self.world.programmes[programme].exponent / 100)

    def _priced(self, asked: Accrue, me: str, wanted: list[tuple[str, str, int]]) -> Iterator[Leg]:
        """Legs with what they cost. Whoever reports pays, and nothing for points of its own."""
        permission = STATE_POINTS if asked.stated else DOUBLE_DIP
        using: defaultdict[str, int] = defaultdict(int)
        for programme, reason, points in wanted:
            holder = (asked.person, programme)
            if programme == me:
                yield Leg(holder, reason, points, me, 0, 0, None)
                continue
            deal = self._deal(programme, me, permission)
            if deal is None:
                raise No("NO_AGREEMENT")
            using[programme] += points
            if self.used[programme, me] + using[programme] > deal.cap:
                raise No("CAP_EXCEEDED")
            owed = down(points, deal.price)
            yield Leg(holder, reason, points, me, owed, down(owed, deal.fee), deal)

    def _lines(self, leg: Leg) -> Iterator[Line]:
        programme = leg.holder[1]
        account = self.books.account(leg.holder)
        yield Line(leg.reason, leg.points, f"issued/{programme}", account, leg.funder)
        yield from self.books.owes("PRINCIPAL", leg.funder, programme, leg.owed)
        yield from self.books.owes("FEE", leg.funder, OPERATOR, leg.fee)

    def _use(self, leg: Leg, points: int) -> None:
        if leg.deal is not None:
            self.used[leg.deal.programme, leg.deal.buyer] += points

    def reverse(self, asked: Reverse, now: datetime) -> tuple[list[Event], dict[str, object]]:
        """Take back what an activity gave, in the part that is asked for."""
        me = PARTICIPANT.get(asked.sender, asked.sender)
        activity = self.activities.get(asked.key)
        if activity is None or me not in {activity.reporter, activity.supplier}:
            raise No("UNKNOWN_ACTIVITY")
        if activity.reversed == 1:
            raise No("ALREADY_REVERSED")
        then = Fraction(1) if asked.part is None else activity.reversed + asked.part
        if then > 1:
            raise No("EXCEEDS_REMAINDER")
        due = [
            part_of(leg.points, then) - part_of(leg.points, activity.reversed)
            for leg in activity.legs
        ]
        trail = follow(self.exchange, activity.number, self._due_by_holder(activity, due), now)
        back = tuple(self._back(activity, due, trail.net))
        legs, lines = [], []
        for leg, before, after in zip(activity.legs, activity.back, back, strict=True):
            if after != before:
                owed, fee = (
                    part_of(of, Fraction(after, leg.points))
                    - part_of(of, Fraction(before, leg.points))
                    for of in (leg.owed, leg.fee)
                )
                lines += self._taken_back(leg, after - before, owed, fee)
                if me in {leg.funder, leg.holder[1], activity.reporter}:
                    shown = owed, fee
                    if me not in {leg.funder, leg.holder[1]}:
                        shown = 0, 0
                    told = leg.holder[1], leg.reason, after - before, leg.funder, *shown
                    legs.append(told)
        first = Event("REVERSAL", tuple(lines), activity.number)
        events = allowed([first, *trail.events()], None, self.books)
        for leg, before, after in zip(activity.legs, activity.back, back, strict=True):
            self._use(leg, before - after)
        activity.reversed, activity.back = then, back
        followed = tuple(one for one in trail.returned() if me in {one[1], one[2]})
        trail.keep()
        return events, {"legs": tuple(legs), "reversed": then, "followed": followed}

    def _due_by_holder(self, activity: Recorded, due: list[int]) -> dict[Holder, int]:
        found: dict[Holder, int] = {}
        for leg, points in zip(activity.legs, due, strict=True):
            if not self.world.programmes[leg.holder[1]].outside:
                found[leg.holder] = found.get(leg.holder, 0) + points
        return found

    def _back(self, activity: Recorded, due: list[int], net: dict[Holder, int]) -> Iterator[int]:
        """Of each leg what has come back by then. Where the funder bears, only what is there."""
        left: dict[Holder, int] = {}
        for leg, before, points in zip(activity.legs, activity.back, due, strict=True):
            of = self.world.programmes[leg.holder[1]]
            if of.bears and not of.outside:
                there = self.exchange.posted(leg.holder) + net.get(leg.holder, 0)
                left.setdefault(leg.holder, max(0, there))
                points = min(points, left[leg.holder])  # noqa: PLW2901 - as much as there is
                left[leg.holder] -= points
            yield before + points

    def _taken_back(self, leg: Leg, points: int, owed: int, fee: int) -> Iterator[Line]:
        programme = leg.holder[1]
        account = self.books.account(leg.holder)
        yield Line(leg.reason, points, account, f"issued/{programme}", leg.funder)
        yield from self.books.owes("PRINCIPAL", programme, leg.funder, owed)
        yield from self.books.owes("FEE", OPERATOR, leg.funder, fee)
