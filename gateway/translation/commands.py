"""From request messages to commands: one function per message."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    exchange_pb2,
    members_pb2,
    partners_pb2,
    rates_pb2,
)
from gateway.translation import forms
from partners.activities import Activity, Quantity, Spend, StatedLeg
from partners.context import Command
from partners.directory import NOT_PARTICIPANTS, AgreementTerms, Permission, PrincipalKind
from partners.exchange.arithmetic import BadRateTerms, RateTerms
from partners.programmes.definition import (
    BadDefinition,
    ProgrammeDefinition,
    parse_definition,
)
from partners.refusals import Reason, Refused, invalid
from partners.state import MembershipState
from partners.usecases import (
    accrual,
    agreements,
    directory,
    exchange,
    links,
    members,
    rates,
    reversal,
)

MAX_PARTS = 50
"""Lines of spend, quantities, or stated legs of one activity: a long hotel bill has thirty."""

MAX_NAME = 100
MAX_REASON = 500
MAX_REVERSAL_REASON = 200
MAX_DEFINITION_BYTES = 256 * 1024


def _names(prefix: str, enum: Any, values: Iterable[str]) -> dict[int, str]:  # noqa: ANN401 - any
    """Names of an enum of the contract, without its prefix, by their number."""
    return {enum.Value(prefix + value): value for value in values}


PARTNER_KINDS = _names(
    "PARTNER_KIND_",
    partners_pb2.PartnerKind,
    [kind for kind in PrincipalKind if kind not in NOT_PARTICIPANTS],
)
MEMBERSHIP_STATES = _names("MEMBERSHIP_STATE_", members_pb2.MembershipState, MembershipState)
PERMISSIONS = _names("PERMISSION_", agreements_pb2.Permission, Permission)


def _enrol(m: members_pb2.EnrolRequest) -> members.Enrol:
    same = m.same_member_as if m.HasField("same_member_as") else None
    return members.Enrol(
        membership=forms.membership_key(m.membership, "membership"),
        tier=forms.optional(forms.TIER, m.tier, "tier"),
        choice=forms.optional(forms.SLUG, m.choice, "choice"),
        same_member_as=None if same is None else forms.membership_key(same, "same_member_as"),
    )


def _update_membership(m: members_pb2.UpdateMembershipRequest) -> members.UpdateMembership:
    state = forms.known(m.state, MEMBERSHIP_STATES, "state") if m.state else None
    return members.UpdateMembership(
        membership=forms.membership_key(m.membership, "membership"),
        tier=forms.optional(forms.TIER, m.tier, "tier"),
        choice=forms.optional(forms.SLUG, m.choice, "choice"),
        state=None if state is None else MembershipState(state),
    )


def _create_link_code(m: members_pb2.CreateLinkCodeRequest) -> links.CreateLinkCode:
    return links.CreateLinkCode(
        membership=forms.membership_key(m.membership, "membership"),
        other=forms.membership_key(m.other, "other"),
    )


def _link(m: members_pb2.LinkRequest) -> links.Link:
    return links.Link(
        membership=forms.membership_key(m.membership, "membership"),
        other_programme=forms.matching(forms.SLUG, m.other_programme, "other_programme"),
        code=forms.matching(forms.LINK_CODE, m.code, "code"),
    )


def _unlink(m: members_pb2.UnlinkRequest) -> links.Unlink:
    return links.Unlink(
        membership=forms.membership_key(m.membership, "membership"),
        other=forms.membership_key(m.other, "other"),
    )


def accrual_item(m: accrual_pb2.AccrualItem, field: str) -> accrual.Accrue:
    """An activity with its member; the request id is the caller's business."""
    if max(len(m.stated), len(m.activity.spend), len(m.activity.quantities)) > MAX_PARTS:
        raise invalid(field, f"has more than {MAX_PARTS} parts of one sort")
    return accrual.Accrue(
        membership=forms.membership_key(m.membership, f"{field}.membership"),
        activity=_activity(m.activity, f"{field}.activity"),
        stated=tuple(_stated(leg, f"{field}.stated[{i}]") for i, leg in enumerate(m.stated)),
    )


def _activity(m: accrual_pb2.Activity, field: str) -> Activity:
    if not m.HasField("started_at"):
        raise invalid(f"{field}.started_at", "is missing")
    ended_at = m.ended_at if m.HasField("ended_at") else None
    return Activity(
        key=forms.activity_key(m.key, f"{field}.key"),
        started_at=forms.instant(m.started_at, f"{field}.started_at"),
        ended_at=None if ended_at is None else forms.instant(ended_at, f"{field}.ended_at"),
        spend=tuple(_spend(s, f"{field}.spend[{i}]") for i, s in enumerate(m.spend)),
        quantities=tuple(
            Quantity(
                forms.matching(forms.CATEGORY, q.unit, f"{field}.quantities[{i}].unit"),
                forms.not_negative(q.count, f"{field}.quantities[{i}].count"),
            )
            for i, q in enumerate(m.quantities)
        ),
    )


def _spend(m: accrual_pb2.Spend, field: str) -> Spend:
    return Spend(
        category=forms.matching(forms.CATEGORY, m.category, f"{field}.category"),
        currency=forms.matching(forms.CURRENCY, m.amount.currency, f"{field}.amount.currency"),
        minor=forms.not_negative(m.amount.minor, f"{field}.amount.minor"),
    )


def _stated(m: accrual_pb2.StatedLeg, field: str) -> StatedLeg:
    return StatedLeg(
        programme=forms.matching(forms.SLUG, m.programme, f"{field}.programme"),
        reason=forms.matching(forms.KIND, m.reason, f"{field}.reason"),
        points_minor=forms.positive(m.points_minor, f"{field}.points_minor"),
    )


def _accrue(m: accrual_pb2.AccrueRequest) -> accrual.Accrue:
    if m.accrual.request_id:
        raise invalid("accrual.request_id", "is only for items of a batch; the header has one")
    return accrual_item(m.accrual, "accrual")


def _reverse(m: accrual_pb2.ReverseRequest) -> reversal.Reverse:
    return reversal.Reverse(
        activity=forms.activity_key(m.activity, "activity"),
        reason=forms.words(m.reason, "reason", MAX_REVERSAL_REASON),
    )


def _quote(m: exchange_pb2.QuoteRequest) -> exchange.RequestQuote:
    source = forms.membership_key(m.source, "source")
    target = forms.membership_key(m.target, "target")
    if source[0] == target[0]:
        raise invalid("target.programme", "is the source's; a conversion is between two")
    return exchange.RequestQuote(
        source=source,
        target=target,
        amount_minor=forms.positive(m.amount_minor, "amount_minor"),
        authorization=forms.not_negative(m.authorization, "authorization") or None,
    )


def _convert(m: exchange_pb2.ConvertRequest) -> exchange.Convert:
    return exchange.Convert(forms.positive(m.quote, "quote"))


def _authorize_debit(m: exchange_pb2.AuthorizeDebitRequest) -> exchange.AuthorizeDebit:
    return exchange.AuthorizeDebit(
        source=forms.membership_key(m.source, "source"),
        target=forms.membership_key(m.target, "target"),
        grantee=forms.matching(forms.SLUG, m.grantee, "grantee"),
        amount_minor=forms.positive(m.amount_minor, "amount_minor"),
        expires_at=forms.instant(m.expires_at, "expires_at"),
    )


def _propose_rate(m: rates_pb2.ProposeRateRequest) -> rates.ProposeRate:
    terms = m.terms
    try:
        values = RateTerms(
            programme=forms.matching(forms.SLUG, terms.programme, "terms.programme"),
            rate_in=forms.fraction(terms.rate_in, "terms.rate_in"),
            cost_out=forms.fraction(terms.cost_out, "terms.cost_out"),
            fee=_part(terms, "fee"),
            spread=_part(terms, "spread"),
        )
    except BadRateTerms as error:
        raise invalid(f"terms.{error.field}", error.problem) from error
    return rates.ProposeRate(
        terms=values,
        effective_from=_optional_instant(m, "effective_from"),
        reason=forms.words(m.reason, "reason", MAX_REASON),
    )


def _part(terms: Message, field: str) -> Fraction:
    """A part that may be left out for zero."""
    if not terms.HasField(field):
        return Fraction(0)
    return forms.fraction(getattr(terms, field), f"terms.{field}")


def _optional_instant(m: Message, field: str, prefix: str = "") -> datetime | None:
    return forms.instant(getattr(m, field), prefix + field) if m.HasField(field) else None


def _approve_rate(m: rates_pb2.ApproveRateRequest) -> rates.ApproveRate:
    return rates.ApproveRate(forms.positive(m.proposal, "proposal"))


def _offer(m: agreements_pb2.OfferRequest) -> agreements.Offer:
    terms = m.terms
    names = [
        forms.known(value, PERMISSIONS, f"terms.permissions[{i}]")
        for i, value in enumerate(terms.permissions)
    ]
    return agreements.Offer(
        AgreementTerms(
            programme=forms.matching(forms.SLUG, terms.programme, "terms.programme"),
            buyer=forms.matching(forms.SLUG, terms.buyer, "terms.buyer"),
            price=forms.fraction(terms.price, "terms.price"),
            operator_fee=_fee(terms),
            cap_minor=forms.positive(terms.cap_minor, "terms.cap_minor"),
            permissions=frozenset(map(Permission, names)),
            valid_from=_optional_instant(terms, "valid_from", "terms."),
            valid_to=_optional_instant(terms, "valid_to", "terms."),
        ),
    )


def _fee(terms: agreements_pb2.AgreementTerms) -> Fraction:
    fee = _part(terms, "operator_fee")
    if fee > 1:
        raise invalid("terms.operator_fee", "is a part of the price, so at most 1")
    return fee


def _accept(m: agreements_pb2.AcceptRequest) -> agreements.Accept:
    return agreements.Accept(forms.positive(m.agreement, "agreement"))


def _suspend(m: agreements_pb2.SuspendRequest) -> agreements.Suspend:
    return agreements.Suspend(forms.positive(m.agreement, "agreement"), m.suspended)


def _new_key(m: partners_pb2.PublicKey, field: str) -> directory.NewKey:
    return directory.NewKey(
        public=m.ed25519,
        proof=m.proof,
        valid_from=_optional_instant(m, "valid_from", f"{field}."),
        valid_to=_optional_instant(m, "valid_to", f"{field}."),
    )


def _register_partner(m: partners_pb2.RegisterPartnerRequest) -> directory.RegisterPartner:
    kind = PrincipalKind(forms.known(m.kind, PARTNER_KINDS, "kind"))
    if kind is PrincipalKind.OPERATOR:
        raise invalid("kind", "is OPERATOR; a coalition has one, since it was made")
    return directory.RegisterPartner(
        partner=forms.matching(forms.SLUG, m.partner, "partner"),
        kind=kind,
        name=forms.words(m.name, "name", MAX_NAME),
        key=_new_key(m.key, "key"),
    )


def _register_key(m: partners_pb2.RegisterKeyRequest) -> directory.RegisterKey:
    return directory.RegisterKey(_new_key(m.key, "key"))


def _approve_key(m: partners_pb2.ApproveKeyRequest) -> directory.ApproveKey:
    return directory.ApproveKey(forms.matching(forms.KEYID, m.keyid, "keyid"))


def _revoke_key(m: partners_pb2.RevokeKeyRequest) -> directory.RevokeKey:
    return directory.RevokeKey(
        keyid=forms.matching(forms.KEYID, m.keyid, "keyid"),
        compromised_since=_optional_instant(m, "compromised_since"),
    )


def _publish_programme(m: partners_pb2.PublishProgrammeRequest) -> directory.PublishProgramme:
    if not 0 < len(m.definition) <= MAX_DEFINITION_BYTES:
        raise invalid("definition", f"is 1 to {MAX_DEFINITION_BYTES} bytes")
    try:
        parsed: ProgrammeDefinition | BadDefinition = parse_definition(m.definition)
    except BadDefinition as error:
        parsed = error
    return directory.PublishProgramme(m.definition, parsed)


_COMMANDS: Mapping[type[Message], tuple[type[Command], Callable[[Any], Command]]] = {
    members_pb2.EnrolRequest: (members.Enrol, _enrol),
    members_pb2.UpdateMembershipRequest: (members.UpdateMembership, _update_membership),
    members_pb2.CreateLinkCodeRequest: (links.CreateLinkCode, _create_link_code),
    members_pb2.LinkRequest: (links.Link, _link),
    members_pb2.UnlinkRequest: (links.Unlink, _unlink),
    accrual_pb2.AccrueRequest: (accrual.Accrue, _accrue),
    accrual_pb2.ReverseRequest: (reversal.Reverse, _reverse),
    exchange_pb2.QuoteRequest: (exchange.RequestQuote, _quote),
    exchange_pb2.ConvertRequest: (exchange.Convert, _convert),
    exchange_pb2.AuthorizeDebitRequest: (exchange.AuthorizeDebit, _authorize_debit),
    rates_pb2.ProposeRateRequest: (rates.ProposeRate, _propose_rate),
    rates_pb2.ApproveRateRequest: (rates.ApproveRate, _approve_rate),
    agreements_pb2.OfferRequest: (agreements.Offer, _offer),
    agreements_pb2.AcceptRequest: (agreements.Accept, _accept),
    agreements_pb2.SuspendRequest: (agreements.Suspend, _suspend),
    partners_pb2.RegisterPartnerRequest: (directory.RegisterPartner, _register_partner),
    partners_pb2.RegisterKeyRequest: (directory.RegisterKey, _register_key),
    partners_pb2.ApproveKeyRequest: (directory.ApproveKey, _approve_key),
    partners_pb2.RevokeKeyRequest: (directory.RevokeKey, _revoke_key),
    partners_pb2.PublishProgrammeRequest: (directory.PublishProgramme, _publish_programme),
}


def command_of(payload: Message) -> Command:
    """The command that a request message holds; raises Refused for a field's form."""
    _, read = _COMMANDS[type(payload)]
    return read(payload)


def kind_of(payload: type[Message]) -> type[Command]:
    """The kind of command that such a message, or each item in it, asks for."""
    if payload is accrual_pb2.AccrueBatchRequest:
        return accrual.Accrue
    kind, _ = _COMMANDS[payload]
    return kind


M = TypeVar("M", bound=Message)


def parse(kind: type[M], data: bytes) -> M:
    """A message from its bytes. Raises Refused: MALFORMED_PAYLOAD or UNKNOWN_FIELDS."""
    message = kind()
    parse_into(message, data)
    require_no_unknown_fields(message)
    return message


def parse_into(message: Message, data: bytes) -> None:
    """Fill a message from its bytes. Raises Refused: MALFORMED_PAYLOAD."""
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        name = message.DESCRIPTOR.name
        raise Refused(
            Reason.MALFORMED_PAYLOAD,
            f"this cannot be parsed as {name}",
            {"message": name},
        ) from error


def require_no_unknown_fields(message: Message) -> None:
    """Refuse what this gateway does not know and so could not honour, at any depth."""
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        name = message.DESCRIPTOR.name
        raise Refused(
            Reason.UNKNOWN_FIELDS,
            f"{name} holds fields that this gateway does not know; use its version of the contract",
            {"message": name},
        )
