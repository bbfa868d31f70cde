"""Changes of quotes, conversions and authorisations."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from sqlalchemy import Table

from partners import tables
from partners.changes import Accumulation, Insertion, Modification
from partners.state import (
    Conversion,
    DebitAuthorization,
    DeliveryBreak,
    Quote,
    QuoteState,
    State,
    UsageKey,
)
from settlement.ledger.bulk import Addition, Writing


@dataclass(frozen=True, slots=True)
class QuoteChanged(Modification):
    """A quote was used, or another took its place."""

    table: ClassVar[Table] = tables.quote
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("state",)

    quote: Quote
    to: QuoteState

    def apply(self, state: State) -> None:
        """Replace it; its slot is free."""
        state.quotes[self.quote.number] = replace(self.quote, state=self.to)
        if state.open_quotes.get(self.quote.slot) == self.quote.number:
            del state.open_quotes[self.quote.slot]

    def row(self) -> tuple[object, ...]:
        """Key and new state."""
        return self.quote.number, self.to


@dataclass(frozen=True, slots=True)
class QuoteOpened(Insertion):
    """A quote was given."""

    table: ClassVar[Table] = tables.quote

    quote: Quote

    def apply(self, state: State) -> None:
        """Add it."""
        state.add_quote(self.quote)

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
        """Insert the quotes; of several for one slot only the last is open."""
        last = {change.quote.slot: change.quote.number for change in changes}
        rows = [
            change.row()
            if last[change.quote.slot] == change.quote.number
            else (*change.row()[:-1], QuoteState.SUPERSEDED)
            for change in changes
        ]
        yield Addition(tables.quote, rows)

    def row(self) -> tuple[object, ...]:
        """The row; the state is last."""
        q, a = self.quote, self.quote.amounts
        fee = a.money_fee
        return (
            q.number,
            q.requester,
            *q.source,
            *q.target,
            a.source_minor,
            a.shared_minor,
            a.fee_minor,
            a.spread_minor,
            a.value_minor,
            a.rounding_minor,
            a.target_minor,
            q.source_rate,
            q.target_rate,
            q.authorization,
            q.expires_at,
            q.offer,
            json.dumps([[b.funder, b.target_minor, b.value_minor] for b in a.bonuses]),
            a.shortfall_minor,
            q.shortfall_funder,
            *((None, None, None) if fee is None else (fee.currency, fee.minor, fee.shared_minor)),
            a.remainder.numerator,
            a.remainder.denominator,
            q.state,
        )


@dataclass(frozen=True, slots=True)
class AuthorizationAdded(Insertion):
    """Leave to debit a member once was given."""

    table: ClassVar[Table] = tables.debit_authorization

    authorization: DebitAuthorization

    def apply(self, state: State) -> None:
        """Add it."""
        state.authorizations[self.authorization.number] = self.authorization

    def row(self) -> tuple[object, ...]:
        """The row."""
        a = self.authorization
        return (
            a.number,
            a.grantee,
            *a.source,
            *(a.target or (None, None)),
            a.amount_minor,
            a.expires_at,
            a.source_hold,
            a.used,
        )


@dataclass(frozen=True, slots=True)
class AuthorizationUsed(Modification):
    """Leave to debit a member was used."""

    table: ClassVar[Table] = tables.debit_authorization
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("used",)

    authorization: DebitAuthorization

    def apply(self, state: State) -> None:
        """Replace it."""
        number = self.authorization.number
        state.authorizations[number] = replace(self.authorization, used=True)

    def row(self) -> tuple[object, ...]:
        """Key and new value."""
        return self.authorization.number, True


@dataclass(frozen=True, slots=True)
class ConversionAdded(Insertion):
    """A quote was executed."""

    table: ClassVar[Table] = tables.conversion

    conversion: Conversion

    def apply(self, state: State) -> None:
        """Add it."""
        state.put_conversion(self.conversion)

    def row(self) -> tuple[object, ...]:
        """The row."""
        c = self.conversion
        return (
            c.number,
            c.quote,
            *c.source,
            *c.target,
            c.source_minor,
            c.target_minor,
            c.source_rate,
            c.target_rate,
            c.source_hold,
            c.accepted_at,
            c.deadline,
            c.state,
            c.reference,
            c.returned_source_minor,
            c.returned_target_minor,
        )


@dataclass(frozen=True, slots=True)
class ConversionChanged(Modification):
    """A conversion was confirmed or taken back, whole or in part."""

    table: ClassVar[Table] = tables.conversion
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = (
        "state",
        "reference",
        "returned_source_minor",
        "returned_target_minor",
    )

    conversion: Conversion

    def apply(self, state: State) -> None:
        """Replace it."""
        state.put_conversion(self.conversion)

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        c = self.conversion
        return c.number, c.state, c.reference, c.returned_source_minor, c.returned_target_minor


@dataclass(frozen=True, slots=True)
class BreakRecorded(Insertion):
    """A partner's report disagrees with the ledger."""

    table: ClassVar[Table] = tables.delivery_break

    found: DeliveryBreak

    def apply(self, state: State) -> None:
        """Add it."""
        state.breaks[self.found.conversion].append(self.found)

    def row(self) -> tuple[object, ...]:
        """The row."""
        b = self.found
        return (
            b.number,
            b.kind,
            b.conversion,
            b.owner,
            b.ledger_minor,
            b.reported_minor,
            b.reference,
            b.recorded_at,
        )


@dataclass(frozen=True, slots=True)
class ConversionUsed(Accumulation):
    """A conversion counts for the caps of its terms."""

    table: ClassVar[Table] = tables.conversion_usage

    key: UsageKey
    source_minor: int

    def apply(self, state: State) -> None:
        """Add to what is used."""
        used = state.conversion_usage.get(self.key, 0)
        state.conversion_usage[self.key] = used + self.source_minor

    def row(self) -> tuple[tuple[object, ...], int]:
        """Its key, and what is added."""
        return self.key, self.source_minor
