"""Reads of what programmes say of members: tiers, awards, trials, claims, definitions."""

from fractions import Fraction

from coalition.v1 import accrual_pb2, awards_pb2, members_pb2, partners_pb2
from gateway.translation import forms
from gateway.translation.commands import single_accrual
from gateway.translation.reading import Reading
from gateway.translation.results import (
    programme_message,
    simulated,
    tier_term,
    voucher_message,
)
from gateway.translation.values import amount, fraction, timestamp
from partners import claims, queries
from partners.refusals import STORED, Refused

_LONGEST_DECIMAL = 9
"""Decimals beyond which a value is told as a fraction."""


def tiers(m: members_pb2.ListTiersRequest, reading: Reading) -> members_pb2.TierHistory:
    """Tiers of a membership, and what is counted for them."""
    key = forms.membership_key(m.membership, "membership")
    found = queries.tier_history(reading.connection, reading.asker, key)
    return members_pb2.TierHistory(
        terms=[tier_term(term, number) for term, number in found.terms],
        counters=[
            members_pb2.CounterValue(counter=c.counter, value=exact(c.value, c.exponent))
            for c in found.counters
        ],
        invitations=found.invitations,
    )


def exact(value: Fraction, decimals: int) -> str:
    """A number with at least so many decimals, or as a fraction where no decimal is exact."""
    for digits in range(decimals, _LONGEST_DECIMAL + 1):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            sign = "-" if scaled < 0 else ""
            whole, part = divmod(abs(scaled.numerator), 10**digits)
            return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"
    return str(value)


def awards(m: awards_pb2.ListAwardsRequest, reading: Reading) -> awards_pb2.AwardList:
    """The catalogue as a member sees it."""
    key = forms.membership_key(m.membership, "membership")
    found = queries.offered_awards(reading.connection, reading.asker, key)
    return awards_pb2.AwardList(awards=map(_award, found))


def _award(offered: queries.OfferedAward) -> awards_pb2.Award:
    return awards_pb2.Award(
        award=offered.award.award,
        name=offered.award.name,
        prices=[
            awards_pb2.AwardPrice(
                points_minor=points_minor, money=None if money is None else amount(money)
            )
            for points_minor, money in offered.prices
        ],
        left=offered.left,
    )


def vouchers(m: awards_pb2.ListVouchersRequest, reading: Reading) -> awards_pb2.VoucherList:
    """Vouchers of a membership."""
    key = forms.membership_key(m.membership, "membership")
    membership, found = queries.vouchers(reading.connection, reading.asker, key)
    return awards_pb2.VoucherList(
        vouchers=[voucher_message(voucher, membership) for voucher in found]
    )


def simulate(m: accrual_pb2.SimulateRequest, reading: Reading) -> accrual_pb2.SimulateResult:
    """What an activity would earn. What the rules refuse is an answer, not an error."""
    command = single_accrual(m)
    try:
        found = claims.simulate(reading.connection, reading.asker, command)
    except Refused as refused:
        if refused.reason not in STORED:
            raise
        return accrual_pb2.SimulateResult(
            reason=f"REASON_{refused.reason}", message=refused.message
        )
    return accrual_pb2.SimulateResult(
        result=simulated(found, reading.asker.directory),
        passed_over=[
            accrual_pb2.PassedOver(rule=rule, because=why) for rule, why in found.passed_over
        ],
    )


def claim(m: accrual_pb2.ClaimRequest, reading: Reading) -> accrual_pb2.ClaimResult:
    """What became of an activity."""
    key = forms.activity_key(m.activity, "activity")
    found = claims.claim(reading.connection, reading.asker, key)
    return accrual_pb2.ClaimResult(
        state=f"CLAIM_STATE_{found.state}",
        number=found.number,
        decided_at=timestamp(found.decided_at),
        reversed=fraction(found.reversed) if found.reversed else None,
        answer=None if found.answer is None else reading.sealed(found.answer),
        reason=None if found.reason is None else f"REASON_{found.reason}",
        message=found.message,
    )


def definition(m: partners_pb2.GetDefinitionRequest, reading: Reading) -> partners_pb2.Definition:
    """A version of a programme, whole."""
    programme_id = forms.matching(forms.SLUG, m.programme, "programme")
    number = forms.not_negative(m.version, "version")
    programme, version = queries.version_of(reading.asker, programme_id, number)
    return partners_pb2.Definition(
        programme=programme_message(programme, version), definition=version.source
    )
