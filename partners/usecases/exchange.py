"""Use cases of exchange: quote, convert, let another partner convert once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from partners.context import Context, Decision, require_active, unknown_membership
from partners.counting import begin_to_age
from partners.directory import Rate
from partners.exchange.arithmetic import ConversionAmounts, ConvertsToNothing, convert
from partners.member_changes import (
    AuthorizationAdded,
    AuthorizationUsed,
    QuoteChanged,
    QuoteOpened,
)
from partners.refusals import Reason, Refused, invalid
from partners.standing import require_points_alive
from partners.state import (
    DebitAuthorization,
    Membership,
    MembershipKey,
    Needs,
    Quote,
    QuoteState,
)
from settlement.ledger.amounts import AmountOverflow
from settlement.ledger.entries import timestamp

QUOTE_LIFETIME = timedelta(minutes=10)
"""Long enough for a person to read and confirm, short beside the notice of a rate change."""

AUTHORIZATION_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RequestQuote:
    """Ask for a binding offer."""

    source: MembershipKey
    target: MembershipKey
    amount_minor: int
    authorization: int | None

    def add_needs(self, needs: Needs) -> None:
        """Both memberships, quotes open for the source, and the authorisation."""
        needs.memberships |= {self.source, self.target}
        needs.open_quotes.add(self.source)
        if self.authorization is not None:
            needs.authorizations.add(self.authorization)


@dataclass(frozen=True, slots=True)
class Terms:
    """A quote with its memberships, as quoting and converting answer it."""

    quote: Quote
    source: Membership
    target: Membership


def request_quote(command: RequestQuote, context: Context) -> Decision:
    """Decide an offer.

    1. The sender may debit the source; the target is the same member's or linked to it.
    2. Rates in force now give the amounts.
    3. A quote that was open for the same membership and pair gives way.
    """
    source, target = _parties(command, context)
    require_active(source)
    require_active(target)
    context.require_open(target.programme, context.now)
    require_points_alive(source.programme, context)
    _require_direction(source, target, context)
    rates = _rate(source.programme, context), _rate(target.programme, context)
    quote = _quote(command, source, target, rates, context)
    before = context.state.open_quotes.get(quote.slot)
    gives_way = (
        ()
        if before is None
        else (QuoteChanged(context.state.quotes[before], QuoteState.SUPERSEDED),)
    )
    return Decision(
        kind="QUOTE",
        facts=_facts(quote),
        result=Terms(quote, source, target),
        changes=(*gives_way, QuoteOpened(quote)),
    )


def _require_direction(source: Membership, target: Membership, context: Context) -> None:
    """A programme may forbid that its points are turned into others, or others into them."""
    for programme, way, allowed in (
        (source.programme, "out of", context.definition(source.programme).conversion.out),
        (target.programme, "into", context.definition(target.programme).conversion.into),
    ):
        if not allowed:
            raise Refused(
                Reason.NOT_CONVERTIBLE,
                f"nothing is converted {way} {programme}: its definition says so",
                {"programme": programme},
            )


def _parties(command: RequestQuote, context: Context) -> tuple[Membership, Membership]:
    if command.authorization is None:
        context.require_own(command.source[0])
    for programme_id, _ in (command.source, command.target):
        context.programme(programme_id)
    if command.authorization is None:
        source = context.known_membership(command.source)
    else:
        source = _authorized_source(command, context)
    target = context.state.memberships.get(command.target)
    if target is None or not context.state.are_linked(source, target):
        raise unknown_membership(command.target)
    return source, target


def _authorized_source(command: RequestQuote, context: Context) -> Membership:
    """The source that an authorisation names, if it is for exactly this."""
    given = context.state.authorizations.get(command.authorization or 0)
    source = context.state.memberships.get(command.source)
    target = context.state.memberships.get(command.target)
    if (
        given is None
        or source is None
        or target is None
        or given.grantee != context.participant
        or (given.source, given.target) != (source.account, target.account)
        or given.amount_minor != command.amount_minor
        or given.used
        or context.now > given.expires_at
    ):
        raise _bad_authorization()
    return source


def _bad_authorization() -> Refused:
    return Refused(
        Reason.BAD_AUTHORIZATION,
        "there is no such authorisation, or it is used, expired, or for something else; ask "
        "the source programme's partner for one",
    )


def _rate(programme_id: str, context: Context) -> Rate | None:
    """The rate in force; of the shared currency None stands for one to one."""
    rate = context.directory.rate_in_force(programme_id, context.now)
    shared = context.programme(programme_id).currency == context.directory.coalition.currency
    if rate is None and not shared:
        raise Refused(
            Reason.NO_RATE,
            f"no rate of {programme_id} is in force; a rate administrator publishes one",
            {"programme": programme_id},
        )
    return rate


def _quote(
    command: RequestQuote,
    source: Membership,
    target: Membership,
    rates: tuple[Rate | None, Rate | None],
    context: Context,
) -> Quote:
    amounts = _amounts(command.amount_minor, rates)
    return Quote(
        number=context.number,
        requester=context.participant,
        source=source.account,
        target=target.account,
        source_minor=amounts.source_minor,
        shared_minor=amounts.shared_minor,
        fee_minor=amounts.fee_minor,
        spread_minor=amounts.spread_minor,
        value_minor=amounts.value_minor,
        rounding_minor=amounts.rounding_minor,
        target_minor=amounts.target_minor,
        source_rate=_version(rates[0]),
        target_rate=_version(rates[1]),
        authorization=command.authorization,
        expires_at=context.now + QUOTE_LIFETIME,
        state=QuoteState.OPEN,
    )


def _version(rate: Rate | None) -> int:
    return 0 if rate is None else rate.version or 0


def _amounts(amount_minor: int, rates: tuple[Rate | None, Rate | None]) -> ConversionAmounts:
    source, target = (None if rate is None else rate.terms for rate in rates)
    try:
        return convert(amount_minor, source, target)
    except ConvertsToNothing as error:
        raise Refused(Reason.AMOUNT_TOO_SMALL, str(error)) from error
    except AmountOverflow as error:
        raise Refused(Reason.OVERFLOW, f"the amount is too large: {error}") from error


def _facts(quote: Quote) -> dict[str, object]:
    return {
        "quote": str(quote.number),
        "source": [str(quote.source[0]), quote.source[1], str(quote.source_minor)],
        "target": [str(quote.target[0]), quote.target[1], str(quote.target_minor)],
        "shared": str(quote.shared_minor),
        "fee": str(quote.fee_minor),
        "spread": str(quote.spread_minor),
        "value": str(quote.value_minor),
        "rounding": str(quote.rounding_minor),
        "source_rate": str(quote.source_rate),
        "target_rate": str(quote.target_rate),
        "expires_at": timestamp(quote.expires_at),
    }


@dataclass(frozen=True, slots=True)
class Convert:
    """Execute a quote."""

    quote: int

    def add_needs(self, needs: Needs) -> None:
        """The quote with its memberships, balance and authorisation."""
        needs.quotes.add(self.quote)


def execute(command: Convert, context: Context) -> Decision:
    """Exactly the quoted amounts, or a named refusal."""
    quote = _own_quote(command, context)
    source, target = (context.state.accounts[a] for a in (quote.source, quote.target))
    if not context.state.are_linked(source, target):
        raise unknown_membership((target.programme, target.member_number))
    require_active(source)
    require_active(target)
    require_points_alive(source.programme, context)
    _require_usable(quote, context)
    authorization_used = _authorization_used(quote, context)
    _require_covered(quote, context)
    return Decision(
        kind="CONVERSION",
        facts=_facts(quote),
        result=Terms(quote, source, target),
        lines=context.book.conversion(quote),
        changes=(
            QuoteChanged(quote, QuoteState.USED),
            *authorization_used,
            *begin_to_age(target, quote.target_minor, context.number, context),
        ),
    )


_UNUSABLE = {
    QuoteState.USED: (Reason.QUOTE_USED, "the quote was used; ask for a new one"),
    QuoteState.SUPERSEDED: (
        Reason.QUOTE_SUPERSEDED,
        "a later quote for the same membership and pair took this one's place; use that one",
    ),
}


def _own_quote(command: Convert, context: Context) -> Quote:
    quote = context.state.quotes.get(command.quote)
    if quote is None or quote.requester != context.participant:
        raise Refused(
            Reason.UNKNOWN_QUOTE,
            f"there is no quote {command.quote} of yours",
            {"quote": str(command.quote)},
        )
    return quote


def _require_usable(quote: Quote, context: Context) -> None:
    """It is open and not expired."""
    if quote.state in _UNUSABLE:
        raise Refused(*_UNUSABLE[quote.state], {"quote": str(quote.number)})
    if context.now > quote.expires_at:
        raise Refused(
            Reason.QUOTE_EXPIRED,
            f"the quote expired at {timestamp(quote.expires_at)}; ask for a new one",
            {"quote": str(quote.number), "expired_at": timestamp(quote.expires_at)},
        )


def _require_covered(quote: Quote, context: Context) -> None:
    """The member holds the points, unless their partner keeps the balances itself."""
    if context.book.holder(quote.source).member_id is None:
        return
    available = context.state.available(quote.source, context.now)
    if available >= quote.source_minor:
        return
    known = {"available": str(available)} if context.owns(quote.source[1]) else {}
    raise Refused(
        Reason.INSUFFICIENT_BALANCE,
        f"the member does not hold {context.points(quote.source[1], quote.source_minor)} points "
        f"of {quote.source[1]}",
        {"asked": str(quote.source_minor), **known},
    )


def _authorization_used(quote: Quote, context: Context) -> tuple[AuthorizationUsed, ...]:
    """An authorisation is used once, by whichever of its quotes is executed first."""
    if quote.authorization is None:
        return ()
    given = context.state.authorizations[quote.authorization]
    if given.used or context.now > given.expires_at:
        raise _bad_authorization()
    return (AuthorizationUsed(given),)


@dataclass(frozen=True, slots=True)
class AuthorizeDebit:
    """Let `grantee` convert an exact amount once."""

    source: MembershipKey
    target: MembershipKey
    grantee: str
    amount_minor: int
    expires_at: datetime

    def add_needs(self, needs: Needs) -> None:
        """Both memberships."""
        needs.memberships |= {self.source, self.target}


@dataclass(frozen=True, slots=True)
class Authorized:
    """Number of the authorisation."""

    authorization: int


def authorize_debit(command: AuthorizeDebit, context: Context) -> Decision:
    """By the source programme's partner, for at most 24 hours."""
    context.require_own(command.source[0])
    if not context.now < command.expires_at <= context.now + AUTHORIZATION_LIFETIME:
        raise invalid("expires_at", "is not within the next 24 hours")
    if context.directory.participant(command.grantee) is None:
        raise Refused(
            Reason.UNKNOWN_PARTICIPANT,
            f"there is no participant {command.grantee}",
            {"grantee": command.grantee},
        )
    context.programme(command.target[0])
    source = context.known_membership(command.source)
    target = context.state.memberships.get(command.target)
    if target is None or not context.state.are_linked(source, target):
        raise unknown_membership(command.target)
    authorization = DebitAuthorization(
        number=context.number,
        grantee=command.grantee,
        source=source.account,
        target=target.account,
        amount_minor=command.amount_minor,
        expires_at=command.expires_at,
        used=False,
    )
    return Decision(
        kind="AUTHORIZATION",
        facts={
            "grantee": command.grantee,
            "source": [str(source.member_id), source.programme, str(command.amount_minor)],
            "target": [str(target.member_id), target.programme],
            "expires_at": timestamp(command.expires_at),
        },
        result=Authorized(context.number),
        facts_parties=frozenset({command.grantee}),
        changes=(AuthorizationAdded(authorization),),
    )
