"""Making a new coalition: its schema, operator, shared currency, keys and administrators."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine

from coalition.profile import Currency, Profile, gateway_key
from coalition.signing import key_id, public_bytes
from gateway.database import upgrade
from partners.changes import Change, write_all
from partners.directory import (
    GATEWAY,
    Key,
    KeyState,
    Principal,
    PrincipalKind,
    Role,
)
from partners.directory_changes import KeyAdded, PrincipalAdded, ProgrammePublished
from partners.directory_store import load_directory
from partners.programmes.definition import parse_definition
from partners.usecases.directory import key_facts
from settlement.ledger.book import append, create, load_coalition, place, read_head
from settlement.ledger.entries import EVERYONE, Coalition, Draft, timestamp
from settlement.windows import open_first

GENESIS = 0
"""Number of the entry that makes a coalition."""

SALT_KEY_BYTES = 32

_OPERATOR_PROGRAMME = """\
schema = 1
programme = "{operator}"
name = "{name}"
valid_from = 2000-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"

[currency]
code = "{currency}"
exponent = {exponent}
"""


class FoundingError(Exception):
    """A coalition cannot be made here; the message says why."""


@dataclass(frozen=True, slots=True)
class Founding:
    """What a new coalition begins with. Private keys are the caller's to keep.

    `administrators` are persons by id, with the public halves of their first keys.
    """

    coalition_id: str
    operator: str
    name: str
    currency: str
    exponent: int
    salt_key: bytes
    gateway: bytes
    administrators: Mapping[str, bytes]

    @property
    def profile(self) -> Profile:
        """What partners are given."""
        return Profile(
            coalition=self.coalition_id,
            operator=self.operator,
            currency=Currency(code=self.currency, exponent=self.exponent),
            gateway_keys=(gateway_key(self.gateway),),
        )


def random_founding(
    *,
    operator: str,
    name: str,
    currency: str,
    exponent: int,
    gateway: Ed25519PrivateKey,
    administrators: Mapping[str, Ed25519PrivateKey],
) -> Founding:
    """A coalition with an id and a salt of its own."""
    return Founding(
        coalition_id=str(uuid.uuid4()),
        operator=operator,
        name=name,
        currency=currency,
        exponent=exponent,
        salt_key=secrets.token_bytes(SALT_KEY_BYTES),
        gateway=public_bytes(gateway),
        administrators={who: public_bytes(key) for who, key in administrators.items()},
    )


def found(engine: Engine, founding: Founding, now: datetime) -> Coalition:
    """Make the coalition in an empty database. Raises FoundingError where there is one."""
    with engine.begin() as connection:
        upgrade(connection)
        existing = load_coalition(connection)
        if existing is not None:
            message = (
                f"this database holds coalition {existing.coalition_id} already; "
                "give another --database-url or --data-dir"
            )
            raise FoundingError(message)
        coalition = Coalition(
            coalition_id=founding.coalition_id,
            operator=founding.operator,
            currency=founding.currency,
            exponent=founding.exponent,
            salt_key=founding.salt_key,
        )
        head = create(connection, coalition, now)
        open_first(connection, now)
        keys = _keys(founding, now)
        draft = Draft(
            kind="GENESIS",
            sender=founding.operator,
            facts=_facts(founding, keys, now),
            facts_parties=frozenset({EVERYONE}),
            directory=True,
        )
        append(connection, head, [place(coalition, head, draft, number=GENESIS, now=now)])
        write_all(connection, _changes(founding, keys))
    return coalition


def _facts(founding: Founding, keys: Iterable[Key], now: datetime) -> dict[str, object]:
    return {
        "coalition": founding.coalition_id,
        "operator": founding.operator,
        "currency": founding.currency,
        "exponent": str(founding.exponent),
        "founded_at": timestamp(now),
        "keys": [key_facts(key) for key in keys],
    }


def _keys(founding: Founding, now: datetime) -> list[Key]:
    owners = {GATEWAY: founding.gateway, **founding.administrators}
    return [approved_key(owner, public, founding.operator, now) for owner, public in owners.items()]


def approved_key(owner: str, public: bytes, registered_by: str, now: datetime) -> Key:
    """A key that is in force from now on."""
    return Key(
        keyid=key_id(public),
        owner=owner,
        public=public,
        state=KeyState.APPROVED,
        valid_from=now,
        valid_to=None,
        revoked_at=None,
        compromised_since=None,
        registered_by=registered_by,
    )


def _changes(founding: Founding, keys: Iterable[Key]) -> list[Change]:
    persons = frozenset({Role.ADMINISTRATOR, Role.RATE_ADMINISTRATOR, Role.SETTLEMENT_OPERATOR})
    principals = [
        Principal(
            founding.operator,
            PrincipalKind.OPERATOR,
            founding.name,
            frozenset({Role.PARTNER}),
        ),
        Principal(GATEWAY, PrincipalKind.GATEWAY, "The gateway itself", frozenset()),
        *(Principal(who, PrincipalKind.PERSON, who, persons) for who in founding.administrators),
    ]
    source = _OPERATOR_PROGRAMME.format(
        operator=founding.operator,
        name=founding.name,
        currency=founding.currency,
        exponent=founding.exponent,
    ).encode()
    definition = parse_definition(source)
    return [
        *(PrincipalAdded(principal, GENESIS) for principal in principals),
        *(KeyAdded(key, GENESIS) for key in keys),
        ProgrammePublished(
            number=GENESIS,
            programme=definition.programme,
            partner=founding.operator,
            valid_from=definition.valid_from,
            definition=source,
        ),
    ]


def rotate_gateway_key(
    connection: Connection,
    coalition: Coalition,
    public: bytes,
    now: datetime,
) -> Key:
    """Put a new key of the gateway in force, in the log; the old ones go on verifying."""
    head = read_head(connection, lock=True)
    directory = load_directory(connection, coalition)
    key = approved_key(GATEWAY, public, coalition.operator, now)
    if key.keyid in directory.keys:
        message = f"key {key.keyid} is registered already; make a new one"
        raise FoundingError(message)
    draft = Draft(
        kind="KEY",
        sender=coalition.operator,
        facts=key_facts(key),
        facts_parties=frozenset({EVERYONE}),
        directory=True,
    )
    append(connection, head, [place(coalition, head, draft, number=head.size, now=now)])
    write_all(connection, [KeyAdded(key, head.size)])
    return key
