"""Activities that cannot have happened like that are refused by field, found and allowed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from partners.activities import (
    CLOCK_SKEW,
    Activity,
    ActivityKey,
    Implausible,
    Quantity,
    Spend,
    StatedLeg,
    require_plausible,
    require_plausible_points,
)
from partners.programmes.money import UnknownMoney

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def activity(
    kind: str = "STAY",
    started_at: datetime = NOW - 3 * DAY,
    ended_at: datetime | None = NOW - DAY,
    spend: tuple[Spend, ...] = (),
    quantities: tuple[Quantity, ...] = (),
) -> Activity:
    """A stay of two nights until yesterday, unless told otherwise."""
    return Activity(
        ActivityKey("hotel-h", kind, "folio-1"), started_at, ended_at, spend, quantities
    )


@pytest.mark.parametrize(
    "what",
    [
        activity(),
        activity(spend=(Spend("ROOM", "EUR", 281_250),), quantities=(Quantity("NIGHT", 46),)),
        activity("FLIGHT", ended_at=None, quantities=(Quantity("MILE", 9_537),)),
        activity("CARD_SPEND", NOW, None, (Spend("CARD", "EUR", 1),)),
        activity("CARD_SPEND", NOW + CLOCK_SKEW, NOW + CLOCK_SKEW),
        activity(ended_at=NOW),
        activity(started_at=NOW - 367 * DAY),
        activity("CAR_HIRE", spend=(Spend("CAR", "IDR", 100_000_000_00),)),
        activity(spend=(Spend("ROOM", "VND", 90_000_000),)),
        activity(spend=(Spend("ROOM", "EUR", 0),), quantities=(Quantity("NIGHT", 0),)),
        activity(started_at=NOW.astimezone(timezone(timedelta(hours=8))), ended_at=None),
    ],
)
def test_what_can_have_happened_passes(what: Activity) -> None:
    require_plausible(what, NOW)


@pytest.mark.parametrize(
    ("what", "field", "allowed"),
    [
        (activity(started_at=NOW + DAY, ended_at=None), "started_at", "up to now"),
        (activity(ended_at=NOW + DAY), "ended_at", "when it has happened"),
        (activity("FLIGHT", ended_at=NOW + timedelta(hours=1)), "ended_at", "up to now"),
        (activity(ended_at=NOW - 4 * DAY), "ended_at", "from its start on"),
        (activity("FLIGHT", NOW - 5 * DAY), "ended_at", "at most 3 days for a FLIGHT"),
        (activity(started_at=NOW - 400 * DAY), "ended_at", "at most 366 days"),
        (
            activity(spend=(Spend("ROOM", "EUR", 20_000_001),)),
            "spend.EUR",
            "at most 200000.00 EUR for a STAY",
        ),
        (
            activity(spend=(Spend("ROOM", "EUR", 19_000_000), Spend("FOOD", "EUR", 1_000_001))),
            "spend.EUR",
            "at most 200000.00 EUR",
        ),
        (activity(spend=(Spend("ROOM", "JPY", 20_000_001),)), "spend.JPY", "at most 20000000 JPY"),
        (activity("FLIGHT", ended_at=None, spend=(Spend("FARE", "KWD", 50_000_001),)), "spend.KWD",
         "at most 50000.000 KWD"),
        (activity("BANQUET", spend=(Spend("FOOD", "EUR", 100_000_001),)), "spend.EUR",
         "at most 1000000.00 EUR for a BANQUET"),
        (activity(spend=(Spend("ROOM", "EUR", 2**63 - 1),)), "spend.EUR", "at most"),
        (activity(spend=(Spend("ROOM", "EUR", -1),)), "spend.EUR", "zero or more"),
        (activity(quantities=(Quantity("NIGHT", 367),)), "quantities.NIGHT", "at most 366"),
        (activity(quantities=(Quantity("NIGHT", 300), Quantity("NIGHT", 100))), "quantities.NIGHT",
         "at most 366"),
        (activity(quantities=(Quantity("MILE", 25_001),)), "quantities.MILE", "at most 25000"),
        (activity(quantities=(Quantity("LITRE", 1_000_001),)), "quantities.LITRE", "at most"),
        (activity(quantities=(Quantity("NIGHT", -1),)), "quantities.NIGHT", "zero or more"),
    ],
)  # fmt: skip
def test_what_cannot_have_happened_is_refused(what: Activity, field: str, allowed: str) -> None:
    with pytest.raises(Implausible) as refused:
        require_plausible(what, NOW)
    assert refused.value.field == field
    assert allowed in refused.value.allowed
    assert refused.value.found in str(refused.value)


@pytest.mark.parametrize("currency", ["H-POINTS", "XAU", "eur", "DEM"])
def test_spend_is_money(currency: str) -> None:
    with pytest.raises(UnknownMoney, match="ISO 4217"):
        require_plausible(activity(spend=(Spend("ROOM", currency, 1),)), NOW)


@pytest.mark.parametrize("points", [1, 100_000_000_00])
def test_stated_points_pass(points: int) -> None:
    require_plausible_points([StatedLeg("hotel-h", "BASE", points)], {"hotel-h": 2})


@pytest.mark.parametrize("points", [0, -1, 100_000_000_01, 2**63 - 1])
def test_absurd_stated_points_are_refused(points: int) -> None:
    with pytest.raises(Implausible, match=r"stated\.hotel-h\.BASE"):
        require_plausible_points([StatedLeg("hotel-h", "BASE", points)], {"hotel-h": 2})
