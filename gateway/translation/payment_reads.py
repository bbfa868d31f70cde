"""Reads of payments, settlements and what is unpaid; each shows what concerns its asker."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from coalition.v1 import payments_pb2
from gateway.translation import forms
from gateway.translation.payment_results import (
    abort_message,
    change_message,
    payment_message,
    settlement_message,
)
from gateway.translation.reading import Reading
from gateway.translation.values import timestamp
from partners.queries import Asker
from partners.refusals import Reason, Refused, invalid
from settlement.aging import aging
from settlement.ledger import dues
from settlement.ledger.dues import Change, DueKey, Step
from settlement.settlements import settlement_view, settlements_before

DEFAULT_PAGE = 100
LARGEST_PAGE = 500

_OPERATORS_ONLY = frozenset({Step.ABORT_PROPOSED, Step.ABORT_WITHDRAWN})
"""What may never come to pass is not everybody's."""


def _page_size(asked: int) -> int:
    if asked > LARGEST_PAGE:
        raise invalid("page_size", f"is {asked}; at most {LARGEST_PAGE}")
    return asked or DEFAULT_PAGE


def _page_key(token: str) -> DueKey | None:
    """A page token is the last payment seen; None for the first page."""
    if not token:
        return None
    number, _, names = token.partition("/")
    payer, _, payee = names.partition("/")
    slugs = forms.SLUG.fullmatch(payer) and forms.SLUG.fullmatch(payee)
    if not slugs or not number.isascii() or not number.isdecimal() or len(number) > len("9" * 18):
        raise invalid("page_token", "is not one that an earlier page gave")
    return int(number), payer, payee


def _own(asker: Asker) -> str | None:
    """Whose payments the asker is shown; None: everybody's."""
    return None if asker.is_administrator else asker.participant


def _payments(m: payments_pb2.ListPaymentsRequest, reading: Reading) -> payments_pb2.PaymentList:
    limit = _page_size(m.page_size)
    found = dues.list_dues(
        reading.connection,
        participant=_own(reading.asker),
        only_open=m.open,
        settlement_id=forms.not_negative(m.settlement, "settlement") or None,
        after=_page_key(m.page_token),
        limit=limit,
    )
    last = found[-1].key if len(found) == limit else ()
    return payments_pb2.PaymentList(
        payments=map(payment_message, found), next_page_token="/".join(map(str, last))
    )


def _settlements(
    m: payments_pb2.ListSettlementsRequest, reading: Reading
) -> payments_pb2.SettlementList:
    before = forms.not_negative(m.before_settlement, "before_settlement") or None
    found = settlements_before(reading.connection, before, _page_size(m.page_size))
    return payments_pb2.SettlementList(settlements=map(settlement_message, found))


def _settlement(
    m: payments_pb2.GetSettlementRequest, reading: Reading
) -> payments_pb2.SettlementHistory:
    settlement_id = forms.positive(m.settlement, "settlement")
    view = settlement_view(reading.connection, settlement_id)
    if view is None:
        raise Refused(
            Reason.NOT_FOUND,
            f"there is no settlement {settlement_id}",
            {"settlement": str(settlement_id)},
        )
    own, connection = _own(reading.asker), reading.connection
    payments = dues.dues_of(connection, [settlement_id])
    steps = dues.changes_of(connection, settlement_id)
    aborts = dues.aborts_of(connection, [settlement_id]) if own is None else []
    return payments_pb2.SettlementHistory(
        settlement=settlement_message(view),
        payments=[payment_message(p) for p in payments if own in {None, p.payer, p.payee}],
        changes=[change_message(step) for step in steps if _is_shown(step, own)],
        aborts=map(abort_message, aborts),
    )


def _is_shown(step: Change, own: str | None) -> bool:
    if own is None:
        return True
    return own in {step.payer, step.payee} if step.payer else step.step not in _OPERATORS_ONLY


def _aging(m: payments_pb2.GetAgingRequest, reading: Reading) -> payments_pb2.Aging:
    as_of = forms.optional_instant(m, "as_of") or reading.asker.now
    own = _own(reading.asker)
    found = aging(dues.unpaid_at(reading.connection, as_of), as_of)
    return payments_pb2.Aging(
        currency=reading.asker.directory.coalition.currency,
        as_of=timestamp(as_of),
        aged=[
            payments_pb2.AgedPayments(
                participant=aged.participant,
                from_days=aged.from_days,
                to_days=-1 if aged.to_days is None else aged.to_days,
                pays_minor=aged.pays_minor,
                pays_count=aged.pays_count,
                receives_minor=aged.receives_minor,
                receives_count=aged.receives_count,
            )
            for aged in found
            if own in {None, aged.participant}
        ],
    )


PAYMENT_READS: Mapping[type[Message], Callable[[Any, Reading], Message]] = {
    payments_pb2.ListPaymentsRequest: _payments,
    payments_pb2.ListSettlementsRequest: _settlements,
    payments_pb2.GetSettlementRequest: _settlement,
    payments_pb2.GetAgingRequest: _aging,
}
