"""Whether a key may sign and a request is alive, at the instant at which it was received."""

from datetime import datetime, timedelta
from typing import Protocol

from partners.directory import Key, KeyState
from partners.refusals import Reason, Refused
from settlement.ledger.entries import timestamp

CLOCK_SKEW = timedelta(seconds=60)
"""How far a sender's clock may run ahead of ours; hosts that keep time by NTP stay far below."""


class Timed(Protocol):
    """Something signed, with its own times and that of its arrival."""

    @property
    def created(self) -> datetime:
        """When its sender made it."""

    @property
    def expires(self) -> datetime:
        """From when on it is refused."""

    @property
    def longest(self) -> timedelta:
        """How long such a request may live."""

    @property
    def received_at(self) -> datetime:
        """When it came."""


def require_not_revoked(key: Key) -> None:
    """A revoked key gets no answer at all, not even to a request that it made before."""
    if key.state is KeyState.REVOKED:
        raise Refused(
            Reason.KEY_REVOKED,
            "the key was revoked; sign with another one",
            {"keyid": key.keyid},
        )


def require_alive(key: Key, signed: Timed) -> None:
    """The key may sign new requests; this one lives now, and not longer than it may."""
    require_not_revoked(key)
    if not key.active(signed.received_at):
        raise Refused(
            Reason.KEY_NOT_ACTIVE,
            "the key is not approved, not valid yet, or no longer valid",
            {"keyid": key.keyid, "state": key.state},
        )
    _require_lifetime(signed)
    if signed.created > signed.received_at + CLOCK_SKEW:
        raise Refused(
            Reason.EXPIRED,
            f"the request was made at {timestamp(signed.created)}, in the future; set your clock",
            {"created": timestamp(signed.created)},
        )
    if signed.received_at >= signed.expires:
        raise Refused(
            Reason.EXPIRED,
            f"the request expired at {timestamp(signed.expires)}; sign a new one",
            {"expires": timestamp(signed.expires)},
        )


def _require_lifetime(signed: Timed) -> None:
    lifetime = signed.expires - signed.created
    if not timedelta(0) < lifetime <= signed.longest:
        raise Refused(
            Reason.EXPIRED,
            f"the request lives for {lifetime.total_seconds():.6g} seconds; above 0 and at most "
            f"{signed.longest.total_seconds():.0f} are allowed",
            {"longest_seconds": f"{signed.longest.total_seconds():.0f}"},
        )
