"""What to do about a refusal, by its reason: for people who did not write the contract."""

from collections.abc import Mapping
from types import MappingProxyType

_AGAIN = "then send the rejected rows again: --only {rejects} --attempt {attempt}"

_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "REQUEST_ID_REUSED": "this row was sent before with other content; if that did not count, "
        "send it with --attempt {attempt}, else reverse it and send a new revision",
        "INVALID_ARGUMENT": "correct the row or the mapping, and send the file again",
        "UNKNOWN_PARTICIPANT": f"correct the supplier in the mapping, {_AGAIN}",
        "UNKNOWN_PROGRAMME": f"publish the programme, or correct the mapping, {_AGAIN}",
        "UNKNOWN_CURRENCY": f"correct the currency in the mapping, {_AGAIN}",
        "UNKNOWN_MEMBERSHIP": f"enrol the member, {_AGAIN}",
        "MEMBERSHIP_NOT_ACTIVE": f"make the membership active, {_AGAIN}",
        "DUPLICATE_ACTIVITY": "it counted before, so there is nothing to do; to correct it, "
        "reverse it and send a new revision",
        "REVISION_OUT_OF_ORDER": f"reverse the revision before it, {_AGAIN}",
        "IMPLAUSIBLE": f"check amounts (minor units?) and dates, correct the row, {_AGAIN}",
        "NO_AGREEMENT": f"have the partner accept an agreement, {_AGAIN}",
        "CAP_EXCEEDED": f"agree on a higher cap, {_AGAIN}",
        "OVERFLOW": f"correct the amounts, {_AGAIN}",
    }
)


def remedy(reason: str, attempt: int) -> str:
    """What to do about a row that was refused in this attempt."""
    told = _REMEDIES.get(reason, f"see the message, mend what it names, {_AGAIN}")
    return told.format(rejects="REJECTS.csv", attempt=attempt + 1)
