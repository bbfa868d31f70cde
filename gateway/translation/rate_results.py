"""The rate book on the wire: terms, versions, proposals, stops."""

from coalition.v1 import rates_pb2
from gateway.translation.rate_terms import change_message as change_message
from gateway.translation.values import timestamp
from partners.directory import Directory
from partners.exchange.book import Stop, Version
from partners.exchange.proposals import Change
from partners.exchange.terms import Terms
from partners.usecases.rates import Proposed, Stopped


def version_message(version: Version[Terms]) -> rates_pb2.BookVersion:
    """A version of the book on the wire."""
    change = Change(version.terms, version.effective_from, version.effective_to)
    return rates_pb2.BookVersion(
        version=version.number,
        proposal=version.proposal,
        change=change_message(change),
        approved_at=timestamp(version.approved_at),
        withdrawn=version.withdrawn_number or 0,
    )


def proposal_message(proposed: Proposed) -> rates_pb2.Proposal:
    """A proposal on the wire, with what it still needs while it waits."""
    proposal, needs = proposed.proposal, proposed.needs
    waits = proposal.state == "PROPOSED"
    return rates_pb2.Proposal(
        proposal=proposal.number,
        changes=map(change_message, proposal.changes),
        state=f"PROPOSAL_STATE_{proposal.state}",
        proposed_by=proposal.proposed_by,
        approved_by=proposal.approved_by,
        consents=proposal.consents,
        ended_by=proposal.ended_by,
        reason=proposal.reason,
        end_reason=proposal.end_reason,
        needs=needs.left(proposal),
        needed_consents=needs.consents if waits else (),
        needed_approvals=needs.approvals if waits else 0,
        versions=proposed.versions,
    )


def stop_message(
    stop: Stop, lifted: int | None, voided: tuple[int, ...] = ()
) -> rates_pb2.PairStop:
    """A stop on the wire."""
    return rates_pb2.PairStop(
        stop=stop.number,
        source=stop.source,
        target=stop.target,
        stopped_by=stop.stopped_by,
        reason=stop.reason,
        stopped_at=timestamp(stop.stopped_at),
        lifted=lifted or 0,
        voided_quotes=voided,
    )


def stopped_message(result: Stopped, _: Directory) -> rates_pb2.PairStop:
    """The answer to a stop."""
    return stop_message(result.stop, None, result.voided)
