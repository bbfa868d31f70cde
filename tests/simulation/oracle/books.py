"""The oracle's books: entries with their lines, what accounts hold, and who owes whom."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from simulation.world import OPERATOR, World

Holder = tuple[int, str]
"""A person's membership in a programme."""


class No(Exception):
    """A request is refused; `reason` is of the contract's list."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Line:
    """An amount that moves from one account to another."""

    kind: str
    amount: int
    debit: str
    credit: str
    funder: str | None = None


@dataclass(frozen=True)
class Entry:
    """One event of the log; administration, payments and settlements are of no window."""

    number: int
    kind: str
    at: datetime
    window: int | None
    lines: tuple[Line, ...] = ()
    corrects: int | None = None


@dataclass(frozen=True)
class Event:
    """An entry before it has its number. `promised` is what the operator promises by it."""

    kind: str
    lines: tuple[Line, ...] = ()
    corrects: int | None = None
    business: bool = True
    promised: int = 0


def down(amount: int, by: Fraction) -> int:
    """An amount times a rate, rounded down."""
    product = amount * by
    return product.numerator // product.denominator


def part_of(amount: int, part: Fraction) -> int:
    """A part of an amount, rounded half up."""
    return down(1, amount * part + Fraction(1, 2))


def owner(code: str) -> str | None:
    """Whose account between companies this is."""
    kind, *rest = code.split("/")
    if kind == "clearing":
        return rest[1].split(":")[0]
    return rest[0] if kind == "settlement" else None


@dataclass
class Books:
    """All that is booked."""

    world: World
    members: Mapping[Holder, int]
    """Numbers in the coalition."""
    size: int
    at: datetime
    window: int = 1
    debits: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    credits: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    owed: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """What each owes on balance, with what it has promised."""
    entries: list[Entry] = field(default_factory=list)
    busy: bool = False
    """Whether the open window has business."""

    def account(self, holder: Holder) -> str:
        """Where somebody's points are."""
        person, programme = holder
        if self.world.programmes[programme].outside:
            return f"external/{programme}"
        return f"member/{self.members[person, programme]}/{programme}"

    def balance(self, code: str) -> int:
        return self.credits[code] - self.debits[code]

    def enter(self, event: Event, now: datetime) -> Entry:
        """Put an event at the end of the log."""
        self.at = max(self.at, now)
        window = self.window if event.business else None
        entry = Entry(self.size, event.kind, self.at, window, event.lines, event.corrects)
        self.entries.append(entry)
        self.size += 1
        self.busy = self.busy or event.business
        self.owed[OPERATOR] += event.promised
        for line in event.lines:
            self.debits[line.debit] += line.amount
            self.credits[line.credit] += line.amount
        for name, amount in grown(event.lines).items():
            self.owed[name] += amount
        return entry

    def owes(self, kind: str, debtor: str, creditor: str, amount: int) -> tuple[Line, ...]:
        """A debt of the open window; nobody owes themselves, and of nothing there is no line."""
        if not amount or debtor == creditor:
            return ()
        pair, mirror = (f"{a}:{b}" for a, b in ((debtor, creditor), (creditor, debtor)))
        debit, credit = (f"clearing/{self.window}/{p}" for p in (pair, mirror))
        return (Line(kind, amount, debit, credit),)

    def window_debts(self, window: int) -> dict[tuple[str, str], int]:
        """What is owed on balance in a window, by debtor and creditor; even pairs are left out."""
        owed: dict[tuple[str, str], int] = {}
        for code in sorted(self.debits.keys() | self.credits.keys()):
            if code.startswith(f"clearing/{window}/"):
                debtor, creditor = code.split("/")[2].split(":")
                if (left := -self.balance(code)) > 0:
                    owed[debtor, creditor] = left
        return owed


def grown(lines: Iterable[Line]) -> dict[str, int]:
    """By how much lines make each company owe more."""
    sums: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        for code, amount in ((line.debit, line.amount), (line.credit, -line.amount)):
            if (who := owner(code)) is not None:
                sums[who] += amount
    return dict(sums)


EARNING, SPENDING = "earning", "spending"


def allowed(events: Iterable[Event], bound: str | None, books: Books) -> list[Event]:
    """Events with the alerts that follow; LIMIT_EXCEEDED where somebody would owe too much."""
    events = list(events)
    sums: defaultdict[str, int] = defaultdict(int)
    for event in events:
        sums[OPERATOR] += event.promised
        for name, amount in grown(event.lines).items():
            sums[name] += amount
    limits = books.world.limits
    more = {name: sums[name] for name in sorted(sums) if sums[name] > 0 and name in limits}
    for name, amount in more.items():
        limit = limits[name]
        most = limit.covered + (limit.reserve if bound == EARNING else 0)
        if bound is not None and books.owed[name] + amount > most:
            raise No("LIMIT_EXCEEDED")
    for name, amount in more.items():
        before = books.owed[name]
        if _reaches(name, before, before + amount, books):
            events.append(Event("LIMIT_ALERT", business=False))
    return events


def _reaches(name: str, before: int, after: int, books: Books) -> bool:
    """Whether a level is reached on the way up, or more is owed than is covered."""
    limit = books.world.limits[name]
    levels = [Fraction(percent, 100) * limit.covered for percent in limit.alerts]
    return any(before < level <= after for level in levels) or before <= limit.covered < after
