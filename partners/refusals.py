"""The closed list of reasons, and the one exception that carries them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partners.changes import Change


class _Named(StrEnum):
    @staticmethod
    def _generate_next_value_(name: str, *_: object) -> str:
        return name


class Reason(_Named):
    """Why a request was refused, in order of precedence.

    The same names as `Reason` in proto/coalition/v1/errors.proto, where each is explained.
    """

    TOO_LARGE = auto()
    MALFORMED_ENVELOPE = auto()
    UNKNOWN_KEY = auto()
    BAD_SIGNATURE = auto()
    WRONG_PAYLOAD_TYPE = auto()
    MALFORMED_PAYLOAD = auto()
    UNKNOWN_FIELDS = auto()
    MALFORMED_HEADER = auto()
    WRONG_SENDER = auto()
    WRONG_METHOD = auto()
    WRONG_AUDIENCE = auto()
    KEY_REVOKED = auto()
    REQUEST_ID_REUSED = auto()
    KEY_NOT_ACTIVE = auto()
    EXPIRED = auto()
    NOT_AUTHORIZED = auto()
    INVALID_ARGUMENT = auto()
    ERASED = auto()
    UNKNOWN_PARTICIPANT = auto()
    UNKNOWN_PROGRAMME = auto()
    PROGRAMME_CLOSED = auto()
    UNKNOWN_CURRENCY = auto()
    UNKNOWN_MEMBERSHIP = auto()
    MEMBERSHIP_NOT_ACTIVE = auto()
    BLOCKED = auto()
    MEMBERSHIP_EXISTS = auto()
    UNKNOWN_TIER = auto()
    NOT_INVITED = auto()
    WRONG_PRICE = auto()
    NOT_MATCHED = auto()
    UNKNOWN_RULE = auto()
    BAD_LINK_CODE = auto()
    LINK_EXISTS = auto()
    NOT_LINKED = auto()
    UNKNOWN_MERGE = auto()
    DUPLICATE_ACTIVITY = auto()
    REVISION_OUT_OF_ORDER = auto()
    UNKNOWN_ACTIVITY = auto()
    ALREADY_REVERSED = auto()
    EXCEEDS_REMAINDER = auto()
    IMPLAUSIBLE = auto()
    EXCLUSIVE = auto()
    NO_AGREEMENT = auto()
    UNKNOWN_AGREEMENT = auto()
    AGREEMENT_STATE = auto()
    CAP_EXCEEDED = auto()
    NO_RATE = auto()
    NOT_CONVERTIBLE = auto()
    PAIR_STOPPED = auto()
    UNKNOWN_OFFER = auto()
    OFFER_USED = auto()
    BELOW_MINIMUM = auto()
    NOT_AN_INCREMENT = auto()
    AMOUNT_TOO_SMALL = auto()
    MIN_OUT_NOT_MET = auto()
    CONVERSION_CAP_EXCEEDED = auto()
    VELOCITY_EXCEEDED = auto()
    COOLING_OFF = auto()
    UNKNOWN_QUOTE = auto()
    QUOTE_USED = auto()
    QUOTE_SUPERSEDED = auto()
    QUOTE_EXPIRED = auto()
    QUOTE_VOIDED = auto()
    BAD_AUTHORIZATION = auto()
    HOLD_REQUIRED = auto()
    UNKNOWN_HOLD = auto()
    HOLD_CAPTURED = auto()
    HOLD_VOIDED = auto()
    HOLD_EXPIRED = auto()
    EXCEEDS_HOLD = auto()
    UNKNOWN_CONVERSION = auto()
    ALREADY_DELIVERED = auto()
    POINTS_HELD = auto()
    NOT_ERASABLE = auto()
    UNKNOWN_AWARD = auto()
    AWARD_UNAVAILABLE = auto()
    UNKNOWN_VOUCHER = auto()
    VOUCHER_STATE = auto()
    SHORTFALL_TOO_LARGE = auto()
    INSUFFICIENT_BALANCE = auto()
    LIMIT_EXCEEDED = auto()
    OVERFLOW = auto()
    ALREADY_EXISTS = auto()
    BAD_DEFINITION = auto()
    RETROACTIVE = auto()
    UNKNOWN_PROPOSAL = auto()
    MONEY_MACHINE = auto()
    NOT_PROVEN = auto()
    UNFUNDED = auto()
    UNKNOWN_BREAK = auto()
    BREAK_STATE = auto()
    SAME_PERSON = auto()
    UNKNOWN_SETTLEMENT = auto()
    SETTLEMENT_STATE = auto()
    UNKNOWN_PAYMENT = auto()
    PAYMENT_STATE = auto()
    WRONG_AMOUNT = auto()
    BAD_KEY = auto()
    NOT_FOUND = auto()
    UNKNOWN_TREE_SIZE = auto()
    WINDOW_OPEN = auto()
    RECORD_INCOMPLETE = auto()
    TOO_MANY_DIFFERENCES = auto()
    OVERLOADED = auto()
    UNAVAILABLE = auto()


_RULES_BEGIN = list(Reason).index(Reason.ERASED)
_RULES_END = list(Reason).index(Reason.BAD_KEY)

STORED = frozenset(list(Reason)[_RULES_BEGIN : _RULES_END + 1])
"""Reasons of the rules stage: the refusal is stored and signed, and stays a refusal."""


MAX_MESSAGE_BYTES = 1_800
"""Of a message on the wire. It stands there three times (twice in the status, once in the signed
refusal), and what gRPC takes for metadata is 8 KiB in all; beyond it clients drop the answer."""

MAX_METADATA_BYTES = 200


def shortened(words: str, longest: int) -> str:
    """Words cut to so many bytes as gRPC writes them: three for each that is not plain ASCII."""
    used = 0
    for index, character in enumerate(words):
        used += 1 if " " <= character <= "~" else 3 * len(character.encode())
        if used > longest:
            return words[:index] + "..."
    return words


@dataclass(frozen=True, slots=True)
class Violation:
    """A field of a request and what is wrong with it."""

    field: str
    problem: str


@dataclass
class Refused(Exception):
    """A request that is not carried out. Raising it stops the work.

    `message` says what is wrong and what to do; `metadata` the same for machines. `changes`
    are what the refusal itself leaves behind, such as a used try of a code.
    """

    reason: Reason
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    changes: "tuple[Change, ...]" = ()

    def __post_init__(self) -> None:
        """Cut what would not fit into a status."""
        self.message = shortened(self.message, MAX_MESSAGE_BYTES)
        self.metadata = {
            name: shortened(value, MAX_METADATA_BYTES) for name, value in self.metadata.items()
        }

    def __str__(self) -> str:
        """Reason and message."""
        return f"{self.reason}: {self.message}"


def invalid(field_name: str, problem: str) -> Refused:
    """A refusal because of one field's form or range."""
    return Refused(
        Reason.INVALID_ARGUMENT,
        f"{field_name}: {problem}",
        {"field": field_name},
        (Violation(field_name, problem),),
    )
