"""`coalition payments`: what settlements made due, sent and received; and what is overdue."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import click

from coalition.v1 import payments_pb2
from gateway.cli import output
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import EXACT, INSTANT, in_major, to_minor
from gateway.translation.values import timestamp

LISTED = 500
"""Most that one answer holds."""

_settlement = click.argument("settlement", type=click.IntRange(min=1))
_participant = click.option(
    "--participant", help="For whom; by default the sender. A person of the operator names it."
)


@click.group()
def payments() -> None:
    """What is due after settlements: say that it was sent, confirm it, dispute it."""


@payments.command(name="list")
@click.option("--open", "only_open", is_flag=True, help="Only what is not paid.")
@click.option("--settlement", type=click.IntRange(min=1), help="Only of this settlement.")
@signed_options
def list_payments(session: Session, *, only_open: bool, settlement: int | None) -> None:
    """Your payments, to make and to receive, by settlement; all for an administrator."""
    found = payments_pb2.PaymentList()
    request = payments_pb2.ListPaymentsRequest(
        open=only_open, settlement=settlement or 0, page_size=LISTED
    )
    while True:
        page = session.read("Payments.ListPayments", request, payments_pb2.PaymentList)
        found.payments.extend(page.payments)
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    show_payments(session, found)


def show_payments(session: Session, found: payments_pb2.PaymentList) -> None:
    """Payments as a table or as JSON."""
    exponent = session.profile.currency.exponent
    output.show_list(
        found,
        found.payments,
        f"Payments in {session.profile.currency.code}",
        [
            ("settlement", lambda p: p.payment.settlement),
            ("payer", lambda p: p.payment.payer),
            ("payee", lambda p: p.payment.payee),
            ("amount", lambda p: in_major(p.amount_minor, exponent)),
            ("state", lambda p: payment_state(p.state)),
            ("due since", lambda p: output.instant(p.posted_at)),
            ("reference", lambda p: p.reference),
            ("value date", lambda p: p.value_date),
            ("disputed", lambda p: p.disputed),
            ("entry", lambda p: p.ended_number or None),
        ],
        as_json=session.as_json,
    )


def payment_state(value: payments_pb2.PaymentState) -> str:
    """A payment's state for people."""
    return output.enum_name(payments_pb2.PaymentState.Name(value), "PAYMENT_STATE_")


@payments.command()
@_settlement
@click.argument("payee")
@click.option("--reference", required=True, help="The bank's reference of the payment.")
@click.option("--value-date", required=True, metavar="YYYY-MM-DD", help="The bank's value date.")
@_participant
@request_id_option
@signed_options
def sent(
    session: Session,
    *,
    settlement: int,
    payee: str,
    reference: str,
    value_date: str,
    participant: str | None,
    request_id: str | None,
) -> None:
    """Say that you have paid what SETTLEMENT makes you owe PAYEE."""
    request = payments_pb2.MarkSentRequest(
        payment=_ref(settlement, participant or session.sender, payee),
        reference=reference,
        value_date=value_date,
    )
    session.write("Payments.MarkSent", request, request_id)


@payments.command()
@_settlement
@click.argument("payer")
@click.option("--amount", type=EXACT, required=True, help="What was received, in major units.")
@click.option("--reference", required=True, help="Your own reference of the receipt.")
@_participant
@request_id_option
@signed_options
def confirm(
    session: Session,
    *,
    settlement: int,
    payer: str,
    amount: Fraction,
    reference: str,
    participant: str | None,
    request_id: str | None,
) -> None:
    """Confirm that you have received, whole, what SETTLEMENT makes PAYER owe you."""
    request = payments_pb2.ConfirmPaymentRequest(
        payment=_ref(settlement, payer, participant or session.sender),
        amount_minor=to_minor(amount, session.profile.currency.exponent),
        reference=reference,
    )
    session.write("Payments.Confirm", request, request_id)


@payments.command()
@_settlement
@click.argument("payer")
@click.option("--reason", required=True, help="Why, for the record; no personal data.")
@_participant
@request_id_option
@signed_options
def dispute(
    session: Session,
    *,
    settlement: int,
    payer: str,
    reason: str,
    participant: str | None,
    request_id: str | None,
) -> None:
    """Say that what PAYER says it has paid for SETTLEMENT was not received."""
    request = payments_pb2.DisputePaymentRequest(
        payment=_ref(settlement, payer, participant or session.sender), reason=reason
    )
    session.write("Payments.Dispute", request, request_id)


def _ref(settlement: int, payer: str, payee: str) -> payments_pb2.PaymentRef:
    return payments_pb2.PaymentRef(settlement=settlement, payer=payer, payee=payee)


@payments.command()
@click.option(
    "--as-of",
    type=INSTANT,
    help="Instant (UTC) at which it was unpaid; by default now.",
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the same as CSV, in minor units.",
)
@signed_options
def aging(session: Session, *, as_of: datetime | None, csv_file: Path | None) -> None:
    """What is unpaid by its age in days: yours; everybody's for an administrator."""
    request = payments_pb2.GetAgingRequest(as_of=timestamp(as_of))
    found = session.read("Payments.GetAging", request, payments_pb2.Aging)
    if csv_file is not None:
        with csv_file.open("w", encoding="ascii", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(aging_rows(found))
        output.note(f"{csv_file} is written")
    exponent = session.profile.currency.exponent
    output.show_list(
        found,
        found.aged,
        f"Unpaid at {output.instant(found.as_of)} in {found.currency}",
        [
            ("participant", lambda a: a.participant),
            ("age in days", days),
            ("pays", lambda a: in_major(a.pays_minor, exponent)),
            ("payments", lambda a: a.pays_count),
            ("receives", lambda a: in_major(a.receives_minor, exponent)),
            ("payments", lambda a: a.receives_count),
        ],
        as_json=session.as_json,
    )


def days(aged: payments_pb2.AgedPayments) -> str:
    """A bucket of ages for people."""
    if aged.to_days < 0:
        return f"over {aged.from_days - 1}"
    return f"{aged.from_days} to {aged.to_days}"


AGING_COLUMNS = (
    "participant",
    "from_days",
    "to_days",
    "pays_minor",
    "pays_count",
    "receives_minor",
    "receives_count",
)


def aging_rows(found: payments_pb2.Aging) -> Iterator[Iterable[object]]:
    """A header, a row per participant and age, and at the end how many they are and their sums.

    A file without its last row is not whole. An age without end is an empty cell.
    """
    yield AGING_COLUMNS
    for aged in found.aged:
        row = {name: getattr(aged, name) for name in AGING_COLUMNS}
        row["to_days"] = "" if aged.to_days < 0 else aged.to_days
        yield row.values()
    sums = [sum(getattr(aged, name) for aged in found.aged) for name in AGING_COLUMNS[3:]]
    yield ["CONTROL", len(found.aged), "", *sums]
