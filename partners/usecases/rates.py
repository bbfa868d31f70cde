"""Use cases of the rate book: propose, approve."""

from dataclasses import dataclass, replace
from datetime import datetime

from partners.context import Context, Decision
from partners.directory import Rate
from partners.directory_changes import RateApproved, RateProposed
from partners.exchange.arithmetic import RateTerms
from partners.refusals import Reason, Refused, invalid
from partners.usecases.directory import WithoutMembers
from settlement.ledger.entries import EVERYONE, price_text, timestamp


@dataclass(frozen=True, slots=True)
class ProposeRate(WithoutMembers):
    """Propose a rate from an instant on, or from its approval on."""

    terms: RateTerms
    effective_from: datetime | None
    reason: str


def propose_rate(command: ProposeRate, context: Context) -> Decision:
    """By a rate administrator. The shared currency is worth itself."""
    programme = context.programme(command.terms.programme)
    if programme.currency == context.directory.coalition.currency and (
        command.terms.rate_in != 1 or command.terms.cost_out != 1
    ):
        raise invalid("terms.rate_in", "of the shared currency is 1, and so is its cost_out")
    if command.effective_from is not None and command.effective_from < context.now:
        raise Refused(
            Reason.RETROACTIVE,
            f"a rate takes effect now or later, not at {timestamp(command.effective_from)}; "
            "leave effective_from out for its approval",
            {"now": timestamp(context.now)},
        )
    rate = Rate(
        proposal=context.number,
        version=None,
        terms=command.terms,
        effective_from=command.effective_from,
        approved_at=None,
        proposed_by=context.sender,
        approved_by=None,
        reason=command.reason,
    )
    return _decision(rate, RateProposed(rate))


@dataclass(frozen=True, slots=True)
class ApproveRate(WithoutMembers):
    """Approve a proposal."""

    proposal: int


def approve_rate(command: ApproveRate, context: Context) -> Decision:
    """It takes effect at its instant; where that has passed, now: nothing is retroactive."""
    rate = context.directory.rates.get(command.proposal)
    if rate is None or rate.version is not None:
        raise Refused(
            Reason.UNKNOWN_PROPOSAL,
            f"there is no proposal {command.proposal} that waits for approval",
            {"proposal": str(command.proposal)},
        )
    approved = replace(
        rate,
        version=context.number,
        effective_from=max(rate.effective_from or context.now, context.now),
        approved_at=context.now,
        approved_by=context.sender,
    )
    return _decision(approved, RateApproved(approved))


def _decision(rate: Rate, change: RateProposed | RateApproved) -> Decision:
    terms, begins = rate.terms, rate.effective_from
    return Decision(
        kind="RATE" if rate.version is not None else "RATE_PROPOSAL",
        facts={
            "proposal": str(rate.proposal),
            "version": None if rate.version is None else str(rate.version),
            "programme": terms.programme,
            "rate_in": price_text(terms.rate_in),
            "cost_out": price_text(terms.cost_out),
            "fee": price_text(terms.fee),
            "spread": price_text(terms.spread),
            "effective_from": None if begins is None else timestamp(begins),
            "proposed_by": rate.proposed_by,
            "approved_by": rate.approved_by,
            "reason": rate.reason,
        },
        result=rate,
        facts_parties=frozenset({EVERYONE}),
        changes=(change,),
        business=False,
        directory=True,
    )
