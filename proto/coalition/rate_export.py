"""Exports the rate book: from the gateway's answer to the form in which its entries are signed.

An exported version can so be compared with its signed entry, field by field.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from coalition.rate_book import BOOK_VERSION
from coalition.v1 import common_pb2, rates_pb2

Read = Callable[[Any, str], object]
"""What facts say of a field of a message."""


def export(coalition: str, book: rates_pb2.RateBook) -> dict[str, object]:
    """The whole book as JSON: versions by number, with the number of their signed entries."""
    return {
        "version": BOOK_VERSION,
        "coalition": coalition,
        "versions": [_version(each) for each in book.versions],
    }


def write_book(path: Path, book: Mapping[str, object]) -> None:
    """An exported rate book, for people and machines."""
    path.write_text(json.dumps(book, indent=2) + "\n", encoding="utf-8")


def _version(version: rates_pb2.BookVersion) -> dict[str, object]:
    change = version.change
    field = change.WhichOneof("change")
    kind, reads = _KINDS[str(field)]
    return {
        "version": str(version.version),
        "proposal": str(version.proposal),
        "kind": kind,
        **_read(getattr(change, str(field)), reads),
        "effective_from": _instant(change.effective_from),
        "effective_to": _instant(change.effective_to) if change.HasField("effective_to") else None,
        "approved_at": _instant(version.approved_at),
        "withdrawn": str(version.withdrawn) if version.withdrawn else None,
    }


def _read(message: Any, reads: Mapping[str, Read]) -> dict[str, object]:  # noqa: ANN401 - any terms
    return {name: read(message, name) for name, read in reads.items()}


def _as_is(message: Any, name: str) -> object:  # noqa: ANN401
    return getattr(message, name)


def _number(message: Any, name: str) -> str:  # noqa: ANN401
    return str(getattr(message, name))


def _one_or_more(message: Any, name: str) -> str:  # noqa: ANN401
    return str(getattr(message, name) or 1)


def _limit(message: Any, name: str) -> str | None:  # noqa: ANN401
    """0 on the wire is no limit."""
    return str(getattr(message, name)) if getattr(message, name) else None


def _fraction(message: Any, name: str) -> str:  # noqa: ANN401
    value: common_pb2.Fraction = getattr(message, name)
    return f"{value.numerator}/{value.denominator or 1}"


def _optional_fraction(message: Any, name: str) -> str | None:  # noqa: ANN401
    return _fraction(message, name) if message.HasField(name) else None


def _bonuses(message: rates_pb2.PairTerms, name: str) -> list[dict[str, object]]:
    del name
    return [
        {
            "every_minor": str(step.every_source_minor),
            "bonus_minor": str(step.bonus_target_minor),
            "funder": step.funder,
        }
        for step in message.bonuses
    ]


def _money_fee(message: rates_pb2.PairTerms, name: str) -> dict[str, object] | None:
    if not message.HasField("fee"):
        return None
    reads: Mapping[str, Read] = {
        "currency": _as_is,
        "per_source_minor": _fraction,
        "cap_minor": _limit,
    }
    return _read(getattr(message, name), reads)


def _caps(message: rates_pb2.PairTerms, name: str) -> dict[str, object]:
    caps = getattr(message, name)
    return {field: _limit(caps, field) for field in caps.DESCRIPTOR.fields_by_name}


def _percents(message: rates_pb2.Limits, name: str) -> list[str]:
    return [str(each) for each in getattr(message, name)]


_KINDS: Mapping[str, tuple[str, Mapping[str, Read]]] = {
    "rate": (
        "RATE",
        {
            "programme": _as_is,
            "rate_in": _optional_fraction,
            "cost_out": _optional_fraction,
            "fee": _fraction,
            "spread": _fraction,
        },
    ),
    "pair": (
        "PAIR",
        {
            "source": _as_is,
            "target": _as_is,
            "offer": _as_is,
            "ratio": _fraction,
            "settlement_price": _fraction,
            "minimum_minor": _one_or_more,
            "increment_minor": _one_or_more,
            "bonuses": _bonuses,
            "fee": _money_fee,
            "caps": _caps,
            "once_per_member": _as_is,
            "shortfall_funder": _as_is,
        },
    ),
    "money_value": ("MONEY_VALUE", {"currency": _as_is, "per_shared_minor": _fraction}),
    "guard_rails": (
        "GUARD_RAILS",
        {"largest_change": _optional_fraction, "notice_seconds": _number},
    ),
    "limits": (
        "LIMITS",
        {
            "participant": _as_is,
            "net_debit_cap_minor": _number,
            "prefunded_minor": _number,
            "reserve_minor": _number,
            "alert_percents": _percents,
        },
    ),
    "safeguards": (
        "SAFEGUARDS",
        {
            "programme": _as_is,
            "ceiling_minor": _limit,
            "minimum_minor": _one_or_more,
            "daily_count": _limit,
            "daily_minor": _limit,
            "link_cooling_seconds": _number,
            "earned_cooling_seconds": _number,
        },
    ),
    "resumption": ("RESUMPTION", {"source": _as_is, "target": _as_is}),
}
"""By field of the contract: the kind in facts, and how each of its fields is read."""


def _instant(value: Timestamp) -> str:
    at = value.ToDatetime()
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}Z"
