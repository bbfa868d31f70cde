"""Proposals that are there: list and show them, approve, reject, withdraw and sign them; stops."""

import click

from coalition.v1 import rates_pb2
from gateway.cli import output
from gateway.cli.failures import BadUse
from gateway.cli.points import read_with_decimals
from gateway.cli.rate_tables import Shown, kinds, needs, proposal_rows, show_changes, state
from gateway.cli.session import Session, request_id_option, signed_options

_number = click.argument("proposal", type=click.IntRange(min=1))
_reason = click.option("--reason", required=True, help="Why, for the record.")


@click.command()
@click.option("--open", "only_open", is_flag=True, help="Only those that wait.")
@signed_options
def proposals(session: Session, *, only_open: bool) -> None:
    """Proposals with their state; a partner sees those that ask for its consent."""
    request = rates_pb2.ListProposalsRequest(open=only_open)
    found = session.read("Rates.ListProposals", request, rates_pb2.ProposalList)
    output.show_list(
        found,
        found.proposals,
        "Proposals",
        [
            ("number", lambda p: p.proposal),
            ("state", state),
            ("changes", lambda p: kinds(p.changes)),
            ("reason", lambda p: p.reason),
            ("proposed by", lambda p: p.proposed_by),
            ("approved by", lambda p: ", ".join(p.approved_by)),
            ("signed by", lambda p: ", ".join(p.consents)),
            ("needs", lambda p: "; ".join(needs(p))),
        ],
        as_json=session.as_json,
    )


@click.command()
@_number
@signed_options
def show(session: Session, *, proposal: int) -> None:
    """One proposal with all that it would change."""
    found, known = read_with_decimals(
        session, "Rates.ListProposals", rates_pb2.ListProposalsRequest(), rates_pb2.ProposalList
    )
    shown = next((p for p in found.proposals if p.proposal == proposal), None)
    if shown is None:
        message = f"there is no proposal {proposal} that you may see"
        raise BadUse(message)
    if session.as_json:
        output.show_json(output.as_dict(shown))
        return
    output.show_table("Proposal", ("field", "value"), proposal_rows(shown))
    entries = (((), change) for change in shown.changes)
    show_changes(entries, (), Shown(session.profile.currency.exponent, known))


def _decide(
    session: Session,
    method: str,
    request: rates_pb2.ApproveRequest
    | rates_pb2.RejectRequest
    | rates_pb2.WithdrawRequest
    | rates_pb2.ConsentRequest,
    request_id: str | None,
) -> None:
    session.write(method, request, request_id, told=lambda _, found: proposal_rows(found))


@click.command()
@_number
@request_id_option
@signed_options
def approve(session: Session, *, proposal: int, request_id: str | None) -> None:
    """Approve the proposal of that number, which another person made."""
    request = rates_pb2.ApproveRequest(proposal=proposal)
    _decide(session, "Rates.Approve", request, request_id)


@click.command()
@_number
@_reason
@request_id_option
@signed_options
def reject(session: Session, *, proposal: int, reason: str, request_id: str | None) -> None:
    """Reject a proposal that waits, which another person made."""
    request = rates_pb2.RejectRequest(proposal=proposal, reason=reason)
    _decide(session, "Rates.Reject", request, request_id)


@click.command()
@_number
@_reason
@request_id_option
@signed_options
def withdraw(session: Session, *, proposal: int, reason: str, request_id: str | None) -> None:
    """Withdraw a proposal of yours that waits, or any of which nothing has begun."""
    request = rates_pb2.WithdrawRequest(proposal=proposal, reason=reason)
    _decide(session, "Rates.Withdraw", request, request_id)


@click.command()
@_number
@request_id_option
@signed_options
def consent(session: Session, *, proposal: int, request_id: str | None) -> None:
    """Sign a proposal as the partner whose rate leaves the agreed range by it."""
    request = rates_pb2.ConsentRequest(proposal=proposal)
    _decide(session, "Rates.Consent", request, request_id)


@click.command()
@click.argument("giving", metavar="SOURCE")
@click.argument("getting", metavar="TARGET")
@_reason
@request_id_option
@signed_options
def stop(
    session: Session, *, giving: str, getting: str, reason: str, request_id: str | None
) -> None:
    """Stop conversions from SOURCE to TARGET at once, and void open quotes.

    `coalition rates resume` proposes that they go on.
    """
    request = rates_pb2.StopPairRequest(source=giving, target=getting, reason=reason)
    session.write("Rates.StopPair", request, request_id)
