"""Questions about one activity: what it would earn, and what became of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.context import Context
from partners.queries import Asker
from partners.querying import run
from partners.refusals import Reason, Refused
from partners.requests import Remembered, remembered
from partners.state import Needs, RecordedActivity, State
from partners.state_store import load
from partners.usecases import USE_CASES
from partners.usecases.accrual import Accrue, Accrued, accrue
from settlement.ledger.amounts import AmountOverflow
from settlement.ledger.book import read_head
from settlement.ledger.reading import lines_of

LOOK_AHEAD = timedelta(days=731)
"""How far ahead an activity can be tried out: a version that begins next year, and its periods."""


def simulate(connection: Connection, asker: Asker, command: Accrue) -> Accrued:
    """What an activity would come to if it were reported now; nothing is written.

    One that lies ahead, by up to two years, is tried as of when it is over. How legs come about
    is told to the programme's own partner. Raises Refused as reporting it would.
    """
    roles = USE_CASES[Accrue].roles
    if not roles & asker.directory.principals[asker.sender].roles:
        raise Refused(
            Reason.NOT_AUTHORIZED,
            f"{asker.sender} may not report activities, and so not try them out",
        )
    needs = Needs()
    command.add_needs(needs)
    state = load(connection, needs)
    head = read_head(connection)
    now = max(asker.now, head.accepted_at)
    over = command.activity.ended_at or command.activity.started_at
    context = Context(
        number=head.size,
        now=max(now, min(over, now + LOOK_AHEAD)),
        window=head.open_window,
        sender=asker.sender,
        request_id="",
        directory=asker.directory,
        state=state,
        window_opened_at=head.window_opened_at,
        explains=True,
    )
    try:
        decision = accrue(command, context)
    except AmountOverflow as error:
        raise Refused(Reason.OVERFLOW, str(error)) from error
    if not isinstance(decision.result, Accrued):
        message = f"an accrual came to {type(decision.result).__name__}"
        raise TypeError(message)
    if context.owns(command.membership[0]):
        return decision.result
    legs = tuple(replace(leg, because="") for leg in decision.result.legs)
    return replace(decision.result, legs=legs)


class ClaimState(StrEnum):
    """What became of an activity."""

    RECORDED = "RECORDED"
    REFUSED = "REFUSED"
    NEVER_RECEIVED = "NEVER_RECEIVED"


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim, as far as its asker may know."""

    state: ClaimState
    number: int = 0
    decided_at: datetime | None = None
    reversed: Fraction = Fraction(0)
    answer: Remembered | None = None
    """What its reporter was answered; None for all others."""
    reason: Reason | None = None
    message: str = ""


def claim(connection: Connection, asker: Asker, key: ActivityKey) -> Claim:
    """What became of an activity: for its supplier, its reporter, and whose points it earned.

    To everybody else it was never received. Of a refusal the supplier is told the reason; its
    words, which can speak of others' agreements and members, are the reporter's.
    """
    recorded = load(connection, Needs(activities={key})).activities.get(key)
    if recorded is not None and _may_know(connection, asker, recorded):
        return _recorded(connection, asker, recorded)
    return _refused(connection, asker, key) or Claim(ClaimState.NEVER_RECEIVED)


def _may_know(connection: Connection, asker: Asker, activity: RecordedActivity) -> bool:
    if asker.participant in {activity.key.supplier, activity.reporter}:
        return True
    lines = lines_of(connection, [activity.number]).get(activity.number, ())
    issued = (line.debit.removeprefix("issued/") for line in lines)
    return any(asker.context(State()).owns(programme) for programme in issued)


def _recorded(connection: Connection, asker: Asker, activity: RecordedActivity) -> Claim:
    accepted_at: datetime = connection.execute(
        text("select accepted_at from entry where number = :number"), {"number": activity.number}
    ).scalar_one()
    answer = None
    if asker.participant == activity.reporter:
        keys = [k.keyid for k in asker.directory.keys.values() if k.owner in _colleagues(asker)]
        request = connection.execute(
            text(
                "select sender, request_id from request where keyid = any(:keys) "
                "and decided_at = :accepted_at and number = :number"
            ),
            {"keys": keys, "accepted_at": accepted_at, "number": activity.number},
        ).one()
        answer = _answer(connection, request.sender, request.request_id)
    return Claim(
        state=ClaimState.RECORDED,
        number=activity.number,
        decided_at=accepted_at,
        reversed=activity.reversed,
        answer=answer,
    )


def _refused(connection: Connection, asker: Asker, key: ActivityKey) -> Claim | None:
    senders = _colleagues(asker)
    row = connection.execute(
        text(
            "select * from refused_activity where supplier = :supplier and kind = :kind "
            "and reference = :reference and revision = :revision "
            "and (supplier = :me or sender = any(:senders)) "
            "order by decided_at desc, sender, request_id limit 1"
        ),
        {
            "supplier": key.supplier,
            "kind": key.kind,
            "reference": key.reference,
            "revision": key.revision,
            "me": asker.participant,
            "senders": senders,
        },
    ).one_or_none()
    if row is None:
        return None
    own = row.sender in senders
    return Claim(
        state=ClaimState.REFUSED,
        decided_at=row.decided_at,
        answer=_answer(connection, row.sender, row.request_id) if own else None,
        reason=Reason(row.reason),
        message=row.message if own else "",
    )


def _colleagues(asker: Asker) -> list[str]:
    """All who act for the asker's participant, which for the operator are persons."""
    directory = asker.directory
    return [name for name in directory.principals if directory.acts_for(name) == asker.participant]


def _answer(connection: Connection, sender: str, request_id: str) -> Remembered:
    return run(connection, remembered([(sender, request_id)]))[sender, request_id]
