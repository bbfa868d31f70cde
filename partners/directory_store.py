"""Reading the directory."""

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, select

from partners import tables
from partners.directory import (
    Agreement,
    AgreementState,
    AgreementTerms,
    Closing,
    Directory,
    Key,
    KeyState,
    Permission,
    Principal,
    PrincipalKind,
    Programme,
    ProgrammeVersion,
    Rate,
    Role,
)
from partners.exchange.arithmetic import RateTerms
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
        rates={row.proposal: _rate(row) for row in _all(connection, tables.rate)},
    )


def current_directory(
    connection: Connection,
    coalition: Coalition,
    known: Directory | None,
) -> Directory:
    """`known` if it still is the current version, else the one that is."""
    if known is not None and read_head(connection).directory_version == known.version:
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
    )
    return Agreement(
        number=row.number,
        issuer=row.issuer,
        terms=terms,
        offered_by=row.offered_by,
        state=AgreementState(row.state),
        accepted_number=row.accepted_number,
    )


def _rate(row: Any) -> Rate:  # noqa: ANN401
    terms = RateTerms(
        programme=row.programme,
        rate_in=Fraction(row.rate_in_numerator, row.rate_in_denominator),
        cost_out=Fraction(row.cost_out_numerator, row.cost_out_denominator),
        fee=Fraction(row.fee_numerator, row.fee_denominator),
        spread=Fraction(row.spread_numerator, row.spread_denominator),
    )
    return Rate(
        proposal=row.proposal,
        version=row.version,
        terms=terms,
        effective_from=row.effective_from,
        approved_at=row.approved_at,
        proposed_by=row.proposed_by,
        approved_by=row.approved_by,
        reason=row.reason,
    )
