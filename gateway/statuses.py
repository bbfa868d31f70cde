"""From a reason to what gRPC says: one table, and the google.rpc details."""

from collections.abc import Mapping

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from coalition.v1 import envelope_pb2
from partners.refusals import Reason, Refused

DOMAIN = "coalition"
"""Domain of every ErrorInfo."""

RETRY_SECONDS = 1
"""What a client is asked to wait before it tries again."""

_CODES: Mapping[grpc.StatusCode, tuple[Reason, ...]] = {
    grpc.StatusCode.UNAUTHENTICATED: (
        Reason.UNKNOWN_KEY,
        Reason.BAD_SIGNATURE,
        Reason.WRONG_SENDER,
        Reason.KEY_REVOKED,
        Reason.KEY_NOT_ACTIVE,
        Reason.EXPIRED,
    ),
    grpc.StatusCode.INVALID_ARGUMENT: (
        Reason.TOO_LARGE,
        Reason.MALFORMED_ENVELOPE,
        Reason.WRONG_PAYLOAD_TYPE,
        Reason.MALFORMED_PAYLOAD,
        Reason.UNKNOWN_FIELDS,
        Reason.MALFORMED_HEADER,
        Reason.WRONG_METHOD,
        Reason.WRONG_AUDIENCE,
        Reason.INVALID_ARGUMENT,
        Reason.IMPLAUSIBLE,
        Reason.BAD_DEFINITION,
        Reason.BAD_KEY,
        Reason.UNKNOWN_CURRENCY,
        Reason.UNKNOWN_TIER,
        Reason.RETROACTIVE,
        Reason.WRONG_PRICE,
    ),
    grpc.StatusCode.PERMISSION_DENIED: (
        Reason.NOT_AUTHORIZED,
        Reason.NO_AGREEMENT,
        Reason.BAD_AUTHORIZATION,
        Reason.BAD_LINK_CODE,
        Reason.SAME_PERSON,
        Reason.NOT_INVITED,
        Reason.BLOCKED,
    ),
    grpc.StatusCode.ALREADY_EXISTS: (
        Reason.REQUEST_ID_REUSED,
        Reason.MEMBERSHIP_EXISTS,
        Reason.LINK_EXISTS,
        Reason.DUPLICATE_ACTIVITY,
        Reason.ALREADY_EXISTS,
    ),
    grpc.StatusCode.NOT_FOUND: (
        Reason.UNKNOWN_PARTICIPANT,
        Reason.UNKNOWN_PROGRAMME,
        Reason.UNKNOWN_MEMBERSHIP,
        Reason.UNKNOWN_ACTIVITY,
        Reason.UNKNOWN_AGREEMENT,
        Reason.UNKNOWN_QUOTE,
        Reason.UNKNOWN_PROPOSAL,
        Reason.UNKNOWN_RULE,
        Reason.UNKNOWN_MERGE,
        Reason.UNKNOWN_AWARD,
        Reason.UNKNOWN_VOUCHER,
        Reason.UNKNOWN_OFFER,
        Reason.UNKNOWN_HOLD,
        Reason.UNKNOWN_CONVERSION,
        Reason.UNKNOWN_SETTLEMENT,
        Reason.UNKNOWN_PAYMENT,
        Reason.NOT_FOUND,
        Reason.UNKNOWN_BREAK,
    ),
    grpc.StatusCode.FAILED_PRECONDITION: (
        Reason.MEMBERSHIP_NOT_ACTIVE,
        Reason.NOT_LINKED,
        Reason.REVISION_OUT_OF_ORDER,
        Reason.ALREADY_REVERSED,
        Reason.AGREEMENT_STATE,
        Reason.CAP_EXCEEDED,
        Reason.NO_RATE,
        Reason.AMOUNT_TOO_SMALL,
        Reason.QUOTE_USED,
        Reason.QUOTE_SUPERSEDED,
        Reason.QUOTE_EXPIRED,
        Reason.INSUFFICIENT_BALANCE,
        Reason.PROGRAMME_CLOSED,
        Reason.NOT_MATCHED,
        Reason.EXCEEDS_REMAINDER,
        Reason.EXCLUSIVE,
        Reason.NOT_CONVERTIBLE,
        Reason.AWARD_UNAVAILABLE,
        Reason.VOUCHER_STATE,
        Reason.SHORTFALL_TOO_LARGE,
        Reason.PAIR_STOPPED,
        Reason.OFFER_USED,
        Reason.BELOW_MINIMUM,
        Reason.NOT_AN_INCREMENT,
        Reason.MIN_OUT_NOT_MET,
        Reason.CONVERSION_CAP_EXCEEDED,
        Reason.VELOCITY_EXCEEDED,
        Reason.COOLING_OFF,
        Reason.QUOTE_VOIDED,
        Reason.HOLD_REQUIRED,
        Reason.HOLD_CAPTURED,
        Reason.HOLD_VOIDED,
        Reason.HOLD_EXPIRED,
        Reason.EXCEEDS_HOLD,
        Reason.ALREADY_DELIVERED,
        Reason.POINTS_HELD,
        Reason.ERASED,
        Reason.NOT_ERASABLE,
        Reason.LIMIT_EXCEEDED,
        Reason.MONEY_MACHINE,
        Reason.NOT_PROVEN,
        Reason.UNFUNDED,
        Reason.SETTLEMENT_STATE,
        Reason.PAYMENT_STATE,
        Reason.WRONG_AMOUNT,
        Reason.BREAK_STATE,
        Reason.WINDOW_OPEN,
        Reason.RECORD_INCOMPLETE,
        Reason.TOO_MANY_DIFFERENCES,
    ),
    grpc.StatusCode.OUT_OF_RANGE: (Reason.OVERFLOW, Reason.UNKNOWN_TREE_SIZE),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (Reason.OVERLOADED,),
    grpc.StatusCode.UNAVAILABLE: (Reason.UNAVAILABLE,),
}

STATUS_OF: Mapping[Reason, grpc.StatusCode] = {
    reason: code for code, reasons in _CODES.items() for reason in reasons
}
"""Every reason's status code."""

_RETRIED = frozenset({Reason.OVERLOADED, Reason.UNAVAILABLE})


def status_of(
    refused: Refused,
    signed: envelope_pb2.Envelope | None = None,
) -> status_pb2.Status:
    """The status of a refusal, with ErrorInfo, BadRequest and, where stored, its envelope."""
    status = status_pb2.Status(
        code=STATUS_OF[refused.reason].value[0],
        message=refused.message,
    )
    status.details.extend(map(_packed, _details(refused, signed)))
    return status


def _details(refused: Refused, signed: envelope_pb2.Envelope | None) -> list[Message]:
    details: list[Message] = [
        error_details_pb2.ErrorInfo(
            reason=refused.reason,
            domain=DOMAIN,
            metadata=refused.metadata,
        ),
    ]
    if refused.violations:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.problem)
            for v in refused.violations
        ]
        details.append(error_details_pb2.BadRequest(field_violations=violations))
    if refused.reason in _RETRIED:
        delay = Duration(seconds=int(refused.metadata.get("retry_seconds", RETRY_SECONDS)))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    if signed is not None:
        details.append(signed)
    return details


def _packed(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
