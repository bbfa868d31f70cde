"""From request messages to commands: one function per message.

Those of members stand in `member_commands`, those of programmes and awards in
`programme_commands`.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    common_pb2,
    exchange_pb2,
    partners_pb2,
)
from gateway.translation import forms
from gateway.translation.delivery_commands import DELIVERY_COMMANDS
from gateway.translation.member_commands import MEMBER_COMMANDS, CommandTable
from gateway.translation.payment_commands import PAYMENT_COMMANDS
from gateway.translation.programme_commands import PROGRAMME_COMMANDS
from gateway.translation.rate_commands import RATE_COMMANDS
from gateway.translation.reconciliation_commands import RECONCILIATION_COMMANDS
from gateway.translation.redemption_commands import REDEMPTION_COMMANDS
from partners.activities import Activity, Quantity, Spend, StatedLeg
from partners.context import Command
from partners.directory import NOT_PARTICIPANTS, AgreementTerms, Permission, PrincipalKind
from partners.exchange.proposals import RateRange
from partners.refusals import Reason, Refused, invalid
from partners.usecases import accrual, agreements, blocks, directory, exchange, reversal

MAX_PARTS = 50
"""Lines of spend, quantities, or stated legs of one activity: a long hotel bill has thirty."""

MAX_NAME = 100
MAX_REASON = 500
MAX_REVERSAL_REASON = 200
MAX_BLOCK_REASON = 200

MAX_ATTRIBUTES = 20
"""Of one activity: a programme asks for four or five."""

MAX_PART_DENOMINATOR = 10_000
"""Of the part of an activity that is reversed: a bill in parts of a hundredth of a percent."""


PARTNER_KINDS = forms.enum_names(
    "PARTNER_KIND_",
    partners_pb2.PartnerKind,
    [kind for kind in PrincipalKind if kind not in NOT_PARTICIPANTS],
)
PERMISSIONS = forms.enum_names("PERMISSION_", agreements_pb2.Permission, Permission)


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
        attributes=tuple(_attributes(m, f"{field}.attributes")),
    )


def _attributes(m: accrual_pb2.Activity, field: str) -> Iterator[tuple[str, str]]:
    if len(m.attributes) > MAX_ATTRIBUTES:
        raise invalid(field, f"has more than {MAX_ATTRIBUTES} of them")
    seen: set[str] = set()
    for i, attribute in enumerate(m.attributes):
        name = forms.matching(forms.SLUG, attribute.name, f"{field}[{i}].name")
        if name in seen:
            raise invalid(f"{field}[{i}].name", f"is {name}, which is there already")
        seen.add(name)
        yield name, forms.matching(forms.ATTRIBUTE, attribute.value, f"{field}[{i}].value")


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


def single_accrual(m: accrual_pb2.AccrueRequest | accrual_pb2.SimulateRequest) -> accrual.Accrue:
    """The one activity of a request, whose header has the request id."""
    if m.accrual.request_id:
        raise invalid("accrual.request_id", "is only for items of a batch; the header has one")
    return accrual_item(m.accrual, "accrual")


def _reverse(m: accrual_pb2.ReverseRequest) -> reversal.Reverse:
    return reversal.Reverse(
        activity=forms.activity_key(m.activity, "activity"),
        reason=forms.words(m.reason, "reason", MAX_REVERSAL_REASON),
        part=_reversed_part(m.part) if m.HasField("part") else None,
    )


def _reversed_part(m: common_pb2.Fraction) -> Fraction:
    part = forms.fraction(m, "part")
    if not 0 < part <= 1 or m.denominator > MAX_PART_DENOMINATOR:
        problem = f"is above 0, at most 1, with a denominator up to {MAX_PART_DENOMINATOR}"
        raise invalid("part", problem)
    return part


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
        min_out_minor=forms.not_negative(m.min_out_minor, "min_out_minor"),
        offer=forms.optional(forms.SLUG, m.offer, "offer"),
    )


def _convert(m: exchange_pb2.ConvertRequest) -> exchange.Convert:
    return exchange.Convert(
        forms.positive(m.quote, "quote"),
        forms.optional(forms.REFERENCE, m.source_hold, "source_hold"),
    )


def _authorize_debit(m: exchange_pb2.AuthorizeDebitRequest) -> exchange.AuthorizeDebit:
    return exchange.AuthorizeDebit(
        source=forms.membership_key(m.source, "source"),
        target=forms.membership_key(m.target, "target") if m.HasField("target") else None,
        grantee=forms.matching(forms.SLUG, m.grantee, "grantee"),
        amount_minor=forms.positive(m.amount_minor, "amount_minor"),
        expires_at=forms.instant(m.expires_at, "expires_at"),
        source_hold=forms.optional(forms.REFERENCE, m.source_hold, "source_hold"),
    )


def _block(m: exchange_pb2.BlockRequest) -> blocks.SetBlock:
    if m.HasField("membership") == bool(m.participant):
        raise invalid("membership", "or participant is named, and not both")
    return blocks.SetBlock(
        membership=forms.membership_key(m.membership, "membership")
        if m.HasField("membership")
        else None,
        participant=forms.optional(forms.SLUG, m.participant, "participant"),
        blocked=m.blocked,
        reason=forms.words(m.reason, "reason", MAX_BLOCK_REASON),
    )


def _part(terms: Message, field: str) -> Fraction:
    """A part that may be left out for zero."""
    if not terms.HasField(field):
        return Fraction(0)
    return forms.fraction(getattr(terms, field), f"terms.{field}")


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
            valid_from=forms.optional_instant(terms, "valid_from", "terms."),
            valid_to=forms.optional_instant(terms, "valid_to", "terms."),
            reimbursement_price=_part(terms, "reimbursement_price"),
            rate_in_range=_range(terms, "rate_in_range"),
            cost_out_range=_range(terms, "cost_out_range"),
        ),
    )


def _range(terms: agreements_pb2.AgreementTerms, field: str) -> RateRange | None:
    if not terms.HasField(field):
        return None
    ends = getattr(terms, field)
    lowest = forms.fraction(ends.lowest, f"terms.{field}.lowest")
    highest = forms.fraction(ends.highest, f"terms.{field}.highest")
    if not 0 < lowest <= highest:
        raise invalid(f"terms.{field}", "goes from a lowest rate above 0 to one not below it")
    return RateRange(lowest, highest)


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
        valid_from=forms.optional_instant(m, "valid_from", f"{field}."),
        valid_to=forms.optional_instant(m, "valid_to", f"{field}."),
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
        compromised_since=forms.optional_instant(m, "compromised_since"),
    )


_COMMANDS: CommandTable = {
    **MEMBER_COMMANDS,
    **PROGRAMME_COMMANDS,
    **RATE_COMMANDS,
    **REDEMPTION_COMMANDS,
    **DELIVERY_COMMANDS,
    **PAYMENT_COMMANDS,
    **RECONCILIATION_COMMANDS,
    accrual_pb2.AccrueRequest: (accrual.Accrue, single_accrual),
    accrual_pb2.ReverseRequest: (reversal.Reverse, _reverse),
    exchange_pb2.QuoteRequest: (exchange.RequestQuote, _quote),
    exchange_pb2.ConvertRequest: (exchange.Convert, _convert),
    exchange_pb2.AuthorizeDebitRequest: (exchange.AuthorizeDebit, _authorize_debit),
    exchange_pb2.BlockRequest: (blocks.SetBlock, _block),
    agreements_pb2.OfferRequest: (agreements.Offer, _offer),
    agreements_pb2.AcceptRequest: (agreements.Accept, _accept),
    agreements_pb2.SuspendRequest: (agreements.Suspend, _suspend),
    partners_pb2.RegisterPartnerRequest: (directory.RegisterPartner, _register_partner),
    partners_pb2.RegisterKeyRequest: (directory.RegisterKey, _register_key),
    partners_pb2.ApproveKeyRequest: (directory.ApproveKey, _approve_key),
    partners_pb2.RevokeKeyRequest: (directory.RevokeKey, _revoke_key),
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
