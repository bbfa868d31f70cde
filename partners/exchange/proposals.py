"""Proposals to change the rate book: what they would make of it, and whom they still wait for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from partners.exchange.book import RateBook, Version
from partners.exchange.terms import (
    GuardRails,
    Limits,
    MoneyValue,
    PairTerms,
    RateTerms,
    Terms,
)

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
    """What a proposal asks for: approvals and consents.

    `second` says why a second approval is needed, `asked` why each partner's consent is.
    """

    second: tuple[str, ...]
    asked: Mapping[str, str]

    @property
    def approvals(self) -> int:
        """How many persons beside the proposer have to approve."""
        return 2 if self.second else 1

    @property
    def consents(self) -> tuple[str, ...]:
        """Partners who have to sign."""
        return tuple(self.asked)

    def left(self, proposal: Proposal) -> tuple[str, ...]:
        """What a proposal that waits still needs, in words."""
        if proposal.state is not ProposalState.PROPOSED:
            return ()
        missing = self.approvals - len(proposal.approved_by)
        approvals = [f"{missing} more approval{'s' if missing > 1 else ''}"] if missing > 0 else []
        why = [f"two are needed: {reason}" for reason in self.second] if approvals else []
        signed = proposal.consents
        return (*approvals, *why, *(w for who, w in self.asked.items() if who not in signed))


@dataclass(frozen=True, slots=True)
class RateRange:
    """Within which a rate may be set without its programme's partner."""

    lowest: Fraction
    highest: Fraction

    def allows(self, rate: Fraction | None) -> bool:
        """Whether it holds a rate; a way that is closed is beyond every range."""
        return rate is not None and self.lowest <= rate <= self.highest


def beyond_guard_rails(proposal: Proposal, book: RateBook, now: datetime) -> Iterator[str]:
    """Why a proposal needs a second approval, in words; nothing where it does not.

    A change is measured against what holds now and what would hold when it begins: many small steps
    at one instant are a large one. Offers, and the first terms of a pair, are measured against what
    the pair gives without them, and terms that are over still say what a price was: else an end
    would set the next one free.
    """
    rails = book.guard_rails(now)
    for change in proposal.changes:
        begins = change.begins(now)
        befores = [_before(change.terms, book, at) for at in (now, begins)]
        if not any(befores):
            continue
        if isinstance(change.terms, GuardRails):
            yield "the guard rails themselves are changed"
        for before in befores:
            yield from _moved_too_far(change.terms, before, rails)
        late = begins < now + timedelta(seconds=rails.notice_seconds)
        if late and _figures(change.terms) and not isinstance(change.terms, Limits):
            notice = timedelta(seconds=rails.notice_seconds)
            yield f"{_called(change.terms)} changes with less than {notice} (h:mm:ss) of notice"


def _before(terms: Terms, book: RateBook, begins: datetime) -> dict[str, Fraction | None]:
    """The figures that a change moves, as they would be without it; none where it moves none."""
    version = book.latest(type(terms), terms.subject, begins)
    if version is not None:
        return _figures(version.terms) or {"": None}
    if not isinstance(terms, PairTerms):
        return {}
    pair = terms.source, terms.target
    standing = book.latest(PairTerms, (*pair, ""), begins)
    if standing is not None:
        return _figures(standing.terms)
    rates = book.rate(pair[0], begins), book.rate(pair[1], begins)
    if rates[0] is None or rates[1] is None:
        return {}
    given, cost = _net_rate_in(rates[0].terms), rates[1].terms.cost_out
    return {} if given is None or cost is None else {_GIVES: given / cost}


_GIVES = "what a unit gives"


def _net_rate_in(terms: RateTerms) -> Fraction | None:
    if terms.rate_in is None:
        return None
    return terms.rate_in * (1 - terms.fee - terms.spread)


def _moved_too_far(
    after: Terms, before: dict[str, Fraction | None], rails: GuardRails
) -> Iterator[str]:
    if rails.largest_change is None:
        return
    for name, rate in _figures(after).items():
        old = before.get(name)
        if name not in before or rate == old:
            continue
        moved = abs(rate - old) / old if rate is not None and old else None
        if moved is None or moved > rails.largest_change:
            by = "opens or closes" if moved is None else f"moves by {_per_cent(moved)}"
            yield (
                f"{name} of {_called(after)} {by}, and {_per_cent(rails.largest_change)} is allowed"
            )


def _per_cent(part: Fraction) -> str:
    hundredths = round(part * 10_000)
    return f"{hundredths // 100}.{hundredths % 100:02} %"


def _figures(terms: Terms) -> dict[str, Fraction | None]:
    """What guard rails watch of terms, by the words for it."""
    if isinstance(terms, RateTerms):
        return {
            "rate in": terms.rate_in,
            "rate in after fee and spread": _net_rate_in(terms),
            "cost out": terms.cost_out,
        }
    if isinstance(terms, PairTerms):
        bonus = sum((Fraction(s.bonus_minor, s.every_minor) for s in terms.bonuses), Fraction(0))
        return {
            _GIVES: terms.ratio + bonus,
            "ratio": terms.ratio,
            "settlement price": terms.settlement_price,
            "fee in money": terms.fee.per_source_minor if terms.fee else None,
        }
    if isinstance(terms, MoneyValue):
        return {"value": terms.per_shared_minor}
    if isinstance(terms, Limits):
        return {"cap and cover": Fraction(terms.covered_minor)}
    return {}


def _called(terms: Terms) -> str:
    return " to ".join(part for part in terms.subject[:2] if part) or "the coalition"
