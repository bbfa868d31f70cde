"""`coalition settlement list`, `show`, and the three steps of an abort."""

import click

from coalition.v1 import payments_pb2
from gateway.cli import output
from gateway.cli.payment_commands import payment_state
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import in_major

LISTED = 500
"""Most that one answer holds; what is below is asked for with --before."""

_settlement = click.argument("settlement", type=click.IntRange(min=1))
_proposal = click.argument("proposal", type=click.IntRange(min=1))


@click.command(name="list")
@click.option("--before", type=click.IntRange(min=1), help="Only those below this one.")
@signed_options
def list_settlements(session: Session, *, before: int | None) -> None:
    """All settlements and how far they are, newest first; at most 500 at once."""
    request = payments_pb2.ListSettlementsRequest(page_size=LISTED, before_settlement=before or 0)
    found = session.read("Payments.ListSettlements", request, payments_pb2.SettlementList)
    output.show_list(
        found,
        found.settlements,
        "Settlements",
        [
            ("settlement", lambda s: s.settlement),
            ("window", lambda s: s.window),
            ("state", lambda s: _state(s.state)),
            ("closed", lambda s: output.instant(s.closed_at)),
            ("payments", lambda s: s.payments),
            ("confirmed", lambda s: s.confirmed),
            ("in place of", lambda s: s.supersedes or None),
            ("superseded by", lambda s: s.superseded_by or None),
            ("apart", lambda s: " ".join(s.apart)),
        ],
        as_json=session.as_json,
    )


@click.command()
@_settlement
@signed_options
def show(session: Session, *, settlement: int) -> None:
    """A settlement with its payments, and every step: who took it, when, why."""
    request = payments_pb2.GetSettlementRequest(settlement=settlement)
    found = session.read("Payments.GetSettlement", request, payments_pb2.SettlementHistory)
    if session.as_json:
        output.show_json(output.as_dict(found))
        return
    info, exponent = found.settlement, session.profile.currency.exponent
    output.show_table(
        f"Settlement {settlement} of window {info.window}: {_state(info.state)}",
        ("payer", "payee", "amount", "state", "reference", "value date", "disputed"),
        [
            (
                p.payment.payer,
                p.payment.payee,
                in_major(p.amount_minor, exponent),
                payment_state(p.state),
                p.reference,
                p.value_date,
                p.disputed,
            )
            for p in found.payments
        ],
    )
    output.show_table(
        "History",
        ("at", "step", "payer", "payee", "who", "why", "entry"),
        [
            (
                output.instant(c.at),
                _step(c.step),
                c.payer,
                c.payee,
                c.who,
                c.why,
                c.number or None,
            )
            for c in found.changes
        ],
    )
    if found.aborts:
        output.show_table(
            "Proposals to abort it",
            ("proposal", "state", "by", "reason", "apart", "ended by", "entry"),
            [
                (
                    a.proposal,
                    output.enum_name(payments_pb2.AbortState.Name(a.state), "ABORT_STATE_"),
                    a.proposed_by,
                    a.reason,
                    " ".join(a.apart),
                    a.ended_by,
                    a.ended_number or None,
                )
                for a in found.aborts
            ],
        )


def _state(value: payments_pb2.SettlementState) -> str:
    return output.enum_name(payments_pb2.SettlementState.Name(value), "SETTLEMENT_STATE_")


def _step(value: payments_pb2.SettlementStep) -> str:
    return output.enum_name(payments_pb2.SettlementStep.Name(value), "SETTLEMENT_STEP_")


@click.command(name="propose-abort")
@_settlement
@click.option("--reason", required=True, help="Why; everybody will see it.")
@click.option(
    "--apart",
    multiple=True,
    metavar="PARTICIPANT",
    help="Whose nets with each other one the next settlement does not net. May be repeated.",
)
@click.option("--despite-sent", is_flag=True, help="Also while payments are on their way.")
@request_id_option
@signed_options
def propose_abort(
    session: Session,
    *,
    settlement: int,
    reason: str,
    apart: tuple[str, ...],
    despite_sent: bool,
    request_id: str | None,
) -> None:
    """Propose to abort SETTLEMENT, of which nothing is confirmed; another person approves it."""
    request = payments_pb2.ProposeAbortRequest(
        settlement=settlement, reason=reason, apart=apart, despite_sent=despite_sent
    )
    session.write("Payments.ProposeAbort", request, request_id)


@click.command(name="approve-abort")
@_settlement
@_proposal
@request_id_option
@signed_options
def approve_abort(
    session: Session, *, settlement: int, proposal: int, request_id: str | None
) -> None:
    """Abort SETTLEMENT, as the PROPOSAL of that number says; `coalition settle` makes a new one."""
    request = payments_pb2.ApproveAbortRequest(settlement=settlement, proposal=proposal)
    session.write("Payments.ApproveAbort", request, request_id)


@click.command(name="withdraw-abort")
@_settlement
@_proposal
@click.option("--reason", required=True, help="Why, for the record.")
@request_id_option
@signed_options
def withdraw_abort(
    session: Session, *, settlement: int, proposal: int, reason: str, request_id: str | None
) -> None:
    """Withdraw the PROPOSAL of that number to abort SETTLEMENT."""
    request = payments_pb2.WithdrawAbortRequest(
        settlement=settlement, proposal=proposal, reason=reason
    )
    session.write("Payments.WithdrawAbort", request, request_id)


LIFE_COMMANDS = (list_settlements, show, propose_abort, approve_abort, withdraw_abort)
"""What `coalition settlement` offers beside windows, positions and statements."""
