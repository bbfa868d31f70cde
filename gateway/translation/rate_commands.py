"""From messages of the rate book to commands: one function per message."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from google.protobuf.message import Message

from coalition.v1 import common_pb2, rates_pb2
from gateway.translation import forms
from gateway.translation.member_commands import CommandTable
from partners.exchange.proposals import LARGEST_PROPOSAL, Change
from partners.exchange.terms import (
    BadTerms,
    BonusStep,
    Caps,
    GuardRails,
    Limits,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
    Resumption,
    Safeguards,
    Terms,
)
from partners.refusals import invalid
from partners.usecases import rates

MAX_REASON = 500

MAX_BONUSES = 20
"""Steps of one pair: a scheme that a member can still understand has two or three."""

MAX_ALERTS = 10


def _optional_fraction(m: Message, name: str, field: str) -> Fraction | None:
    if not m.HasField(name):
        return None
    return forms.fraction(getattr(m, name), f"{field}.{name}")


def _fraction(m: common_pb2.Fraction, field: str) -> Fraction:
    return forms.fraction(m, field)


def _rate(m: rates_pb2.RateTerms, field: str) -> RateTerms:
    return RateTerms(
        programme=forms.matching(forms.SLUG, m.programme, f"{field}.programme"),
        rate_in=_optional_fraction(m, "rate_in", field),
        cost_out=_optional_fraction(m, "cost_out", field),
        fee=_optional_fraction(m, "fee", field) or Fraction(0),
        spread=_optional_fraction(m, "spread", field) or Fraction(0),
    )


def _pair(m: rates_pb2.PairTerms, field: str) -> PairTerms:
    if len(m.bonuses) > MAX_BONUSES:
        raise invalid(f"{field}.bonuses", f"are more than {MAX_BONUSES}")
    return PairTerms(
        source=forms.matching(forms.SLUG, m.source, f"{field}.source"),
        target=forms.matching(forms.SLUG, m.target, f"{field}.target"),
        offer=forms.optional(forms.SLUG, m.offer, f"{field}.offer"),
        ratio=_fraction(m.ratio, f"{field}.ratio"),
        settlement_price=_fraction(m.settlement_price, f"{field}.settlement_price"),
        minimum_minor=forms.not_negative(m.minimum_minor, f"{field}.minimum_minor") or 1,
        increment_minor=forms.not_negative(m.increment_minor, f"{field}.increment_minor") or 1,
        bonuses=tuple(
            BonusStep(
                step.every_source_minor,
                step.bonus_target_minor,
                forms.matching(forms.SLUG, step.funder, f"{field}.bonuses[{i}].funder"),
            )
            for i, step in enumerate(m.bonuses)
        ),
        fee=_fee(m.fee, f"{field}.fee") if m.HasField("fee") else None,
        caps=_caps(m.caps, f"{field}.caps"),
        once_per_member=m.once_per_member,
        shortfall_funder=forms.optional(
            forms.SLUG, m.shortfall_funder, f"{field}.shortfall_funder"
        ),
    )


def _fee(m: rates_pb2.MoneyFee, field: str) -> MoneyFee:
    return MoneyFee(
        currency=forms.matching(forms.CURRENCY, m.currency, f"{field}.currency"),
        per_source_minor=_fraction(m.per_source_minor, f"{field}.per_source_minor"),
        cap_minor=forms.not_negative(m.cap_minor, f"{field}.cap_minor") or None,
    )


def _caps(m: rates_pb2.ConversionCaps, field: str) -> Caps:
    names = ("member_daily_minor", "member_yearly_minor", "pair_daily_minor", "pair_yearly_minor")
    return Caps(*(_limit(m, name, field) for name in names))


def _limit(m: Message, name: str, field: str) -> int | None:
    """A limit from one on; 0 stands for none."""
    return forms.not_negative(getattr(m, name), f"{field}.{name}") or None


def _money_value(m: rates_pb2.MoneyValue, field: str) -> MoneyValue:
    return MoneyValue(
        currency=forms.matching(forms.CURRENCY, m.currency, f"{field}.currency"),
        per_shared_minor=_fraction(m.per_shared_minor, f"{field}.per_shared_minor"),
    )


def _guard_rails(m: rates_pb2.GuardRails, field: str) -> GuardRails:
    return GuardRails(
        largest_change=_optional_fraction(m, "largest_change", field),
        notice_seconds=_seconds(m.notice_seconds, f"{field}.notice_seconds"),
    )


LONGEST_SECONDS = 366 * 86_400
"""Of a notice or a cooling-off: a year."""


def _seconds(value: int, field: str) -> int:
    if not 0 <= value <= LONGEST_SECONDS:
        raise invalid(field, f"is {value}; it is of 0 to {LONGEST_SECONDS}")
    return value


def _limits(m: rates_pb2.Limits, field: str) -> Limits:
    if len(m.alert_percents) > MAX_ALERTS:
        raise invalid(f"{field}.alert_percents", f"are more than {MAX_ALERTS}")
    return Limits(
        participant=forms.matching(forms.SLUG, m.participant, f"{field}.participant"),
        net_debit_cap_minor=m.net_debit_cap_minor,
        prefunded_minor=m.prefunded_minor,
        reserve_minor=m.reserve_minor,
        alert_percents=tuple(sorted(set(m.alert_percents))),
    )


def _safeguards(m: rates_pb2.Safeguards, field: str) -> Safeguards:
    return Safeguards(
        programme=forms.optional(forms.SLUG, m.programme, f"{field}.programme"),
        ceiling_minor=_limit(m, "ceiling_minor", field),
        minimum_minor=forms.not_negative(m.minimum_minor, f"{field}.minimum_minor") or 1,
        daily_count=_limit(m, "daily_count", field),
        daily_minor=_limit(m, "daily_minor", field),
        link_cooling_seconds=_seconds(m.link_cooling_seconds, f"{field}.link_cooling_seconds"),
        earned_cooling_seconds=_seconds(
            m.earned_cooling_seconds, f"{field}.earned_cooling_seconds"
        ),
    )


def _resumption(m: rates_pb2.Resumption, field: str) -> Resumption:
    return Resumption(
        source=forms.matching(forms.SLUG, m.source, f"{field}.source"),
        target=forms.matching(forms.SLUG, m.target, f"{field}.target"),
    )


_TERMS: Mapping[str, Callable[[Any, str], Terms]] = {
    "rate": _rate,
    "pair": _pair,
    "money_value": _money_value,
    "guard_rails": _guard_rails,
    "limits": _limits,
    "safeguards": _safeguards,
    "resumption": _resumption,
}


def change(m: rates_pb2.BookChange, field: str) -> Change:
    """A proposed change; raises Refused for its form."""
    which = m.WhichOneof("change")
    if which is None:
        raise invalid(field, "is empty")
    try:
        terms = _TERMS[which](getattr(m, which), f"{field}.{which}")
    except BadTerms as error:
        raise invalid(f"{field}.{which}.{error.field}", error.problem) from error
    return Change(
        terms,
        forms.optional_instant(m, "effective_from", f"{field}."),
        forms.optional_instant(m, "effective_to", f"{field}."),
    )


def changes(found: Any, field: str) -> tuple[Change, ...]:  # noqa: ANN401 - a repeated field
    """Changes that belong together."""
    if not 1 <= len(found) <= LARGEST_PROPOSAL:
        raise invalid(field, f"are {len(found)}; 1 to {LARGEST_PROPOSAL} are proposed together")
    return tuple(change(m, f"{field}[{i}]") for i, m in enumerate(found))


def _propose(m: rates_pb2.ProposeRequest) -> rates.Propose:
    return rates.Propose(
        changes=changes(m.changes, "changes"),
        reason=forms.words(m.reason, "reason", MAX_REASON),
    )


def _reject(m: rates_pb2.RejectRequest) -> rates.Reject:
    return rates.Reject(_number(m), forms.words(m.reason, "reason", MAX_REASON))


def _withdraw(m: rates_pb2.WithdrawRequest) -> rates.Withdraw:
    return rates.Withdraw(_number(m), forms.words(m.reason, "reason", MAX_REASON))


def _number(m: Any) -> int:  # noqa: ANN401 - any message about a proposal
    return forms.positive(m.proposal, "proposal")


def _stop_pair(m: rates_pb2.StopPairRequest) -> rates.StopPair:
    return rates.StopPair(
        source=forms.matching(forms.SLUG, m.source, "source"),
        target=forms.matching(forms.SLUG, m.target, "target"),
        reason=forms.words(m.reason, "reason", MAX_REASON),
    )


RATE_COMMANDS: CommandTable = {
    rates_pb2.ProposeRequest: (rates.Propose, _propose),
    rates_pb2.ApproveRequest: (rates.Approve, lambda m: rates.Approve(_number(m))),
    rates_pb2.ConsentRequest: (rates.Consent, lambda m: rates.Consent(_number(m))),
    rates_pb2.RejectRequest: (rates.Reject, _reject),
    rates_pb2.WithdrawRequest: (rates.Withdraw, _withdraw),
    rates_pb2.StopPairRequest: (rates.StopPair, _stop_pair),
}
