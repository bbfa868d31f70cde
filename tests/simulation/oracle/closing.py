"""Windows and their settlement: stages, positions, payments."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from simulation.actions import Abort, Approve, Pay
from simulation.oracle.books import Books, Entry, Event, Line, No, allowed

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
    apart: frozenset[str] = frozenset()
    """Whose debts are payments of their own."""
    posted: Entry | None = None
    aborted: bool = False
    superseded: bool = False

    @property
    def closed(self) -> bool:
        return self.done == len(STAGES)

    @property
    def settled(self) -> bool:
        return self.closed and len(self.paid) == len(self.payments or ())

    @property
    def parties(self) -> set[str]:
        return {name for pair in self.nets for name in pair}


@dataclass
class Proposal:
    """That a settlement be undone."""

    settlement: int
    by: str
    apart: tuple[str, ...]
    waits: bool = True
    approved: bool = False


PaymentsOf = Callable[[int], Iterable[Payment] | None]
"""What the product found for a settlement; None where nothing was asked of it."""

OPERATORS = frozenset({"admin-one", "admin-two"})


class WrongPayments(Exception):
    """Payments that do not settle positions, or are more than needed."""


@dataclass
class Closing:
    """Settlements, one after the other."""

    books: Books
    nights: list[Night] = field(default_factory=list)
    proposals: dict[int, Proposal] = field(default_factory=dict)

    def settle(self, now: datetime, dies_in: str, payments_of: PaymentsOf) -> None:
        """A run: what was begun, then what was aborted, and only else the open window.

        One that dies in a stage has done those before it.
        """
        night = self.nights[-1] if self.nights and not self.nights[-1].closed else None
        closed = False
        while (night := night or self._again(dies_in)) is not None:
            if not self._finish(night, now, dies_in, payments_of):
                return
            night, closed = None, True
            if dies_in == "CUT" and self._aborted() is not None:
                return
        if not closed and self.books.busy and dies_in != "CUT":
            self._finish(self._cut(now), now, dies_in, payments_of)

    def _aborted(self) -> Night | None:
        return next((n for n in self.nights if n.aborted and not n.superseded), None)

    def _again(self, dies_in: str) -> Night | None:
        """A settlement in place of the oldest that was aborted, over the same window."""
        before = self._aborted()
        if before is None or dies_in == "CUT":
            return None
        before.superseded = True
        accepted = (p for p in self.proposals.values() if p.settlement == before.number)
        apart = next(frozenset(p.apart) for p in accepted if p.approved)
        return self._begin(before.window, apart)

    def _finish(self, night: Night, now: datetime, dies_in: str, payments_of: PaymentsOf) -> bool:
        """The rest of its stages; False where it died."""
        for stage in STAGES[night.done :]:
            if stage == dies_in:
                return False
            if stage == "POST":
                self._post(night, now, payments_of(night.number))
            night.done += 1
        return True

    def _cut(self, now: datetime) -> Night:
        night = self._begin(self.books.window)
        self.books.enter(Event("CUT", business=False), now)
        self.books.window += 1
        self.books.busy = False
        return night

    def _begin(self, window: int, apart: frozenset[str] = frozenset()) -> Night:
        nets = self.books.window_debts(window)
        number = len(self.nights) + 1
        night = Night(number, window, positions=positions_of(nets), nets=nets, apart=apart)
        self.nights.append(night)
        return night

    def _post(self, night: Night, now: datetime, payments: Iterable[Payment] | None) -> None:
        """Debts of who is apart as they are; of the rest no more payments than needed."""
        alone = {p: amount for p, amount in night.nets.items() if night.apart & set(p)}
        own = {(debtor, creditor, amount) for (debtor, creditor), amount in alone.items()}
        rest = positions_of({p: n for p, n in night.nets.items() if p not in alone})
        found = tuple(sorted(payments if payments is not None else (*own, *few(rest))))
        if not own <= set(found):
            raise WrongPayments(f"{found}, with {night.apart} apart, who owe or are owed {own}")
        require_settles(rest, [p for p in found if p not in own])
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
        event = Event("SETTLEMENT", (*netting, *due), business=False)
        night.posted = self.books.enter(event, now)

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
        if payment in night.paid or night.aborted:
            raise No("PAYMENT_STATE")
        if asked.amount != payment[2]:
            raise No("WRONG_AMOUNT")
        payer, payee, amount = payment
        line = Line("PAYMENT", amount, f"settlement/{payee}", f"settlement/{payer}")
        events = allowed([Event("PAYMENT", (line,), business=False)], None, self.books)
        night.paid.add(payment)
        return events, {}

    # What is undone -------------------------------------------------------------------------

    def propose(self, asked: Abort) -> tuple[list[Event], dict[str, object]]:
        if asked.sender not in OPERATORS:
            raise No("NOT_AUTHORIZED")
        night = self._abortable(asked.settlement)
        if any(p.waits and p.settlement == night.number for p in self.proposals.values()):
            raise No("ALREADY_EXISTS")
        if not set(asked.apart) <= night.parties:
            raise No("UNKNOWN_PARTICIPANT")
        self.proposals[self.books.size] = Proposal(night.number, asked.sender, asked.apart)
        return [Event("ABORT_PROPOSED", business=False)], {}

    def approve(self, asked: Approve) -> tuple[list[Event], dict[str, object]]:
        if asked.sender not in OPERATORS:
            raise No("NOT_AUTHORIZED")
        proposal = self.proposals.get(asked.proposal)
        if proposal is None or proposal.settlement != asked.settlement or not proposal.waits:
            raise No("UNKNOWN_PROPOSAL")
        if proposal.by == asked.sender:
            raise No("SAME_PERSON")
        night = self._abortable(proposal.settlement)
        assert night.posted is not None
        lines = tuple(replace(x, debit=x.credit, credit=x.debit) for x in night.posted.lines)
        event = Event("ABORT", lines, night.posted.number, business=False)
        events = allowed([event], None, self.books)
        proposal.waits, proposal.approved, night.aborted = False, True, True
        return events, {}

    def _abortable(self, number: int) -> Night:
        """A settlement that is closed, stands, and of which nothing is paid."""
        night = next((n for n in self.nights if n.number == number and n.posted), None)
        if night is None:
            raise No("UNKNOWN_SETTLEMENT")
        if not night.closed or night.aborted or night.settled or night.paid:
            raise No("SETTLEMENT_STATE")
        return night


def positions_of(nets: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """What each receives (positive) or pays, by what is owed between two."""
    positions: defaultdict[str, int] = defaultdict(int)
    for (debtor, creditor), amount in nets.items():
        positions[debtor] -= amount
        positions[creditor] += amount
    return dict(positions)


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
