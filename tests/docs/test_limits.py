"""The table of limits in docs/OPERATIONS.md has the values of the code."""

from datetime import timedelta

import pytest

from coalition.methods import METHODS, Kind
from docs.markdown import Row, page, sections
from docs.test_names import resolve

UNITS = {"": 1, "s": 1, "min": 60, "h": 3_600, "KiB": 1024, "MiB": 1024**2}
(LIMITS,) = (s for s in sections(page("docs/OPERATIONS.md")) if s.title == "Limits")


@pytest.mark.parametrize("limit", LIMITS.table("constant"), ids=lambda limit: limit["constant"])
def test_a_limit_is_the_one_of_the_code(limit: Row) -> None:
    found = resolve(limit["constant"].strip("`"))
    value = found.total_seconds() if isinstance(found, timedelta) else found
    number, _, unit = limit["value"].partition(" ")
    assert value == float(number.replace(",", "")) * UNITS[unit]


def test_lifetimes_are_those_of_the_contract() -> None:
    batch = {m.lifetime for m in METHODS.values() if m.short_name == "Accrual.AccrueBatch"}
    writes = {m.lifetime for m in METHODS.values() if m.kind is Kind.WRITE} - batch
    reads = {m.lifetime for m in METHODS.values() if m.kind is Kind.READ}
    hours, minutes, seconds = timedelta(hours=72), timedelta(minutes=10), timedelta(seconds=60)
    assert (writes, batch, reads) == ({minutes}, {hours}, {seconds})
    assert "10 minutes for a write, 72 hours for a batch, 60 seconds for a read" in LIMITS.text
