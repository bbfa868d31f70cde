"""Entries and lines as values, and the exact bytes that are hashed of them.

The bytes are specified in proto/SIGNING.md. A line is committed to by a salted digest, so a
participant can be shown its own lines and still rebuild the leaf without seeing the others'.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from settlement.ledger.accounts import Account
from settlement.ledger.amounts import INT64_MAX, checked
from settlement.ledger.tree import leaf_hash
from settlement.ledger.values import once, value

EVERYONE = "*"
"""Stands in a feed for all participants: what is not confidential, such as a rate."""

ENTRY_VERSION = "1"
SALT_BYTES = 16
FACTS_TAG = 0xFFFFFFFF
"""Place of the facts in the derivation of salts, where a line has its index."""


LINE_PREFIX = b"\x02"
FACTS_PREFIX = b"\x03"
LINES_ROOT_PREFIX = b"\x04"

CACHED_KEYS = 16
"""A process serves one coalition; a key is scheduled once, and not for each of its salts."""

CACHED_INSTANTS = 4_096
"""Of entries of one batch the instant is the same; activities begin at the same hours."""

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode
_text = json.encoder.encode_basestring_ascii


def canonical(value: Mapping[str, object]) -> bytes:
    """JSON with sorted keys, no white space, ASCII only: the form of all hashed bytes."""
    return _encode(value).encode("ascii")


def timestamp(instant: datetime) -> str:
    """An instant as hashed bytes have it: UTC, microseconds, Z."""
    return _utc_text(instant.astimezone(UTC))


@lru_cache(maxsize=CACHED_INSTANTS)
def _utc_text(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def price_text(price: Fraction) -> str:
    """A price as hashed bytes have it: numerator/denominator in lowest terms."""
    return f"{price.numerator}/{price.denominator}"


@dataclass(frozen=True, slots=True)
class Coalition:
    """What every hashed byte of a coalition depends on."""

    coalition_id: str
    operator: str
    currency: str
    exponent: int
    salt_key: bytes

    def salt(self, number: int, tag: int) -> bytes:
        """The salt of one line's digest, or of the facts' (FACTS_TAG)."""
        mac = _keyed(self.salt_key).copy()
        mac.update(number.to_bytes(8) + tag.to_bytes(4))
        return mac.finalize()[:SALT_BYTES]


@lru_cache(maxsize=CACHED_KEYS)
def _keyed(salt_key: bytes) -> HMAC:
    return HMAC(salt_key, SHA256())


@value
class Line:
    """One movement: an amount of one currency from the debit to the credit account.

    `parties` are the participants that are shown it. `price` is in shared minor units per
    minor unit of points; `terms` is the number of the entry whose version priced it.
    Raises ValueError where the accounts are the same or not of the line's currency.
    """

    kind: str
    amount: int
    debit: Account
    credit: Account
    parties: frozenset[str]
    funder: str | None = None
    price: Fraction | None = None
    rule: str | None = None
    terms: int | None = None

    def __post_init__(self) -> None:
        """Refuse what could never balance."""
        if not 0 < self.amount <= INT64_MAX:
            message = f"a line moves a positive amount, not {checked(self.amount)}"
            raise ValueError(message)
        if self.debit.currency != self.credit.currency or self.debit.code == self.credit.code:
            message = f"a line needs two accounts of one currency: {self.debit}, {self.credit}"
            raise ValueError(message)

    @property
    def currency(self) -> str:
        """Currency of the amount and of both accounts."""
        return self.debit.currency


def line_bytes(  # noqa: PLR0913 - the fields of the hashed bytes, one by one
    *,
    kind: str,
    currency: str,
    amount: int,
    debit: str,
    credit: str,
    funder: str | None,
    price: str | None,
    rule: str | None,
    terms: int | None,
) -> bytes:
    """The exact bytes of a line: its canonical form, written out since lines are many."""
    return (
        f'{{"amount":"{amount}","credit":{_text(credit)},"currency":{_text(currency)},'
        f'"debit":{_text(debit)},"funder":{_optional(funder)},"kind":{_text(kind)},'
        f'"price":{_optional(price)},"rule":{_optional(rule)},"terms":{_number(terms)}}}'
    ).encode("ascii")


def _optional(value: str | None) -> str:
    return "null" if value is None else _text(value)


def _number(value: int | None) -> str:
    return "null" if value is None else f'"{value}"'


def line_digest(salt: bytes, line: bytes) -> bytes:
    """The commitment to a line."""
    return hashlib.sha256(LINE_PREFIX + salt + line).digest()


def facts_digest(salt: bytes, facts: bytes) -> bytes:
    """The commitment to the facts of an entry."""
    return hashlib.sha256(FACTS_PREFIX + salt + facts).digest()


def lines_root(digests: Sequence[bytes]) -> bytes:
    """The commitment of an entry to all of its lines, in order."""
    return hashlib.sha256(LINES_ROOT_PREFIX + b"".join(digests)).digest()


@value
class Draft:
    """An accepted event before it has its number.

    `facts` say what happened, as text and nested text; `facts_parties` may see them.
    `business` entries belong to the open window; administration and settlement do not.
    `directory` entries change what later requests are judged by.
    """

    kind: str
    sender: str
    facts: Mapping[str, object]
    facts_parties: frozenset[str]
    lines: tuple[Line, ...] = ()
    request_sha256: bytes | None = None
    corrects: int | None = None
    business: bool = False
    directory: bool = False


@dataclass(frozen=True)
class Entry:
    """An entry with its place in the log; the bytes follow from it."""

    coalition: Coalition
    draft: Draft
    number: int
    accepted_at: datetime
    window: int | None

    @once
    def facts_bytes(self) -> bytes:
        """The exact bytes of the facts."""
        return canonical(self.draft.facts)

    @once
    def facts_salt(self) -> bytes:
        """The salt of the facts' digest."""
        return self.coalition.salt(self.number, FACTS_TAG)

    @once
    def line_bytes(self) -> tuple[bytes, ...]:
        """The exact bytes of every line, in order."""
        return tuple(
            [
                line_bytes(
                    kind=line.kind,
                    currency=line.debit.currency,
                    amount=line.amount,
                    debit=line.debit.code,
                    credit=line.credit.code,
                    funder=line.funder,
                    price=None if line.price is None else price_text(line.price),
                    rule=line.rule,
                    terms=line.terms,
                )
                for line in self.draft.lines
            ]
        )

    @once
    def salts(self) -> tuple[bytes, ...]:
        """The salt of every line's digest, in order."""
        salt, number = self.coalition.salt, self.number
        return tuple([salt(number, index) for index in range(len(self.draft.lines))])

    @once
    def digests(self) -> tuple[bytes, ...]:
        """The digest of every line, in order."""
        return tuple(map(line_digest, self.salts, self.line_bytes))

    @once
    def entry_bytes(self) -> bytes:
        """The exact bytes of the entry: its canonical form, written out."""
        draft = self.draft
        request = None if draft.request_sha256 is None else draft.request_sha256.hex()
        return (
            f'{{"accepted_at":"{timestamp(self.accepted_at)}",'
            f'"coalition":{_text(self.coalition.coalition_id)},'
            f'"corrects":{_number(draft.corrects)},'
            f'"facts":"{facts_digest(self.facts_salt, self.facts_bytes).hex()}",'
            f'"kind":{_text(draft.kind)},"lines":"{len(draft.lines)}",'
            f'"lines_root":"{lines_root(self.digests).hex()}","number":"{self.number}",'
            f'"request":{_optional(request)},"sender":{_text(draft.sender)},'
            f'"version":"{ENTRY_VERSION}","window":{_number(self.window)}}}'
        ).encode("ascii")

    @once
    def leaf(self) -> bytes:
        """The entry's leaf of the hash tree."""
        return leaf_hash(self.entry_bytes)
