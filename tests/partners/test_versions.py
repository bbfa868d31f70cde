"""Which version of a programme holds at an instant, whatever the order in which they begin."""

from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from partners.directory import Programme, ProgrammeVersion

BERLIN = ZoneInfo("Europe/Berlin")


def programme(*begins: datetime) -> Programme:
    """Versions in the order in which they were published."""
    versions = (ProgrammeVersion(n, at, cast("Any", None), b"") for n, at in enumerate(begins, 1))
    return Programme("hotel", "hotel", tuple(versions), None)


def of_year(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("begins", "instant", "expected"),
    [
        ((2026,), of_year(2025), None),
        ((2026,), of_year(2026), 1),
        ((2026, 2028), of_year(2027), 1),
        ((2026, 2028), of_year(2028), 2),
        ((2026, 2028, 2027), datetime(2026, 6, 1, tzinfo=UTC), 1),
        ((2026, 2028, 2027), of_year(2027), 3),
        ((2026, 2028, 2027), of_year(2028), 3),
        ((2026, 2028, 2027, 2027), of_year(2029), 4),
        ((2026,), datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC), None),
        ((2026,), datetime(2025, 12, 31, 23, tzinfo=UTC), 1),
    ],
)
def test_the_version_published_last_of_those_that_have_begun(
    begins: tuple[int, ...], instant: datetime, expected: int | None
) -> None:
    found = programme(*map(of_year, begins)).version_at(instant)
    assert (None if found is None else found.number) == expected
