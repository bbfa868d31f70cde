"""What points are redeemed for, as data: awards, vouchers, and points that may be bought."""

from typing import Annotated

from pydantic import Field

from partners.programmes.forms import (
    Duration,
    Instant,
    Money,
    Name,
    Percentage,
    Points,
    Price,
    Slug,
    TierName,
)
from partners.programmes.table import DefinitionTable

MAX_AWARDS = 200
"""Awards of a catalogue. A shop with more of them sells vouchers here and goods there."""

MAX_PRICES = 20

Tiers = Annotated[tuple[TierName, ...], Field(strict=False, min_length=1)]


class AwardPrice(DefinitionTable):
    """What an award costs: points, or points and money."""

    points: Points
    """In major units of the programme's currency."""
    money: Price | None = None
    """Paid to the partner besides; absent: nothing."""
    tiers: Tiers | None = None
    """Tiers that have this price; absent: all of them."""


class Award(DefinitionTable):
    """Something to redeem points for."""

    award: Slug
    """Its id."""
    name: Name
    """For people."""
    prices: Annotated[
        tuple[AwardPrice, ...], Field(strict=False, min_length=1, max_length=MAX_PRICES)
    ]
    """What it costs. A member chooses among the prices of the own tier, where there are any,
    else among those for all."""
    tiers: Tiers | None = None
    """Tiers that may have it; absent: all of them."""
    stock: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """How many there are; absent: as many as are asked for."""
    reserved: Annotated[int, Field(ge=0, le=10**9)] = 0
    """How many of them are kept for members on the red list."""
    valid_from: Instant | None = None
    """From when on it may be had; absent: from the beginning."""
    valid_to: Instant | None = None
    """The instant at which it ends; absent: none."""
    voucher_holds: Duration | None = None
    """How long its voucher may be used; absent: for ever."""
    cancellable: Duration | None = None
    """How long an unused voucher may be given back for its points; absent: as long as it may be
    used."""


class EarnedVoucher(DefinitionTable):
    """A voucher that members get for what is counted of them."""

    voucher: Slug
    """Its id, among those of awards and vouchers."""
    name: Name
    """For people."""
    counter: Slug
    """The counter (keep = "sum") that brings it."""
    every: Points
    """Each time that the counter passes another so many."""
    tiers: Tiers | None = None
    """Tiers that get it; absent: all of them."""
    voucher_holds: Duration | None = None
    """How long it may be used; absent: for ever."""


class Buying(DefinitionTable):
    """Points that a member may buy when an award is just out of reach."""

    at_most: Percentage
    """Part of the award's points that may be bought at most."""
    currency: Money
    """Money in which they are paid."""
    price: Points
    """Major units of that money for one point, exactly; the amount is rounded up."""
