"""What the rate book is made of: terms as values, each of a form under which it makes sense.

Amounts are minor units, rates exact fractions of minor units. Raising is for the form alone;
whether terms fit the rest of the book is judged where they are proposed.
"""

from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction

LONGEST_FRACTION = 10**12
"""Numerator and denominator of what is proposed are at most this: finer fractions name no price of
the world, and the check for money machines reckons with their products. What an earlier release
approved stays as it is."""


class BadTerms(ValueError):
    """Terms under which nothing makes sense."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


def _require_rate(field: str, rate: Fraction | None) -> None:
    if rate is None:
        return
    if rate <= 0:
        raise BadTerms(field, f"is {rate}; a rate is above zero")


def _require_not_negative(field: str, amount: Fraction | int) -> None:
    if amount < 0:
        raise BadTerms(field, f"is {amount}; it is zero or more")


@dataclass(frozen=True, slots=True)
class RateTerms:
    """What a minor unit of a programme's points is worth in shared minor units.

    `rate_in` holds on the way into the shared currency and `cost_out` on the way out of it;
    None: that way is closed. `fee` and `spread` are the parts of the shared amount that the
    operator keeps when these points go in. Raises BadTerms.
    """

    programme: str
    rate_in: Fraction | None
    cost_out: Fraction | None
    fee: Fraction = Fraction(0)
    spread: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        """Refuse what could not convert anything."""
        _require_rate("rate_in", self.rate_in)
        _require_rate("cost_out", self.cost_out)
        if self.rate_in is None and self.cost_out is None:
            raise BadTerms("rate_in", "and cost_out are both missing; nothing would be worth that")
        for field in ("fee", "spread"):
            part: Fraction = getattr(self, field)
            _require_not_negative(field, part)
            if part:
                _require_rate(field, part)
        if self.fee + self.spread >= 1:
            raise BadTerms(
                "fee", f"is {self.fee} and spread {self.spread}; they leave nothing to convert"
            )

    @property
    def subject(self) -> tuple[str, ...]:
        """What a later version takes the place of."""
        return (self.programme,)


@dataclass(frozen=True, slots=True)
class BonusStep:
    """For each `every_minor` of the source moved at once, `bonus_minor` of the target more."""

    every_minor: int
    bonus_minor: int
    funder: str

    def __post_init__(self) -> None:
        """Refuse steps of nothing."""
        if self.every_minor <= 0 or self.bonus_minor <= 0:
            raise BadTerms("bonuses", "gives nothing, or for nothing; both amounts are above zero")


@dataclass(frozen=True, slots=True)
class MoneyFee:
    """Money that the source's partner charges for a conversion, rounded half up, up to a cap."""

    currency: str
    per_source_minor: Fraction
    cap_minor: int | None

    def __post_init__(self) -> None:
        """Refuse a fee of nothing."""
        _require_rate("fee.per_source_minor", self.per_source_minor)
        if self.cap_minor is not None and self.cap_minor <= 0:
            raise BadTerms("fee.cap_minor", f"is {self.cap_minor}; a cap is above zero")

    def charged(self, source_minor: int) -> int:
        """The fee of a conversion, in minor units of the money."""
        rate = self.per_source_minor
        whole = (2 * source_minor * rate.numerator + rate.denominator) // (2 * rate.denominator)
        return whole if self.cap_minor is None else min(whole, self.cap_minor)


@dataclass(frozen=True, slots=True)
class Caps:
    """Most that is converted, in minor units of the source; None: no cap. Days are of UTC."""

    member_daily_minor: int | None = None
    member_yearly_minor: int | None = None
    pair_daily_minor: int | None = None
    pair_yearly_minor: int | None = None

    def __post_init__(self) -> None:
        """Refuse caps below nothing."""
        for field in self.__slots__:
            cap: int | None = getattr(self, field)
            if cap is not None and cap <= 0:
                raise BadTerms(f"caps.{field}", f"is {cap}; a cap is above zero")

    @property
    def least(self) -> int | None:
        """What a single conversion can be at most under all of them."""
        caps: list[int | None] = [getattr(self, field) for field in self.__slots__]
        return min((cap for cap in caps if cap is not None), default=None)


@dataclass(frozen=True, slots=True)
class PairTerms:
    """Terms of conversions from one programme into another.

    The member gets floor(amount x ratio) and what bonus steps add. The target's issuer is owed
    `settlement_price` for each unit. Amounts are `minimum_minor` and multiples of
    `increment_minor` more. Raises BadTerms.
    """

    source: str
    target: str
    offer: str
    ratio: Fraction
    settlement_price: Fraction
    minimum_minor: int = 1
    increment_minor: int = 1
    bonuses: tuple[BonusStep, ...] = ()
    fee: MoneyFee | None = None
    caps: Caps = Caps()
    once_per_member: bool = False
    shortfall_funder: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not convert anything."""
        if self.source == self.target:
            raise BadTerms("target", "is the source; a conversion is between two programmes")
        _require_rate("ratio", self.ratio)
        _require_rate("settlement_price", self.settlement_price)
        for field in ("minimum_minor", "increment_minor"):
            if getattr(self, field) <= 0:
                raise BadTerms(field, f"is {getattr(self, field)}; it is above zero")
        if self.once_per_member and not self.offer:
            raise BadTerms("once_per_member", "is for offers; standing terms are for everybody")

    @property
    def subject(self) -> tuple[str, ...]:
        """What a later version takes the place of: standing terms, or one offer."""
        return self.source, self.target, self.offer

    @property
    def largest_minor(self) -> int | None:
        """The largest amount that its caps let one conversion have; None: any."""
        return self.caps.least

    def fits(self, source_minor: int) -> bool:
        """Whether an amount is one of those that can be converted."""
        more = source_minor - self.minimum_minor
        return more >= 0 and more % self.increment_minor == 0


@dataclass(frozen=True, slots=True)
class MoneyValue:
    """What a minor unit of the shared currency is worth in minor units of a money."""

    currency: str
    per_shared_minor: Fraction

    def __post_init__(self) -> None:
        """Refuse what is worth nothing."""
        _require_rate("per_shared_minor", self.per_shared_minor)

    @property
    def subject(self) -> tuple[str, ...]:
        """What a later version takes the place of."""
        return (self.currency,)


@dataclass(frozen=True, slots=True)
class GuardRails:
    """Beyond these a change of the book needs a second approval."""

    largest_change: Fraction | None
    notice_seconds: int

    def __post_init__(self) -> None:
        """Refuse what cannot be kept."""
        if self.largest_change is not None and not 0 <= self.largest_change <= 1:
            raise BadTerms(
                "largest_change", f"is {self.largest_change}; it is a part of 0 to 1 (0 to 100 %)"
            )
        _require_not_negative("notice_seconds", self.notice_seconds)

    @property
    def subject(self) -> tuple[str, ...]:
        """There is one such set."""
        return ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a participant may owe on balance, in shared minor units."""

    participant: str
    net_debit_cap_minor: int
    prefunded_minor: int = 0
    reserve_minor: int = 0
    alert_percents: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse limits below nothing."""
        for field in ("net_debit_cap_minor", "prefunded_minor", "reserve_minor"):
            _require_not_negative(field, getattr(self, field))
        if any(not 1 <= percent <= 1_000 for percent in self.alert_percents):  # noqa: PLR2004
            raise BadTerms("alert_percents", "are of 1 to 1,000")

    @property
    def subject(self) -> tuple[str, ...]:
        """What a later version takes the place of."""
        return (self.participant,)

    @property
    def covered_minor(self) -> int:
        """Cap and cover: what may be owed without a warning."""
        return self.net_debit_cap_minor + self.prefunded_minor


@dataclass(frozen=True, slots=True)
class Safeguards:
    """What keeps conversions out of a programme ("" for all others) sane. None: no limit."""

    programme: str
    ceiling_minor: int | None = None
    minimum_minor: int = 1
    daily_count: int | None = None
    daily_minor: int | None = None
    link_cooling_seconds: int = 0
    earned_cooling_seconds: int = 0

    def __post_init__(self) -> None:
        """Refuse limits below nothing."""
        for field in ("ceiling_minor", "daily_count", "daily_minor"):
            limit: int | None = getattr(self, field)
            if limit is not None and limit <= 0:
                raise BadTerms(field, f"is {limit}; a limit is above zero")
        if self.minimum_minor <= 0:
            raise BadTerms("minimum_minor", f"is {self.minimum_minor}; it is above zero")
        for field in ("link_cooling_seconds", "earned_cooling_seconds"):
            _require_not_negative(field, getattr(self, field))

    @property
    def subject(self) -> tuple[str, ...]:
        """What a later version takes the place of."""
        return (self.programme,)


@dataclass(frozen=True, slots=True)
class Resumption:
    """The end of a stop of a pair."""

    source: str
    target: str

    @property
    def subject(self) -> tuple[str, ...]:
        """The pair."""
        return self.source, self.target


Terms = RateTerms | PairTerms | MoneyValue | GuardRails | Limits | Safeguards | Resumption
"""Everything that a proposal can put into the book."""


def too_fine(terms: object) -> str | None:
    """The name of a field whose fraction is too fine to be proposed; None where there is none."""
    for field in fields(terms):  # type: ignore[arg-type] # of any terms, and what they are made of
        value = getattr(terms, field.name)
        parts = value if isinstance(value, tuple) else (value,)
        for part in parts:
            if isinstance(part, Fraction):
                if max(part.numerator, part.denominator) > LONGEST_FRACTION:
                    return field.name
            elif is_dataclass(part) and (inner := too_fine(part)):
                return f"{field.name}.{inner}"
    return None
