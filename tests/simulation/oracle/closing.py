"""Windows and their settlement: stages, positions, payments."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from simulation.actions import Pay
from simulation.oracle.books import Books, Event, Line, No, allowed

STAGES = ("CUT", "NET", "POST", "STATE", "CLOSED")

Payment = tuple[str, str, int]
"""Payer, payee, amount."""


@dataclass
class Night:
    """One settlement, as far as it has come."""

    number: int
    window: int
    done: int = 1
    """Stages that are committed."""
    positions: dict[str, int] = field(default_factory=dict)
    nets: dict[tuple[str, str], int] = field(default_factory=dict)
    payments: tuple[Payment, ...] | None = None
    """As the product lists them, once they are seen to be as few as there can be."""
    paid: set[Payment] = field(default_factory=set)

    @property
    def closed(self) -> bool:
        return self.done == len(STAGES)


class WrongPayments(Exception):
    """Payments that do not settle positions, or are more than needed."""


@dataclass
class Closing:
    """Settlements, one after the other."""

    books: Books
    nights: list[Night] = field(default_factory=list)

    def settle(
        self, now: datetime, dies_in: str, payments: Sequence[Payment] | None
    ) -> Night | None:
        """The stages of a run; None where there is nothing to settle.

        A run that dies in a stage has done those before it. `payments` are what the product found,
        None where nothing was asked of it.
        """
        night = self.nights[-1] if self.nights and not self.nights[-1].closed else None
        if night is None:
            if not self.books.busy or dies_in == "CUT":
                return None
            night = self._cut(now)
        fatal = STAGES.index(dies_in) if dies_in else 0
        reach = fatal if fatal >= night.done else len(STAGES)
        for stage in STAGES[night.done : reach]:
            if stage == "POST":
                self._post(night, now, payments)
            night.done += 1
        return night

    def _cut(self, now: datetime) -> Night:
        books = self.books
        nets = books.window_debts(books.window)
        positions: defaultdict[str, int] = defaultdict(int)
        for (debtor, creditor), amount in nets.items():
            positions[debtor] -= amount
            positions[creditor] += amount
        night = Night(len(self.nights) + 1, books.window, positions=dict(positions), nets=nets)
        self.nights.append(night)
        books.enter(Event("CUT", business=False), now)
        books.window += 1
        books.busy = False
        return night

    def _post(self, night: Night, now: datetime, payments: Sequence[Payment] | None) -> None:
        found = tuple(sorted(payments)) if payments is not None else few(night.positions)
        require_settles(night.positions, found)
        night.payments = found
        netting = tuple(
            Line(
                "NETTING",
                amount,
                f"clearing/{night.window}/{creditor}:{debtor}",
                f"clearing/{night.window}/{debtor}:{creditor}",
            )
            for (debtor, creditor), amount in sorted(night.nets.items())
        )
        due = tuple(
            Line("PAYMENT_DUE", amount, f"settlement/{payer}", f"settlement/{payee}")
            for payer, payee, amount in found
        )
        self.books.enter(Event("SETTLEMENT", (*netting, *due), business=False), now)

    def pay(self, asked: Pay, me: str) -> tuple[list[Event], dict[str, object]]:
        """A payee confirms; what others say, or of another amount, is refused."""
        known = [n for n in self.nights if n.number == asked.settlement and n.payments is not None]
        of_it = known[0].payments if known else ()
        payment = next(
            (p for p in of_it or () if p[:2] == (asked.payer, asked.payee)),
            None,
        )
        if payment is None or me not in payment[:2]:
            raise No("UNKNOWN_PAYMENT")
        if me != payment[1]:
            raise No("NOT_AUTHORIZED")
        night = known[0]
        if not night.closed:
            raise No("SETTLEMENT_STATE")
        if payment in night.paid:
            raise No("PAYMENT_STATE")
        if asked.amount != payment[2]:
            raise No("WRONG_AMOUNT")
        payer, payee, amount = payment
        line = Line("PAYMENT", amount, f"settlement/{payee}", f"settlement/{payer}")
        events = allowed([Event("PAYMENT", (line,), business=False)], None, self.books)
        night.paid.add(payment)
        return events, {}


def few(positions: Mapping[str, int]) -> tuple[Payment, ...]:
    """Some payments that settle positions: the payer with the first name pays first."""
    left = {name: net for name, net in sorted(positions.items()) if net}
    found: list[Payment] = []
    for group in groups(left):
        nets = {name: left[name] for name in sorted(group)}
        for payer in [n for n, net in nets.items() if net < 0]:
            for payee in [n for n, net in nets.items() if net > 0]:
                amount = min(-nets[payer], nets[payee])
                if amount > 0:
                    found.append((payer, payee, amount))
                    nets[payer] += amount
                    nets[payee] -= amount
    return tuple(sorted(found))


def groups(left: Mapping[str, int]) -> list[frozenset[str]]:
    """The most groups into which positions fall that are even in themselves."""
    names = sorted(left)
    best: dict[int, list[frozenset[str]]] = {0: []}
    for mask in range(1, 1 << len(names)):
        chosen = frozenset(name for n, name in enumerate(names) if mask >> n & 1)
        smaller = (best[mask & ~(1 << n)] for n in range(len(names)) if mask >> n & 1)
        most = max(smaller, key=len)
        inside = frozenset().union(*most)
        even = sum(left[name] for name in chosen) == 0
        best[mask] = [*most, chosen - inside] if even else most
    return best[(1 << len(names)) - 1]


def require_settles(positions: Mapping[str, int], payments: Iterable[Payment]) -> None:
    """Raise WrongPayments unless payments bring all to zero, and there cannot be fewer."""
    payments = list(payments)
    left = {name: net for name, net in positions.items() if net}
    sums: defaultdict[str, int] = defaultdict(int, left)
    for payer, payee, amount in payments:
        if amount <= 0 or left.get(payer, 0) >= 0 or left.get(payee, 0) <= 0:
            raise WrongPayments(f"{payer} pays {payee} {amount}, with positions {left}")
        sums[payer] += amount
        sums[payee] -= amount
    fewest = len(left) - len(groups(left))
    if any(sums.values()) or len(payments) != fewest:
        raise WrongPayments(f"{payments} for positions {left}, which take {fewest} payments")
