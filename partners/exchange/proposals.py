"""Proposals to change the rate book: what they would make of it, and whom they still wait for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from partners.exchange.book import RateBook, Version
from partners.exchange.terms import GuardRails, MoneyValue, PairTerms, RateTerms, Terms

LARGEST_PROPOSAL = 500
"""Changes in one proposal: the rate book of a large coalition at once."""


class ProposalState(StrEnum):
    """A proposal waits until it is approved, rejected or withdrawn."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Change:
    """Terms that are proposed, from an instant on; None: from the approval on."""

    terms: Terms
    effective_from: datetime | None = None
    effective_to: datetime | None = None

    def begins(self, now: datetime) -> datetime:
        """When it would take effect if it were approved now: nothing is retroactive."""
        return max(self.effective_from or now, now)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Changes that belong together; `number` is of the entry that proposed them."""

    number: int
    changes: tuple[Change, ...]
    state: ProposalState
    reason: str
    proposed_by: str
    approved_by: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    ended_by: str = ""
    end_reason: str = ""

    def versions(self, first_number: int, now: datetime) -> list[Version[Terms]]:
        """What its changes become if it is approved now; numbers go on from the first."""
        return [
            Version(
                number=first_number + place,
                proposal=self.number,
                terms=change.terms,
                effective_from=change.begins(now),
                effective_to=change.effective_to,
                approved_at=now,
            )
            for place, change in enumerate(self.changes)
        ]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a proposal asks for: how many approvals, and whose consents; with the reasons."""

    approvals: int
    consents: tuple[str, ...]
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RateRange:
    """Within which a rate may be set without its programme's partner."""

    lowest: Fraction
    highest: Fraction

    def allows(self, rate: Fraction | None) -> bool:
        """Whether it holds a rate; a way that is closed is beyond every range."""
        return rate is not None and self.lowest <= rate <= self.highest


def beyond_guard_rails(proposal: Proposal, book: RateBook, now: datetime) -> Iterator[str]:
    """Why a proposal needs a second approval, in words; nothing where it does not."""
    for change in proposal.changes:
        begins = change.begins(now)
        # Terms that are over still say what a price was: else an end would set the next one free.
        before = book.latest(type(change.terms), change.terms.subject, begins)
        if before is None:
            continue
        rails = book.guard_rails(now)
        if isinstance(change.terms, GuardRails):
            yield "a second approval: the guard rails themselves are changed"
        yield from _moved_too_far(change.terms, before.terms, rails)
        if _figures(change.terms) and begins < now + timedelta(seconds=rails.notice_seconds):
            yield (
                f"a second approval: {_called(change.terms)} changes with less than "
                f"{rails.notice_seconds} seconds of notice"
            )


def _moved_too_far(after: Terms, before: Terms, rails: GuardRails) -> Iterator[str]:
    if rails.largest_change is None:
        return
    was = _figures(before)
    for name, rate in _figures(after).items():
        old = was.get(name)
        if rate == old:
            continue
        moved = None if rate is None or old is None else abs(rate - old) / old
        if moved is None or moved > rails.largest_change:
            by = "opens or closes" if moved is None else f"moves by {_per_cent(moved)}"
            yield (
                f"a second approval: {name} of {_called(after)} {by}, and "
                f"{_per_cent(rails.largest_change)} is allowed"
            )


def _per_cent(part: Fraction) -> str:
    hundredths = round(part * 10_000)
    return f"{hundredths // 100}.{hundredths % 100:02} %"


def _figures(terms: Terms) -> dict[str, Fraction | None]:
    """What guard rails watch of terms, by the words for it."""
    if isinstance(terms, RateTerms):
        return {"rate in": terms.rate_in, "cost out": terms.cost_out}
    if isinstance(terms, PairTerms):
        return {"ratio": terms.ratio, "settlement price": terms.settlement_price}
    if isinstance(terms, MoneyValue):
        return {"value": terms.per_shared_minor}
    return {}


def _called(terms: Terms) -> str:
    return " to ".join(part for part in terms.subject[:2] if part) or "the coalition"
