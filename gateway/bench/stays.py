"""What is sent: stays that earn points, a tier's bonus and miles, signed before the clock runs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coalition.methods import method
from coalition.requests import Signer
from coalition.v1 import accrual_pb2, common_pb2

ROOM_REVENUE_MINOR = 20_000
"""200.00 EUR: 2,000 points, 500 for the tier, 200 miles; the example of docs/ACCOUNTING.md."""

LINES = 5
"""Of one such stay: base, bonus, miles, their price and the operator's fee."""

ACCRUE = "Accrual.Accrue"
ACCRUE_BATCH = "Accrual.AccrueBatch"

_STARTED = timedelta(days=2)


class Stays:
    """Makes requests of one hotel; never the same stay twice."""

    def __init__(self, coalition: str, key: Ed25519PrivateKey, members: Sequence[str]) -> None:
        """Members are the hotel's numbers of those who take points and miles, used in turn."""
        self._signer = Signer.of(coalition, "hotel", key)
        self._members = members
        self._numbers = count()

    def single(self, requests: int) -> list[bytes]:
        """Envelopes of one stay each."""
        now = datetime.now(UTC)
        return [self._single(next(self._numbers), now) for _ in range(requests)]

    def batches(self, requests: int, items: int) -> list[bytes]:
        """Envelopes of so many stays each."""
        now = datetime.now(UTC)
        return [self._batch(items, now) for _ in range(requests)]

    def _single(self, number: int, now: datetime) -> bytes:
        found = method(ACCRUE)
        message = accrual_pb2.AccrueRequest(accrual=self._stay(number, now))
        payload = self._signer.payload(found, message, f"bench-{number}", now)
        return self._signer.envelope(found, payload).SerializeToString()

    def _batch(self, items: int, now: datetime) -> bytes:
        found = method(ACCRUE_BATCH)
        message = accrual_pb2.AccrueBatchRequest()
        for _ in range(items):
            number = next(self._numbers)
            item = self._stay(number, now)
            item.request_id = f"bench-{number}"
            message.items.append(item.SerializeToString())
        payload = self._signer.payload(found, message, f"bench-batch-{next(self._numbers)}", now)
        return self._signer.envelope(found, payload).SerializeToString()

    def _stay(self, number: int, now: datetime) -> accrual_pb2.AccrualItem:
        key = common_pb2.ActivityKey(
            supplier="hotel", kind="STAY", reference=f"H1/{number:09d}/1", revision=1
        )
        spend = accrual_pb2.Spend(
            category="ROOM", amount=common_pb2.Amount(currency="EUR", minor=ROOM_REVENUE_MINOR)
        )
        nights = accrual_pb2.Quantity(unit="NIGHT", count=2)
        activity = accrual_pb2.Activity(key=key, spend=[spend], quantities=[nights])
        activity.started_at.FromDatetime(now - _STARTED)
        member = self._members[number % len(self._members)]
        membership = common_pb2.MembershipRef(programme="hotel", member_number=member)
        return accrual_pb2.AccrualItem(membership=membership, activity=activity)
