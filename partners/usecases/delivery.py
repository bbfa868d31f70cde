"""Use cases of delivery: what a partner reports of conversions into its own system."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, text

from partners.context import Context, Decision
from partners.deliveries import answer_of, taken_back
from partners.exchange_changes import BreakRecorded, ConversionChanged
from partners.refusals import Reason, Refused
from partners.state import (
    BreakKind,
    Conversion,
    ConversionState,
    DeliveryBreak,
    Needs,
)


@dataclass(frozen=True, slots=True)
class Confirm:
    """Say that so much was credited, under a reference of the partner's own."""

    conversion: int
    credited_minor: int
    reference: str

    def add_needs(self, needs: Needs) -> None:
        """The conversion."""
        needs.conversions.add(self.conversion)


@dataclass(frozen=True, slots=True)
class Refuse:
    """Say that a conversion cannot be credited."""

    conversion: int
    reason: str

    def add_needs(self, needs: Needs) -> None:
        """The conversion."""
        needs.conversions.add(self.conversion)


def confirm(command: Confirm, context: Context) -> Decision:
    """By the target programme's partner.

    1. In time and of the right amount, it ends the wait.
    2. What says the same as was said before is refused: nothing is left to do.
    3. What contradicts the ledger is a break that the partner bears. What waits past its deadline
       is taken back with it; of another amount, it goes on waiting.
    """
    conversion = _own(command.conversion, context)
    late = _is_late(conversion, context)
    amount_agrees = command.credited_minor == conversion.target_minor
    if conversion.state is ConversionState.PENDING and not late and amount_agrees:
        return _completed(command, conversion, context)
    kind = _contradiction(command, conversion, late=late)
    if kind is None:
        raise _told_before(conversion)
    found = _break(kind, conversion, command.credited_minor, command.reference, context)
    for before in context.state.breaks[conversion.number]:
        if replace(before, number=found.number, recorded_at=found.recorded_at) == found:
            raise _recorded_before(before)
    return _recorded(found, conversion, context)


def _completed(command: Confirm, conversion: Conversion, context: Context) -> Decision:
    done = replace(conversion, state=ConversionState.COMPLETED, reference=command.reference)
    return Decision(
        kind="DELIVERY",
        facts={
            "conversion": str(conversion.number),
            "target": [conversion.target[1], str(command.credited_minor)],
            "reference": command.reference,
        },
        result=answer_of(done, context),
        changes=(ConversionChanged(done),),
        business=False,
    )


def _contradiction(command: Confirm, conversion: Conversion, *, late: bool) -> BreakKind | None:
    """How a report of success disagrees with the ledger; None where it does not."""
    match conversion.state:
        case ConversionState.PENDING if not late:
            return BreakKind.AMOUNT_DIFFERS
        case ConversionState.PENDING | ConversionState.TIMED_OUT:
            return BreakKind.LATE_CONFIRMATION
        case ConversionState.REFUSED:
            return BreakKind.CONFIRMED_AFTER_REFUSAL
    if command.reference != conversion.reference:
        return BreakKind.CONFIRMED_TWICE
    if command.credited_minor != conversion.target_minor:
        return BreakKind.AMOUNT_DIFFERS
    return None


def refuse(command: Refuse, context: Context) -> Decision:
    """By the target programme's partner: what waits is taken back at once.

    After a confirmation it is a break, once, and changes nothing.
    """
    conversion = _own(command.conversion, context)
    if conversion.state is ConversionState.PENDING:
        late = _is_late(conversion, context)
        ended = ConversionState.TIMED_OUT if late else ConversionState.REFUSED
        return taken_back(conversion, ended, command.reason, context)
    if conversion.state is not ConversionState.COMPLETED:
        raise _told_before(conversion)
    kind = BreakKind.REFUSED_AFTER_CONFIRMATION
    for before in context.state.breaks[conversion.number]:
        if before.kind is kind:
            raise _recorded_before(before)
    return _recorded(_break(kind, conversion, 0, command.reason, context), conversion, context)


def _own(number: int, context: Context) -> Conversion:
    """A conversion that waits, or waited, for the sender."""
    conversion = context.state.conversions.get(number)
    if conversion is None or conversion.deadline is None or not context.owns(conversion.target[1]):
        raise Refused(
            Reason.UNKNOWN_CONVERSION,
            f"there is no conversion {number} into a programme of yours that keeps its balances "
            "itself",
            {"conversion": str(number)},
        )
    return conversion


def _is_late(conversion: Conversion, context: Context) -> bool:
    """Whether its time is up, however far the gateway has got with ending it."""
    return conversion.deadline is not None and context.now >= conversion.deadline


def _told_before(conversion: Conversion) -> Refused:
    return Refused(
        Reason.ALREADY_DELIVERED,
        f"conversion {conversion.number} is {conversion.state}, which agrees with this; nothing is "
        "left to do",
        {"conversion": str(conversion.number), "state": str(conversion.state)},
    )


def _recorded_before(before: DeliveryBreak) -> Refused:
    return Refused(
        Reason.ALREADY_DELIVERED,
        f"this was reported before of conversion {before.conversion}, and is break "
        f"{before.number}; the two companies settle it",
        {"conversion": str(before.conversion), "break_number": str(before.number)},
    )


def _break(
    kind: BreakKind, conversion: Conversion, reported: int, reference: str, context: Context
) -> DeliveryBreak:
    """A disagreement, borne by the partner that reports it."""
    gone = (ConversionState.REFUSED, ConversionState.TIMED_OUT)
    stands = conversion.state not in gone and kind is not BreakKind.LATE_CONFIRMATION
    return DeliveryBreak(
        number=context.number,
        kind=kind,
        conversion=conversion.number,
        owner=context.programme(conversion.target[1]).partner,
        ledger_minor=conversion.target_minor if stands else 0,
        reported_minor=reported,
        reference=reference,
        recorded_at=context.now,
    )


def _recorded(found: DeliveryBreak, conversion: Conversion, context: Context) -> Decision:
    """A break; what waited past its deadline is taken back in the same step."""
    ended = []
    if conversion.state is ConversionState.PENDING and _is_late(conversion, context):
        ended = [time_out(conversion.number, context)]
        conversion = replace(
            conversion,
            state=ConversionState.TIMED_OUT,
            returned_source_minor=conversion.source_minor,
            returned_target_minor=conversion.target_minor,
        )
    return Decision(
        kind="BREAK",
        facts={
            "kind": str(found.kind),
            "conversion": str(found.conversion),
            "owner": found.owner,
            "ledger": str(found.ledger_minor),
            "reported": str(found.reported_minor),
            "reference": found.reference,
        },
        result=answer_of(conversion, context, found.number),
        facts_parties=frozenset({found.owner, context.operator}),
        changes=(BreakRecorded(found),),
        business=False,
        consequences=tuple(
            step for one in ended for step in (replace(one, consequences=()), *one.consequences)
        ),
    )


def find_overdue(
    connection: Connection, now: datetime, limit: int, without: Collection[int] = ()
) -> set[int]:
    """Conversions whose deadline has passed, those of the earliest deadline first."""
    rows = connection.execute(
        text(
            "select number from conversion where state = 'PENDING' and deadline <= :now "
            "and number <> all(cast(:without as bigint[])) "
            "order by deadline, number limit :limit"
        ),
        {"now": now, "limit": limit, "without": list(without)},
    )
    return set(rows.scalars())


def time_out(number: int, context: Context) -> Decision:
    """Take back a conversion whose partner was silent until the deadline."""
    conversion = context.state.conversions[number]
    return taken_back(conversion, ConversionState.TIMED_OUT, "", context)
