"""Reading the directory."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, select

from partners import tables
from partners.directory import (
    Agreement,
    AgreementState,
    AgreementTerms,
    Block,
    Closing,
    Directory,
    Key,
    KeyState,
    Permission,
    Principal,
    PrincipalKind,
    Programme,
    ProgrammeVersion,
    Role,
)
from partners.exchange.book import RateBook, Stop, Version
from partners.exchange.documents import from_document
from partners.exchange.proposals import Change, Proposal, ProposalState, RateRange
from partners.exchange.terms import Terms
from partners.programmes.definition import ProgrammeDefinition, parse_definition
from settlement.ledger.book import read_head
from settlement.ledger.entries import Coalition

CACHED_DEFINITIONS = 1_024
"""Versions of programmes that are read once in a process, not at every change of the directory:
that is under the writer's lock, and reading the largest takes seconds."""


def load_directory(connection: Connection, coalition: Coalition) -> Directory:
    """The directory as this transaction sees it."""
    return Directory(
        version=read_head(connection).directory_version,
        coalition=coalition,
        principals={
            row.principal_id: _principal(row) for row in _all(connection, tables.principal)
        },
        keys={row.keyid: _key(row) for row in _all(connection, tables.key)},
        programmes=_programmes(
            _all(connection, tables.programme_version), _all(connection, tables.programme_closing)
        ),
        agreements={row.number: _agreement(row) for row in _all(connection, tables.agreement)},
        book=load_book(connection),
        proposals={row.number: _proposal(row) for row in _all(connection, tables.proposal)},
        blocks={
            (row.programme, row.member_number): Block(
                row.programme, row.member_number, row.blocked_by, row.reason, row.number
            )
            for row in _all(connection, tables.exchange_block)
        },
    )


def load_book(connection: Connection) -> RateBook:
    """The rate book as this transaction sees it."""
    return RateBook(
        versions=tuple(map(_version, _all(connection, tables.book_version))),
        stops=tuple(map(_stop, _all(connection, tables.pair_stop))),
    )


def money_at(
    connection: Connection, window_opened_at: datetime, now: datetime
) -> Mapping[str, Fraction]:
    """What the shared currency is worth in money, by now, in the window that opened then."""
    return load_book(connection).money_values(window_opened_at, now)


def current_directory(
    connection: Connection,
    coalition: Coalition,
    known: Directory | None,
    version: int,
) -> Directory:
    """`known` if it is of the version that the head of this transaction has, else a new one."""
    if known is not None and known.version == version:
        return known
    return load_directory(connection, coalition)


def _all(connection: Connection, table: Table) -> Iterable[Any]:
    return connection.execute(select(table).order_by(*table.primary_key.columns)).all()


def _principal(row: Any) -> Principal:  # noqa: ANN401 - a row, here and below
    return Principal(
        row.principal_id,
        PrincipalKind(row.kind),
        row.name,
        frozenset(map(Role, row.roles)),
    )


def _key(row: Any) -> Key:  # noqa: ANN401
    return Key(
        keyid=row.keyid,
        owner=row.owner,
        public=bytes(row.public),
        state=KeyState(row.state),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        revoked_at=row.revoked_at,
        compromised_since=row.compromised_since,
        registered_by=row.registered_by,
    )


@lru_cache(maxsize=CACHED_DEFINITIONS)
def _parsed(source: bytes) -> ProgrammeDefinition:
    return parse_definition(source)


def _programmes(rows: Iterable[Any], closings: Iterable[Any]) -> dict[str, Programme]:
    closing = {row.programme: Closing(row.earns_until, row.points_until) for row in closings}
    versions: dict[tuple[str, str], list[ProgrammeVersion]] = {}
    for row in rows:
        source = bytes(row.definition)
        version = ProgrammeVersion(row.number, row.valid_from, _parsed(source), source)
        versions.setdefault((row.programme, row.partner), []).append(version)
    return {
        programme: Programme(programme, partner, tuple(of), closing.get(programme))
        for (programme, partner), of in versions.items()
    }


def _agreement(row: Any) -> Agreement:  # noqa: ANN401
    terms = AgreementTerms(
        programme=row.programme,
        buyer=row.buyer,
        price=Fraction(row.price_numerator, row.price_denominator),
        operator_fee=Fraction(row.fee_numerator, row.fee_denominator),
        cap_minor=row.cap,
        permissions=frozenset(map(Permission, row.permissions)),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        reimbursement_price=Fraction(row.reimbursement_numerator, row.reimbursement_denominator),
        rate_in_range=_range(row, "rate_in"),
        cost_out_range=_range(row, "cost_out"),
    )
    return Agreement(
        number=row.number,
        issuer=row.issuer,
        terms=terms,
        offered_by=row.offered_by,
        state=AgreementState(row.state),
        accepted_number=row.accepted_number,
    )


def _range(row: Any, name: str) -> RateRange | None:  # noqa: ANN401
    if getattr(row, f"{name}_lowest_numerator") is None:
        return None
    return RateRange(
        *(
            Fraction(
                getattr(row, f"{name}_{end}_numerator"), getattr(row, f"{name}_{end}_denominator")
            )
            for end in ("lowest", "highest")
        )
    )


@lru_cache(maxsize=CACHED_DEFINITIONS)
def _terms(document: bytes) -> Terms:
    return from_document(json.loads(document))


def _version(row: Any) -> Version[Terms]:  # noqa: ANN401
    return Version(
        number=row.number,
        proposal=row.proposal,
        terms=_terms(bytes(row.document)),
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        approved_at=row.approved_at,
        withdrawn_number=row.withdrawn_number,
    )


def _stop(row: Any) -> Stop:  # noqa: ANN401
    return Stop(
        number=row.number,
        source=row.source,
        target=row.target,
        stopped_by=row.stopped_by,
        reason=row.reason,
        stopped_at=row.stopped_at,
    )


def _proposal(row: Any) -> Proposal:  # noqa: ANN401
    return Proposal(
        number=row.number,
        changes=tuple(map(_change, json.loads(bytes(row.document))["changes"])),
        state=ProposalState(row.state),
        reason=row.reason,
        proposed_by=row.proposed_by,
        approved_by=tuple(row.approved_by.split()),
        consents=tuple(row.consents.split()),
        ended_by=row.ended_by,
        end_reason=row.end_reason,
    )


def _change(document: dict[str, Any]) -> Change:
    begins, ends = document["effective_from"], document["effective_to"]
    return Change(
        from_document(document),
        None if begins is None else datetime.fromisoformat(begins),
        None if ends is None else datetime.fromisoformat(ends),
    )
