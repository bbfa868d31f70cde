"""Reads: from a request message to the query's answer as a typed message, one function each."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    awards_pb2,
    common_pb2,
    members_pb2,
    partners_pb2,
    rates_pb2,
    receipts_pb2,
    redemption_pb2,
    settlement_pb2,
)
from gateway.translation import forms, programme_reads, redemption_reads
from gateway.translation.delivery_reads import DELIVERY_READS
from gateway.translation.liability_reads import LIABILITY_READS
from gateway.translation.log_reads import LOG_READS
from gateway.translation.payment_reads import PAYMENT_READS
from gateway.translation.rate_reads import what_would_have_been
from gateway.translation.rate_results import proposal_message, stop_message, version_message
from gateway.translation.reading import Reading
from gateway.translation.reconciliation_reads import RECONCILIATION_READS
from gateway.translation.results import (
    agreement_message,
    key_message,
    membership_message,
    programme_messages,
)
from gateway.translation.values import timestamp
from partners import queries
from partners.directory import GATEWAY
from partners.facts import activity_of_facts
from partners.provenance import Origin, origins
from partners.queries import Asker
from partners.refusals import Reason, Refused, invalid
from partners.requests import key_use
from partners.state import State
from settlement import statements, windows
from settlement.ledger.reading import MemberMovement
from settlement.store import latest_settlement

__all__ = ["Reading", "read"]

DEFAULT_PAGE = 50
LARGEST_PAGE = 500
LARGEST_KEY_USE_PAGE = 1_000
"""A page is at most a few hundred kilobytes, far below the message size limit."""


def _look_up(m: members_pb2.LookUpRequest, reading: Reading) -> members_pb2.Membership:
    key = forms.membership_key(m.membership, "membership")
    membership, linked = queries.look_up(reading.connection, reading.asker, key)
    number = None
    if reading.asker.context(State()).owns(membership.programme):
        number = queries.term_number(reading.connection, membership.account)
    return membership_message(membership, linked, reading.asker.directory, number)


def _balances(m: members_pb2.GetBalancesRequest, reading: Reading) -> members_pb2.Balances:
    key = forms.membership_key(m.membership, "membership")
    balance = queries.balance(reading.connection, reading.asker, key)
    counters = balance.counters
    if balance.currency is None:
        return members_pb2.Balances(as_of_number=balance.as_of_number)
    return members_pb2.Balances(
        balances=[
            members_pb2.Balance(
                currency=balance.currency,
                balance_minor=counters.balance,
                credited_minor=counters.credits,
                debited_minor=counters.debits,
                held_minor=balance.held_minor,
            ),
        ],
        as_of_number=balance.as_of_number,
    )


def _page_size(asked: int, default: int, largest: int) -> int:
    if asked > largest:
        raise invalid("page_size", f"is {asked}; at most {largest}")
    return asked or default


def _page_number(token: str) -> int:
    """A page token is the last number seen; nothing else is accepted."""
    if not token:
        return -1
    if not token.isascii() or not token.isdecimal() or len(token) > len(str(2**63)) - 1:
        raise _foreign_token()
    return int(token)


def _history(m: members_pb2.ListActivityRequest, reading: Reading) -> members_pb2.ActivityPage:
    key = forms.membership_key(m.membership, "membership")
    entries = _page_size(m.page_size, DEFAULT_PAGE, LARGEST_PAGE)
    after = _page_number(m.page_token)
    found = queries.history(reading.connection, reading.asker, key, after=after, entries=entries)
    numbers = {movement.number for movement in found}
    came_from = origins(reading.connection, key, numbers)
    full = len(numbers) == entries
    return members_pb2.ActivityPage(
        movements=[_movement(m, came_from.get(m.number), reading.asker) for m in found],
        next_page_token=str(found[-1].number) if full else "",
    )


def _movement(
    movement: MemberMovement, origin: Origin | None, asker: Asker
) -> members_pb2.Movement:
    """A movement; its activity is named to those who are shown the entry's facts."""
    activity = activity_of_facts(movement.facts)
    if activity and asker.participant not in {activity.supplier, movement.line.funder}:
        activity = None
    return members_pb2.Movement(
        number=movement.number,
        accepted_at=timestamp(movement.accepted_at),
        entry_kind=movement.entry_kind,
        line_kind=movement.line.kind,
        currency=movement.line.currency,
        amount_minor=movement.amount,
        funder=movement.line.funder or "",
        rule=movement.line.rule or "",
        activity=None
        if activity is None
        else common_pb2.ActivityKey(
            supplier=activity.supplier,
            kind=activity.kind,
            reference=activity.reference,
            revision=activity.revision,
        ),
        from_programme="" if origin is None else origin.from_programme,
        source_rate=0 if origin is None else origin.source_rate,
        target_rate=0 if origin is None else origin.target_rate,
    )


def _rates(m: rates_pb2.ListRatesRequest, reading: Reading) -> rates_pb2.RateBook:
    programme = forms.optional(forms.SLUG, m.programme, "programme")
    as_of = forms.instant(m.as_of, "as_of") if m.HasField("as_of") else None
    return rates_pb2.RateBook(
        versions=map(version_message, queries.rates(reading.asker, programme, as_of)),
        stops=(stop_message(*found) for found in queries.stops(reading.asker, programme, as_of)),
    )


def _proposals(m: rates_pb2.ListProposalsRequest, reading: Reading) -> rates_pb2.ProposalList:
    found = queries.proposals(reading.asker, only_open=m.open)
    return rates_pb2.ProposalList(proposals=map(proposal_message, found))


def _agreements(
    _: agreements_pb2.ListAgreementsRequest, reading: Reading
) -> agreements_pb2.AgreementList:
    found = queries.agreements(reading.connection, reading.asker)
    return agreements_pb2.AgreementList(
        agreements=[agreement_message(agreement, used) for agreement, used in found],
    )


def _partners(_: partners_pb2.ListPartnersRequest, reading: Reading) -> partners_pb2.PartnerList:
    directory = reading.asker.directory
    return partners_pb2.PartnerList(
        partners=[
            partners_pb2.Partner(
                partner=participant.principal_id,
                kind=f"PARTNER_KIND_{participant.kind}",
                name=participant.name,
                blocked=queries.told_blocked(reading.asker, participant.principal_id),
                programmes=[
                    message
                    for programme in queries.programmes_of(directory, participant.principal_id)
                    for message in programme_messages(programme)
                ],
            )
            for participant in directory.participants()
        ],
    )


def _keys(_: partners_pb2.ListKeysRequest, reading: Reading) -> partners_pb2.KeyList:
    return partners_pb2.KeyList(keys=map(key_message, queries.keys(reading.asker, GATEWAY)))


def _page_request(token: str) -> tuple[str, str] | None:
    """A page token is the last request seen, by sender and id; None for the first page."""
    if not token:
        return None
    sender, _, request_id = token.partition("/")
    if not (forms.SLUG.fullmatch(sender) and forms.REQUEST_ID.fullmatch(request_id)):
        raise _foreign_token()
    return sender, request_id


def _foreign_token() -> Refused:
    return invalid("page_token", "is not one that an earlier page gave")


def _key_use(m: partners_pb2.ListKeyUseRequest, reading: Reading) -> partners_pb2.KeyUse:
    keyid = forms.matching(forms.KEYID, m.keyid, "keyid")
    queries.require_may_inspect(reading.asker, keyid)
    limit = _page_size(m.page_size, LARGEST_KEY_USE_PAGE, LARGEST_KEY_USE_PAGE)
    found = key_use(
        reading.connection,
        keyid,
        forms.instant(m.since, "since"),
        after=_page_request(m.page_token),
        limit=limit,
    )
    last = found[-1] if len(found) == limit else None
    return partners_pb2.KeyUse(
        requests=[
            partners_pb2.UsedRequest(
                sender=used.sender,
                request_id=used.request_id,
                method=used.method,
                decided_at=timestamp(used.decided_at),
                number=used.number or 0,
            )
            for used in found
        ],
        next_page_token="" if last is None else f"{last.sender}/{last.request_id}",
    )


def _receipt(m: receipts_pb2.GetReceiptRequest, reading: Reading) -> Message:
    request_id = forms.matching(forms.REQUEST_ID, m.request_id, "request_id")
    return reading.sealed(queries.answer_given(reading.connection, reading.asker, request_id))


def _windows(_: settlement_pb2.ListWindowsRequest, reading: Reading) -> settlement_pb2.WindowList:
    return settlement_pb2.WindowList(
        windows=[
            settlement_pb2.Window(
                window=window.window_id,
                state=f"WINDOW_STATE_{window.state}",
                first_number=window.first_number,
                last_number=window.last_number or 0,
                opened_at=timestamp(window.opened_at),
                cut_at=timestamp(window.cut_at),
            )
            for window in windows.list_windows(reading.connection)
        ],
    )


def _positions(
    m: settlement_pb2.GetPositionsRequest, reading: Reading
) -> settlement_pb2.PositionList:
    window = forms.positive(m.window, "window")
    found = statements.positions(reading.connection, window)
    if not found:
        raise _not_settled(window)
    shown = {
        participant: net
        for participant, net in sorted(found.items())
        if reading.asker.is_administrator or participant == reading.asker.participant
    }
    return settlement_pb2.PositionList(
        currency=reading.asker.directory.coalition.currency,
        positions=[
            settlement_pb2.Position(participant=participant, net_minor=net)
            for participant, net in shown.items()
        ],
    )


def _statement(m: settlement_pb2.GetStatementRequest, reading: Reading) -> settlement_pb2.Statement:
    window = forms.positive(m.window, "window")
    asker = reading.asker
    whose = forms.optional(forms.SLUG, m.participant, "participant") or asker.participant
    allowed = whose == asker.participant or asker.is_administrator
    wanted = forms.positive(m.settlement, "settlement") if m.settlement else None
    settlement = latest_settlement(reading.connection, window, wanted)
    found = None
    if allowed and settlement is not None:
        found = statements.statement(reading.connection, settlement.settlement_id, whose)
    if found is None:
        raise _not_settled(window)
    covering = reading.checkpoints.covering(reading.connection)
    return settlement_pb2.Statement(
        json=found.json,
        csv=found.csv,
        sha256=found.sha256,
        checkpoint=covering.note,
    )


def _not_settled(window: int) -> Refused:
    return Refused(
        Reason.NOT_FOUND,
        f"window {window} is not settled, or there is nothing of yours in it",
        {"window": str(window)},
    )


_READS: Mapping[type[Message], Callable[[Any, Reading], Message]] = {
    members_pb2.LookUpRequest: _look_up,
    members_pb2.GetBalancesRequest: _balances,
    members_pb2.ListActivityRequest: _history,
    members_pb2.ListTiersRequest: programme_reads.tiers,
    accrual_pb2.SimulateRequest: programme_reads.simulate,
    accrual_pb2.ClaimRequest: programme_reads.claim,
    awards_pb2.ListAwardsRequest: programme_reads.awards,
    awards_pb2.ListVouchersRequest: programme_reads.vouchers,
    partners_pb2.GetDefinitionRequest: programme_reads.definition,
    rates_pb2.ListRatesRequest: _rates,
    rates_pb2.ListProposalsRequest: _proposals,
    rates_pb2.WhatIfRequest: what_would_have_been,
    **DELIVERY_READS,
    **LOG_READS,
    **PAYMENT_READS,
    **LIABILITY_READS,
    **RECONCILIATION_READS,
    agreements_pb2.ListAgreementsRequest: _agreements,
    redemption_pb2.ListHoldsRequest: redemption_reads.list_holds,
    partners_pb2.ListPartnersRequest: _partners,
    partners_pb2.ListKeysRequest: _keys,
    partners_pb2.ListKeyUseRequest: _key_use,
    receipts_pb2.GetReceiptRequest: _receipt,
    settlement_pb2.ListWindowsRequest: _windows,
    settlement_pb2.GetPositionsRequest: _positions,
    settlement_pb2.GetStatementRequest: _statement,
}


def read(payload: Message, reading: Reading) -> Message:
    """Answer a read. Raises Refused."""
    return _READS[type(payload)](payload, reading)
