"""Use cases of programmes: publish a version, wind one down."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from partners.context import Context, Decision
from partners.directory import Closing, Programme, Role
from partners.directory_changes import ProgrammePublished
from partners.programme_changes import ClosingSet
from partners.programmes.definition import BadDefinition, ProgrammeDefinition
from partners.refusals import Reason, Refused, Violation
from partners.soundness import convertible, require_sound
from partners.usecases.directory import WithOpenQuotes, WithoutMembers
from settlement.ledger.entries import EVERYONE, timestamp


@dataclass(frozen=True, slots=True)
class PublishProgramme(WithOpenQuotes):
    """Publish a programme or a new version of it.

    `parsed` was made of the definition before the writer's lock was taken: it takes long.
    """

    definition: bytes
    parsed: ProgrammeDefinition | BadDefinition


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a programme."""

    programme: str
    partner: str
    currency: str
    """Code of its points currency; empty where it has none."""
    exponent: int
    """Decimals of the currency's minor unit; 0 where it has none."""
    version: int
    valid_from: datetime
    definition_sha256: bytes


def publish_programme(command: PublishProgramme, context: Context) -> Decision:
    """A first version may begin in the past; a later one changes nothing that has happened."""
    definition = _parsed(command)
    existing = context.directory.programmes.get(definition.programme)
    if definition.replaces is not None:
        context.require_own(definition.replaces.programme)
    if existing is None:
        _require_free(definition, context)
    else:
        _require_successor(definition, context)
        _require_nothing_to_milk(definition, context)
    published = Published(
        programme=definition.programme,
        partner=context.participant,
        currency=definition.currency.code if definition.currency else "",
        exponent=definition.currency.exponent if definition.currency else 0,
        version=context.number,
        valid_from=definition.valid_from,
        definition_sha256=hashlib.sha256(command.definition).digest(),
    )
    return Decision(
        kind="PROGRAMME",
        facts={
            "programme": published.programme,
            "partner": published.partner,
            "currency": published.currency,
            "valid_from": timestamp(published.valid_from),
            "definition_sha256": published.definition_sha256.hex(),
        },
        result=published,
        facts_parties=frozenset({EVERYONE}),
        changes=(
            ProgrammePublished(
                number=context.number,
                programme=published.programme,
                partner=published.partner,
                valid_from=published.valid_from,
                definition=command.definition,
            ),
        ),
        business=False,
        directory=True,
    )


def _parsed(command: PublishProgramme) -> ProgrammeDefinition:
    if isinstance(command.parsed, ProgrammeDefinition):
        return command.parsed
    raise Refused(
        Reason.BAD_DEFINITION,
        str(command.parsed),
        violations=tuple(
            Violation(problem.field, f"line {problem.line}: {problem.problem}; {problem.remedy}")
            for problem in command.parsed.problems
        ),
    )


def _require_free(definition: ProgrammeDefinition, context: Context) -> None:
    """A programme's id is its partner's or nobody's; its currency is nobody else's."""
    others = {*context.directory.principals} - {context.participant}
    currencies = {programme.currency for programme in context.directory.programmes.values()}
    code = definition.currency.code if definition.currency else None
    for taken, value in ((others, definition.programme), (currencies, code)):
        if value is not None and value in taken:
            raise Refused(Reason.ALREADY_EXISTS, f"{value} is taken", {"id": value})


def _require_nothing_to_milk(definition: ProgrammeDefinition, context: Context) -> None:
    """A way that a definition opens to conversions may close a circle that gains."""
    before = convertible(context).get(definition.programme)
    after = definition.conversion
    if before and (after.out > before.out or after.into > before.into):
        require_sound(context.directory.book, context, definition)


def _require_successor(definition: ProgrammeDefinition, context: Context) -> None:
    latest = context.require_own(definition.programme).latest.definition
    fixed = (latest.currency, latest.custody)
    if (definition.currency, definition.custody) != fixed:
        raise Refused(
            Reason.BAD_DEFINITION,
            "currency and custody of a programme never change; publish a programme of another id",
            {"programme": definition.programme},
        )
    if definition.valid_from < context.now:
        raise Refused(
            Reason.RETROACTIVE,
            f"a new version begins now or later, not at {timestamp(definition.valid_from)}",
            {"now": timestamp(context.now)},
        )


@dataclass(frozen=True, slots=True)
class WindDown(WithoutMembers):
    """Let a programme earn no more from an instant on, and its points be gone from a later one."""

    programme: str
    earns_until: datetime
    points_until: datetime


@dataclass(frozen=True, slots=True)
class WoundDown:
    """A programme that is wound down."""

    programme: str
    closing: Closing


def wind_down(command: WindDown, context: Context) -> Decision:
    """By its partner or, where that has left, an administrator; movable until it begins."""
    programme = context.programme(command.programme)
    roles = context.directory.principals[context.sender].roles
    if Role.ADMINISTRATOR not in roles:
        context.require_own(command.programme)
    _require_ahead(command, programme, context)
    closing = Closing(command.earns_until, command.points_until)
    return Decision(
        kind="WIND_DOWN",
        facts={
            "programme": command.programme,
            "earns_until": timestamp(closing.earns_until),
            "points_until": timestamp(closing.points_until),
        },
        result=WoundDown(command.programme, closing),
        facts_parties=frozenset({EVERYONE}),
        changes=(
            ClosingSet(
                programme=command.programme,
                earns_until=closing.earns_until,
                points_until=closing.points_until,
                number=context.number,
            ),
        ),
        business=False,
        directory=True,
    )


def _require_ahead(command: WindDown, programme: Programme, context: Context) -> None:
    """The instants lie ahead and in their order, and what has begun stays as it is."""
    closing = programme.closing
    problem = None
    if closing is not None and closing.earns_until <= context.now:
        problem = f"it has begun at {timestamp(closing.earns_until)}, and is not moved any more"
    elif command.earns_until < context.now:
        problem = f"it would have begun at {timestamp(command.earns_until)}, which is past"
    elif command.points_until < command.earns_until:
        problem = "its points would be gone before it stops to earn"
    if problem is not None:
        raise Refused(
            Reason.RETROACTIVE,
            f"{command.programme} cannot be wound down like this: {problem}",
            {"now": timestamp(context.now)},
        )
