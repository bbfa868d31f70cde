"""A quote or a conversion for people: every amount in whole units, then how it came about."""

from collections.abc import Iterator
from dataclasses import dataclass

from coalition.client import Client
from coalition.profile import Currency
from coalition.v1 import common_pb2, exchange_pb2
from gateway.cli import output
from gateway.cli.points import UNKNOWN, Decimals, decimals_if_told
from gateway.cli.session import Told
from gateway.cli.types import in_major
from partners.programmes.money import in_words

Terms = exchange_pb2.ConversionTerms


def told_with(currency: Currency) -> Told:
    """Gives the rows of a result, in units of the shared currency; those that say something."""

    def told(client: Client, terms: Terms) -> list[tuple[str, str]]:
        known = decimals_if_told(client) if terms.source.programme else UNKNOWN
        return [(name, value) for name, value in _Rows(currency, known).of(terms) if value]

    return told


@dataclass(frozen=True, slots=True)
class _Rows:
    """Makes the rows of a conversion's terms."""

    currency: Currency
    known: Decimals

    def of(self, terms: Terms) -> Iterator[tuple[str, str]]:
        """Amounts, where the rest goes, by what terms, until when, and the steps."""
        yield "quote", _number(terms.quote)
        yield "conversion", _number(terms.conversion)
        yield "gives", self._points(terms.source, terms.source_minor)
        yield "gets", self._points(terms.target, terms.target_minor)
        yield from self._coins(terms)
        if terms.remainder.numerator:
            part = f"{terms.remainder.numerator}/{terms.remainder.denominator}"
            yield "remainder", f"{part} of the smallest unit, dropped"
        for bonus in terms.bonuses:
            yield "bonus", self._bonus(terms.target, bonus)
        if terms.HasField("money_fee"):
            fee = in_words(terms.money_fee.minor, terms.money_fee.currency)
            yield "money fee", f"{fee}, worth {self._shared(terms.money_fee_shared_minor)}"
        yield "offer", terms.offer
        yield "source rate", _number(terms.source_rate)
        yield "target rate", _number(terms.target_rate)
        yield "expires at", output.instant(terms.expires_at)
        yield "to be confirmed by", output.instant(terms.delivery_deadline)
        for number, step in enumerate(terms.steps, start=1):
            yield f"step {number}", step

    def _coins(self, terms: Terms) -> Iterator[tuple[str, str]]:
        yield "worth", self._shared(terms.shared_minor)
        for name in ("fee", "spread", "value", "rounding"):
            minor: int = getattr(terms, f"{name}_minor")
            yield name, self._shared(minor) if minor or name == "value" else ""
        if terms.shortfall_minor:
            short = self._shared(terms.shortfall_minor)
            yield "shortfall", f"{short}, paid by {terms.shortfall_funder}"

    def _bonus(self, target: common_pb2.MembershipRef, bonus: exchange_pb2.BonusPart) -> str:
        points = self.known.in_programme(bonus.target_minor, target.programme)
        return f"{points} of it, paid for by {bonus.funder}: {self._shared(bonus.value_minor)}"

    def _points(self, membership: common_pb2.MembershipRef, minor: int) -> str:
        if not membership.programme:
            return ""
        points = self.known.in_programme(minor, membership.programme)
        return f"{points} of {membership.programme}/{membership.member_number}"

    def _shared(self, minor: int) -> str:
        return f"{in_major(minor, self.currency.exponent)} {self.currency.code}"


def _number(number: int) -> str:
    return str(number) if number else ""
