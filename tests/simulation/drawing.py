"""Actions, drawn with the oracle at hand to know what is interesting."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from simulation.actions import (
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
    Key,
    Pay,
    Quote,
    Redeem,
    Refund,
    Reverse,
    Stated,
    Void,
)
from simulation.oracle.oracle import Letter, Oracle
from simulation.world import (
    AWARDS,
    BEGIN,
    OPERATOR,
    PERSONS,
    PROGRAMMES,
    SENDER,
    STATE_POINTS,
)

STATING = {
    "hotel": ("hotel", "airline", "rail", OPERATOR, "card", "wallet"),
    "airline": ("airline", "hotel"),
    "card": ("card", "airline", OPERATOR, "hotel"),
    "rail": ("rail", "hotel"),
    OPERATOR: (OPERATOR,),
    "wallet": ("wallet",),
}


Move = Callable[[], Action | None]
"""Draws something; None where there is nothing of that kind to draw."""


@dataclass
class Actions:
    """Draws one action after the other. `oracle` is as it was before the step in hand."""

    chance: random.Random
    oracle: Oracle
    now: datetime = BEGIN
    count: int = 0
    letters: dict[int, Letter] = field(default_factory=dict)
    unanswered: list[int] = field(default_factory=list)
    quotes: list[int] = field(default_factory=list)
    holds: list[int] = field(default_factory=list)
    conversions: list[int] = field(default_factory=list)
    aborts: list[int] = field(default_factory=list)

    def _recent(self, of: list[int]) -> int:
        """One of a list; rather a late one."""
        return of[-1 - int(len(of) * self.chance.random() ** 3)]

    def _name(self) -> int:
        self.count += 1
        return self.count

    def _action(self) -> Action:
        moves: list[tuple[int, Move]] = [
            (20, self._stay),
            (14, self._gift),
            (5, self._many),
            (5, self._card_spend),
            (16, self._reverse),
            (6, self._quote),
            (8, self._convert_some),
            (12, self._hold),
            (10, self._capture),
            (3, self._void),
            (7, self._refund),
            (8, self._redeem),
            (9, self._confirm),
            (4, self._decline),
            (9, self._pay),
            (3, self._abort),
            (4, self._approve),
        ]
        while True:
            weights = [weight for weight, _ in moves]
            (_, move) = self.chance.choices(moves, weights)[0]
            action = move()
            if action is not None:
                return action

    def _person(self, programme: str = "hotel") -> int:
        """Somebody, rather a member of a programme."""
        if self.chance.random() < 0.06:
            return self.chance.randrange(PERSONS + 1)
        members = [p.number for p in self.oracle.world.persons if programme in p.programmes]
        return self.chance.choice(members)

    def _key(self, supplier: str, kind: str) -> Key:
        """A new activity, or now and then one that was."""
        known = [
            k for k in self.oracle.earnings.activities if (k.supplier, k.kind) == (supplier, kind)
        ]
        if known and self.chance.random() < 0.12:
            key = self.chance.choice(known)
            higher = self.chance.random() < 0.6
            return Key(key.supplier, key.kind, key.reference, key.revision + higher)
        return Key(supplier, kind, f"r{self._name()}")

    def _stay(self) -> Accrue:
        sender = self.chance.choice(("hotel", "hotel", "hotel", "hotel", "card", "airline"))
        spend = self.chance.choice((self.chance.randint(1, 90_000), self.chance.randint(1, 300)))
        future = self.chance.random() < 0.02
        key = self._key("hotel", "STAY")
        if sender == "airline" and self.chance.random() < 0.9:  # it may not
            sender = "hotel"
        return Accrue(sender, "hotel", self._person(), key, spend, future=future)

    def _card_spend(self) -> Accrue:
        key = self._key("card", "CARD_SPEND")
        return Accrue("card", "card", self._person("card"), key, self.chance.randint(1, 60_000))

    def _gift(self) -> Accrue:
        """Points that are stated: of one's own, and of others."""
        me = self.chance.choice((*STATING, "hotel", "card", OPERATOR))
        deals, may = self.oracle.world.deals, STATING[me]
        if self.chance.random() < 0.9:
            may = tuple(
                p
                for p in may
                if p == me or ((p, me) in deals and STATE_POINTS in deals[p, me].permissions)
            )
        others = self.chance.sample(may, min(len(may), self.chance.randint(1, 3)))
        stated = tuple(Stated(p, "PROMOTION", self._points(p, me)) for p in others)
        key = self._key(me, "GIFT")
        return Accrue(SENDER.get(me, me), me, self._person(me), key, stated=stated)

    def _points(self, programme: str, me: str) -> int:
        """Some, or what is left of a cap, or one more than that."""
        deal = self.oracle.world.deals.get((programme, me))
        scale = 10 ** self.oracle.world.programmes[programme].exponent
        if deal is not None and STATE_POINTS in deal.permissions and self.chance.random() < 0.35:
            left = deal.cap - self.oracle.earnings.used[programme, me]
            if 0 < left <= 10_000:
                return self.chance.choice((left, left + 1, max(1, left // 2 + 1)))
        return self.chance.randint(1, 1_500) * scale // self.chance.choice((1, 1, 7)) or 1

    def _many(self) -> AccrueMany:
        """A batch of one partner's activities, some of them twice."""
        asks = []
        for _ in range(self.chance.randint(1, 6)):
            action = self._stay() if self.chance.random() < 0.6 else self._gift()
            if action.sender != "hotel":
                action = Accrue("hotel", "hotel", action.person, self._key("hotel", "STAY"), 20_000)
            asks.append(Ask(self._name(), action))
        if self.chance.random() < 0.2:
            asks.append(self.chance.choice(asks))
        return AccrueMany("hotel", tuple(asks))

    def _reverse(self) -> Reverse | None:
        known = self.oracle.earnings.activities
        if not known:
            return None
        key = list(known)[-1 - int(len(known) * self.chance.random() ** 2)]
        part = None
        if self.chance.random() < 0.4:
            below = self.chance.choice((2, 3, 7, 13))
            part = Fraction(self.chance.randint(1, below), below)
        sender = known[key].reporter
        if self.chance.random() < 0.1:
            sender = self.chance.choice((key.supplier, key.supplier, "rail"))
        return Reverse(SENDER.get(sender, sender), key, part)

    def _quote(self) -> Quote:
        person = self._person()
        source, target = self._pair(person)
        amount, held = self.chance.randint(1, 2_000), self._held(person, source)
        if held > 0:
            amount = self.chance.choice((held, held, held + 1, held // 2 + 1, held // 3 + 1))
        to_person = self._person() if self.chance.random() < 0.03 else person
        least = self.chance.choice((0, 0, 0, 0, 0, 0, 1, amount * 2))
        return Quote(SENDER.get(source, source), source, target, person, to_person, amount, least)

    def _pair(self, person: int) -> tuple[str, str]:
        """Two programmes; rather such as the person is a member of, and that have rates."""
        persons, rates = self.oracle.world.persons, self.oracle.exchange.rates
        may = PROGRAMMES
        if person < len(persons) and self.chance.random() < 0.93:
            own = persons[person].programmes
            may = tuple(p for p in own if p in rates or p == OPERATOR)
            may = may if len(may) > 1 else PROGRAMMES
        source = self.chance.choice(may)
        if self.chance.random() < 0.85:  # rather where there is something
            source = max(
                self.chance.sample(may, min(3, len(may))), key=lambda p: self._held(person, p)
            )
        others = [p for p in may if p != source]
        if "wallet" in others and self.chance.random() < 0.3:
            return source, "wallet"
        return source, self.chance.choice(others)

    def _held(self, person: int, programme: str) -> int:
        """What somebody can spend, 0 where it is not known here."""
        persons = self.oracle.world.persons
        if person >= len(persons) or programme not in persons[person].programmes:
            return 0
        return self.oracle.spending.available((person, programme), self.now)

    def _convert(self, name: int, quote: Action) -> Convert:
        assert isinstance(quote, Quote)
        hold = ""
        if quote.source == "wallet" and self.chance.random() < 0.9:
            used = sorted(self.oracle.exchange.holds)
            again = used and self.chance.random() < 0.1
            hold = self.chance.choice(used) if again else f"hold-{name}"
        return Convert(quote.sender, name, hold)

    def _convert_some(self) -> Convert | None:
        asked = self._known(self.quotes)
        if not asked:
            return None
        name = self._recent(asked)
        return self._convert(name, self.letters[name].action)

    def _known(self, names: list[int]) -> list[int]:
        """Those of what was asked for; rather such as there are."""
        sent = [name for name in names if name in self.letters]
        if self.chance.random() < 0.05:
            return sent
        return [name for name in sent if name in self.oracle.numbers]

    def _hold(self) -> Hold:
        person = max(range(PERSONS), key=lambda n: (self._held(n, OPERATOR), n))
        if self.chance.random() < 0.4:
            person = self.chance.randrange(PERSONS)
        merchant = self.chance.choice(("hotel", "hotel", "card", "rail", "rail", "airline"))
        amount, held = self.chance.randint(1, 900), self._held(person, OPERATOR)
        if held > 0 and self.chance.random() < 0.8:
            amount = self.chance.choice((held, held + 1, *(held // n + 1 for n in (2, 3, 5, 7))))
        minutes = self.chance.choice((5, 30, 600, 10_000))
        sender = merchant if self.chance.random() < 0.03 else "admin-one"
        capture = self.chance.random() < 0.3
        return Hold(sender, person, merchant, amount, minutes, capture)

    def _some_hold(self) -> tuple[int, str, int] | None:
        """A hold with one who may use it, or may not, and its amount."""
        asked = self._known(self.holds)
        if not asked:
            return None
        name = self._recent(asked)
        action = self.letters[name].action
        assert isinstance(action, Hold)
        senders = (action.merchant, action.merchant, action.merchant, "admin-one", "wallet")
        return name, self.chance.choice(senders), action.amount

    def _capture(self) -> Capture | None:
        found = self._some_hold()
        if found is None:
            return None
        name, sender, amount = found
        amounts = (amount, amount + 1, amount // 2, self.chance.randint(0, amount))
        return Capture(sender, name, self.chance.choice(amounts))

    def _void(self) -> Void | None:
        found = self._some_hold()
        return None if found is None else Void(found[1], found[0])

    def _refund(self) -> Refund | None:
        found = self._some_hold()
        if found is None:
            return None
        name, sender, amount = found
        amounts = (amount, amount // 2 + 1, amount // 7 + 1, 1)
        return Refund(sender, name, self.chance.choice(amounts))

    def _redeem(self) -> Redeem | None:
        programme = self.chance.choice(("hotel", "hotel", "airline", "rail", "card"))
        sender = programme if self.chance.random() < 0.97 else "wallet"
        person = self._person(programme)
        scale = 10 ** self.oracle.world.programmes[programme].exponent
        held = self._held(person, programme) // scale
        awards = tuple(n for n in AWARDS if n <= held)
        if not awards and self.chance.random() < 0.85:
            return None
        return Redeem(sender, programme, person, self.chance.choice(awards or AWARDS))

    def _to_wallet(self) -> int | None:
        """A conversion into the wallet, sometimes another."""
        into = []
        for name in self.conversions:
            letter = self.letters.get(name)
            number = self.oracle.numbers.get(name)
            known = self.oracle.exchange.conversions.get(number or -1)
            if letter is not None and known is not None and known.deadline is not None:
                into.append(name)
        if into:
            return self._recent(into)
        return None

    def _confirm(self) -> Confirm | None:
        name = self._to_wallet()
        if name is None:
            return None
        off = self.chance.choice((0, 0, 0, 0, 1))
        sender = "wallet" if self.chance.random() < 0.95 else "airline"
        return Confirm(sender, name, off, self.chance.choice(("first", "first", "second")))

    def _decline(self) -> Decline | None:
        name = self._to_wallet()
        return None if name is None else Decline("wallet", name)

    def _pay(self) -> Pay | None:
        if not any(night.payments for night in self.oracle.closing.nights):
            return None
        off = self.chance.choice((0, 0, 0, 0, 0, 1))
        settlement = self.chance.choice((-1, self.chance.randrange(8)))
        return Pay(settlement, self.chance.randrange(5), off, self.chance.random() < 0.06)

    def _abort(self) -> Abort | None:
        """Rather of the newest settlement, of which less is paid."""
        posted = [night for night in self.oracle.closing.nights if night.payments]
        if not posted:
            return None
        place = self.chance.choice((-1, -1, self.chance.randrange(8)))
        parties = sorted(posted[place % len(posted)].parties)
        apart: tuple[str, ...] = ()
        if parties and self.chance.random() < 0.5:
            apart = (self.chance.choice((*parties, "wallet")),)
        return Abort(self.chance.choice(("admin-one", "admin-two", "admin-two")), place, apart)

    def _approve(self) -> Approve | None:
        proposed = self._known(self.aborts)
        if not proposed:
            return None
        sender = self.chance.choice(("admin-one", "admin-one", "admin-two"))
        return Approve(sender, self._recent(proposed))
