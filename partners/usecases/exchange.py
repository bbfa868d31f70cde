"""Use cases of exchange: quote, convert, let another partner convert once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from partners.context import Bound, Context, Decision, require_active, unknown_membership
from partners.counting import begin_to_age
from partners.deliveries import (
    delivery_terms,
    kept_by_partner,
    require_hold,
    require_no_hold,
    required_hold,
    told_to_deliver,
)
from partners.exchange_changes import (
    AuthorizationAdded,
    AuthorizationUsed,
    ConversionAdded,
    QuoteChanged,
    QuoteOpened,
)
from partners.offered import Offered, best_offer, count_for_caps, require_caps
from partners.refusals import Reason, Refused, invalid
from partners.safeguarding import require_not_blocked, require_safe, require_sane_amount
from partners.soundness import last_instant
from partners.standing import require_points_alive
from partners.state import (
    Conversion,
    DebitAuthorization,
    Membership,
    MembershipKey,
    Needs,
    Quote,
    QuoteState,
)
from settlement.ledger.entries import price_text, timestamp

QUOTE_LIFETIME = timedelta(minutes=10)
"""Long enough for a person to read and confirm, short beside the notice of a rate change."""

AUTHORIZATION_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RequestQuote:
    """Ask for a binding offer: of the named offer's terms, or of those that give most."""

    source: MembershipKey
    target: MembershipKey
    amount_minor: int
    authorization: int | None
    min_out_minor: int = 0
    offer: str = ""

    def add_needs(self, needs: Needs) -> None:
        """Both memberships, quotes open for the source, and the authorisation.

        What they hold too: the quote may be executed later in the same batch, by a number that
        its sender has guessed.
        """
        needs.memberships |= {self.source, self.target}
        needs.balances |= {self.source, self.target}
        needs.open_quotes.add(self.source)
        if self.authorization is not None:
            needs.authorizations.add(self.authorization)


@dataclass(frozen=True, slots=True)
class Terms:
    """A quote with its memberships, as quoting and converting answer it."""

    quote: Quote
    source: Membership
    target: Membership
    steps: tuple[str, ...] = ()
    conversion: Conversion | None = None


def request_quote(command: RequestQuote, context: Context) -> Decision:
    """Decide an offer.

    1. The sender may debit the source; the target is the same member's or linked to it.
    2. The terms in force now that give most, or those that were asked for, give the amounts.
    3. The member gets at least what was asked for, and safeguards allow it as things stand.
    4. A quote that was open for the same membership and pair gives way.
    """
    source, target = _parties(command, context)
    _require_usable_memberships(source, target, context)
    require_sane_amount(source.programme, command.amount_minor, context)
    context.require_open(target.programme, context.now)
    require_points_alive(source.programme, context)
    _require_direction(source, target, context)
    offered = best_offer(source, target, command.amount_minor, command.offer, context)
    _require_min_out(command, offered, context)
    require_safe(source, target, command.amount_minor, context)
    quote = _quote(command, source, target, offered, context)
    quote = replace(quote, expires_at=last_instant(quote, QUOTE_LIFETIME, context))
    before = context.state.open_quotes.get(quote.slot)
    gives_way = (
        ()
        if before is None
        else (QuoteChanged(context.state.quotes[before], QuoteState.SUPERSEDED),)
    )
    return Decision(
        kind="QUOTE",
        facts=_facts(quote),
        result=Terms(quote, source, target, offered.steps),
        changes=(*gives_way, QuoteOpened(quote)),
    )


def _require_usable_memberships(source: Membership, target: Membership, context: Context) -> None:
    """Both are active and on no block list."""
    for membership in (source, target):
        require_active(membership)
    for membership in (source, target):
        require_not_blocked(membership, context)


def _require_min_out(command: RequestQuote, offered: Offered, context: Context) -> None:
    target_minor = offered.amounts.target_minor
    if target_minor < command.min_out_minor:
        programme = command.target[0]
        raise Refused(
            Reason.MIN_OUT_NOT_MET,
            f"it gives {context.points(programme, target_minor)} points of {programme}, and at "
            f"least {context.points(programme, command.min_out_minor)} were asked for",
            {"target_minor": str(target_minor), "min_out_minor": str(command.min_out_minor)},
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


def _quote(
    command: RequestQuote,
    source: Membership,
    target: Membership,
    offered: Offered,
    context: Context,
) -> Quote:
    return Quote(
        number=context.number,
        requester=context.participant,
        source=source.account,
        target=target.account,
        amounts=offered.amounts,
        source_rate=offered.source_version,
        target_rate=offered.target_version,
        authorization=command.authorization,
        expires_at=context.now + QUOTE_LIFETIME,
        offer=offered.offer,
        shortfall_funder=offered.shortfall_funder,
        state=QuoteState.OPEN,
    )


def _facts(quote: Quote) -> dict[str, object]:
    amounts, fee = quote.amounts, quote.amounts.money_fee
    return {
        "quote": str(quote.number),
        "source": [str(quote.source[0]), quote.source[1], str(amounts.source_minor)],
        "target": [str(quote.target[0]), quote.target[1], str(amounts.target_minor)],
        "shared": str(amounts.shared_minor),
        "fee": str(amounts.fee_minor),
        "spread": str(amounts.spread_minor),
        "value": str(amounts.value_minor),
        "rounding": str(amounts.rounding_minor),
        "remainder": price_text(amounts.remainder),
        "bonuses": [[b.funder, str(b.target_minor), str(b.value_minor)] for b in amounts.bonuses],
        "shortfall": [quote.shortfall_funder, str(amounts.shortfall_minor)],
        "money_fee": None if fee is None else [fee.currency, str(fee.minor), str(fee.shared_minor)],
        "source_rate": str(quote.source_rate),
        "target_rate": str(quote.target_rate),
        "offer": quote.offer,
        "expires_at": timestamp(quote.expires_at),
    }


@dataclass(frozen=True, slots=True)
class Convert:
    """Execute a quote. `source_hold` is the reference of a hold in the source partner's system."""

    quote: int
    source_hold: str = ""

    def add_needs(self, needs: Needs) -> None:
        """The quote with its memberships, balance and authorisation; whether the hold is used."""
        needs.quotes.add(self.quote)
        if self.source_hold:
            needs.source_holds.add(self.source_hold)


def execute(command: Convert, context: Context) -> Decision:
    """Exactly the quoted amounts, or a named refusal.

    Out of a programme whose partner keeps the balances, under a hold that it signed for; into
    one, it waits for that partner.
    """
    quote = _own_quote(command, context)
    source, target = (context.state.accounts[a] for a in (quote.source, quote.target))
    if not context.state.are_linked(source, target):
        raise unknown_membership((target.programme, target.member_number))
    _require_usable_memberships(source, target, context)
    require_sane_amount(source.programme, quote.source_minor, context)
    require_points_alive(source.programme, context)
    _require_usable(quote, context)
    authorization_used = _authorization_used(quote, context)
    hold = required_hold(command.source_hold, quote, context)
    require_caps(quote, context)
    require_safe(source, target, quote.source_minor, context)
    _require_covered(quote, context)
    conversion = _conversion(quote, hold, context)
    return Decision(
        kind="CONVERSION",
        facts={**_facts(quote), **_delivery_facts(conversion)},
        result=Terms(quote, source, target, conversion=conversion),
        facts_parties=frozenset({context.programme(source.programme).partner} if hold else ()),
        lines=context.book.conversion(quote),
        changes=(
            QuoteChanged(quote, QuoteState.USED),
            ConversionAdded(conversion),
            *count_for_caps(quote, context),
            *authorization_used,
            *begin_to_age(target, quote.target_minor, context.number, context),
        ),
        consequences=tuple(told_to_deliver(conversion, target, context)),
        bound=Bound.SPENDING,
    )


def _delivery_facts(conversion: Conversion) -> dict[str, object]:
    """The hold that it uses, and until when it waits; empty where there is none."""
    deadline = conversion.deadline
    return {
        "source_hold": conversion.source_hold,
        "deadline": None if deadline is None else timestamp(deadline),
    }


def _conversion(quote: Quote, source_hold: str, context: Context) -> Conversion:
    state, deadline = delivery_terms(quote.target[1], context)
    return Conversion(
        number=context.number,
        quote=quote.number,
        source=quote.source,
        target=quote.target,
        source_minor=quote.source_minor,
        target_minor=quote.target_minor,
        source_rate=quote.source_rate,
        target_rate=quote.target_rate,
        source_hold=source_hold,
        accepted_at=context.now,
        deadline=deadline,
        state=state,
    )


_UNUSABLE = {
    QuoteState.USED: (Reason.QUOTE_USED, "the quote was used; ask for a new one"),
    QuoteState.SUPERSEDED: (
        Reason.QUOTE_SUPERSEDED,
        "a later quote for the same membership and pair took this one's place; use that one",
    ),
    QuoteState.VOIDED: (
        Reason.QUOTE_VOIDED,
        "conversions of this pair were stopped, and the quote was voided; ask again later",
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
    """Let `grantee` convert an exact amount once; without a target, hold as much for spending."""

    source: MembershipKey
    target: MembershipKey | None
    grantee: str
    amount_minor: int
    expires_at: datetime
    source_hold: str = ""

    def add_needs(self, needs: Needs) -> None:
        """The memberships; whether the hold is used, should a quote of this batch name it."""
        needs.memberships.add(self.source)
        if self.target is not None:
            needs.memberships.add(self.target)
        if self.source_hold:
            needs.source_holds.add(self.source_hold)


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
    if kept_by_partner(command.source[0], context):
        require_hold(command.source_hold, command.source[0])
    else:
        require_no_hold(command.source_hold, command.source[0], context)
    source, target = _authorized(command, context)
    for membership in (source,) if target is None else (source, target):
        require_not_blocked(membership, context)
    authorization = DebitAuthorization(
        number=context.number,
        grantee=command.grantee,
        source=source.account,
        target=None if target is None else target.account,
        amount_minor=command.amount_minor,
        expires_at=command.expires_at,
        source_hold=command.source_hold,
        used=False,
    )
    into = [] if target is None else [str(target.member_id), target.programme]
    return Decision(
        kind="AUTHORIZATION",
        facts={
            "grantee": command.grantee,
            "source": [str(source.member_id), source.programme, str(command.amount_minor)],
            "target": into,
            "source_hold": command.source_hold,
            "expires_at": timestamp(command.expires_at),
        },
        result=Authorized(context.number),
        facts_parties=frozenset({command.grantee}),
        changes=(AuthorizationAdded(authorization),),
    )


def _authorized(command: AuthorizeDebit, context: Context) -> tuple[Membership, Membership | None]:
    """What an authorisation is for: a conversion, or spending of the shared currency."""
    if command.target is None:
        shared = context.directory.coalition.currency
        if context.programme(command.source[0]).currency != shared:
            raise invalid("target", "is missing; only the shared currency is spent without one")
        return context.known_membership(command.source), None
    context.programme(command.target[0])
    source = context.known_membership(command.source)
    target = context.state.memberships.get(command.target)
    if target is None or not context.state.are_linked(source, target):
        raise unknown_membership(command.target)
    return source, target
