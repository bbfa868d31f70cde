"""`coalition programme simulate` and `coalition member claim`: questions about one activity."""

import uuid
from datetime import datetime

import click

from coalition.answers import BadAnswer, open_answer
from coalition.profile import Currency, Profile
from coalition.v1 import accrual_pb2, common_pb2, errors_pb2
from coalition.v1.envelope_pb2 import Receipt, Refusal
from gateway.cli import output
from gateway.cli.points import Decimals, read_with_decimals
from gateway.cli.session import Session, signed_options
from gateway.cli.types import ATTRIBUTE, INSTANT, MEMBERSHIP, QUANTITY, SPEND, in_major


@click.command()
@click.argument("membership", type=MEMBERSHIP)
@click.option("--kind", required=True, help="Such as STAY or FLIGHT.")
@click.option("--supplier", help="Who delivered it; by default the sender.")
@click.option("--reference", help="The supplier's own; by default one that nobody has used.")
@click.option("--started", type=INSTANT, required=True, help="When it began.")
@click.option("--ended", type=INSTANT, help="When it was over; by default at its start.")
@click.option("--spend", type=SPEND, multiple=True, help="Such as ROOM=200.00EUR.")
@click.option("--quantity", type=QUANTITY, multiple=True, help="Such as NIGHT=2.")
@click.option("--attribute", type=ATTRIBUTE, multiple=True, help="Such as property=garden.")
@signed_options
def simulate(  # noqa: PLR0913 - one parameter per option
    session: Session,
    *,
    membership: common_pb2.MembershipRef,
    kind: str,
    supplier: str | None,
    reference: str | None,
    started: datetime,
    ended: datetime | None,
    spend: tuple[accrual_pb2.Spend, ...],
    quantity: tuple[accrual_pb2.Quantity, ...],
    attribute: tuple[accrual_pb2.Attribute, ...],
) -> None:
    """What an activity of MEMBERSHIP would earn now, and why. Nothing is booked."""
    key = common_pb2.ActivityKey(
        supplier=supplier or session.sender, kind=kind, reference=reference or uuid.uuid4().hex
    )
    activity = accrual_pb2.Activity(
        key=key,
        started_at=started,
        ended_at=ended,
        spend=spend,
        quantities=quantity,
        attributes=attribute,
    )
    item = accrual_pb2.AccrualItem(membership=membership, activity=activity)
    request = accrual_pb2.SimulateRequest(accrual=item)
    found, known = read_with_decimals(
        session, "Accrual.Simulate", request, accrual_pb2.SimulateResult
    )
    if session.as_json:
        output.show_json(output.as_dict(found))
    elif found.HasField("result"):
        _show_earned(found.result, known, session.profile.currency)
        if found.passed_over:
            passed = [(passed.rule, passed.because) for passed in found.passed_over]
            output.show_table("Rules that give nothing", ("rule", "because"), passed)
    else:
        rows = [("reason", _reason(found.reason)), ("message", found.message)]
        output.show_table("It would be refused", ("field", "value"), rows)


def _show_earned(earned: accrual_pb2.AccrualResult, known: Decimals, shared: Currency) -> None:
    if earned.legs:
        rows = [_leg_row(leg, known, shared) for leg in earned.legs]
        output.show_table("It would earn", (*_LEG_COLUMNS, f"owed in {shared.code}"), rows)
    else:
        click.echo("It would earn nothing.")
    if earned.tiers:
        rows = [output.term_row(term)[:-1] for term in earned.tiers]
        output.show_table("New tiers", output.TERM_COLUMNS[:-1], rows)
    if earned.skipped:
        output.note(f"Passed over, for want of a linked membership: {', '.join(earned.skipped)}")
    if earned.vouchers:
        output.note(f"It would bring vouchers: {len(earned.vouchers)}")
    if earned.invitation:
        output.note("It would bring an invitation to a tier.")


_LEG_COLUMNS = (
    "programme",
    "points",
    "currency",
    "reason",
    "rule",
    "version",
    "from",
    "because",
    "funder",
)


def _leg_row(leg: accrual_pb2.Leg, known: Decimals, shared: Currency) -> tuple[output.Cell, ...]:
    """A leg under _LEG_COLUMNS, and what its funder owes for it in all."""
    return (
        leg.programme,
        known.in_currency(leg.points_minor, leg.currency),
        leg.currency,
        leg.reason,
        leg.rule,
        leg.version or None,
        output.instant(leg.available_at),
        leg.because,
        leg.funder,
        in_major(leg.owed_minor + leg.fee_minor, shared.exponent),
    )


def _reason(value: errors_pb2.Reason) -> str:
    return output.enum_name(errors_pb2.Reason.Name(value), "REASON_")


@click.command()
@click.argument("kind")
@click.argument("reference")
@click.option("--supplier", help="Who delivered it; by default the sender.")
@click.option("--revision", type=click.IntRange(1, 1000), default=1, show_default=True)
@signed_options
def claim(
    session: Session, *, kind: str, reference: str, supplier: str | None, revision: int
) -> None:
    """What became of the activity of that KIND and REFERENCE, which a member misses."""
    key = common_pb2.ActivityKey(
        supplier=supplier or session.sender, kind=kind, reference=reference, revision=revision
    )
    request = accrual_pb2.ClaimRequest(activity=key)
    found = session.read("Accrual.Claim", request, accrual_pb2.ClaimResult)
    answer = _verified(found, session.profile)
    if session.as_json:
        output.show_json(output.as_dict(found))
        return
    reversed_ = found.reversed
    rows = [
        ("state", _claim_state(found.state)),
        ("number", str(found.number or "")),
        ("decided at", output.instant(found.decided_at)),
        (
            "reversed",
            f"{reversed_.numerator}/{reversed_.denominator}" if reversed_.numerator else "",
        ),
        ("reason", _reason(found.reason) if found.reason else ""),
        ("message", found.message),
        ("answered to", "" if answer is None else f"{answer.sender}, request {answer.request_id}"),
    ]
    output.show_table(
        f"{key.supplier} {kind} {reference}", ("field", "value"), [row for row in rows if row[1]]
    )


def _claim_state(value: accrual_pb2.ClaimState) -> str:
    if value == accrual_pb2.CLAIM_STATE_NEVER_RECEIVED:
        return "never received, as far as you may know"
    return output.enum_name(accrual_pb2.ClaimState.Name(value), "CLAIM_STATE_")


def _verified(found: accrual_pb2.ClaimResult, profile: Profile) -> Receipt | Refusal | None:
    """The answer that the reporter got, of this coalition. Raises BadAnswer."""
    if not found.HasField("answer"):
        return None
    kinds: tuple[type[Receipt | Refusal], ...] = (Receipt, Refusal)
    answer = open_answer(found.answer, profile.keys, *kinds)
    if answer.audience != profile.coalition:
        message = f"the answer is of the coalition {answer.audience!r}"
        raise BadAnswer(message)
    if isinstance(answer, Receipt) and answer.number != found.number:
        message = f"the receipt is of entry {answer.number}, not of {found.number}"
        raise BadAnswer(message)
    return answer
