"""The exported rate book as a partner reads it, and what a conversion by it has to give.

The arithmetic follows docs/ACCOUNTING.md and is written here a second time on purpose: what the
gateway booked is proven by another path than its own.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

BOOK_VERSION = "1"
"""The form of exported books that this module reads."""

_FRACTION = re.compile(r"(0|[1-9][0-9]{0,38})/([1-9][0-9]{0,38})")
_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "RATE": ("programme",),
    "PAIR": ("source", "target", "offer"),
    "MONEY_VALUE": ("currency",),
    "GUARD_RAILS": (),
    "LIMITS": ("participant",),
    "SAFEGUARDS": ("programme",),
    "RESUMPTION": ("source", "target"),
}
"""Fields that say what a later version of a kind takes the place of."""


class BadBook(Exception):
    """An exported rate book cannot be used; the message says why."""


Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Version:
    """Terms with their dates. `number` is of the signed entry that put them into the book."""

    number: int
    facts: Facts
    effective_from: datetime
    effective_to: datetime | None
    approved_at: datetime
    withdrawn: int | None

    @property
    def kind(self) -> str:
        """RATE, PAIR and so on."""
        return str(self.facts["kind"])

    @property
    def subject(self) -> tuple[object, ...]:
        """What a later version takes the place of."""
        return (self.kind, *(self.facts[name] for name in _SUBJECTS.get(self.kind, ())))

    @property
    def begins(self) -> datetime:
        """From when on it holds: not before it was approved."""
        return max(self.effective_from, self.approved_at)

    def fraction(self, name: str) -> Fraction | None:
        """A rate, None where that way is closed. Raises BadBook."""
        value = self.facts.get(name)
        if value is None:
            return None
        match = _FRACTION.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            message = f"version {self.number}: {name} is {value!r:.40}, no fraction"
            raise BadBook(message)
        return Fraction(int(match[1]), int(match[2]))


@dataclass(slots=True)
class RateBook:
    """Every version that an export holds, by number."""

    coalition: str
    versions: dict[int, Version]
    _subjects: dict[tuple[object, ...], list[Version]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the versions of each subject by when they take the place of the one before."""
        for version in self.versions.values():
            if version.withdrawn is None:
                self._subjects.setdefault(version.subject, []).append(version)
        for versions in self._subjects.values():
            versions.sort(key=lambda v: (v.effective_from, v.number))

    def out_of_force(self, number: int, since: datetime, until: datetime) -> str:
        """Why a version was never in force from `since` to `until`; empty where it was."""
        version = self.versions[number]
        if version.withdrawn is not None:
            return f"it was withdrawn by entry {version.withdrawn}"
        if version.begins > until:
            return f"it takes effect at {_text(version.begins)}"
        if version.effective_to is not None and version.effective_to <= since:
            return f"it ended at {_text(version.effective_to)}"
        versions = self._subjects[version.subject]
        for later in versions[versions.index(version) + 1 :]:
            if later.begins <= since:
                return f"version {later.number} had taken its place at {_text(later.begins)}"
        return ""

    def first_money(self, currency: str, now: datetime) -> Fraction | None:
        """The first value of a money that had taken effect, where no window pinned one."""
        for version in self._subjects.get(("MONEY_VALUE", currency), []):
            if version.begins <= now:
                return version.fraction("per_shared_minor")
        return None


def read_book(path: Path) -> RateBook:
    """The book in a file that `coalition rates export` wrote. Raises BadBook."""
    try:
        fields: object = json.loads(path.read_bytes())
    except OSError as problem:
        message = f"cannot read {path}: {problem.strerror}"
        raise BadBook(message) from None
    except (ValueError, RecursionError) as problem:
        message = f"{path.name} is no JSON: {problem}"
        raise BadBook(message) from None
    if not isinstance(fields, dict) or fields.get("version") != BOOK_VERSION:
        message = f"{path.name} is no exported rate book of version {BOOK_VERSION}"
        raise BadBook(message)
    try:
        listed = [_version(each) for each in fields["versions"]]
        coalition = str(fields["coalition"])
    except (KeyError, TypeError, ValueError) as problem:
        message = f"{path.name} is damaged: {problem}"
        raise BadBook(message) from None
    versions = {version.number: version for version in listed}
    if len(versions) != len(listed):
        message = f"{path.name} holds a version twice"
        raise BadBook(message)
    return RateBook(coalition, versions)


def _version(fields: object) -> Version:
    if not isinstance(fields, dict):
        message = f"{fields!r:.80} is no version"
        raise TypeError(message)
    facts = {name: value for name, value in fields.items() if name != "withdrawn"}
    ends, withdrawn = fields["effective_to"], fields["withdrawn"]
    return Version(
        number=int(str(fields["version"])),
        facts=facts,
        effective_from=instant(fields["effective_from"]),
        effective_to=None if ends is None else instant(ends),
        approved_at=instant(fields["approved_at"]),
        withdrawn=None if withdrawn is None else int(str(withdrawn)),
    )


def instant(value: object) -> datetime:
    """An instant as facts have it. Raises ValueError."""
    return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def differences(version: Version, signed: Facts) -> Iterator[str]:
    """In what an exported version differs from the facts of its signed entry."""
    for name in sorted(version.facts.keys() | signed.keys()):
        exported, said = version.facts.get(name), signed.get(name)
        if exported != said:
            yield f"{name} is {exported!r:.80}; the signed entry says {said!r:.80}"


@dataclass(frozen=True, slots=True)
class Bonus:
    """Points that a funder adds, and what it owes for them."""

    funder: str
    points: int
    value: int


@dataclass(frozen=True, slots=True)
class Converted:
    """A conversion in minor units. shared + shortfall = fee + spread + value + rounding."""

    shared: int
    fee: int
    spread: int
    value: int
    rounding: int
    points: int
    """Of the target, without bonuses."""
    bonuses: Sequence[Bonus] = ()
    shortfall: int = 0
    money_fee: tuple[str, int] | None = None
    """Currency and minor units of the fee in money."""


def converted(amount: int, source: Version | None, target: Version | None) -> Converted:
    """What an amount of the source has to give; None stands for the shared currency itself.

    Every step rounds down. Raises BadBook where the versions do not convert.
    """
    shared = _floor(amount, _rate(source, "rate_in"))
    if target is not None and target.kind == "PAIR":
        return _by_pair(amount, shared, target)
    fee = 0 if source is None else _floor(shared, _rate(source, "fee"))
    spread = 0 if source is None else _floor(shared, _rate(source, "spread"))
    left, cost = shared - fee - spread, _rate(target, "cost_out")
    points = _floor(left, 1 / cost)
    value = _floor(points, cost)
    return Converted(shared, fee, spread, value, left - value, points)


def _by_pair(amount: int, shared: int, pair: Version) -> Converted:
    ratio, price = _rate(pair, "ratio"), _rate(pair, "settlement_price")
    points = _floor(amount, ratio)
    value = _floor(points, price)
    rest = max(0, shared - value)
    dropped = (amount * ratio - points) * price
    rounding = min(rest, dropped.numerator // dropped.denominator)
    return Converted(
        shared=shared,
        fee=0,
        spread=rest - rounding,
        value=value,
        rounding=rounding,
        points=points,
        bonuses=tuple(_bonuses(amount, price, pair)),
        shortfall=max(0, value - shared),
        money_fee=_money_fee(amount, pair),
    )


def _bonuses(amount: int, price: Fraction, pair: Version) -> Iterator[Bonus]:
    for step in _listed(pair, "bonuses"):
        points = amount // int(str(step["every_minor"])) * int(str(step["bonus_minor"]))
        if points:
            yield Bonus(str(step["funder"]), points, _floor(points, price))


def _listed(version: Version, name: str) -> list[Facts]:
    value = version.facts.get(name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        message = f"version {version.number}: {name} is no list of objects"
        raise BadBook(message)
    return value


def _money_fee(amount: int, pair: Version) -> tuple[str, int] | None:
    terms = pair.facts.get("fee")
    if not isinstance(terms, dict):
        return None
    match = _FRACTION.fullmatch(str(terms["per_source_minor"]))
    if match is None:
        message = f"version {pair.number}: fee.per_source_minor is no fraction"
        raise BadBook(message)
    numerator, denominator = int(match[1]), int(match[2])
    # Half up, then at most the cap.
    charged = (2 * amount * numerator + denominator) // (2 * denominator)
    cap = terms["cap_minor"]
    return str(terms["currency"]), charged if cap is None else min(charged, int(str(cap)))


def _rate(version: Version | None, name: str) -> Fraction:
    """A rate; the shared currency, which needs no terms, converts at one to one."""
    if version is None:
        return Fraction(1)
    rate = version.fraction(name)
    if rate is None:
        message = f"version {version.number} has no {name}: nothing converts by it that way"
        raise BadBook(message)
    return rate


def _floor(amount: int, rate: Fraction) -> int:
    return amount * rate.numerator // rate.denominator


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
