"""Letters of the oracle as requests of the contract, signed."""

from datetime import timedelta
from typing import Any

from google.protobuf.message import Message

from coalition.methods import Method, method
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
    match action:
        case actions.Accrue():
            return "Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=_item(action, ""))
        case actions.AccrueMany(items=items):
            made = [_item(ask.action, request_id(ask.name)) for ask in items]
            batch = accrual_pb2.AccrueBatchRequest(items=[one.SerializeToString() for one in made])
            return "Accrual.AccrueBatch", batch
        case actions.Reverse(key=key, part=part):
            asked = accrual_pb2.ReverseRequest(activity=_key(key), reason="mistake")
            if part is not None:
                asked.part.CopyFrom(fraction(part))
            return "Accrual.Reverse", asked
        case actions.Quote():
            return "Exchange.Quote", exchange_pb2.QuoteRequest(
                source=_member(action.source, action.person),
                target=_member(action.target, action.to_person),
                amount_minor=action.amount,
                min_out_minor=action.least,
            )
        case actions.Convert(quote=quote, hold=hold):
            return "Exchange.Convert", exchange_pb2.ConvertRequest(quote=quote, source_hold=hold)
        case actions.Redeem():
            return "Awards.Redeem", awards_pb2.RedeemRequest(
                membership=_member(action.programme, action.person),
                award=f"for-{action.points}",
            )
    return _later_request(action)


def _later_request(action: Action) -> tuple[str, Message]:
    match action:
        case actions.Hold():
            asked = redemption_pb2.AuthorizeRequest(
                membership=_member(OPERATOR, action.person),
                merchant=action.merchant,
                amount_minor=action.amount,
                reference="order",
                capture=action.capture,
                expires_at=action.expires,
            )
            return "Redemption.Authorize", asked
        case actions.Capture(hold=hold, amount=amount):
            message = redemption_pb2.CaptureRequest(hold=hold, amount_minor=amount)
            return "Redemption.Capture", message
        case actions.Void(hold=hold):
            return "Redemption.Void", redemption_pb2.VoidRequest(hold=hold)
        case actions.Refund(hold=hold, amount=amount):
            refund = redemption_pb2.RefundRequest(hold=hold, amount_minor=amount)
            return "Redemption.Refund", refund
        case actions.Confirm():
            return "Delivery.Confirm", delivery_pb2.ConfirmDeliveryRequest(
                conversion=action.conversion,
                credited_minor=action.amount,
                reference=action.reference,
            )
        case actions.Decline(conversion=conversion):
            decline = delivery_pb2.RefuseDeliveryRequest(
                conversion=conversion, reason="no such card"
            )
            return "Delivery.Refuse", decline
        case actions.Pay():
            return "Payments.Confirm", payments_pb2.ConfirmPaymentRequest(
                payment=payments_pb2.PaymentRef(
                    settlement=action.settlement, payer=action.payer, payee=action.payee
                ),
                amount_minor=action.amount,
                reference="R-1",
            )
        case actions.Abort(settlement=settlement, apart=apart):
            proposed = payments_pb2.ProposeAbortRequest(
                settlement=settlement, reason="it does not pay", apart=apart
            )
            return "Payments.ProposeAbort", proposed
        case actions.Approve(settlement=settlement, proposal=proposal):
            approved = payments_pb2.ApproveAbortRequest(settlement=settlement, proposal=proposal)
            return "Payments.ApproveAbort", approved
    raise TypeError(action)


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


__all__ = ["Method", "parcel"]
