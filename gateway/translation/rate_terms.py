"""Terms of the rate book on the wire; a client makes them too, so nothing of the server is here."""

from coalition.v1 import rates_pb2
from gateway.translation.values import fraction, timestamp
from partners.exchange.proposals import Change
from partners.exchange.terms import (
    GuardRails,
    Limits,
    MoneyValue,
    PairTerms,
    RateTerms,
    Resumption,
    Safeguards,
    Terms,
)


def _rate(terms: RateTerms) -> rates_pb2.RateTerms:
    return rates_pb2.RateTerms(
        programme=terms.programme,
        rate_in=fraction(terms.rate_in),
        cost_out=fraction(terms.cost_out),
        fee=fraction(terms.fee),
        spread=fraction(terms.spread),
    )


def _pair(terms: PairTerms) -> rates_pb2.PairTerms:
    caps, fee = terms.caps, terms.fee
    message = rates_pb2.PairTerms(
        source=terms.source,
        target=terms.target,
        offer=terms.offer,
        ratio=fraction(terms.ratio),
        settlement_price=fraction(terms.settlement_price),
        minimum_minor=terms.minimum_minor,
        increment_minor=terms.increment_minor,
        bonuses=[
            rates_pb2.BonusStep(
                every_source_minor=step.every_minor,
                bonus_target_minor=step.bonus_minor,
                funder=step.funder,
            )
            for step in terms.bonuses
        ],
        once_per_member=terms.once_per_member,
        shortfall_funder=terms.shortfall_funder,
    )
    if caps.least is not None:
        message.caps.CopyFrom(
            rates_pb2.ConversionCaps(**{name: getattr(caps, name) or 0 for name in caps.__slots__})
        )
    if fee is not None:
        message.fee.CopyFrom(
            rates_pb2.MoneyFee(
                currency=fee.currency,
                per_source_minor=fraction(fee.per_source_minor),
                cap_minor=fee.cap_minor or 0,
            )
        )
    return message


def _guard_rails(terms: GuardRails) -> rates_pb2.GuardRails:
    return rates_pb2.GuardRails(
        largest_change=fraction(terms.largest_change),
        notice_seconds=terms.notice_seconds,
    )


def _safeguards(terms: Safeguards) -> rates_pb2.Safeguards:
    return rates_pb2.Safeguards(
        programme=terms.programme,
        ceiling_minor=terms.ceiling_minor or 0,
        minimum_minor=terms.minimum_minor,
        daily_count=terms.daily_count or 0,
        daily_minor=terms.daily_minor or 0,
        link_cooling_seconds=terms.link_cooling_seconds,
        earned_cooling_seconds=terms.earned_cooling_seconds,
    )


def change_message(change: Change) -> rates_pb2.BookChange:
    """A change on the wire."""
    message = rates_pb2.BookChange(
        effective_from=timestamp(change.effective_from),
        effective_to=timestamp(change.effective_to),
    )
    _put(message, change.terms)
    return message


def _put(message: rates_pb2.BookChange, terms: Terms) -> None:
    """Terms into the field of their kind."""
    match terms:
        case RateTerms():
            message.rate.CopyFrom(_rate(terms))
        case PairTerms():
            message.pair.CopyFrom(_pair(terms))
        case MoneyValue():
            value = fraction(terms.per_shared_minor)
            message.money_value.CopyFrom(
                rates_pb2.MoneyValue(currency=terms.currency, per_shared_minor=value)
            )
        case GuardRails():
            message.guard_rails.CopyFrom(_guard_rails(terms))
        case Limits():
            message.limits.participant = terms.participant
            message.limits.net_debit_cap_minor = terms.net_debit_cap_minor
            message.limits.prefunded_minor = terms.prefunded_minor
            message.limits.reserve_minor = terms.reserve_minor
            message.limits.alert_percents.extend(terms.alert_percents)
        case Safeguards():
            message.safeguards.CopyFrom(_safeguards(terms))
        case Resumption():
            message.resumption.source = terms.source
            message.resumption.target = terms.target
