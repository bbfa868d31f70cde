"""What an answer of the product says, in the oracle's words."""

from fractions import Fraction
from typing import Any

from coalition.answers import Answer, Decision
from coalition.v1 import accrual_pb2, delivery_pb2, exchange_pb2, redemption_pb2
from coalition.v1.envelope_pb2 import BatchReceipt
from simulation.oracle.oracle import Told


def told_by(answer: Answer) -> Told:
    """An answer that was opened, as the oracle tells it."""
    outcomes = tuple(_outcome(one) for one in answer.outcomes)
    if isinstance(answer.message, BatchReceipt):
        return Told(items=outcomes)
    return outcomes[0]


def _outcome(one: Decision) -> Told:
    if not one.accepted:
        return Told(one.reason)
    return Told(number=one.receipt.number, result=_result(one.result))


def _result(result: Any) -> dict[str, object]:
    match result:
        case accrual_pb2.AccrualResult():
            return {"legs": tuple(map(_leg, result.legs)), "skipped": tuple(result.skipped)}
        case accrual_pb2.ReversalResult():
            part = Fraction(result.reversed.numerator, result.reversed.denominator)
            return {
                "legs": tuple(map(_leg, result.legs)),
                "reversed": part,
                "followed": tuple(map(_followed, result.followed)),
            }
        case exchange_pb2.ConversionTerms():
            return {
                "given": result.source_minor,
                "got": result.target_minor,
                "shared": result.shared_minor,
                "fee": result.fee_minor,
                "spread": result.spread_minor,
                "value": result.value_minor,
                "rounding": result.rounding_minor,
            }
        case redemption_pb2.Hold():
            return {
                "captured": result.captured_minor,
                "refunded": result.refunded_minor,
                "worth": result.reimbursement_minor,
                "state": _name(redemption_pb2.HoldState.Name(result.state)),
            }
        case delivery_pb2.Conversion():
            return {
                "state": _name(delivery_pb2.ConversionState.Name(result.state)),
                "returned": result.returned_source_minor,
                "taken": result.returned_target_minor,
            }
    return {}


def _leg(leg: Any) -> tuple[object, ...]:
    return (
        leg.programme,
        leg.reason,
        leg.points_minor,
        leg.funder,
        leg.owed_minor,
        leg.fee_minor,
    )


def _followed(one: Any) -> tuple[object, ...]:
    return (
        one.conversion,
        one.source_programme,
        one.target_programme,
        one.source_minor,
        one.target_minor,
    )


def _name(value: str) -> str:
    return value.split("_STATE_")[1]
