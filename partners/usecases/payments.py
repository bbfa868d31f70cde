"""Use cases of payments that settlements made due: sent by the payer, confirmed by the payee.

What money did stands outside; here both sign what they say of it. Only the payee's word books.
"""

from dataclasses import dataclass, replace
from datetime import date

from partners.context import Context, Decision
from partners.payment_store import DueChanged, SettlementChanged, StepTaken
from partners.programmes.money import decimal
from partners.refusals import Reason, Refused
from partners.state import Needs
from settlement.ledger.dues import (
    OPEN,
    PAYMENT,
    Change,
    Due,
    DueKey,
    DueState,
    PostedSettlement,
    PostedState,
    Step,
    payment_line,
)


@dataclass(frozen=True, slots=True)
class _OfPayment:
    payment: DueKey

    def add_needs(self, needs: Needs) -> None:
        """Its settlement."""
        needs.settlements.add(self.payment[0])


@dataclass(frozen=True, slots=True)
class MarkSent(_OfPayment):
    """Say that a payment is on its way, with the bank's reference and value date."""

    reference: str
    value_date: date


@dataclass(frozen=True, slots=True)
class ConfirmPayment(_OfPayment):
    """Say that a payment was received; the amount is the whole of what is due."""

    amount_minor: int
    reference: str


@dataclass(frozen=True, slots=True)
class DisputePayment(_OfPayment):
    """Say that a payment that is said to be sent was not received."""

    reason: str


def mark_sent(command: MarkSent, context: Context) -> Decision:
    """By the payer, of a payment that is DUE. It books nothing."""
    due = _own(command.payment, due_side=1, who="payer", context=context)
    _closed(due, context)
    if due.state is not DueState.DUE:
        raise _not_in_state(due, "its payee confirms or disputes what was sent")
    sent = replace(
        due,
        state=DueState.SENT,
        reference=command.reference,
        value_date=command.value_date,
        disputed="",
    )
    why = f"{command.reference}, value {command.value_date.isoformat()}"
    told = {"reference": command.reference, "value_date": command.value_date.isoformat()}
    return _told("PAYMENT_SENT", sent, Step.SENT, why, told, context)


def dispute(command: DisputePayment, context: Context) -> Decision:
    """By the payee, of a payment that is SENT: it is DUE again."""
    due = _own(command.payment, due_side=2, who="payee", context=context)
    _closed(due, context)
    if due.state is not DueState.SENT:
        raise _not_in_state(due, "only what its payer says is sent can be disputed")
    back = replace(due, state=DueState.DUE, reference="", value_date=None, disputed=command.reason)
    told = {"reason": command.reason, "reference": due.reference}
    return _told("PAYMENT_DISPUTED", back, Step.DISPUTED, command.reason, told, context)


def confirm(command: ConfirmPayment, context: Context) -> Decision:
    """By the payee, of a payment that is DUE or SENT.

    1. It is the payee's, and its settlement is closed and stands.
    2. The amount is the whole: what is due is one figure, and a rest would be another.
    3. Booked is the inverse of what made it due; the last of a settlement's settles it.
    """
    due = _own(command.payment, due_side=2, who="payee", context=context)
    settlement = _closed(due, context)
    if due.state not in OPEN:
        raise _not_in_state(due, "nothing is left to do")
    if command.amount_minor != due.amount_minor:
        raise _wrong_amount(due, command.amount_minor, context)
    paid = replace(due, state=DueState.CONFIRMED, ended_at=context.now, ended_number=context.number)
    step = _step(paid, Step.CONFIRMED, command.reference, context)
    coalition = context.directory.coalition
    return Decision(
        kind=PAYMENT,
        facts={**_named(due, settlement), "reference": command.reference},
        result=paid,
        facts_parties=frozenset({due.payer, due.payee, context.operator}),
        lines=(payment_line(due, coalition.currency),),
        changes=(
            DueChanged(paid),
            StepTaken(step),
            *(_settled(paid, settlement, context)),
        ),
        business=False,
    )


def _own(key: DueKey, *, due_side: int, who: str, context: Context) -> Due:
    """A payment of the sender's, as its payer (1) or payee (2) of the key.

    One between others is refused like one that is not there.
    """
    due = context.state.dues.get(key)
    if due is None or context.participant not in key[1:]:
        raise Refused(
            Reason.UNKNOWN_PAYMENT,
            f"settlement {key[0]} has no payment from {key[1]} to {key[2]} that is yours; see "
            "ListPayments",
            {"settlement": str(key[0]), "payer": key[1], "payee": key[2]},
        )
    if context.participant != key[due_side]:
        raise Refused(
            Reason.NOT_AUTHORIZED,
            f"only the {who} of a payment, {key[due_side]}, says this of it",
            {"settlement": str(key[0]), "payer": key[1], "payee": key[2]},
        )
    return due


def _closed(due: Due, context: Context) -> PostedSettlement:
    """The settlement of a payment, once its statements are out; one that ended is judged later."""
    settlement = context.state.settlements[due.settlement_id]
    if settlement.state is PostedState.POSTED:
        raise Refused(
            Reason.SETTLEMENT_STATE,
            f"settlement {due.settlement_id} is not closed yet; its statements come first",
            {"settlement": str(due.settlement_id), "state": str(settlement.state)},
        )
    return settlement


def _not_in_state(due: Due, then: str) -> Refused:
    ended = "" if due.ended_number is None else f" by entry {due.ended_number}"
    if due.state is DueState.VOID:
        then = "the next settlement of its window says what is due in its place"
    return Refused(
        Reason.PAYMENT_STATE,
        f"the payment of settlement {due.settlement_id} from {due.payer} to {due.payee} is "
        f"{due.state}{ended}; {then}",
        {"state": str(due.state), "number": str(due.ended_number or "")},
    )


def _wrong_amount(due: Due, named: int, context: Context) -> Refused:
    exponent = context.directory.coalition.exponent
    what = (
        "dispute it until the rest is there" if named < due.amount_minor else "give the rest back"
    )
    return Refused(
        Reason.WRONG_AMOUNT,
        f"{decimal(due.amount_minor, exponent)} is due and {decimal(named, exponent)} was named; "
        f"a payment is confirmed whole: {what}, then confirm what is due",
        {"due_minor": str(due.amount_minor), "named_minor": str(named)},
    )


def _settled(
    paid: Due, settlement: PostedSettlement, context: Context
) -> tuple[SettlementChanged | StepTaken, ...]:
    """What follows where this was the last payment of its settlement."""
    of_it = (d for d in context.state.dues.values() if d.settlement_id == paid.settlement_id)
    if any(d.state is not DueState.CONFIRMED for d in of_it if d.key != paid.key):
        return ()
    why = "all of its payments are confirmed"
    step = Change(
        paid.settlement_id, Step.SETTLED, context.sender, context.now, why, context.number
    )
    return SettlementChanged(replace(settlement, state=PostedState.SETTLED)), StepTaken(step)


def _told(
    kind: str, due: Due, step: Step, why: str, told: dict[str, str], context: Context
) -> Decision:
    """What one of the two says of a payment, in an entry without lines."""
    settlement = context.state.settlements[due.settlement_id]
    return Decision(
        kind=kind,
        facts={**_named(due, settlement), **told},
        result=due,
        facts_parties=frozenset({due.payer, due.payee, context.operator}),
        changes=(DueChanged(due), StepTaken(_step(due, step, why, context))),
        business=False,
    )


def _named(due: Due, settlement: PostedSettlement) -> dict[str, str]:
    return {
        "settlement": str(due.settlement_id),
        "posted": str(settlement.post_number),
        "payer": due.payer,
        "payee": due.payee,
        "amount": str(due.amount_minor),
    }


def _step(due: Due, step: Step, why: str, context: Context) -> Change:
    return Change(
        settlement_id=due.settlement_id,
        step=step,
        who=context.sender,
        at=context.now,
        why=why,
        number=context.number,
        payer=due.payer,
        payee=due.payee,
    )
