"""Values on the wire: instants as protobuf itself would have them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.translation.values import timestamp

INSTANTS = {
    "the epoch": datetime(1970, 1, 1, tzinfo=UTC),
    "a microsecond before it": datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    "the first": datetime(1, 1, 1, tzinfo=UTC),
    "the last": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    "a leap day": datetime(2028, 2, 29, 12, 0, 0, 1, tzinfo=UTC),
    "of another offset": datetime(2026, 3, 2, 1, 30, tzinfo=timezone(timedelta(hours=5.5))),
}


@pytest.mark.parametrize("instant", INSTANTS.values(), ids=INSTANTS)
def test_an_instant_is_what_protobuf_makes_of_it(instant: datetime) -> None:
    expected = Timestamp()
    expected.FromDatetime(instant)
    assert timestamp(instant) == expected


def test_no_instant_stays_absent() -> None:
    assert timestamp(None) is None
