"""What happens in a history: requests, and what befalls those who carry them out.

Whatever refers to something earlier names the request that made it, so that a history from which
others were taken out still says the same.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto
from fractions import Fraction

NOTHING = 10**9
"""Number of what there never was."""


@dataclass(frozen=True)
class Key:
    """Natural key of an activity."""

    supplier: str
    kind: str
    reference: str
    revision: int = 1


@dataclass(frozen=True)
class Stated:
    """Points that a reporter states, in minor units."""

    programme: str
    reason: str
    points: int


@dataclass(frozen=True)
class Accrue:
    """An activity of a person in a programme; `spend` in cents of USD."""

    sender: str
    programme: str
    person: int
    key: Key
    spend: int = 0
    stated: tuple[Stated, ...] = ()
    future: bool = False


@dataclass(frozen=True)
class AccrueMany:
    """A batch of activities in one envelope; each is a request with an id of its own."""

    sender: str
    items: tuple["Ask", ...]


@dataclass(frozen=True)
class Reverse:
    """Take back an activity, or the part of it."""

    sender: str
    key: Key
    part: Fraction | None = None


@dataclass(frozen=True)
class Quote:
    """Ask what an amount of the source gives."""

    sender: str
    source: str
    target: str
    person: int
    to_person: int
    amount: int
    least: int = 0


@dataclass(frozen=True)
class Convert:
    """Execute a quote; `hold` is the reference of the source partner's own."""

    sender: str
    quote: int
    hold: str = ""


@dataclass(frozen=True)
class Hold:
    """Hold shared currency for a merchant, or spend it at once."""

    sender: str
    person: int
    merchant: str
    amount: int
    minutes: int
    capture: bool = False
    expires: datetime | None = None
    """When it ends, once it is known when it was asked for."""


@dataclass(frozen=True)
class Capture:
    """Take what is held, or part of it."""

    sender: str
    hold: int
    amount: int


@dataclass(frozen=True)
class Void:
    """Give up a hold."""

    sender: str
    hold: int


@dataclass(frozen=True)
class Refund:
    """Give back of what was captured."""

    sender: str
    hold: int
    amount: int


@dataclass(frozen=True)
class Redeem:
    """An award for so many points."""

    sender: str
    programme: str
    person: int
    points: int


@dataclass(frozen=True)
class Confirm:
    """The wallet says what it credited: what it was told, or off by something."""

    sender: str
    conversion: int
    off: int = 0
    reference: str = "first"
    amount: int = 0
    """What it says, once it is known what it was told."""


@dataclass(frozen=True)
class Decline:
    """The wallet says that it cannot credit a conversion."""

    sender: str
    conversion: int


@dataclass(frozen=True)
class Pay:
    """A payee confirms the payment of a place in a settlement's list, or somebody else does."""

    settlement: int
    place: int
    off: int = 0
    by_payer: bool = False
    sender: str = ""
    payer: str = ""
    payee: str = ""
    amount: int = 0


@dataclass(frozen=True)
class Abort:
    """Somebody proposes to undo a settlement, with companies set apart."""

    sender: str
    settlement: int
    apart: tuple[str, ...] = ()


@dataclass(frozen=True)
class Approve:
    """Somebody approves that a settlement is undone."""

    sender: str
    proposal: int
    settlement: int = 1
    """Which one, once it is known what was proposed."""


Action = (
    Accrue
    | AccrueMany
    | Reverse
    | Quote
    | Convert
    | Hold
    | Capture
    | Void
    | Refund
    | Redeem
    | Confirm
    | Decline
    | Pay
    | Abort
    | Approve
)


@dataclass(frozen=True)
class Ask:
    """A new request; its id follows from its name."""

    name: int
    action: Action


@dataclass(frozen=True)
class Again:
    """The bytes of an earlier request once more."""

    name: int


@dataclass(frozen=True)
class Otherwise:
    """Something else under the id of an earlier request."""

    name: int
    action: Action


Call = Ask | Again | Otherwise


class Fault(StrEnum):
    """What befalls a batch."""

    NONE = auto()
    CUT = auto()
    """The connection is lost at a statement; the writer tries again."""
    LOST_BEFORE_COMMIT = auto()
    LOST_AFTER_COMMIT = auto()
    """The commit came through, and nobody was told."""
    UNREACHABLE = auto()
    """The connection is lost, and again at the second try."""
    CRASH_BEFORE_COMMIT = auto()
    CRASH_AFTER_COMMIT = auto()
    """The process is gone before it answers."""
    TAKEN_OVER = auto()
    """Another writer has its turn while this one's connection is lost, before it comes back."""
    WAITED_FOR = auto()
    """Another writer begins meanwhile, and waits for the end of this one."""


@dataclass(frozen=True)
class Batch:
    """Requests that a writer decides at once; `then` are the other's, where that takes part."""

    calls: tuple[Call, ...]
    writer: int = 0
    fault: Fault = Fault.NONE
    at: int = 0
    """Which statement of the transaction is the fatal one."""
    then: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Tick:
    """The gateway's clock moves, by minutes; also backwards."""

    minutes: int


@dataclass(frozen=True)
class Settle:
    """The night; `dies_in` is the stage in which it is killed, before or after its work."""

    dies_in: str = ""
    late: bool = False


@dataclass(frozen=True)
class Due:
    """What is due by time is ended."""


@dataclass(frozen=True)
class Reprice:
    """A programme's rate changes, from now on; `draw` says to which of those there are."""

    programme: str
    draw: int


@dataclass(frozen=True)
class Restart:
    """A gateway process is started anew."""

    writer: int


Step = Batch | Tick | Settle | Due | Reprice | Restart
History = tuple[Step, ...]
