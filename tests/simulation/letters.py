"""Letters of the oracle as requests of the contract, signed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from google.protobuf.message import Message

from coalition.methods import method
from coalition.requests import Sent, Signer, sent_request
from coalition.v1 import (
    accrual_pb2,
    awards_pb2,
    delivery_pb2,
    exchange_pb2,
    payments_pb2,
    redemption_pb2,
)
from simulation import actions
from simulation.actions import Action, Key
from simulation.oracle.oracle import Letter
from simulation.process import Parcel
from simulation.world import OPERATOR, START
from support.coalition_day import activity_key, fraction, item, membership, private_key

DAYS_AGO = timedelta(days=2)
AHEAD = timedelta(days=300)


def parcel(letter: Letter, audience: str) -> tuple[Parcel, Sent]:
    """The signed envelope of a letter, and what its answer must name."""
    name, message = request(letter.action)
    of = method(name)
    signer = Signer.of(audience, letter.sender, private_key(letter.sender))
    payload = signer.payload(of, message, request_id(letter.name), letter.created)
    data = signer.envelope(of, payload).SerializeToString()
    return Parcel(of, data), sent_request(of, payload)


def request_id(name: int) -> str:
    return f"q{name}"


def request(action: Action) -> tuple[str, Message]:
    """The method's short name, and what it is asked."""
    name, write = _REQUESTS[type(action)]
    return name, write(action)


def _accrue(action: Any) -> Message:
    return accrual_pb2.AccrueRequest(accrual=_item(action, ""))


def _accrue_many(action: Any) -> Message:
    made = [_item(ask.action, request_id(ask.name)) for ask in action.items]
    return accrual_pb2.AccrueBatchRequest(items=[one.SerializeToString() for one in made])


def _reverse(action: Any) -> Message:
    asked = accrual_pb2.ReverseRequest(activity=_key(action.key), reason="mistake")
    if action.part is not None:
        asked.part.CopyFrom(fraction(action.part))
    return asked


def _quote(action: Any) -> Message:
    return exchange_pb2.QuoteRequest(
        source=_member(action.source, action.person),
        target=_member(action.target, action.to_person),
        amount_minor=action.amount,
        min_out_minor=action.least,
    )


def _convert(action: Any) -> Message:
    return exchange_pb2.ConvertRequest(quote=action.quote, source_hold=action.hold)


def _redeem(action: Any) -> Message:
    return awards_pb2.RedeemRequest(
        membership=_member(action.programme, action.person), award=f"for-{action.points}"
    )


def _hold(action: Any) -> Message:
    return redemption_pb2.AuthorizeRequest(
        membership=_member(OPERATOR, action.person),
        merchant=action.merchant,
        amount_minor=action.amount,
        reference="order",
        capture=action.capture,
        expires_at=action.expires,
    )


def _capture(action: Any) -> Message:
    return redemption_pb2.CaptureRequest(hold=action.hold, amount_minor=action.amount)


def _void(action: Any) -> Message:
    return redemption_pb2.VoidRequest(hold=action.hold)


def _refund(action: Any) -> Message:
    return redemption_pb2.RefundRequest(hold=action.hold, amount_minor=action.amount)


def _confirm(action: Any) -> Message:
    return delivery_pb2.ConfirmDeliveryRequest(
        conversion=action.conversion, credited_minor=action.amount, reference=action.reference
    )


def _decline(action: Any) -> Message:
    return delivery_pb2.RefuseDeliveryRequest(conversion=action.conversion, reason="no such card")


def _pay(action: Any) -> Message:
    payment = payments_pb2.PaymentRef(
        settlement=action.settlement, payer=action.payer, payee=action.payee
    )
    return payments_pb2.ConfirmPaymentRequest(
        payment=payment, amount_minor=action.amount, reference="R-1"
    )


def _abort(action: Any) -> Message:
    return payments_pb2.ProposeAbortRequest(
        settlement=action.settlement, reason="it does not pay", apart=action.apart
    )


def _approve(action: Any) -> Message:
    return payments_pb2.ApproveAbortRequest(settlement=action.settlement, proposal=action.proposal)


_REQUESTS: dict[type, tuple[str, Callable[[Any], Message]]] = {
    actions.Accrue: ("Accrual.Accrue", _accrue),
    actions.AccrueMany: ("Accrual.AccrueBatch", _accrue_many),
    actions.Reverse: ("Accrual.Reverse", _reverse),
    actions.Quote: ("Exchange.Quote", _quote),
    actions.Convert: ("Exchange.Convert", _convert),
    actions.Redeem: ("Awards.Redeem", _redeem),
    actions.Hold: ("Redemption.Authorize", _hold),
    actions.Capture: ("Redemption.Capture", _capture),
    actions.Void: ("Redemption.Void", _void),
    actions.Refund: ("Redemption.Refund", _refund),
    actions.Confirm: ("Delivery.Confirm", _confirm),
    actions.Decline: ("Delivery.Refuse", _decline),
    actions.Pay: ("Payments.Confirm", _pay),
    actions.Abort: ("Payments.ProposeAbort", _abort),
    actions.Approve: ("Payments.ApproveAbort", _approve),
}


def _member(programme: str, person: int) -> Any:
    return membership(programme, number_of(programme, person))


def number_of(programme: str, person: int) -> str:
    """A member's number with its programme."""
    return f"{programme}-{person}"


def _key(key: Key) -> Any:
    return activity_key(key.supplier, key.kind, key.reference, key.revision)


def _item(action: Action, name: str) -> Any:
    assert isinstance(action, actions.Accrue)
    category = "ROOM" if action.key.kind == "STAY" else "CARD"
    return item(
        action.programme,
        number_of(action.programme, action.person),
        _key(action.key),
        started_at=START + AHEAD if action.future else START - DAYS_AGO,
        spend={(category, "USD"): action.spend} if action.spend else {},
        stated={(leg.programme, leg.reason): leg.points for leg in action.stated},
        request_id=name,
    )
