"""Use cases of the rate book: propose, approve, sign, reject, withdraw; stop a pair at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from partners.changes import Change as StateChange
from partners.context import Context, Decision
from partners.directory_changes import (
    PairStopped,
    ProposalChanged,
    ProposalMade,
    VersionPublished,
    VersionWithdrawn,
    change_document,
)
from partners.exchange.book import Stop, Version
from partners.exchange.documents import to_document
from partners.exchange.proposals import (
    Change,
    Needs,
    Proposal,
    ProposalState,
)
from partners.exchange.terms import Limits, PairTerms, Terms
from partners.exchange_changes import QuoteChanged
from partners.refusals import Reason, Refused, invalid
from partners.signatures import holds_limits, needs_of
from partners.soundness import require_sound
from partners.state import Quote, QuoteState
from partners.usecases.directory import WithOpenQuotes, WithoutMembers
from partners.usecases.proposed import require_fitting
from settlement.ledger.entries import EVERYONE, timestamp


@dataclass(frozen=True, slots=True)
class Propose(WithOpenQuotes):
    """Propose changes that belong together."""

    changes: tuple[Change, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal as it stands, what it still needs, and the versions that it became."""

    proposal: Proposal
    needs: Needs
    versions: tuple[int, ...] = ()


def propose(command: Propose, context: Context) -> Decision:
    """By a rate administrator.

    1. Each change is of programmes and participants that are there, and not retroactive.
    2. The book would be sound with all of them: nobody gains in a circle, nothing is unfunded.
    """
    proposal = Proposal(
        number=context.number,
        changes=command.changes,
        state=ProposalState.PROPOSED,
        reason=command.reason,
        proposed_by=context.sender,
    )
    for place, change in enumerate(command.changes):
        _require_timely(change, f"changes[{place}]", context)
        require_fitting(change.terms, f"changes[{place}]", command.changes, context)
    if holds_limits(proposal) and needs_of(proposal, context).consents:
        raise invalid(
            "changes",
            "hold limits, which are confidential, beside what a partner has to sign; propose them "
            "apart",
        )
    _require_sound_with(proposal, context)
    return _decision("PROPOSAL", proposal, ProposalMade(proposal), context)


def _require_timely(change: Change, field: str, context: Context) -> None:
    begins, ends = change.effective_from, change.effective_to
    if begins is not None and begins < context.now:
        raise Refused(
            Reason.RETROACTIVE,
            f"{field}: a change takes effect now or later, not at {timestamp(begins)}; leave "
            "effective_from out for its approval",
            {"now": timestamp(context.now)},
        )
    if ends is None:
        return
    if not isinstance(change.terms, PairTerms):
        raise invalid(f"{field}.effective_to", "is for terms of pairs; others hold until replaced")
    if ends <= (begins or context.now):
        raise invalid(f"{field}.effective_to", "is not after they begin")


def _require_not_over(proposal: Proposal, context: Context) -> None:
    """Terms that have ended by now would still take the place of those in force, and close it."""
    for place, change in enumerate(proposal.changes):
        ends = change.effective_to
        if ends is not None and ends <= context.now:
            raise Refused(
                Reason.RETROACTIVE,
                f"changes[{place}] of proposal {proposal.number} would have ended at "
                f"{timestamp(ends)}; reject or withdraw it, and propose anew",
                {"now": timestamp(context.now)},
            )


def _require_sound_with(proposal: Proposal, context: Context) -> None:
    """The book with a proposal in it, as if it were approved now."""
    versions = proposal.versions(context.number + 1, context.now)
    require_sound(context.directory.book.with_versions(versions), context)


@dataclass(frozen=True, slots=True)
class Approve(WithOpenQuotes):
    """Approve a proposal."""

    proposal: int


def approve(command: Approve, context: Context) -> Decision:
    """By another person than the proposer; two of them where guard rails ask for it.

    Once nothing more is needed it takes effect, each change at its instant: where that has
    passed, now. The book is judged again, as it is by then.
    """
    proposal = _waiting(command.proposal, context)
    _require_another_person(proposal, context)
    if context.sender in proposal.approved_by:
        raise Refused(
            Reason.SAME_PERSON,
            f"{context.sender} approved this before; what it still needs is another's approval",
            {"proposal": str(proposal.number)},
        )
    approved = replace(proposal, approved_by=(*proposal.approved_by, context.sender))
    return _concluded("APPROVAL", approved, context)


@dataclass(frozen=True, slots=True)
class Consent(WithOpenQuotes):
    """Sign a proposal as the partner whose rate it moves beyond the agreed range."""

    proposal: int


def consent(command: Consent, context: Context) -> Decision:
    """By that partner; the last signature that is needed lets the proposal take effect."""
    proposal = context.directory.proposals.get(command.proposal)
    waits = proposal is not None and proposal.state is ProposalState.PROPOSED
    if (
        proposal is None
        or not waits
        or holds_limits(proposal)
        or context.participant not in needs_of(proposal, context).consents
    ):
        raise Refused(
            Reason.UNKNOWN_PROPOSAL,
            f"there is no proposal {command.proposal} that waits for the consent of "
            f"{context.participant}",
            {"proposal": str(command.proposal)},
        )
    if context.participant in proposal.consents:
        raise Refused(
            Reason.SAME_PERSON,
            f"{context.participant} signed this before",
            {"proposal": str(proposal.number)},
        )
    signed = replace(proposal, consents=(*proposal.consents, context.participant))
    return _concluded("CONSENT", signed, context)


def _concluded(kind: str, proposal: Proposal, context: Context) -> Decision:
    """A signature, and the versions if it was the last that was needed."""
    _require_not_over(proposal, context)
    _require_sound_with(proposal, context)
    needs = needs_of(proposal, context)
    if len(proposal.approved_by) < needs.approvals or set(needs.consents) - set(proposal.consents):
        return _decision(kind, proposal, ProposalChanged(proposal), context)
    approved = replace(proposal, state=ProposalState.APPROVED)
    versions = approved.versions(context.number + 1, context.now)
    decision = _decision(kind, approved, ProposalChanged(approved), context)
    return replace(
        decision,
        result=Proposed(approved, needs, tuple(v.number for v in versions)),
        consequences=tuple(_published(version, context) for version in versions),
    )


def _published(version: Version[Terms], context: Context) -> Decision:
    """A version is an entry of its own: its number is what lines and quotes name."""
    return Decision(
        kind="RATE",
        facts=_version_facts(version),
        result=None,
        facts_parties=_shown_to(version.terms, context),
        changes=(VersionPublished(version),),
        business=False,
        directory=True,
    )


def _version_facts(version: Version[Terms]) -> dict[str, object]:
    ends = version.effective_to
    return {
        "version": str(version.number),
        "proposal": str(version.proposal),
        **to_document(version.terms),
        "effective_from": timestamp(version.effective_from),
        "effective_to": None if ends is None else timestamp(ends),
        "approved_at": timestamp(version.approved_at),
    }


def _shown_to(terms: Terms, context: Context) -> frozenset[str]:
    """The book is everybody's, but how much a participant may owe."""
    if isinstance(terms, Limits):
        return frozenset({terms.participant, context.operator})
    return frozenset({EVERYONE})


def _waiting(number: int, context: Context) -> Proposal:
    proposal = context.directory.proposals.get(number)
    if proposal is None or proposal.state is not ProposalState.PROPOSED:
        raise _unknown_proposal(number, proposal)
    return proposal


def _unknown_proposal(number: int, proposal: Proposal | None) -> Refused:
    """The refusal for a proposal that is not there, or is decided."""
    words = f"there is no proposal {number}"
    if proposal is not None:
        words = f"proposal {number} is {proposal.state}, and nothing is left to decide about it"
    return Refused(Reason.UNKNOWN_PROPOSAL, words, {"proposal": str(number)})


def _require_another_person(proposal: Proposal, context: Context) -> None:
    if context.sender == proposal.proposed_by:
        raise Refused(
            Reason.SAME_PERSON,
            f"{context.sender} proposed this; another rate administrator decides about it",
            {"proposal": str(proposal.number)},
        )


@dataclass(frozen=True, slots=True)
class Reject(WithoutMembers):
    """Reject a proposal."""

    proposal: int
    reason: str


def reject(command: Reject, context: Context) -> Decision:
    """By another person than the proposer, while it waits."""
    proposal = _waiting(command.proposal, context)
    _require_another_person(proposal, context)
    rejected = replace(
        proposal,
        state=ProposalState.REJECTED,
        ended_by=context.sender,
        end_reason=command.reason,
    )
    return _decision("REJECTION", rejected, ProposalChanged(rejected), context)


@dataclass(frozen=True, slots=True)
class Withdraw(WithOpenQuotes):
    """Withdraw a proposal, or what it scheduled."""

    proposal: int
    reason: str


def withdraw(command: Withdraw, context: Context) -> Decision:
    """One that waits by its proposer; one that was approved and has not begun by anybody.

    The book without it has to be sound as well: what was planned on it may not be.
    """
    proposal = context.directory.proposals.get(command.proposal)
    if proposal is None or proposal.state not in (ProposalState.PROPOSED, ProposalState.APPROVED):
        raise _unknown_proposal(command.proposal, proposal)
    waits = proposal.state is ProposalState.PROPOSED
    if waits and proposal.proposed_by != context.sender:
        raise Refused(
            Reason.NOT_AUTHORIZED,
            f"{proposal.proposed_by} proposed this; reject it instead",
            {"proposal": str(proposal.number)},
        )
    book = context.directory.book
    scheduled = [v for v in book.versions if v.proposal == proposal.number]
    if any(version.begun(context.now) for version in scheduled):
        raise Refused(
            Reason.UNKNOWN_PROPOSAL,
            f"proposal {command.proposal} has taken effect; propose what shall hold instead",
            {"proposal": str(command.proposal)},
        )
    if scheduled:
        require_sound(book.without_proposal(proposal.number), context)
    withdrawn = replace(
        proposal,
        state=ProposalState.WITHDRAWN,
        ended_by=context.sender,
        end_reason=command.reason,
    )
    gone = (VersionWithdrawn(version.number, context.number) for version in scheduled)
    return _decision("WITHDRAWAL", withdrawn, ProposalChanged(withdrawn), context, gone)


def _decision(
    kind: str,
    proposal: Proposal,
    change: ProposalMade | ProposalChanged,
    context: Context,
    more: Iterable[StateChange] = (),
) -> Decision:
    """What happened to a proposal, for the operator and those whose consent it needs."""
    needs = needs_of(proposal, context)
    partners = () if holds_limits(proposal) else needs.consents
    return Decision(
        kind=kind,
        facts={
            "proposal": str(proposal.number),
            "state": str(proposal.state),
            "changes": [change_document(c) for c in proposal.changes],
            "reason": proposal.reason,
            "proposed_by": proposal.proposed_by,
            "approved_by": list(proposal.approved_by),
            "consents": list(proposal.consents),
            "needs": list(needs.left(proposal)),
            "ended_by": proposal.ended_by,
            "end_reason": proposal.end_reason,
        },
        result=Proposed(proposal, needs),
        facts_parties=frozenset({context.operator, *partners}),
        changes=(change, *more),
        business=False,
        directory=True,
    )


@dataclass(frozen=True, slots=True)
class StopPair(WithOpenQuotes):
    """Stop conversions of a pair."""

    source: str
    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stop, and the quotes that it voided."""

    stop: Stop
    voided: tuple[int, ...]


def stop_pair(command: StopPair, context: Context) -> Decision:
    """By one rate administrator, at once. Open quotes of the pair are voided, by name."""
    for programme in (command.source, command.target):
        context.programme(programme)
    if context.directory.book.is_stopped((command.source, command.target), context.now):
        raise Refused(
            Reason.PAIR_STOPPED,
            f"{command.source} to {command.target} is stopped already",
            {"source": command.source, "target": command.target},
        )
    stop = Stop(
        number=context.number,
        source=command.source,
        target=command.target,
        stopped_by=context.sender,
        reason=command.reason,
        stopped_at=context.now,
    )
    voided = _open_quotes(command, context.state.quotes.values(), context.now)
    return Decision(
        kind="PAIR_STOP",
        facts={
            "source": stop.source,
            "target": stop.target,
            "stopped_by": stop.stopped_by,
            "reason": stop.reason,
        },
        result=Stopped(stop, tuple(quote.number for quote in voided)),
        facts_parties=frozenset({EVERYONE}),
        changes=(PairStopped(stop), *(QuoteChanged(q, QuoteState.VOIDED) for q in voided)),
        business=False,
        directory=True,
        consequences=tuple(_told_of_voided(voided, stop)),
    )


def _open_quotes(command: StopPair, quotes: Iterable[Quote], now: datetime) -> list[Quote]:
    pair = command.source, command.target
    return [
        quote
        for quote in sorted(quotes, key=lambda q: q.number)
        if (quote.source[1], quote.target[1]) == pair
        and quote.state is QuoteState.OPEN
        and now <= quote.expires_at
    ]


def _told_of_voided(voided: Iterable[Quote], stop: Stop) -> Iterator[Decision]:
    """Whoever asked for quotes is told which of them are void."""
    by_requester: dict[str, list[str]] = {}
    for quote in voided:
        by_requester.setdefault(quote.requester, []).append(str(quote.number))
    for requester, numbers in sorted(by_requester.items()):
        yield Decision(
            kind="QUOTES_VOIDED",
            facts={"stop": str(stop.number), "quotes": numbers},
            result=None,
            facts_parties=frozenset({requester}),
            business=False,
        )
