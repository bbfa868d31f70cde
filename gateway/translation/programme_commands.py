"""From request messages to commands: those of programmes and their awards."""

from coalition.v1 import awards_pb2, partners_pb2
from gateway.translation import forms
from gateway.translation.member_commands import CommandTable
from partners.programmes.definition import (
    BadDefinition,
    ProgrammeDefinition,
    parse_definition,
)
from partners.refusals import invalid
from partners.usecases import awards, programmes

MAX_DEFINITION_BYTES = 256 * 1024


def _publish_programme(m: partners_pb2.PublishProgrammeRequest) -> programmes.PublishProgramme:
    if not 0 < len(m.definition) <= MAX_DEFINITION_BYTES:
        raise invalid("definition", f"is 1 to {MAX_DEFINITION_BYTES} bytes")
    try:
        parsed: ProgrammeDefinition | BadDefinition = parse_definition(m.definition)
    except BadDefinition as error:
        parsed = error
    return programmes.PublishProgramme(m.definition, parsed)


def _wind_down(m: partners_pb2.WindDownRequest) -> programmes.WindDown:
    for field in ("earns_until", "points_until"):
        if not m.HasField(field):
            raise invalid(field, "is missing")
    return programmes.WindDown(
        programme=forms.matching(forms.SLUG, m.programme, "programme"),
        earns_until=forms.instant(m.earns_until, "earns_until"),
        points_until=forms.instant(m.points_until, "points_until"),
    )


def _redeem(m: awards_pb2.RedeemRequest) -> awards.Redeem:
    return awards.Redeem(
        membership=forms.membership_key(m.membership, "membership"),
        award=forms.matching(forms.SLUG, m.award, "award"),
        money=forms.money(m.money, "money") if m.HasField("money") else None,
        buy_missing=m.buy_missing,
    )


def _cancel_voucher(m: awards_pb2.CancelVoucherRequest) -> awards.CancelVoucher:
    return awards.CancelVoucher(forms.positive(m.voucher, "voucher"))


def _use_voucher(m: awards_pb2.UseVoucherRequest) -> awards.UseVoucher:
    return awards.UseVoucher(forms.positive(m.voucher, "voucher"))


PROGRAMME_COMMANDS: CommandTable = {
    partners_pb2.PublishProgrammeRequest: (programmes.PublishProgramme, _publish_programme),
    partners_pb2.WindDownRequest: (programmes.WindDown, _wind_down),
    awards_pb2.RedeemRequest: (awards.Redeem, _redeem),
    awards_pb2.CancelVoucherRequest: (awards.CancelVoucher, _cancel_voucher),
    awards_pb2.UseVoucherRequest: (awards.UseVoucher, _use_voucher),
}
