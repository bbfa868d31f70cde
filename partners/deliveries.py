"""Conversions out of and into programmes whose partners keep their members' balances themselves.

Points leave such a programme only under a hold that its partner signed for. Points that go into
one are booked at once and wait for its partner, until a deadline; whatever it does or does not
do, the conversion has ended by then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from partners.changes import Change
from partners.context import Context, Decision
from partners.exchange_changes import ConversionChanged
from partners.offered import give_back_caps
from partners.programme_changes import moved_with_merges
from partners.programmes.model import Custody
from partners.refusals import Reason, Refused, invalid
from partners.state import (
    Conversion,
    ConversionState,
    Membership,
    Quote,
)
from settlement.ledger.entries import timestamp


def kept_by_partner(programme_id: str, context: Context) -> bool:
    """Whether a programme's partner keeps its members' balances in its own system."""
    return context.definition(programme_id).custody is Custody.PARTNER


def required_hold(given: str, quote: Quote, context: Context) -> str:
    """The reference of the hold under which a quote is executed; empty where none is needed.

    Signed for by the source's partner: in its own request, or in the authorisation that it gave.
    INVALID_ARGUMENT for a reference that nobody needs, HOLD_REQUIRED where one is missing,
    ALREADY_EXISTS where another conversion uses it.
    """
    programme = quote.source[1]
    if not context.owns(programme) or not kept_by_partner(programme, context):
        require_no_hold(given, programme, context)
    if not kept_by_partner(programme, context):
        return ""
    authorization = context.state.authorizations.get(quote.authorization or 0)
    hold = given or (authorization.source_hold if authorization else "")
    require_hold(hold, programme)
    if (programme, hold) in context.state.source_holds:
        raise Refused(
            Reason.ALREADY_EXISTS,
            f"the hold {hold} of {programme} is used by another conversion; put a new one on the "
            "points",
            {"programme": programme, "source_hold": hold},
        )
    return hold


def require_no_hold(given: str, programme: str, context: Context) -> None:
    """Refuse the reference of a hold where it cannot be one of the sender's system."""
    if not given:
        return
    if not kept_by_partner(programme, context):
        raise invalid(
            "source_hold", f"is for programmes that keep balances; {programme}'s are here"
        )
    raise invalid("source_hold", f"is given by the partner of {programme}, in its authorisation")


def require_hold(hold: str, programme: str) -> None:
    """Refuse to take points out of a partner's system without a hold."""
    if not hold:
        raise Refused(
            Reason.HOLD_REQUIRED,
            f"{programme} keeps its balances itself: its partner puts a hold on the points and "
            "signs for its reference, in source_hold of its request or of its authorisation",
            {"programme": programme},
        )


def delivery_terms(target: str, context: Context) -> tuple[ConversionState, datetime | None]:
    """How a conversion into a programme begins, and until when its partner has to confirm it.

    Also where that partner itself asked for the conversion: when it signed, it could not know
    that it would be accepted, and so cannot have credited anything.
    """
    if not kept_by_partner(target, context):
        return ConversionState.COMPLETED, None
    span = timedelta(minutes=context.definition(target).conversion.delivery_minutes)
    return ConversionState.PENDING, context.now + span


def told_to_deliver(
    conversion: Conversion, target: Membership, context: Context
) -> Iterator[Decision]:
    """What the target's partner is told to credit. What the member gave is not its business."""
    if conversion.deadline is None:
        return
    yield Decision(
        kind="DELIVERY_DUE",
        facts={
            "conversion": str(conversion.number),
            "target": [*target.key, str(conversion.target_minor)],
            "deadline": timestamp(conversion.deadline),
        },
        result=None,
        facts_parties=frozenset({context.programme(target.programme).partner}),
        business=False,
    )


@dataclass(frozen=True, slots=True)
class ConversionSeen:
    """A conversion as one reader is shown it: others' member numbers and references are empty."""

    conversion: Conversion
    source_number: str
    target_number: str
    break_number: int = 0


@dataclass(frozen=True, slots=True)
class Sides:
    """Whose a conversion is: member numbers of both sides, and who asked for it."""

    source_number: str
    target_number: str
    requester: str


def seen_by(
    reader: str, conversion: Conversion, sides: Sides, context: Context, *, sees_all: bool = False
) -> ConversionSeen:
    """A conversion for a reader.

    A member's number is shown to the partner of its programme and to who asked for the
    conversion, the hold to the source's partner, the reference of the credit to the target's.
    """
    gives, takes = (
        sees_all or context.programme(account[1]).partner == reader
        for account in (conversion.source, conversion.target)
    )
    asked = sides.requester == reader
    return ConversionSeen(
        replace(
            conversion,
            source_hold=conversion.source_hold if gives else "",
            reference=conversion.reference if takes else "",
        ),
        sides.source_number if gives or asked else "",
        sides.target_number if takes or asked else "",
    )


def answer_of(conversion: Conversion, context: Context, break_number: int = 0) -> ConversionSeen:
    """A conversion for the sender of a request."""
    source, target = (context.state.accounts[a] for a in (conversion.source, conversion.target))
    requester = context.state.quotes[conversion.quote].requester
    sides = Sides(source.member_number, target.member_number, requester)
    return replace(
        seen_by(context.participant, conversion, sides, context), break_number=break_number
    )


def taken_back(
    conversion: Conversion, ended: ConversionState, why: str, context: Context
) -> Decision:
    """The whole of what is left of a conversion, undone: points of both sides, price and fee.

    The points go back to the member, or to whom the member was merged into since; what is owed
    is of the window that is open now. What it counted for caps does not count.
    """
    state, quote = context.state, context.state.quotes[conversion.quote]
    lines = context.book.taken_back(
        state.lines[conversion.number],
        conversion.returned_target_minor,
        conversion.target_minor,
        context.held_now,
    )
    whole = replace(
        conversion,
        state=ended,
        returned_source_minor=conversion.source_minor,
        returned_target_minor=conversion.target_minor,
    )
    parties = {context.programme(account[1]).partner for account in (quote.source, quote.target)}
    return Decision(
        kind="CONVERSION_REVERSED",
        facts={
            "conversion": str(conversion.number),
            "state": str(ended),
            "reason": why,
            "target": [
                conversion.target[1],
                str(conversion.target_minor - conversion.returned_target_minor),
            ],
        },
        result=answer_of(whole, context),
        facts_parties=frozenset({*parties, quote.requester}),
        lines=tuple(lines),
        changes=(
            ConversionChanged(whole),
            *give_back_caps(quote, conversion, context),
            *_moved_with_merges(conversion, context),
        ),
        corrects=conversion.number,
        consequences=tuple(_told_of_release(conversion, context)),
    )


def _moved_with_merges(conversion: Conversion, context: Context) -> Iterator[Change]:
    """Points that come back here; those of a programme that keeps its balances never moved."""
    if context.book.holder(conversion.source).member_id is not None:
        amount = conversion.source_minor - conversion.returned_source_minor
        yield from moved_with_merges(conversion.source, amount, context.state)


def _told_of_release(conversion: Conversion, context: Context) -> Iterator[Decision]:
    """The source's partner is told that its hold stands for nothing any more."""
    if not conversion.source_hold:
        return
    source = context.state.accounts[conversion.source]
    back = conversion.source_minor - conversion.returned_source_minor
    yield Decision(
        kind="HOLD_RELEASED",
        facts={
            "conversion": str(conversion.number),
            "source": [*source.key, str(back)],
            "source_hold": conversion.source_hold,
        },
        result=None,
        facts_parties=frozenset({context.programme(source.programme).partner}),
        business=False,
    )
